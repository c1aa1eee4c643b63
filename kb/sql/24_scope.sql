-- table scope: one row per New York session: how wide its move was, from sectors net of the market
-- in: cross_asset, daily_return, beta, market, single_name_fall
-- col session: exchange-local date
-- col scope: market-wide panic (S&P 500 down 2 %, nine tenths of the sectors down, a VIX spike or a VIX of 30, gold down too, and
--     bitcoin where it is known), market-wide (S&P 500 and four fifths of the sectors down), single-name (one company's
--     contribution is at least half of the index's fall), rotation (defensives against growth, net of the market, by two standard
--     deviations; where those are not known, by 1.5 %), sector-specific (some sectors hit), else mixed; the first that holds; our
--     convention; null under eight sector funds
-- col sectors_hit: sector funds, those of semiconductors and real estate among them, that fell 1.5 % or more and lay 2.5 standard
--     deviations under what the market explains (2 % where no such deviation is known), hardest hit first
-- col rotation_net: mean residual of the defensive minus that of the growth sectors, a fraction
-- col rotation_z: rotation_net / its standard deviation over the 60 sessions before (at least 40)
-- col residual_dispersion: standard deviation of the residuals of the eleven sectors, a fraction
WITH
sector AS (
    SELECT
        r.session, c.session_no, m.market, m.gics_sector, m.style, r.ret, coalesce(b.residual, r.ret - c.spx) AS residual, b.residual_z
    FROM daily_return AS r
    INNER JOIN market AS m ON m.market = r.series AND m.asset_class = 'sector'
    INNER JOIN cross_asset AS c ON c.session = r.session AND c.breadth IS NOT NULL
    LEFT JOIN beta AS b ON b.market = r.series AND b.session = r.session
    WHERE r.ret IS NOT NULL
),
by_session AS (
    SELECT
        session, session_no,
        list(market ORDER BY residual) FILTER (
            WHERE ret <= -0.015 AND (residual_z <= -2.5 OR (residual_z IS NULL AND residual <= -0.02))
        ) AS sectors_hit,
        avg(residual) FILTER (WHERE style = 'defensive') - avg(residual) FILTER (WHERE style = 'growth') AS rotation_net,
        stddev_samp(residual) FILTER (WHERE gics_sector IS NOT NULL) AS residual_dispersion
    FROM sector
    GROUP BY session, session_no
),
rolled AS (
    SELECT *, CASE WHEN count(rotation_net) OVER w >= 40 THEN rotation_net / nullif(stddev_samp(rotation_net) OVER w, 0) END AS rotation_z
    FROM by_session
    WINDOW w AS (ORDER BY session_no RANGE BETWEEN 60 PRECEDING AND 1 PRECEDING)
),
one_name AS (
    SELECT session, min(contribution) AS contribution
    FROM single_name_fall
    GROUP BY session
)
SELECT
    c.session,
    CASE
        WHEN
            c.spx <= -0.02 AND c.breadth >= 0.9 AND (c.vix_spike OR c.vix_close >= 30) AND c.gold < 0 AND coalesce(c.bitcoin, -1) < 0
            THEN 'market-wide panic'
        WHEN c.spx < 0 AND c.breadth >= 0.8 THEN 'market-wide'
        WHEN c.spx < 0 AND o.contribution <= c.spx / 2 THEN 'single-name'
        WHEN abs(r.rotation_z) >= 2 OR (r.rotation_z IS NULL AND abs(c.rotation) >= 0.015) THEN 'rotation'
        WHEN len(r.sectors_hit) > 0 THEN 'sector-specific'
        ELSE 'mixed'
    END AS scope,
    coalesce(r.sectors_hit, []) AS sectors_hit, r.rotation_net, r.rotation_z, r.residual_dispersion
FROM cross_asset AS c
INNER JOIN rolled AS r ON r.session = c.session
LEFT JOIN one_name AS o ON o.session = c.session
ORDER BY c.session
