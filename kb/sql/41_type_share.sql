-- table type_share: one row per market, session and trigger type with a share of at least one percent; type '' is what stays unexplained
-- in: feature, market, asked_market, daily_return, weight, type_prior, mention, verdict
-- col market: short name of the market
-- col session: exchange-local date
-- col type: trigger type; '' for unexplained
-- col share: weight that a newspaper coder would be expected to give, 0 to 1; shares of a session sum to one
-- col utility: sum of the contributions, the exponent of the conditional logit
-- col why: contribution of each feature to the utility
WITH
asked AS (
    SELECT m.market, m.asset_class, m.calendar, m.keywords, r.session, r.ret, r.z
    FROM market AS m
    INNER JOIN asked_market AS a ON a.market = m.market
    INNER JOIN daily_return AS r ON r.series = m.market
    WHERE r.session BETWEEN $from_session AND $to_session AND r.ret IS NOT NULL
),
valued AS (
    SELECT
        a.market, a.session, f.type, f.feature,
        f.value * CASE WHEN a.ret > 0 AND f.feature IN ('bad_news', 'signature') THEN -1 ELSE 1 END AS value
    FROM asked AS a
    INNER JOIN feature AS f ON f.calendar = a.calendar AND f.session = a.session
    LEFT JOIN verdict AS v ON v.market = a.market AND v.session = a.session AND v.type = f.type
    WHERE v.verdict IS DISTINCT FROM 'reject'
),
candidate AS (
    SELECT DISTINCT v.market, v.session, v.type FROM valued AS v
),
headline AS (
    SELECT a.market, a.session, n.type, n.headline, max(n.weight) AS weight
    FROM asked AS a
    INNER JOIN candidate AS c ON c.market = a.market AND c.session = a.session
    INNER JOIN mention AS n ON n.calendar = a.calendar AND n.session = a.session AND n.type = c.type
    WHERE a.asset_class = 'single_name' AND len(a.keywords) > 0 AND list_bool_or(list_transform(a.keywords, lambda k: contains(n.headline, k)))
    GROUP BY a.market, a.session, n.type, n.headline
),
named AS (
    SELECT market, session, type, 'names_company' AS feature, ln(1 + sum(weight)) AS value
    FROM headline
    GROUP BY market, session, type
),
contributions AS (
    SELECT v.market, v.session, v.type, v.feature, v.value * w.value AS contribution
    FROM (
        SELECT * FROM valued
        UNION ALL
        SELECT * FROM named
    ) AS v
    INNER JOIN weight AS w ON w.feature = v.feature
    UNION ALL
    SELECT c.market, c.session, c.type, 'prior' AS feature, p.value AS contribution
    FROM candidate AS c
    INNER JOIN market AS m ON m.market = c.market
    INNER JOIN type_prior AS p ON p.asset_class = m.asset_class AND p.type = c.type
    UNION ALL
    SELECT a.market, a.session, '' AS type, 'unexplained' AS feature, w.value AS contribution
    FROM asked AS a
    CROSS JOIN weight AS w
    WHERE w.feature = 'unexplained'
    UNION ALL
    SELECT a.market, a.session, '' AS type, 'unexplained_quiet' AS feature, w.value * greatest(0, 1.5 - abs(coalesce(a.z, 0))) AS contribution
    FROM asked AS a
    CROSS JOIN weight AS w
    WHERE w.feature = 'unexplained_quiet'
),
utilities AS (
    SELECT market, session, type, sum(contribution) AS utility, map_from_entries(list((feature, contribution) ORDER BY feature)) AS why
    FROM contributions
    GROUP BY market, session, type
),
shares AS (
    SELECT *, exp(utility - max(utility) OVER w) / sum(exp(utility - m)) OVER w AS share
    FROM (SELECT *, max(utility) OVER (PARTITION BY market, session) AS m FROM utilities) AS u
    WINDOW w AS (PARTITION BY market, session)
)
SELECT market, session, type, share / sum(share) OVER (PARTITION BY market, session) AS share, utility, why
FROM shares
WHERE share >= 0.01 OR type = ''
ORDER BY market, session, share DESC, type
