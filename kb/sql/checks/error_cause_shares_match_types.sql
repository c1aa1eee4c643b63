-- What the events of a session carry and what stays unexplained is everything.
SELECT u.market, u.session, u.share + coalesce(sum(a.share), 0) AS total
FROM unexplained AS u
LEFT JOIN attribution AS a ON a.market = u.market AND a.session = u.session
GROUP BY u.market, u.session, u.share
HAVING abs(u.share + coalesce(sum(a.share), 0) - 1) > 1e-6
