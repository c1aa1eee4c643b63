-- table release: one row per figure, published, scheduled or cancelled, and revision
-- in: staged_release
-- col indicator: name of the figure
-- col period: period it describes
-- col released_at: instant (UTC) of publication, for a scheduled or cancelled one that announced for it
-- col source: publisher
-- col status: first (print), revision, scheduled or cancelled
-- col recorded_at: instant (UTC) at which it came in
-- col actual: value published, unit of the figure; null for scheduled and cancelled ones
-- col consensus: value expected
-- col previous: value of the period before, as then known
-- col origin: import or case
-- col known_at: instant (UTC) at which the row became public: released_at unless told otherwise
SELECT
    indicator, period, released_at, source, status, recorded_at, actual, consensus, previous, origin,
    coalesce(public_at, released_at) AS known_at
FROM staged_release
ORDER BY released_at, indicator, recorded_at
