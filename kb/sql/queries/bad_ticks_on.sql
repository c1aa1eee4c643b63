-- in: bar_flag
-- out: the bar of a market and session that was set aside as a bad tick; mostly no row
-- parameters: $market, $session
SELECT session, close
FROM bar_flag
WHERE series = $market AND session = $session AND flag = 'bad tick'
