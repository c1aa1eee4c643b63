-- table episode: one row per market and drawdown from a running peak until that peak is passed again
-- in: daily_return, market (threshold `episode` per class, markets.toml)
-- col market: short name of the market
-- col segment: stretch without a hole in the series
-- col peak: session of the running peak
-- col first_session: the session after the peak
-- col last_session: the trough so far
-- col trough: session of the lowest close
-- col drawdown: lowest close / close at the peak - 1, a fraction
-- col recovered_on: first session that closed at or above the peak; null while it has not
-- col rapid: the threshold was passed within 20 sessions of the peak
-- col rule: the threshold passed, in words
WITH
spells AS (
    SELECT
        m.market, m.episode AS threshold, r.segment, r.session, r.session_no, r.close, r.drawdown, r.peak_close,
        count(*) FILTER (WHERE r.drawdown = 0) OVER (PARTITION BY r.series, r.segment ORDER BY r.session ROWS UNBOUNDED PRECEDING) AS spell
    FROM daily_return AS r
    INNER JOIN market AS m ON m.market = r.series
),
spell_facts AS (
    SELECT
        market, segment, spell, any_value(threshold) AS threshold,
        min(session) AS peak, min(session) FILTER (WHERE drawdown < 0) AS first_session,
        first(session ORDER BY close, session) AS trough, min(drawdown) AS drawdown,
        min(session_no) FILTER (WHERE drawdown <= threshold) - min(session_no) <= 20 AS rapid
    FROM spells
    GROUP BY market, segment, spell
),
followed AS (
    SELECT *, lead(peak) OVER (PARTITION BY market, segment ORDER BY spell) AS recovered_on
    FROM spell_facts
)
SELECT
    market, segment, peak, first_session, trough AS last_session, trough, drawdown, recovered_on, rapid,
    'drawdown of at least ' || round(-100 * threshold) || ' % from the running peak' AS rule
FROM followed
WHERE drawdown <= threshold
