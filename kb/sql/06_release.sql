-- table release: one row per published figure and revision
-- in: staged_release
-- col indicator: name of the figure
-- col period: period it describes
-- col released_at: instant (UTC) of publication
-- col source: publisher
-- col recorded_at: instant (UTC) at which it came in
-- col actual: value published, unit of the figure
-- col consensus: value expected
-- col previous: value of the period before, as then known
-- col origin: import or case
-- col known_at: released_at
SELECT indicator, period, released_at, source, recorded_at, actual, consensus, previous, origin, released_at AS known_at
FROM staged_release
ORDER BY released_at, indicator, recorded_at
