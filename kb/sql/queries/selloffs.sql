-- in: selloff
-- out: falls of the asked market (all named ones when null) of the asked kind that ended on or after a day, the latest first
-- parameters: $market, $kind, $since
SELECT
    f.id, f.market, f.kind, strftime(f.peak, '%Y-%m-%d') AS peak, strftime(f.first_session, '%Y-%m-%d') AS first_session,
    strftime(f.trough, '%Y-%m-%d') AS trough, f.drawdown, f.grade, f.sessions_down, f.after_20, strftime(f.recovered_on, '%Y-%m-%d') AS recovered_on
FROM selloff AS f
INNER JOIN market AS m ON m.market = f.market
WHERE
    (f.market = $market OR ($market IS NULL AND m.named)) AND ($kind IS NULL OR f.kind = $kind)
    AND f.last_session >= CAST($since AS DATE)
ORDER BY f.first_session DESC, f.market, f.kind
