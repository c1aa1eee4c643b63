-- table cross_asset: one row per New York session with what the other assets did over the same session
-- in: daily_return, bar, session
-- col session: exchange-local date
-- col spx: return of the S&P 500, a fraction
-- col vix_close: closing level of the VIX (VXO before 1990), points
-- col vix_change: change of that level over the session, points
-- col us10y_bp: change of the ten-year Treasury yield, basis points
-- col us2y_bp: change of the two-year Treasury yield, basis points
-- col dollar: return of the dollar index (the fund UUP where there is no index), a fraction
-- col gold: return of gold (the fund GLD, the London fix before it), a fraction
-- col oil: return of crude oil (WTI), a fraction
-- col high_yield: return of high-yield bonds (HYG), a fraction
-- col bitcoin: change of bitcoin from the New York session before to this one (days end 00:00 UTC), a fraction
-- col ether: the same for ether
-- col sectors: how many of the eleven sector funds have a return
-- col breadth: share of those that fell, 0 to 1; null under eight
-- col rotation: mean return of staples, utilities and health care minus that of technology and discretionary, a fraction
-- col crypto_equity_correlation: correlation of bitcoin and S&P 500 over the 60 sessions up to this one, on these aligned returns; null under 40
WITH
wide AS (
    SELECT
        session,
        any_value(ret) FILTER (WHERE series = 'SPX') AS spx,
        any_value(ret) FILTER (WHERE series = 'GOLD') AS gld,
        any_value(ret) FILTER (WHERE series = 'XAU') AS xau,
        any_value(ret) FILTER (WHERE series = 'OIL') AS oil,
        any_value(ret) FILTER (WHERE series = 'HYG') AS high_yield,
        any_value(ret) FILTER (WHERE series = 'DOLLAR') AS dxy,
        any_value(ret) FILTER (WHERE series = 'UUP') AS uup,
        any_value(close) FILTER (WHERE series = 'VIX') AS vix,
        any_value(close - previous_close) FILTER (WHERE series = 'VIX') AS vix_move,
        any_value(close) FILTER (WHERE series = 'VXO') AS vxo,
        any_value(close - previous_close) FILTER (WHERE series = 'VXO') AS vxo_move,
        any_value(100 * (close - previous_close)) FILTER (WHERE series = 'US10Y') AS us10y_bp,
        any_value(100 * (close - previous_close)) FILTER (WHERE series = 'US2Y') AS us2y_bp,
        any_value(close) FILTER (WHERE series = 'BTC') AS btc_close,
        any_value(close) FILTER (WHERE series = 'ETH') AS eth_close,
        count(ret) FILTER (WHERE series IN ('XLB', 'XLC', 'XLE', 'XLF', 'XLI', 'XLK', 'XLP', 'XLRE', 'XLU', 'XLV', 'XLY')) AS sectors,
        count(ret) FILTER (
            WHERE ret < 0 AND series IN ('XLB', 'XLC', 'XLE', 'XLF', 'XLI', 'XLK', 'XLP', 'XLRE', 'XLU', 'XLV', 'XLY')
        ) AS sectors_down,
        avg(ret) FILTER (WHERE series IN ('XLP', 'XLU', 'XLV')) AS defensive,
        avg(ret) FILTER (WHERE series IN ('XLK', 'XLY')) AS growth
    FROM daily_return
    GROUP BY session
),
nyse AS (
    SELECT w.*
    FROM wide AS w
    INNER JOIN session AS s ON s.calendar = 'NYSE' AND s.session = w.session
    WHERE w.spx IS NOT NULL OR w.gld IS NOT NULL OR w.vix IS NOT NULL
),
aligned AS (
    SELECT
        *,
        CASE WHEN session - lag(session) OVER w <= 7 THEN btc_close / lag(btc_close) OVER w - 1 END AS bitcoin,
        CASE WHEN session - lag(session) OVER w <= 7 THEN eth_close / lag(eth_close) OVER w - 1 END AS ether
    FROM nyse
    WINDOW w AS (ORDER BY session)
)
SELECT
    session, spx, coalesce(vix, vxo) AS vix_close, CASE WHEN vix IS NULL THEN vxo_move ELSE vix_move END AS vix_change,
    us10y_bp, us2y_bp, coalesce(dxy, uup) AS dollar, coalesce(gld, xau) AS gold, oil, high_yield, bitcoin, ether, sectors,
    CASE WHEN sectors >= 8 THEN sectors_down / sectors END AS breadth,
    CASE WHEN sectors >= 8 THEN defensive - growth END AS rotation,
    CASE WHEN regr_count(bitcoin, spx) OVER w60 >= 40 THEN corr(bitcoin, spx) OVER w60 END AS crypto_equity_correlation
FROM aligned
WINDOW w60 AS (ORDER BY session ROWS 59 PRECEDING)
ORDER BY session
