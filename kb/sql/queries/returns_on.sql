-- in: daily_return
-- out: return and z of a market on the sessions asked for
-- parameters: $market, $days
SELECT session, ret, z
FROM daily_return
WHERE series = $market AND list_contains(CAST($days AS DATE[]), session)
