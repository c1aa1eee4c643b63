-- table asset_move: one row per New York session and asset: its move in its own unit and in units of its own past
-- in: cross_asset, usual_move
-- col session: exchange-local date
-- col asset: spx, vix, us10y, us2y, dollar, gold, oil, high_yield, spread, bitcoin or ether
-- col move: change over the session: a fraction for prices, basis points for yields and spreads, points for the VIX
-- col z: move / standard deviation of the moves of the 60 sessions before; where fewer than 40 are known, the asset's usual move
--     (signature_rules.toml) stands in for that deviation
WITH
wide AS (
    SELECT
        session, session_no, spx, vix_change AS vix, us10y_bp AS us10y, us2y_bp AS us2y, dollar, gold, oil, high_yield,
        spread_bp AS spread, bitcoin, ether
    FROM cross_asset
),
moves AS (
    SELECT session, session_no, asset, move
    FROM wide
    UNPIVOT (move FOR asset IN (spx, vix, us10y, us2y, dollar, gold, oil, high_yield, spread, bitcoin, ether))
),
trailing_60 AS (
    SELECT *, CASE WHEN count(*) OVER w >= 40 THEN stddev_samp(move) OVER w END AS sigma
    FROM moves
    WINDOW w AS (PARTITION BY asset ORDER BY session_no RANGE BETWEEN 60 PRECEDING AND 1 PRECEDING)
)
SELECT t.session, t.asset, t.move, t.move / nullif(coalesce(t.sigma, u.sigma), 0) AS z
FROM trailing_60 AS t
INNER JOIN usual_move AS u ON u.asset = t.asset
ORDER BY t.session, t.asset
