-- table asked_market: one row per market whose attribution is stored
-- in: staged_asked_market
-- col market: short name
SELECT market
FROM staged_asked_market
ORDER BY market
