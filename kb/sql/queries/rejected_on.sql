-- in: verdict
-- out: causes of a market and session that a person rejected
-- parameters: $market, $session
SELECT type, who, why
FROM verdict
WHERE verdict = 'reject' AND market = $market AND session = $session
ORDER BY type
