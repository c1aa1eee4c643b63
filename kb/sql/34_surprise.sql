-- table surprise: one row per first print of a scheduled figure with what was expected
-- in: release, indicator, session
-- col indicator: name of the figure as its source writes it
-- col period: period it describes
-- col released_at: instant (UTC) of publication
-- col session: New York session it can move first
-- col type: trigger type of the figure (indicators.toml)
-- col actual: value published, unit of the figure
-- col consensus: value expected, unit of the figure
-- col surprise: actual - consensus, unit of the figure
-- col surprise_z: surprise / standard deviation of the surprises before it (at least five), null under that
WITH
newest AS (
    SELECT *
    FROM release
    WHERE status = 'first'
    QUALIFY row_number() OVER (PARTITION BY indicator, period, released_at ORDER BY origin = 'case', recorded_at DESC) = 1
),
typed AS (
    SELECT r.*, i.type
    FROM newest AS r
    INNER JOIN indicator AS i ON regexp_matches(r.indicator, i.pattern, 'i')
    QUALIFY row_number() OVER (PARTITION BY r.indicator, r.period, r.released_at ORDER BY i.rank) = 1
),
measured AS (
    SELECT
        *, actual - consensus AS surprise,
        stddev_samp(actual - consensus) OVER w AS spread,
        count(actual - consensus) OVER w AS past
    FROM typed
    WINDOW w AS (PARTITION BY indicator ORDER BY released_at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
)
SELECT
    m.indicator, m.period, m.released_at, s.session, m.type, m.actual, m.consensus, m.surprise,
    CASE WHEN m.past >= 5 AND m.spread > 0 THEN m.surprise / m.spread END AS surprise_z
FROM measured AS m
ASOF JOIN session AS s ON s.calendar = 'NYSE' AND m.released_at < s.close_at
ORDER BY s.session, m.indicator
