-- table daily_return: one row per series and session with a sound bar
-- in: bar, bar_flag, market
-- col series: market or input
-- col session: exchange-local date
-- col session_no: number of the session in its calendar
-- col segment: stretch without a hole of five sessions or more, without a split, and without a change of source or symbol that no source
--     links; nothing is computed across its ends
-- col close: last price; of a market that is not quoted, after a change of source on the scale of the source before, so that the prices
--     of a segment can be compared (the table bar has them as reported)
-- col previous_close: last price of the bar before, within the segment, as told by the source of this bar
-- col ret: close / previous close - 1, a fraction
-- col sigma: standard deviation of the 60 returns before this one (at least 40), a fraction
-- col z: ret / sigma; null when sigma is unknown
-- col peak_close: highest close of the segment up to and including this session
-- col drawdown: close / peak_close - 1, a fraction from -1 to 0; -1 also where a price fell below zero, as oil did in 2020
-- col high_20: highest close of this and the 20 sessions before
-- col fall_20: close / high_20 - 1, a fraction
-- col volume_ratio: volume / mean volume of the 20 sessions before (at least 10); null without volumes, and over a change of source
-- col down_volume: share of the volume of this and the 19 sessions before that was traded on falling ones, 0 to 1; null under 15 with volumes,
--     and over a change of source
-- col gap: open / previous close - 1, a fraction; null without an open, and where it equals the close before, as sources fill it in
-- col intraday_range: (high - low) / previous close, a fraction; null without high and low
-- col average_20: mean close of the 20 sessions before
-- col average_50: mean close of the 50 sessions before
-- col average_200: mean close of the 200 sessions before (at least 150)
-- col low_20: lowest close of the 20 sessions before
-- col low_250: lowest close of the 250 sessions before, about a year
-- col known_at: instant (UTC) from which the bar is known
WITH
-- Where a series goes over to another source, rarely: from then on, and by what its prices are multiplied to compare with those before.
links AS (
    SELECT
        b.series, b.session AS since, lead(b.session) OVER w AS until,
        product(CASE WHEN NOT m.quoted AND a.close > 0 AND b.linked_close > 0 THEN a.close / b.linked_close ELSE 1 END) OVER w AS scale
    FROM bar AS b
    INNER JOIN bar AS a ON a.series = b.series AND a.session = b.linked_session
    LEFT JOIN market AS m ON m.market = b.series
    WHERE b.linked_session IS NOT NULL
    WINDOW w AS (PARTITION BY b.series ORDER BY b.session)
),
sound AS (
    SELECT
        b.* REPLACE (
            b.open * coalesce(k.scale, 1) AS open, b.high * coalesce(k.scale, 1) AS high, b.low * coalesce(k.scale, 1) AS low,
            b.close * coalesce(k.scale, 1) AS close, b.linked_close * coalesce(k.scale, 1) AS linked_close
        ),
        s.flag IS NOT NULL AS split, coalesce(k.since, DATE '1800-01-01') AS since
    FROM bar AS b
    ANTI JOIN (SELECT series, session FROM bar_flag WHERE flag = 'bad tick') AS t ON t.series = b.series AND t.session = b.session
    LEFT JOIN bar_flag AS s ON s.flag = 'split' AND s.series = b.series AND s.session = b.session
    LEFT JOIN links AS k ON k.series = b.series AND b.session >= k.since AND b.session < coalesce(k.until, DATE '9999-12-31')
    WHERE isfinite(b.close)
),
begun AS (
    SELECT
        * EXCLUDE (source, origin, split), nullif(volume, 0) AS traded, source <> lag(source) OVER w OR symbol <> lag(symbol) OVER w AS seam,
        CASE WHEN NOT seam THEN lag(close) OVER w WHEN linked_session = lag(session) OVER w THEN linked_close END AS close_before,
        coalesce(split OR session_no - lag(session_no) OVER w > 5 OR (seam AND close_before IS NULL), false) AS begins
    FROM sound
    WINDOW w AS (PARTITION BY series ORDER BY session)
),
segments AS (
    SELECT
        * EXCLUDE (symbol, volume, linked_session, linked_close, seam, close_before, begins),
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
        CASE WHEN count(traded) OVER w20 >= 10 AND first_value(since) OVER w20 = since THEN traded / avg(traded) OVER w20 END AS volume_ratio,
        CASE
            WHEN count(traded) OVER w19 >= 15 AND first_value(since) OVER w19 = since
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
