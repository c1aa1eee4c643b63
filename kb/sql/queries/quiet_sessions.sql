-- in: daily_return, unexplained
-- out: one row per quiet session (absolute z under 0.5) of a market with how many documents it has
-- parameters: $market
SELECT r.session, r.z, u.documents
FROM daily_return AS r
INNER JOIN unexplained AS u ON u.market = r.series AND u.session = r.session
WHERE r.series = $market AND abs(r.z) < 0.5 AND u.documents > 0
ORDER BY r.session
