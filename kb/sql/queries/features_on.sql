-- in: feature
-- out: features of the New York sessions asked for, by session and type
-- parameters: $days
SELECT session, type, feature, value
FROM feature
WHERE calendar = 'NYSE' AND list_contains(CAST($days AS DATE[]), session)
