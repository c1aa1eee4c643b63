-- in: daily_return, jump
-- out: one row per horizon in sessions: what came after the falls named, known by the session: their number, the median return with a
--     95 % interval from order statistics (distribution-free; normal approximation of the binomial; null under eight), the share that
--     rose, and the median over all earlier jumps of the market
-- parameters: $market, $session, $falls
WITH
origin AS (
    SELECT r.session_no, r.segment, r.close, list_contains(CAST($falls AS DATE[]), r.session) AS near
    FROM daily_return AS r
    INNER JOIN jump AS j ON j.market = r.series AND j.first_session = r.session
    WHERE r.series = $market AND r.session < $session
),
outcomes AS (
    SELECT h.sessions, o.near, r.close / nullif(o.close, 0) - 1 AS ret
    FROM origin AS o
    CROSS JOIN (VALUES (1), (5), (20), (60)) AS h(sessions)
    INNER JOIN daily_return AS r
        ON r.series = $market AND r.segment = o.segment AND r.session_no = o.session_no + h.sessions AND r.session <= $session
),
ranked AS (
    SELECT
        h.sessions, coalesce(list(o.ret ORDER BY o.ret) FILTER (WHERE o.near), []) AS near, median(o.ret) AS all_median, count(o.ret) AS all_n
    FROM (VALUES (1), (5), (20), (60)) AS h(sessions)
    LEFT JOIN outcomes AS o ON o.sessions = h.sessions
    GROUP BY h.sessions
),
placed AS (
    SELECT *, len(near) AS n, CAST(floor(len(near) / 2 - 0.98 * sqrt(len(near))) AS INTEGER) AS k
    FROM ranked
)
SELECT
    sessions, n, list_median(near) AS median, CASE WHEN k >= 1 THEN near[k] END AS low, CASE WHEN k >= 1 THEN near[n - k + 1] END AS high,
    CASE WHEN n > 0 THEN len(list_filter(near, lambda x: x > 0)) / n END AS share_up, all_median, all_n
FROM placed
ORDER BY sessions
