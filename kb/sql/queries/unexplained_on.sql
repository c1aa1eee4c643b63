-- in: unexplained, placebo, attribution, daily_return
-- out: what stays unexplained on a market's session, and how the largest share ranks among the quiet sessions before
-- parameters: $market, $session
WITH
top AS (
    SELECT coalesce(max(share), 0) AS share
    FROM (SELECT type, sum(share) AS share FROM attribution WHERE market = $market AND session = $session GROUP BY type) AS t
),
quiet AS (
    SELECT
        count(*) AS of_sessions,
        count(*) FILTER (WHERE p.top_share >= t.share) AS at_least,
        avg(CAST(p.top_share > 0.5 AS DOUBLE)) AS base_rate
    FROM placebo AS p
    CROSS JOIN top AS t
    WHERE p.market = $market AND p.session < $session AND p.top_share > 0
)
SELECT u.share, u.reason, u.documents, q.at_least + 1 AS place, q.of_sessions, q.base_rate
FROM unexplained AS u
CROSS JOIN quiet AS q
WHERE u.market = $market AND u.session = $session
