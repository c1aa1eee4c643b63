-- Holes of more than five sessions in a market's series; nothing is computed across them.
SELECT series, min(session) AS begins, segment
FROM daily_return
WHERE segment > 0
GROUP BY series, segment
