-- Tables with one row a session, which the state of a market is joined from: a second row would double the answer.
SELECT 'cross_asset' AS name, session FROM cross_asset GROUP BY session HAVING count(*) > 1
UNION ALL
SELECT 'session_state' AS name, session FROM session_state GROUP BY session HAVING count(*) > 1
UNION ALL
SELECT 'scope' AS name, session FROM scope GROUP BY session HAVING count(*) > 1
UNION ALL
SELECT 'circuit_breaker' AS name, session FROM circuit_breaker GROUP BY session HAVING count(*) > 1
UNION ALL
SELECT 'crypto_equity' AS name, session FROM crypto_equity GROUP BY session HAVING count(*) > 1
UNION ALL
SELECT 'broke_first' AS name, session FROM broke_first GROUP BY session, market HAVING count(*) > 1
UNION ALL
SELECT 'cascade' AS name, session FROM cascade GROUP BY session, asset HAVING count(*) > 1
