-- A series goes over to another source, or to another symbol, and none tells of both sessions: nothing is computed across.
SELECT n.series, n.session, n.source_before, n.source
FROM (
    SELECT
        *, lag(source) OVER w AS source_before, lag(symbol) OVER w AS symbol_before,
        session_no - lag(session_no) OVER w AS sessions_since
    FROM bar
    WINDOW w AS (PARTITION BY series ORDER BY session)
) AS n
WHERE n.linked_session IS NULL AND n.sessions_since <= 5 AND (n.source <> n.source_before OR n.symbol <> n.symbol_before)
