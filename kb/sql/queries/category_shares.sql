-- in: attribution, type_category
-- out: share of each category of the human coding by session of a market; what is missing to one stays unexplained
-- parameters: $market, $days
SELECT a.session, c.category, sum(a.share * c.weight) AS share
FROM attribution AS a
INNER JOIN type_category AS c ON c.type = a.type
WHERE a.market = $market AND list_contains(CAST($days AS DATE[]), a.session)
GROUP BY a.session, c.category
