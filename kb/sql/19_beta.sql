-- table beta: one row per stock, sector or stock-index fund and session: its return net of the S&P 500's
-- in: daily_return, market
-- col market: short name of the market
-- col session: exchange-local date
-- col ret: return of the session, a fraction
-- col beta: slope of its returns on those of the S&P 500 over the 60 sessions before (at least 40); the market model of event
--     studies (MacKinlay 1997, Journal of Economic Literature 35)
-- col n: sessions that the slope rests on
-- col residual: ret - beta * return of the S&P 500, a fraction: what the market does not explain
-- col residual_z: residual / its standard deviation over the same sessions
WITH
paired AS (
    SELECT m.market, r.session, r.segment, r.ret, x.ret AS spx
    FROM daily_return AS r
    INNER JOIN market AS m ON m.market = r.series AND m.calendar = 'NYSE' AND m.asset_class IN ('index', 'sector', 'single_name')
    INNER JOIN daily_return AS x ON x.series = 'SPX' AND x.session = r.session
    WHERE m.market <> 'SPX' AND r.ret IS NOT NULL AND x.ret IS NOT NULL
),
rolled AS (
    SELECT
        *, count(*) OVER w AS n, regr_slope(ret, spx) OVER w AS beta, var_samp(ret) OVER w AS variance, var_samp(spx) OVER w AS spx_variance
    FROM paired
    WINDOW w AS (PARTITION BY market, segment ORDER BY session ROWS BETWEEN 60 PRECEDING AND 1 PRECEDING)
)
SELECT
    market, session, ret, beta, n, ret - beta * spx AS residual,
    (ret - beta * spx) / nullif(sqrt(greatest(variance - beta * beta * spx_variance, 0)), 0) AS residual_z
FROM rolled
WHERE n >= 40 AND isfinite(beta)
ORDER BY market, session
