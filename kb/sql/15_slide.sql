-- table slide: one row per market and run of sessions well below the high of the last 20 sessions
-- in: daily_return, market (threshold `slide` per class, markets.toml)
-- col market: short name of the market
-- col segment: stretch without a hole in the series
-- col peak: session of the highest close of the 20 sessions before the threshold was first passed
-- col first_session: the session after the peak
-- col last_session: the trough, after which the slide is over
-- col trough: session of the lowest close
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
        first(session ORDER BY close, session) AS trough, min(close) AS trough_close
    FROM numbered
    GROUP BY market, segment, run_no
),
peaks AS (
    SELECT
        s.market, s.segment, s.flagged_from, any_value(s.threshold) AS threshold, any_value(s.trough) AS trough,
        any_value(s.trough_close) AS trough_close, first(r.session ORDER BY r.close DESC, r.session DESC) AS peak, max(r.close) AS peak_close
    FROM slides AS s
    INNER JOIN daily_return AS r
        ON r.series = s.market AND r.segment = s.segment AND r.session_no BETWEEN s.flagged_from - 20 AND s.flagged_from
    GROUP BY s.market, s.segment, s.flagged_from
)
-- Of equal highs the last is the peak, of equal lows the first the trough, as in an episode. Falls from one peak are one slide,
-- even with a bounce between them: its id is its first session.
SELECT
    p.market, p.segment, p.peak, min(r.session) AS first_session, first(p.trough ORDER BY p.trough_close, p.trough) AS last_session,
    first(p.trough ORDER BY p.trough_close, p.trough) AS trough, greatest(min(p.trough_close) / any_value(p.peak_close) - 1, -1) AS drawdown,
    any_value('close at least ' || round(-100 * p.threshold) || ' % below the high of 20 sessions') AS rule
FROM peaks AS p
INNER JOIN daily_return AS r ON r.series = p.market AND r.segment = p.segment AND r.session > p.peak AND r.session_no <= p.flagged_from
GROUP BY p.market, p.segment, p.peak
