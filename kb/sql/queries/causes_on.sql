-- in: attribution, type_category
-- out: one row per cause of a market and session, the largest share first, with its main category and that category's whole share
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
    a.why
FROM attribution AS a
INNER JOIN main AS m ON m.type = a.type
INNER JOIN category AS c ON c.category = m.category
WHERE a.market = $market AND a.session = $session
ORDER BY a.share DESC, a.event_id
