-- table episode: one row per market and drawdown from a running peak until that peak is passed again
-- in: daily_return, market (threshold `episode` per class, markets.toml)
-- col market: short name of the market
-- col segment: stretch without a hole or split in the series
-- col peak: session of the running peak
-- col first_session: the session after the peak
-- col last_session: the trough so far
-- col trough: session of the lowest close
-- col from_session_no: number of the session of the peak
-- col last_session_no: number of the session of the trough
-- col drawdown: lowest close / close at the peak - 1, a fraction
-- col recovered_on: first session that closed at or above the peak; null while it has not
-- col rapid: the threshold was passed within 20 sessions of the peak
-- col rule: the threshold passed, in words
WITH
spells AS (
    SELECT
        m.market, m.episode AS threshold, r.segment, r.session, r.session_no, r.drawdown,
        sum(CAST(r.drawdown = 0 AS INTEGER)) OVER (PARTITION BY r.series, r.segment ORDER BY r.session ROWS UNBOUNDED PRECEDING) AS spell
    FROM daily_return AS r
    INNER JOIN market AS m ON m.market = r.series
),
spell_facts AS (
    SELECT
        market, segment, spell, any_value(threshold) AS threshold,
        min(session) AS peak, min(session_no) AS from_session_no, min(session) FILTER (WHERE drawdown < 0) AS first_session,
        min(drawdown) AS drawdown, min(session_no) FILTER (WHERE drawdown <= threshold) - min(session_no) <= 20 AS rapid
    FROM spells
    GROUP BY market, segment, spell
),
followed AS (
    SELECT *, lead(peak) OVER (PARTITION BY market, segment ORDER BY spell) AS recovered_on
    FROM spell_facts
),
deep AS (
    SELECT *
    FROM followed
    WHERE drawdown <= threshold
),
troughs AS (
    SELECT s.market, s.segment, s.spell, min(s.session) AS trough, min(s.session_no) AS last_session_no
    FROM spells AS s
    INNER JOIN deep AS d ON d.market = s.market AND d.segment = s.segment AND d.spell = s.spell AND d.drawdown = s.drawdown
    GROUP BY s.market, s.segment, s.spell
)
SELECT
    d.market, d.segment, d.peak, d.first_session, t.trough AS last_session, t.trough, d.from_session_no, t.last_session_no,
    d.drawdown, d.recovered_on, d.rapid, 'drawdown of at least ' || round(-100 * d.threshold) || ' % from the running peak' AS rule
FROM deep AS d
INNER JOIN troughs AS t ON t.market = d.market AND t.segment = d.segment AND t.spell = d.spell
