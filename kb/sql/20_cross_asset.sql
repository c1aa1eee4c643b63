-- table cross_asset: one row per New York session with what the assets did over the same session
-- in: daily_return, session, market, breadth
-- col session: exchange-local date
-- col session_no: its number in the calendar, by which look-backs are counted
-- col spx: return of the S&P 500, a fraction
-- col vix_close: closing level of the VIX (VXO before 1990), points
-- col vix_change: change of that level over the session, points
-- col vix_spike: the level rose by 20 % or more over the session (our convention)
-- col us10y_bp: change of the ten-year Treasury yield, basis points
-- col us2y_bp: change of the two-year Treasury yield, basis points
-- col dollar: return of the dollar index (the fund UUP where there is no index), a fraction
-- col gold: return of gold (the fund GLD, the London fix before it), a fraction; the fix is at 15:00 London, five hours before the close
-- col oil: return of crude oil (WTI), a fraction
-- col high_yield: return of high-yield bonds (HYG), a fraction
-- col spread_bp: change of the spread of high-yield bonds (of Baa bonds over ten-year Treasuries before 1997), basis points
-- col bitcoin: change of bitcoin from the New York session before to this one (days end 00:00 UTC), a fraction
-- col ether: the same for ether
-- col sectors: how many of the eleven sector funds have a return
-- col breadth: share of those that fell, 0 to 1; null under eight
-- col above_20: share of the members of the S&P 500 above their 20-session average, 0 to 1
-- col above_50: the same for 50 sessions
-- col above_200: the same for 200 sessions
-- col rotation: mean return of staples, utilities and health care minus that of technology and discretionary, a fraction
-- col dispersion: standard deviation of the returns of the sector funds over the session, a fraction; null under eight
WITH
wide AS (
    SELECT
        r.session,
        any_value(r.ret) FILTER (WHERE r.series = 'SPX') AS spx,
        any_value(r.ret) FILTER (WHERE r.series = 'GOLD') AS gld,
        any_value(r.ret) FILTER (WHERE r.series = 'XAU') AS xau,
        any_value(r.ret) FILTER (WHERE r.series = 'OIL') AS oil,
        any_value(r.ret) FILTER (WHERE r.series = 'HYG') AS high_yield,
        any_value(r.ret) FILTER (WHERE r.series = 'DOLLAR') AS dxy,
        any_value(r.ret) FILTER (WHERE r.series = 'UUP') AS uup,
        any_value(r.close) FILTER (WHERE r.series = 'VIX') AS vix,
        any_value(r.previous_close) FILTER (WHERE r.series = 'VIX') AS vix_before,
        any_value(r.close) FILTER (WHERE r.series = 'VXO') AS vxo,
        any_value(r.previous_close) FILTER (WHERE r.series = 'VXO') AS vxo_before,
        any_value(100 * (r.close - r.previous_close)) FILTER (WHERE r.series = 'US10Y') AS us10y_bp,
        any_value(100 * (r.close - r.previous_close)) FILTER (WHERE r.series = 'US2Y') AS us2y_bp,
        any_value(100 * (r.close - r.previous_close)) FILTER (WHERE r.series = 'HYOAS') AS high_yield_bp,
        any_value(100 * (r.close - r.previous_close)) FILTER (WHERE r.series = 'BAA10Y') AS baa_bp,
        any_value(r.close) FILTER (WHERE r.series = 'BTC') AS btc_close,
        any_value(r.close) FILTER (WHERE r.series = 'ETH') AS eth_close,
        count(r.ret) FILTER (WHERE m.gics_sector IS NOT NULL) AS sectors,
        count(r.ret) FILTER (WHERE r.ret < 0 AND m.gics_sector IS NOT NULL) AS sectors_down,
        stddev_samp(r.ret) FILTER (WHERE m.gics_sector IS NOT NULL) AS dispersion,
        avg(r.ret) FILTER (WHERE m.style = 'defensive') AS defensive,
        avg(r.ret) FILTER (WHERE m.style = 'growth') AS growth
    FROM daily_return AS r
    LEFT JOIN market AS m ON m.market = r.series
    WHERE coalesce(m.asset_class, 'input') <> 'single_name'
    GROUP BY r.session
),
nyse AS (
    SELECT w.*, s.session_no, b.above_20, b.above_50, b.above_200
    FROM wide AS w
    INNER JOIN session AS s ON s.calendar = 'NYSE' AND s.session = w.session
    LEFT JOIN breadth AS b ON b.session = w.session
    WHERE w.spx IS NOT NULL OR w.gld IS NOT NULL OR w.vix IS NOT NULL
),
aligned AS (
    SELECT
        *, coalesce(vix, vxo) AS vix_close, CASE WHEN vix IS NULL THEN vxo - vxo_before ELSE vix - vix_before END AS vix_change,
        CASE WHEN session - lag(session) OVER w <= 7 THEN btc_close / lag(btc_close) OVER w - 1 END AS bitcoin,
        CASE WHEN session - lag(session) OVER w <= 7 THEN eth_close / lag(eth_close) OVER w - 1 END AS ether
    FROM nyse
    WINDOW w AS (ORDER BY session)
)
SELECT
    session, session_no, spx, vix_close, vix_change, vix_change >= 0.2 * (vix_close - vix_change) - 1e-9 AS vix_spike,
    us10y_bp, us2y_bp, coalesce(dxy, uup) AS dollar, coalesce(gld, xau) AS gold, oil, high_yield,
    coalesce(high_yield_bp, baa_bp) AS spread_bp, bitcoin, ether, sectors,
    CASE WHEN sectors >= 8 THEN sectors_down / sectors END AS breadth, above_20, above_50, above_200,
    CASE WHEN sectors >= 8 THEN defensive - growth END AS rotation,
    CASE WHEN sectors >= 8 THEN dispersion END AS dispersion
FROM aligned
ORDER BY session
