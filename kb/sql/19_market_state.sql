-- table market_state: one row per market and session with the markers of a sell-off; a column is null when its inputs are missing
-- in: daily_return, bar, market, cross_asset, session, liquidation
-- col market: short name of the market
-- col session: exchange-local date
-- col volume_ratio: volume / mean of the 20 sessions before; 2 or more is a volume spike
-- col support_breached: averages and lows that the close fell below while the close before stood above them
-- col vix_close: closing level of the VIX (VXO before 1990), points
-- col vix_change: change of that level, points; a rise of 20 % or more is a VIX spike
-- col breadth: share of the sector funds that fell, 0 to 1
-- col scope: market-wide panic (nearly all sectors, gold and bitcoin down together), broad, rotation, sector-specific or mixed
-- col rotation: defensive minus growth sectors, a fraction; above 0 money went into defensives
-- col signature: which known pattern of yields, dollar, gold and oil the session shows
-- col circuit_breaker: level of the rule in force since 2013-04-08 (7, 13, 20 % below the close before) that the S&P 500 reached in the session
-- col crypto_equity_correlation: correlation of bitcoin and the S&P 500 over 60 sessions
-- col liquidations: largest reported total of forced futures closes in 24 hours whose middle lies in the session: usd_at_least
--     (a lower bound, as venues throttle their feeds), long_share (share of longs, 0 to 1, null when only the total is known), venue
-- col us10y_bp: change of the ten-year yield, basis points
-- col dollar: return of the dollar, a fraction
-- col gold: return of gold, a fraction
-- col oil: return of crude oil, a fraction
-- col bitcoin: return of bitcoin over the session, a fraction
WITH
halts AS (
    SELECT
        r.session,
        CASE
            WHEN r.session < DATE '2013-04-08' THEN NULL
            WHEN least(b.low, b.close) / r.previous_close - 1 <= -0.20 THEN 3
            WHEN least(b.low, b.close) / r.previous_close - 1 <= -0.13 THEN 2
            WHEN least(b.low, b.close) / r.previous_close - 1 <= -0.07 THEN 1
        END AS circuit_breaker
    FROM daily_return AS r
    INNER JOIN bar AS b ON b.series = r.series AND b.session = r.session
    WHERE r.series = 'SPX' AND r.previous_close > 0
),
totals AS (
    SELECT
        s.calendar, s.session,
        arg_max(l.venue, coalesce(l.long_usd, 0) + coalesce(l.short_usd, 0)) AS venue,
        max(coalesce(l.long_usd, 0) + coalesce(l.short_usd, 0)) AS total_usd,
        arg_max(l.long_usd, coalesce(l.long_usd, 0) + coalesce(l.short_usd, 0)) AS long_usd
    FROM liquidation AS l
    -- Each report belongs to the one session that holds the middle of its 24 hours.
    INNER JOIN session AS s
        ON l.ended_at - INTERVAL 12 HOUR > s.previous_close_at AND l.ended_at - INTERVAL 12 HOUR <= s.close_at
    GROUP BY s.calendar, s.session
)
SELECT
    m.market, r.session, r.volume_ratio,
    list_filter([
        CASE WHEN r.close < r.average_20 AND r.previous_close >= r.average_20 THEN '20-day average' END,
        CASE WHEN r.close < r.average_50 AND r.previous_close >= r.average_50 THEN '50-day average' END,
        CASE WHEN r.close < r.average_200 AND r.previous_close >= r.average_200 THEN '200-day average' END,
        CASE WHEN r.close < r.low_20 THEN '20-day low' END
    ], lambda x: x IS NOT NULL) AS support_breached,
    c.vix_close, c.vix_change, c.breadth,
    CASE
        WHEN c.breadth IS NULL THEN NULL
        WHEN c.breadth >= 0.9 AND c.spx <= -0.02 AND c.gold < 0 AND coalesce(c.bitcoin, -1) < 0 THEN 'market-wide panic'
        WHEN c.breadth >= 0.8 THEN 'broad'
        WHEN c.rotation >= 0.015 THEN 'rotation'
        WHEN c.breadth <= 0.4 AND c.spx < 0 THEN 'sector-specific'
        ELSE 'mixed'
    END AS scope,
    c.rotation,
    CASE
        WHEN c.spx < -0.005 AND c.us10y_bp >= 3 AND c.dollar >= 0.002 AND c.gold < 0 THEN 'hawkish: yields and dollar up, gold down'
        WHEN c.spx < -0.005 AND c.us10y_bp <= -3 AND c.oil <= -0.01 THEN 'growth scare: yields and oil down'
        WHEN c.spx < -0.01 AND c.gold < -0.005 AND c.oil < -0.01 AND coalesce(c.bitcoin, -1) < 0 THEN 'liquidity squeeze: all down together'
        WHEN c.spx < -0.005 AND c.us10y_bp <= -3 AND c.gold > 0.003 THEN 'flight to safety: yields down, gold up'
        WHEN c.spx < -0.005 AND c.us10y_bp >= 5 THEN 'rates shock: yields up'
        WHEN c.gold <= -0.03 AND c.dollar >= 0.005 THEN 'dollar squeeze: dollar up, gold down'
    END AS signature,
    h.circuit_breaker, c.crypto_equity_correlation,
    CASE WHEN t.total_usd > 0 THEN {
        'usd_at_least': t.total_usd,
        'long_share': CASE WHEN t.long_usd < t.total_usd THEN t.long_usd / t.total_usd END,
        'venue': t.venue
    } END AS liquidations,
    c.us10y_bp, c.dollar, c.gold, c.oil, c.bitcoin
FROM daily_return AS r
INNER JOIN market AS m ON m.market = r.series
LEFT JOIN cross_asset AS c ON c.session = r.session
LEFT JOIN halts AS h ON h.session = r.session AND m.calendar = 'NYSE'
LEFT JOIN totals AS t ON t.calendar = m.calendar AND t.session = r.session
ORDER BY m.market, r.session
