-- Shares of a session, the unexplained one included, sum to one.
SELECT market, session, sum(share) AS total
FROM type_share
GROUP BY market, session
HAVING abs(sum(share) - 1) > 1e-6
