-- table index_weight: one row per company and day on which its weight in the S&P 500 is on record (index_weights.csv)
-- in: staged_index_weight
-- col market: short name of the company
-- col as_of: day of the weight
-- col weight: weight in the index, 0 to 1
-- col source: who reported it
SELECT market, as_of, percent / 100 AS weight, source
FROM staged_index_weight
ORDER BY market, as_of
