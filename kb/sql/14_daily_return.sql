-- table daily_return: one row per series and session with a sound bar
-- in: bar, bar_flag
-- col series: market or input
-- col session: exchange-local date
-- col session_no: number of the session in its calendar
-- col segment: stretch of one symbol without a hole of five sessions or more and without a split; nothing is computed across its ends
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
-- col down_volume: share of the volume of this and the 19 sessions before that was traded on falling ones, 0 to 1; null under 15 with volumes
-- col gap: open / previous close - 1, a fraction; null without an open, and where it equals the close before, as sources fill it in
-- col intraday_range: (high - low) / previous close, a fraction; null without high and low
-- col average_20: mean close of the 20 sessions before
-- col average_50: mean close of the 50 sessions before
-- col average_200: mean close of the 200 sessions before (at least 150)
-- col low_20: lowest close of the 20 sessions before
-- col low_250: lowest close of the 250 sessions before, about a year
-- col known_at: instant (UTC) from which the bar is known
WITH
sound AS (
    SELECT b.*, s.flag IS NOT NULL AS split
    FROM bar AS b
    ANTI JOIN (SELECT series, session FROM bar_flag WHERE flag = 'bad tick') AS t ON t.series = b.series AND t.session = b.session
    LEFT JOIN bar_flag AS s ON s.flag = 'split' AND s.series = b.series AND s.session = b.session
    WHERE isfinite(b.close)
),
begun AS (
    SELECT
        * EXCLUDE (source, origin, split), nullif(volume, 0) AS traded, lag(close) OVER w AS close_before,
        coalesce(split OR session_no - lag(session_no) OVER w > 5 OR symbol <> lag(symbol) OVER w, false) AS begins
    FROM sound
    WINDOW w AS (PARTITION BY series ORDER BY session)
),
segments AS (
    SELECT
        * EXCLUDE (symbol, volume, close_before, begins),
        sum(CAST(begins AS INTEGER)) OVER (PARTITION BY series ORDER BY session ROWS UNBOUNDED PRECEDING) AS segment,
        CASE WHEN NOT begins THEN close_before END AS previous_close,
        CASE WHEN NOT begins AND close_before > 0 THEN close / close_before - 1 END AS ret
    FROM begun
),
trailing_60 AS (
    SELECT
        *,
        CASE WHEN count(ret) OVER w60 >= 40 THEN stddev_samp(ret) OVER w60 END AS sigma,
        max(close) OVER (PARTITION BY series, segment ORDER BY session ROWS UNBOUNDED PRECEDING) AS peak_close,
        max(close) OVER (PARTITION BY series, segment ORDER BY session ROWS 20 PRECEDING) AS high_20,
        CASE WHEN count(traded) OVER w20 >= 10 THEN traded / avg(traded) OVER w20 END AS volume_ratio,
        CASE
            WHEN count(traded) OVER w19 >= 15
                THEN coalesce(sum(CASE WHEN ret < 0 THEN traded END) OVER w19, 0) / sum(traded) OVER w19
        END AS down_volume,
        CASE WHEN row_number() OVER w > 20 THEN avg(close) OVER w20 END AS average_20,
        CASE WHEN row_number() OVER w > 50 THEN avg(close) OVER w50 END AS average_50,
        CASE WHEN row_number() OVER w > 150 THEN avg(close) OVER w200 END AS average_200,
        CASE WHEN row_number() OVER w > 20 THEN min(close) OVER w20 END AS low_20,
        CASE WHEN row_number() OVER w > 250 THEN min(close) OVER w250 END AS low_250
    FROM segments
    WINDOW
        w AS (PARTITION BY series, segment ORDER BY session),
        w19 AS (PARTITION BY series, segment ORDER BY session ROWS 19 PRECEDING),
        w20 AS (PARTITION BY series, segment ORDER BY session ROWS BETWEEN 20 PRECEDING AND 1 PRECEDING),
        w50 AS (PARTITION BY series, segment ORDER BY session ROWS BETWEEN 50 PRECEDING AND 1 PRECEDING),
        w60 AS (PARTITION BY series, segment ORDER BY session ROWS BETWEEN 60 PRECEDING AND 1 PRECEDING),
        w200 AS (PARTITION BY series, segment ORDER BY session ROWS BETWEEN 200 PRECEDING AND 1 PRECEDING),
        w250 AS (PARTITION BY series, segment ORDER BY session ROWS BETWEEN 250 PRECEDING AND 1 PRECEDING)
)
SELECT
    series, session, session_no, segment, close, previous_close, ret, sigma, ret / nullif(sigma, 0) AS z,
    peak_close, greatest(least(close / nullif(peak_close, 0) - 1, 0), -1) AS drawdown, high_20, close / nullif(high_20, 0) - 1 AS fall_20,
    volume_ratio, down_volume,
    CASE WHEN open > 0 AND previous_close > 0 AND open <> previous_close THEN open / previous_close - 1 END AS gap,
    CASE WHEN high > low AND low > 0 AND previous_close > 0 THEN (high - low) / previous_close END AS intraday_range,
    average_20, average_50, average_200, low_20, low_250, known_at
FROM trailing_60
ORDER BY series, session
