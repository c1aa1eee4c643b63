-- table halt: one row per market-wide trading halt on record (circuit_breakers.toml)
-- in: staged_halt
-- col began: beginning, New York clock time
-- col level: level of the rule then in force
-- col minutes: length
-- col source: where it is on record
SELECT began, level, minutes, source
FROM staged_halt
ORDER BY began
