-- table slide: one row per market and run of sessions well below the high of the last 20 sessions
-- in: daily_return, market (threshold `slide` per class, markets.toml)
-- col market: short name of the market
-- col segment: stretch without a hole or split in the series
-- col peak: session of the highest close of the 20 sessions before the threshold was first passed
-- col first_session: the session after the peak
-- col last_session: the trough, after which the slide is over
-- col trough: session of the lowest close
-- col from_session_no: number of the session of the peak
-- col last_session_no: number of the session of the trough
-- col drawdown: lowest close / close at the peak - 1, a fraction
-- col rule: the threshold passed, in words
WITH
flagged AS (
    SELECT m.market, m.slide, r.segment, r.session, r.session_no, r.close, r.fall_20
    FROM daily_return AS r
    INNER JOIN market AS m ON m.market = r.series
    WHERE r.fall_20 <= m.slide
),
runs AS (
    SELECT
        *, coalesce(session_no - lag(session_no) OVER (PARTITION BY market, segment ORDER BY session) > 5, true) AS starts
    FROM flagged
),
numbered AS (
    SELECT *, sum(CAST(starts AS INTEGER)) OVER (PARTITION BY market, segment ORDER BY session ROWS UNBOUNDED PRECEDING) AS run_no
    FROM runs
),
slides AS (
    SELECT
        market, segment, any_value(slide) AS threshold, min(session_no) AS flagged_from,
        first(session ORDER BY close, session) AS trough, first(session_no ORDER BY close, session) AS trough_no, min(close) AS trough_close
    FROM numbered
    GROUP BY market, segment, run_no
),
-- The 21 sessions up to the one that passed the threshold, by number: an equality join, where a range join takes minutes on
-- a century of 500 stocks.
reached AS (
    SELECT s.*, s.flagged_from - back.n AS session_no
    FROM slides AS s
    CROSS JOIN range(0, 21) AS back(n)
),
approach AS (
    SELECT l.*, r.session, r.close
    FROM reached AS l
    INNER JOIN daily_return AS r ON r.series = l.market AND r.segment = l.segment AND r.session_no = l.session_no
),
peaks AS (
    SELECT
        market, segment, flagged_from, any_value(threshold) AS threshold, any_value(trough) AS trough, any_value(trough_no) AS trough_no,
        any_value(trough_close) AS trough_close, max(close) AS peak_close,
        -- Of equal highs the last is the peak, of equal lows the first the trough, as in an episode.
        first({'session': session, 'no': session_no} ORDER BY close DESC, session DESC) AS peak,
        list(session ORDER BY session) AS sessions
    FROM approach
    GROUP BY market, segment, flagged_from
)
-- Falls from one peak are one slide, even with a bounce between them: its id is its first session.
SELECT
    market, segment, peak.session AS peak, min(list_filter(sessions, lambda s: s > peak.session)[1]) AS first_session,
    first(trough ORDER BY trough_close, trough) AS last_session, first(trough ORDER BY trough_close, trough) AS trough,
    peak.no AS from_session_no, first(trough_no ORDER BY trough_close, trough) AS last_session_no,
    greatest(min(trough_close) / any_value(peak_close) - 1, -1) AS drawdown,
    any_value('close at least ' || round(-100 * threshold) || ' % below the high of 20 sessions') AS rule
FROM peaks
GROUP BY market, segment, peak
