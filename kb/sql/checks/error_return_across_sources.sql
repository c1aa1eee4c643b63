-- A return is told by one source: where the bar before is of another source or symbol, it is the return of a source that has both.
SELECT r.series, r.session, r.ret, b.source, p.source AS source_before
FROM (SELECT *, lag(session) OVER (PARTITION BY series ORDER BY session) AS session_before FROM daily_return) AS r
INNER JOIN bar AS b ON b.series = r.series AND b.session = r.session
INNER JOIN bar AS p ON p.series = r.series AND p.session = r.session_before
WHERE
    r.ret IS NOT NULL AND (p.source <> b.source OR p.symbol <> b.symbol)
    AND (b.linked_session IS DISTINCT FROM p.session OR abs(r.ret - (b.close / b.linked_close - 1)) > 1e-9)
