-- in: daily_return, cross_asset, jump
-- out: earlier jumps of a market most like a session, nearest first, with what came next up to that session; of jumps less than 21
--     sessions apart, which are one crisis, only the nearest, and none of the crisis the session itself belongs to. distance is the root
--     mean square difference of the markers known for both (at least four, and seven tenths of those known for the session), each in
--     units of its spread over all earlier jumps
-- parameters: $market, $session, $most
WITH
markers AS (
    SELECT
        r.session, r.session_no, r.segment, r.ret, r.close,
        [r.ret, r.z, r.drawdown, s.vix_close, s.vix_change, s.us10y_bp, s.dollar, s.gold, s.oil, s.breadth, r.volume_ratio] AS marker
    FROM daily_return AS r
    LEFT JOIN cross_asset AS s ON s.session = r.session
    WHERE
        r.series = $market AND r.session <= $session
        AND (r.session = $session OR r.session IN (SELECT first_session FROM jump WHERE market = $market))
),
apart AS (
    SELECT *, coalesce(session_no - lag(session_no) OVER (ORDER BY session) > 20, true) AS begins
    FROM markers
),
crises AS (
    SELECT *, sum(CAST(begins AS INTEGER)) OVER (ORDER BY session ROWS UNBOUNDED PRECEDING) AS crisis
    FROM apart
),
asked AS (
    SELECT *
    FROM crises
    WHERE session = $session
),
falls AS (
    SELECT *
    FROM crises
    WHERE crisis < (SELECT crisis FROM asked)
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
        f.session, f.session_no, f.segment, f.crisis, f.ret, f.close,
        list_filter(
            list_transform(range(1, 12), lambda i: power((f.marker[i] - t.marker[i]) / nullif(s.sd[i], 0), 2)), lambda d: d IS NOT NULL
        ) AS squares,
        len(list_filter(t.marker, lambda x: x IS NOT NULL)) AS known
    FROM falls AS f
    CROSS JOIN spread AS s
    CROSS JOIN asked AS t
),
nearest AS (
    SELECT *, sqrt(list_avg(squares)) AS distance
    FROM compared
    WHERE len(squares) >= greatest(4, 0.7 * known)
    QUALIFY row_number() OVER (PARTITION BY crisis ORDER BY sqrt(list_avg(squares)), session) = 1
    ORDER BY distance, session
    LIMIT $most
)
SELECT
    strftime(n.session, '%Y-%m-%d') AS date, n.ret AS return_on_date, n.distance,
    max(r.close) FILTER (WHERE r.session_no = n.session_no + 1) / any_value(n.close) - 1 AS after_1,
    max(r.close) FILTER (WHERE r.session_no = n.session_no + 5) / any_value(n.close) - 1 AS after_5,
    max(r.close) FILTER (WHERE r.session_no = n.session_no + 20) / any_value(n.close) - 1 AS after_20,
    max(r.close) FILTER (WHERE r.session_no = n.session_no + 60) / any_value(n.close) - 1 AS after_60
FROM nearest AS n
LEFT JOIN daily_return AS r
    ON r.series = $market AND r.segment = n.segment AND r.session_no BETWEEN n.session_no + 1 AND n.session_no + 60 AND r.session <= $session
GROUP BY n.session, n.session_no, n.ret, n.distance
ORDER BY n.distance, n.session
