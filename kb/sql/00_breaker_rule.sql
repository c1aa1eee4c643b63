-- table breaker_rule: one row per rule of the New York Stock Exchange on market-wide halts and level of it (circuit_breakers.toml)
-- in: staged_breaker_rule
-- col first_day: first day in force
-- col last_day: last day in force
-- col reference: market whose fall counts
-- col unit: points, percent, or quarterly percent (of the average close of the month before the quarter, as points rounded to 50)
-- col level: 1 to 3
-- col threshold: fall below the close before at which the level is reached, in that unit
-- col told: the rule in words
-- col source: where it is laid down
SELECT first_day, last_day, reference, unit, level, threshold, told, source
FROM staged_breaker_rule
ORDER BY first_day, level
