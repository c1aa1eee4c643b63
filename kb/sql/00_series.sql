-- table series: one row per name a price series may carry
-- in: staged_series
-- col series: market or input it belongs to
-- col symbol: name in files and sources
-- col symbol_rank: preference among the names of one series, from 0
-- col calendar: NYSE, COMMODITY or CRYPTO
-- col unit: price, percent or level
SELECT series, symbol, symbol_rank, calendar, unit
FROM staged_series
ORDER BY series, symbol_rank
