-- in: daily_return, market, selloff
-- out: one row per market with a bar on the session, with the fall it stands in, hardest hit in its own units first
-- parameters: $session
SELECT
    m.market, m.name, m.asset_class, m.calendar, m.named, m.human_coded, m.jump_return, r.ret, r.z,
    f.kind, f.grade, coalesce(f.kind = 'jump', false) AS jumped
FROM daily_return AS r
INNER JOIN market AS m ON m.market = r.series
LEFT JOIN selloff AS f ON f.market = m.market AND $session BETWEEN f.first_session AND f.last_session
WHERE r.session = $session
QUALIFY row_number() OVER (
    PARTITION BY m.market ORDER BY CASE f.kind WHEN 'jump' THEN 0 WHEN 'slide' THEN 1 ELSE 2 END, f.drawdown
) = 1
ORDER BY r.z, m.market
