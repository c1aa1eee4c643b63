-- table daily_return: one row per series and session with a bar
-- in: bar
-- col series: market or input
-- col session: exchange-local date
-- col session_no: number of the session in its calendar
-- col segment: stretch of one symbol without a hole of more than five sessions; nothing is computed across its ends
-- col close: last price
-- col previous_close: last price of the bar before, within the segment
-- col ret: close / previous close - 1, a fraction
-- col sigma: standard deviation of the 60 returns before this one (at least 40), a fraction
-- col z: ret / sigma; null when sigma is unknown
-- col peak_close: highest close of the segment up to and including this session
-- col drawdown: close / peak_close - 1, a fraction from -1 to 0; -1 also where a price fell below zero, as oil did in 2020
-- col high_20: highest close of this and the 20 sessions before
-- col fall_20: close / high_20 - 1, a fraction
-- col volume_ratio: volume / mean volume of the 20 sessions before (at least 10); null without volumes
-- col average_20: mean close of the 20 sessions before
-- col average_50: mean close of the 50 sessions before
-- col average_200: mean close of the 200 sessions before (at least 150)
-- col low_20: lowest close of the 20 sessions before
-- col known_at: instant (UTC) from which the bar is known
WITH
holes AS (
    SELECT *, coalesce(session_no - lag(session_no) OVER w > 5 OR symbol <> lag(symbol) OVER w, false) AS after_hole
    FROM bar
    WHERE close IS NOT NULL AND isfinite(close)
    WINDOW w AS (PARTITION BY series ORDER BY session)
),
segments AS (
    SELECT *, sum(CAST(after_hole AS INTEGER)) OVER (PARTITION BY series ORDER BY session ROWS UNBOUNDED PRECEDING) AS segment
    FROM holes
),
returns AS (
    SELECT
        *, lag(close) OVER w AS previous_close,
        CASE WHEN lag(close) OVER w > 0 THEN close / lag(close) OVER w - 1 END AS ret
    FROM segments
    WINDOW w AS (PARTITION BY series, segment ORDER BY session)
),
trailing_60 AS (
    SELECT
        *,
        CASE WHEN count(ret) OVER w60 >= 40 THEN stddev_samp(ret) OVER w60 END AS sigma,
        max(close) OVER (PARTITION BY series, segment ORDER BY session ROWS UNBOUNDED PRECEDING) AS peak_close,
        max(close) OVER (PARTITION BY series, segment ORDER BY session ROWS 20 PRECEDING) AS high_20,
        CASE WHEN count(nullif(volume, 0)) OVER w20 >= 10 THEN nullif(volume, 0) / avg(nullif(volume, 0)) OVER w20 END AS volume_ratio,
        CASE WHEN count(*) OVER w20 = 20 THEN avg(close) OVER w20 END AS average_20,
        CASE WHEN count(*) OVER w50 = 50 THEN avg(close) OVER w50 END AS average_50,
        CASE WHEN count(*) OVER w200 >= 150 THEN avg(close) OVER w200 END AS average_200,
        CASE WHEN count(*) OVER w20 = 20 THEN min(close) OVER w20 END AS low_20
    FROM returns
    WINDOW
        w20 AS (PARTITION BY series, segment ORDER BY session ROWS BETWEEN 20 PRECEDING AND 1 PRECEDING),
        w50 AS (PARTITION BY series, segment ORDER BY session ROWS BETWEEN 50 PRECEDING AND 1 PRECEDING),
        w60 AS (PARTITION BY series, segment ORDER BY session ROWS BETWEEN 60 PRECEDING AND 1 PRECEDING),
        w200 AS (PARTITION BY series, segment ORDER BY session ROWS BETWEEN 200 PRECEDING AND 1 PRECEDING)
)
SELECT
    series, session, session_no, segment, close, previous_close, ret, sigma, ret / nullif(sigma, 0) AS z,
    peak_close, greatest(least(close / nullif(peak_close, 0) - 1, 0), -1) AS drawdown, high_20, close / nullif(high_20, 0) - 1 AS fall_20,
    volume_ratio, average_20, average_50, average_200, low_20, known_at
FROM trailing_60
ORDER BY series, session
