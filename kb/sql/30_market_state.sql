-- view market_state: one row per market and session with the markers of a sell-off; a column is null when its inputs are missing
-- in: daily_return, market, session_state, beta, single_name_fall, broke_first, liquidation_session, cascade, bar_flag
-- col market: short name of the market
-- col session: exchange-local date
-- col volume_ratio: volume / mean of the 20 sessions before; 2 or more is a volume spike (our convention)
-- col down_volume: share of the volume of 20 sessions that was traded on falling ones, 0 to 1
-- col gap: open / close before - 1, a fraction
-- col intraday_range: (high - low) / close before, a fraction
-- col support_breached: averages, lows of 20 and 250 sessions, and round levels (halves of the leading power of ten, such as 6,500 or
--     75,000, for prices as quoted; the highest passed) that the close fell below while the close before stood at or above them
-- col vix_close: closing level of the VIX (VXO before 1990), points
-- col vix_change: change of that level, points
-- col vix_spike: the level rose by 20 % or more (our convention; one session in 74 since 1986)
-- col breadth: share of the sector funds that fell, 0 to 1
-- col above_20: share of the S&P 500's members above their average of 20 sessions, 0 to 1
-- col above_50: the same for 50 sessions
-- col above_200: the same for 200 sessions
-- col scope: how wide the fall was: of a company whether it fell on its own (single-name), else that of the New York session (table scope)
-- col sectors_hit: sector funds that fell beyond what the market explains
-- col rotation: defensive minus growth sectors, a fraction; above 0 money went into defensives
-- col rotation_z: the same net of the market, in its own standard deviations
-- col dispersion: standard deviation of the sector funds' returns, a fraction
-- col beta: of a stock or fund to the S&P 500 over 60 sessions
-- col residual: return net of that, a fraction
-- col residual_z: the same in its own standard deviations
-- col single_names: companies that fell on their own that session, with their weight in the S&P 500 (and its day), and contribution to it
-- col signature: pattern of stocks, yields, dollar, gold, oil and bitcoin that the session shows (table signature)
-- col signature_meaning: what that pattern is
-- col circuit_breaker: rule in force, level reached and halts on record (table circuit_breaker); null when none was
-- col crypto_equity_correlation: of bitcoin and the S&P 500 over 60 sessions, with beta, 95 % intervals, n, and which led by how many hours
-- col led_by: the named market whose jump came first, within three days, and how many hours before
-- col liquidations: the largest total of forced futures closes of the session on record, of this asset or of all (table
--     liquidation_session): a lower bound with venue, method, and from when to when it counts
-- col cascade: of a crypto market, whether it was a liquidation cascade, and the loop of price, forced closes and price with its
--     hours (table cascade); null where no series of totals has a past to compare with
-- col bar_flags: what looks wrong with the bar of the session (table bar_flag), mostly nothing
-- col us10y_bp: change of the ten-year yield, basis points
-- col us2y_bp: change of the two-year yield, basis points
-- col dollar: return of the dollar, a fraction
-- col gold: return of gold, a fraction
-- col oil: return of crude oil, a fraction
-- col high_yield: return of high-yield bonds, a fraction
-- col spread_bp: change of the credit spread, basis points
-- col bitcoin: return of bitcoin over the session, a fraction
-- col ether: return of ether over the session, a fraction
WITH
priced AS (
    SELECT
        *, CASE
            WHEN previous_close > 0 AND close > 0
                THEN floor(2 * previous_close / power(10, floor(log10(previous_close)))) * power(10, floor(log10(previous_close))) / 2
        END AS round_level
    FROM daily_return
),
wrong AS (
    SELECT series, session, list(flag ORDER BY flag) AS flags
    FROM bar_flag
    GROUP BY series, session
),
largest AS (
    SELECT
        calendar, session, asset, usd_at_least, {
            'usd_at_least': usd_at_least, 'long_share': long_share, 'asset': asset, 'venue': venue, 'source': source, 'method': method,
            'from': strftime(covers_from, '%Y-%m-%dT%H:%M:%SZ'), 'until': strftime(covers_to, '%Y-%m-%dT%H:%M:%SZ')
        } AS total
    FROM liquidation_session
    WHERE place = 1
)
SELECT
    m.market, r.session, r.volume_ratio, r.down_volume, r.gap, r.intraday_range,
    list_filter([
        CASE WHEN r.close < r.average_20 AND r.previous_close >= r.average_20 THEN '20-day average' END,
        CASE WHEN r.close < r.average_50 AND r.previous_close >= r.average_50 THEN '50-day average' END,
        CASE WHEN r.close < r.average_200 AND r.previous_close >= r.average_200 THEN '200-day average' END,
        CASE WHEN r.close < r.low_20 AND r.previous_close >= r.low_20 THEN '20-day low' END,
        CASE WHEN r.close < r.low_250 AND r.previous_close >= r.low_250 THEN '250-day low' END,
        CASE
            WHEN NOT m.quoted OR r.round_level <= r.close THEN NULL
            WHEN r.round_level >= 10 THEN format('{:,}', CAST(r.round_level AS BIGINT))
            ELSE format('{:g}', r.round_level)
        END
    ], lambda x: x IS NOT NULL) AS support_breached,
    s.vix_close, s.vix_change, s.vix_spike, s.breadth, s.above_20, s.above_50, s.above_200,
    CASE WHEN m.asset_class <> 'single_name' THEN s.scope WHEN o.market IS NOT NULL THEN 'single-name' END AS scope,
    s.sectors_hit, s.rotation, s.rotation_z, s.dispersion, b.beta, b.residual, b.residual_z, s.single_names,
    s.signature, s.signature_meaning, CASE WHEN m.calendar = 'NYSE' THEN s.circuit_breaker END AS circuit_breaker,
    s.crypto_equity_correlation,
    CASE WHEN f.market IS NOT NULL THEN {
        'market': f.first_market, 'session': strftime(f.first_session, '%Y-%m-%d'), 'hours': f.hours
    } END AS led_by,
    CASE WHEN t.usd_at_least >= coalesce(a.usd_at_least, 0) THEN t.total ELSE a.total END AS liquidations,
    CASE WHEN k.asset IS NOT NULL THEN {
        'is_cascade': k.is_cascade, 'size_ratio': k.size_ratio, 'long_share': k.long_share, 'venue': k.venue, 'signs': k.signs,
        'price_before': k.price_before, 'largest_from': strftime(k.largest_from, '%Y-%m-%dT%H:%M:%SZ'),
        'largest_to': strftime(k.largest_to, '%Y-%m-%dT%H:%M:%SZ'), 'largest_usd_at_least': k.largest_usd, 'price': k.price,
        'price_after': k.price_after
    } END AS cascade,
    coalesce(w.flags, []) AS bar_flags,
    s.us10y_bp, s.us2y_bp, s.dollar, s.gold, s.oil, s.high_yield, s.spread_bp, s.bitcoin, s.ether
FROM priced AS r
INNER JOIN market AS m ON m.market = r.series
LEFT JOIN session_state AS s ON s.session = r.session
LEFT JOIN beta AS b ON b.market = r.series AND b.session = r.session
LEFT JOIN single_name_fall AS o ON o.market = r.series AND o.session = r.session
LEFT JOIN broke_first AS f ON f.market = r.series AND f.session = r.session
LEFT JOIN largest AS a ON a.calendar = CASE m.calendar WHEN 'CRYPTO' THEN 'CRYPTO' ELSE 'NYSE' END AND a.session = r.session AND a.asset = 'ALL'
LEFT JOIN largest AS t ON t.calendar = CASE m.calendar WHEN 'CRYPTO' THEN 'CRYPTO' ELSE 'NYSE' END AND t.session = r.session
    AND t.asset = CASE m.calendar WHEN 'CRYPTO' THEN m.market ELSE 'BTC' END
LEFT JOIN wrong AS w ON w.series = r.series AND w.session = r.session
LEFT JOIN cascade AS k ON m.calendar = 'CRYPTO' AND k.asset = m.market AND k.session = r.session
