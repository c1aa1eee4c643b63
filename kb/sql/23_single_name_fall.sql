-- table single_name_fall: one row per jump of one company's shares that the market does not explain
-- in: jump, beta, market, index_weight, daily_return
-- col market: short name of the company
-- col session: exchange-local date
-- col ret: return of the session, a fraction
-- col residual: return net of beta times that of the S&P 500, a fraction; at least two thirds of ret
-- col residual_z: residual in its own standard deviations; at most -3
-- col weight: weight in the S&P 500 on the eve, 0 to 1: the last one on record within 400 days, moved along with both prices where
--     they are known; null without one
-- col weight_as_of: day of the weight on record
-- col weight_on_record: the weight of that day as it is on record, 0 to 1
-- col contribution: weight * ret, a fraction of the index
-- col spx: return of the S&P 500, a fraction
WITH
spx AS (
    SELECT session, close, segment, ret
    FROM daily_return
    WHERE series = 'SPX'
),
own AS (
    SELECT j.market, j.first_session AS session, j.peak AS eve, b.ret, b.residual, b.residual_z, x.ret AS spx
    FROM jump AS j
    INNER JOIN market AS m ON m.market = j.market AND m.asset_class = 'single_name'
    INNER JOIN beta AS b ON b.market = j.market AND b.session = j.first_session
    INNER JOIN spx AS x ON x.session = j.first_session
    WHERE b.residual_z <= -3 AND b.residual <= b.ret * 2 / 3
),
weighed AS (
    SELECT o.*, w.weight, w.as_of
    FROM own AS o
    LEFT JOIN index_weight AS w ON w.market = o.market AND w.as_of < o.session AND w.as_of >= o.session - 400
    QUALIFY row_number() OVER (PARTITION BY o.market, o.session ORDER BY w.as_of DESC) = 1
),
drifted AS (
    SELECT
        w.*, CASE
            WHEN t.segment = n.segment AND ti.segment = ni.segment AND w.as_of - t.session <= 7 AND w.as_of - ti.session <= 7
                THEN (n.close / t.close) / (ni.close / ti.close)
        END AS drift
    FROM weighed AS w
    LEFT JOIN daily_return AS n ON n.series = w.market AND n.session = w.eve
    ASOF LEFT JOIN daily_return AS t ON t.series = w.market AND w.as_of >= t.session
    LEFT JOIN spx AS ni ON ni.session = w.eve
    ASOF LEFT JOIN spx AS ti ON w.as_of >= ti.session
)
SELECT
    market, session, ret, residual, residual_z, weight * coalesce(drift, 1) AS weight, as_of AS weight_as_of,
    weight AS weight_on_record, weight * coalesce(drift, 1) * ret AS contribution, spx
FROM drifted
ORDER BY session, market
