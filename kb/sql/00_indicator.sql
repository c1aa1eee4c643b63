-- table indicator: one row per rule that gives a scheduled figure its trigger type
-- in: staged_indicator
-- col rank: order of the rules, from 0
-- col type: trigger type
-- col pattern: regular expression sought in the name of the figure, case ignored
SELECT rank, type, pattern
FROM staged_indicator
ORDER BY rank
