-- in: unexplained
-- out: one row per asked session of a market with how many documents it has
-- parameters: $market, $days
SELECT session, documents
FROM unexplained
WHERE market = $market AND list_contains($days, session)
