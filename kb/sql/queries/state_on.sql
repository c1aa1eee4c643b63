-- in: market_state
-- out: the markers of one market and session
-- parameters: $market, $session
SELECT * EXCLUDE (market, session) FROM market_state WHERE market = $market AND session = $session
