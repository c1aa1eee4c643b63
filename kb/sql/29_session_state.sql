-- table session_state: one row per session: what is the same for every market in market_state, joined once
-- in: cross_asset, scope, signature, single_name_fall, circuit_breaker, crypto_equity
-- col session: exchange-local date of New York
-- col vix_close: as in cross_asset, like all columns not told here
-- col vix_change: points
-- col vix_spike: the level rose by 20 % or more
-- col breadth: share of the sector funds that fell, 0 to 1
-- col above_20: share of the S&P 500's members above their average of 20 sessions, 0 to 1
-- col above_50: the same for 50 sessions
-- col above_200: the same for 200 sessions
-- col rotation: defensive minus growth sectors, a fraction
-- col dispersion: standard deviation of the sector funds' returns, a fraction
-- col us10y_bp: change of the ten-year yield, basis points
-- col us2y_bp: change of the two-year yield, basis points
-- col dollar: return of the dollar, a fraction
-- col gold: return of gold, a fraction
-- col oil: return of crude oil, a fraction
-- col high_yield: return of high-yield bonds, a fraction
-- col spread_bp: change of the credit spread, basis points
-- col bitcoin: return of bitcoin over the session, a fraction
-- col ether: return of ether over the session, a fraction
-- col scope: as in table scope
-- col sectors_hit: as in table scope
-- col rotation_z: as in table scope
-- col single_names: companies that fell on their own (table single_name_fall), the largest contribution first
-- col signature: pattern that the session is called by (table signature)
-- col signature_meaning: what that pattern is
-- col circuit_breaker: rule, level and halts (table circuit_breaker); null when there was none
-- col crypto_equity_correlation: correlation and beta with intervals and n, and which led (table crypto_equity)
WITH
named AS (
    SELECT
        session, list({
            'market': market, 'return': ret, 'residual': residual, 'weight': weight,
            'weight_as_of': strftime(weight_as_of, '%Y-%m-%d'), 'weight_on_record': weight_on_record,
            'contribution': contribution, 'index_return': spx
        } ORDER BY contribution, residual_z) AS single_names
    FROM single_name_fall
    GROUP BY session
),
shown AS (
    SELECT session, arg_min(signature, rank) AS signature, arg_min(meaning, rank) AS signature_meaning
    FROM signature
    GROUP BY session
)
SELECT
    c.session, c.vix_close, c.vix_change, c.vix_spike, c.breadth, c.above_20, c.above_50, c.above_200, c.rotation, c.dispersion,
    c.us10y_bp, c.us2y_bp, c.dollar, c.gold, c.oil, c.high_yield, c.spread_bp, c.bitcoin, c.ether,
    s.scope, s.sectors_hit, s.rotation_z, n.single_names, g.signature, g.signature_meaning,
    CASE WHEN h.session IS NOT NULL THEN {'rule': h.rule, 'level': h.level, 'halts': h.halts} END AS circuit_breaker,
    CASE WHEN e.n IS NOT NULL THEN {
        'correlation': e.correlation, 'low': e.correlation_low, 'high': e.correlation_high, 'beta': e.beta, 'beta_low': e.beta_low,
        'beta_high': e.beta_high, 'n': e.n, 'leader': e.leader, 'leads_by_hours': e.leads_by_hours, 'lead_n': e.lead_n
    } END AS crypto_equity_correlation
FROM cross_asset AS c
LEFT JOIN scope AS s ON s.session = c.session
LEFT JOIN named AS n ON n.session = c.session
LEFT JOIN shown AS g ON g.session = c.session
LEFT JOIN circuit_breaker AS h ON h.session = c.session
LEFT JOIN crypto_equity AS e ON e.session = c.session
ORDER BY c.session
