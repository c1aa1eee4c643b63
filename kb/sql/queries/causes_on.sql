-- in: attribution, type_category, measured, verdict
-- out: one row per cause of a market and session, the largest share first, with its main category, that
--     category's whole share, and what past surprises of the type's scheduled figures did
-- parameters: $market, $session
WITH
category AS (
    SELECT c.category, sum(a.share * c.weight) AS share
    FROM attribution AS a
    INNER JOIN type_category AS c ON c.type = a.type
    WHERE a.market = $market AND a.session = $session
    GROUP BY c.category
),
main AS (
    SELECT type, arg_max(category, weight) AS category
    FROM type_category
    GROUP BY type
)
SELECT
    a.event_id, a.type, m.category, a.title, a.share, strftime(a.public_at, '%Y-%m-%dT%H:%M:%SZ') AS public_at, c.share AS category_share,
    a.why,
    CASE WHEN p.market IS NOT NULL THEN {
        'expected_move_bp': p.expected_move_bp, 'se': p.se, 'n': p.n, 'indicator': p.indicator, 'surprise_z': p.surprise_z,
        'verdict': p.verdict
    } END AS measured,
    CASE WHEN v.market IS NOT NULL THEN {
        'verdict': v.verdict, 'who': v.who, 'at': strftime(v.reviewed_at, '%Y-%m-%dT%H:%M:%SZ'), 'why': v.why
    } END AS review
FROM attribution AS a
INNER JOIN main AS m ON m.type = a.type
INNER JOIN category AS c ON c.category = m.category
LEFT JOIN measured AS p ON p.market = a.market AND p.session = a.session AND p.type = a.type
LEFT JOIN verdict AS v ON v.market = a.market AND v.session = a.session AND v.type = a.type
WHERE a.market = $market AND a.session = $session
ORDER BY a.share DESC, a.event_id
