-- table crypto_equity: one row per New York session: how closely bitcoin and the S&P 500 moved together, and which led
-- in: cross_asset, asset_move, session
-- col session: exchange-local date
-- col n: sessions, of the 60 up to this one, that correlation and beta rest on; all null under 40
-- col correlation: of the returns of bitcoin and the S&P 500, aligned to New York sessions (bitcoin's day ends 3 or 4 hours after the close)
-- col correlation_low: lower end of its 95 % interval (Fisher's z)
-- col correlation_high: upper end
-- col beta: slope of bitcoin's returns on those of the S&P 500
-- col beta_low: lower end of its 95 % interval (normal, from the standard error of a slope)
-- col beta_high: upper end
-- col lead_n: sessions, of the 250 up to this one, that the next columns rest on; null under 120
-- col bitcoin_first: correlation of bitcoin's move of the session before with the S&P 500's of this one, both in standard deviations
--     held within three
-- col stocks_first: correlation of the S&P 500's move of the session before with bitcoin's of this one
-- col leader: bitcoin or stocks, whichever lagged correlation is the larger and beyond 2.58 / sqrt(lead_n) (99 %); null when neither is
-- col leads_by_hours: from the end of the leader's move to the end of the follower's
WITH
-- Which led is asked of moves in their own standard deviations, held within three: one day like 2020-03-12 would decide it otherwise.
held AS (
    SELECT
        session, any_value(greatest(least(z, 3), -3)) FILTER (WHERE asset = 'bitcoin') AS bitcoin_z,
        any_value(greatest(least(z, 3), -3)) FILTER (WHERE asset = 'spx') AS spx_z
    FROM asset_move
    GROUP BY session
),
pairs AS (
    SELECT
        c.session, c.session_no, c.bitcoin, c.spx, b.bitcoin_z AS bitcoin_before, b.spx_z AS spx_before, z.bitcoin_z, z.spx_z,
        date_diff('hour', d.close_at, s.close_at) AS bitcoin_hours, date_diff('hour', s.previous_close_at, e.close_at) AS stock_hours
    FROM cross_asset AS c
    INNER JOIN session AS s ON s.calendar = 'NYSE' AND s.session = c.session
    LEFT JOIN session AS p ON p.calendar = 'NYSE' AND p.session_no = s.session_no - 1
    LEFT JOIN held AS z ON z.session = c.session
    LEFT JOIN held AS b ON b.session = p.session
    LEFT JOIN session AS d ON d.calendar = 'CRYPTO' AND d.session = p.session
    LEFT JOIN session AS e ON e.calendar = 'CRYPTO' AND e.session = c.session
    WHERE c.bitcoin IS NOT NULL AND c.spx IS NOT NULL
),
rolled AS (
    SELECT
        *, regr_count(bitcoin, spx) OVER w60 AS n, corr(bitcoin, spx) OVER w60 AS r, regr_slope(bitcoin, spx) OVER w60 AS slope,
        stddev_samp(bitcoin) OVER w60 / nullif(stddev_samp(spx) OVER w60, 0) AS scale,
        regr_count(bitcoin_before, spx_z) OVER w250 AS lead_n, corr(bitcoin_before, spx_z) OVER w250 AS r_bitcoin,
        corr(spx_before, bitcoin_z) OVER w250 AS r_stocks
    FROM pairs
    WINDOW
        w60 AS (ORDER BY session_no RANGE 59 PRECEDING),
        w250 AS (ORDER BY session_no RANGE 249 PRECEDING)
),
led AS (
    SELECT
        *,
        CASE
            WHEN lead_n < 120 OR greatest(abs(r_bitcoin), abs(r_stocks)) < 2.58 / sqrt(lead_n) THEN NULL
            WHEN abs(r_bitcoin) > abs(r_stocks) THEN 'bitcoin'
            ELSE 'stocks'
        END AS leader
    FROM rolled
)
SELECT
    session,
    CASE WHEN n >= 40 THEN n END AS n,
    CASE WHEN n >= 40 THEN r END AS correlation,
    CASE WHEN n >= 40 AND abs(r) < 1 THEN tanh(atanh(r) - 1.96 / sqrt(n - 3)) END AS correlation_low,
    CASE WHEN n >= 40 AND abs(r) < 1 THEN tanh(atanh(r) + 1.96 / sqrt(n - 3)) END AS correlation_high,
    CASE WHEN n >= 40 THEN slope END AS beta,
    CASE WHEN n >= 40 THEN slope - 1.96 * scale * sqrt((1 - r * r) / (n - 2)) END AS beta_low,
    CASE WHEN n >= 40 THEN slope + 1.96 * scale * sqrt((1 - r * r) / (n - 2)) END AS beta_high,
    CASE WHEN lead_n >= 120 THEN lead_n END AS lead_n,
    CASE WHEN lead_n >= 120 THEN r_bitcoin END AS bitcoin_first,
    CASE WHEN lead_n >= 120 THEN r_stocks END AS stocks_first,
    leader, CASE leader WHEN 'bitcoin' THEN bitcoin_hours WHEN 'stocks' THEN stock_hours END AS leads_by_hours
FROM led
ORDER BY session
