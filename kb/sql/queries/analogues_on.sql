-- in: market_state, daily_return, jump, type_share
-- out: the five earlier jumps of a market most like a session, with what came next; distance is the root mean square
--     difference of the markers known for both (at least four, and seven tenths of those known for the session), each in units of its spread over all jumps
-- parameters: $market, $session
WITH
markers AS (
    SELECT
        r.session, r.session_no, r.ret, r.close,
        [r.ret, r.z, r.drawdown, s.vix_close, s.vix_change, s.us10y_bp, s.dollar, s.gold, s.oil, s.breadth, s.volume_ratio] AS marker
    FROM daily_return AS r
    INNER JOIN market_state AS s ON s.market = r.series AND s.session = r.session
    WHERE r.series = $market
),
falls AS (
    SELECT m.*
    FROM markers AS m
    INNER JOIN jump AS j ON j.market = $market AND j.first_session = m.session
    WHERE m.session < $session
),
spread AS (
    SELECT list(sd ORDER BY i) AS sd
    FROM (
        SELECT i, stddev_samp(marker[i]) AS sd
        FROM falls
        CROSS JOIN (SELECT unnest(range(1, 12)) AS i) AS n
        GROUP BY i
    ) AS by_marker
),
compared AS (
    SELECT
        f.session, f.session_no, f.ret, f.close,
        list_filter(
            list_transform(range(1, 12), lambda i: power((f.marker[i] - t.marker[i]) / nullif(s.sd[i], 0), 2)), lambda d: d IS NOT NULL
        ) AS squares,
        len(list_filter(t.marker, lambda x: x IS NOT NULL)) AS known
    FROM falls AS f
    CROSS JOIN spread AS s
    INNER JOIN markers AS t ON t.session = $session
),
nearest AS (
    SELECT *, sqrt(list_avg(squares)) AS distance
    FROM compared
    WHERE len(squares) >= greatest(4, 0.7 * known)
    ORDER BY distance
    LIMIT 5
)
SELECT
    strftime(n.session, '%Y-%m-%d') AS date, n.ret AS return_on_date, n.distance,
    max(r.close) FILTER (WHERE r.session_no = n.session_no + 1) / any_value(n.close) - 1 AS after_1,
    max(r.close) FILTER (WHERE r.session_no = n.session_no + 5) / any_value(n.close) - 1 AS after_5,
    max(r.close) FILTER (WHERE r.session_no = n.session_no + 20) / any_value(n.close) - 1 AS after_20
FROM nearest AS n
LEFT JOIN daily_return AS r
    ON r.series = $market AND r.session_no BETWEEN n.session_no + 1 AND n.session_no + 20 AND r.session <= $session
GROUP BY n.session, n.session_no, n.ret, n.distance
ORDER BY n.distance
