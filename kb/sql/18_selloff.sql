-- table selloff: one row per market and fall, of three kinds that nest: a jump in a slide in an episode
-- in: jump, slide, episode, daily_return
-- col id: market, kind and first session; never changes as the fall goes on
-- col market: short name of the market
-- col kind: jump (one session), slide (several), episode (from running peak to recovery)
-- col peak: session of the close from which it fell
-- col first_session: first session of the fall
-- col last_session: last session of the fall: its trough
-- col trough: session of the lowest close
-- col drawdown: lowest close / close at the peak - 1, a fraction
-- col grade: bear market (20 % or more) and correction (10 %), as the press uses the words, of more than one session; else sell-off
--     (rapid: its threshold passed within 20 sessions of the peak) or dip (slower)
-- col sessions_down: sessions from the peak to the trough
-- col speed: drawdown / sessions_down, a fraction a session
-- col recovered_on: first session that closed at or above the peak again; for jumps and slides looked for in 250 sessions; null
--     while there is none
-- col sessions_to_recover: sessions from the trough to that one
-- col after_1: close one session after the last session of the fall / close of that session - 1, a fraction; null while unknown
-- col after_5: the same five sessions after
-- col after_20: the same 20 sessions after
-- col after_60: the same 60 sessions after
-- col rule: the threshold passed, in words
-- col within: ids of the falls of the same market that enclose this one, innermost first
WITH
falls AS (
    SELECT *, 'jump' AS kind, true AS rapid, NULL AS recovered_on
    FROM jump
    UNION ALL BY NAME
    SELECT *, 'slide' AS kind, true AS rapid, NULL AS recovered_on
    FROM slide
    UNION ALL BY NAME
    SELECT *, 'episode' AS kind
    FROM episode
),
named AS (
    SELECT *, market || '-' || kind || '-' || strftime(first_session, '%Y-%m-%d') AS id
    FROM falls
),
enclosing AS (
    SELECT f.id, list(o.id ORDER BY o.last_session - o.first_session, o.kind = 'episode', o.id) AS within
    FROM named AS f
    INNER JOIN named AS o
        ON
            o.market = f.market AND o.id <> f.id
            AND o.first_session <= f.first_session AND o.last_session >= f.last_session
            AND ((f.kind = 'jump' AND o.kind <> 'jump') OR (f.kind = 'slide' AND o.kind = 'episode'))
    GROUP BY f.id
),
closes AS (
    SELECT
        n.id, n.market, n.segment, n.last_session_no, n.last_session_no // 256 AS block, p.close AS peak_close, t.close AS trough_close
    FROM named AS n
    INNER JOIN daily_return AS p ON p.series = n.market AND p.segment = n.segment AND p.session_no = n.from_session_no
    INNER JOIN daily_return AS t ON t.series = n.market AND t.segment = n.segment AND t.session_no = n.last_session_no
),
-- Blocks of 256 sessions make the search for the sessions after a fall an equality join.
blocks AS (
    SELECT c.*, c.block + ahead.n AS later_block
    FROM closes AS c
    CROSS JOIN range(0, 2) AS ahead(n)
),
later AS (
    SELECT
        b.id,
        min(r.session) FILTER (WHERE r.close >= b.peak_close) AS recovered_on,
        min(r.session_no - b.last_session_no) FILTER (WHERE r.close >= b.peak_close) AS sessions_to_recover,
        any_value(r.close / nullif(b.trough_close, 0) - 1) FILTER (WHERE r.session_no = b.last_session_no + 1) AS after_1,
        any_value(r.close / nullif(b.trough_close, 0) - 1) FILTER (WHERE r.session_no = b.last_session_no + 5) AS after_5,
        any_value(r.close / nullif(b.trough_close, 0) - 1) FILTER (WHERE r.session_no = b.last_session_no + 20) AS after_20,
        any_value(r.close / nullif(b.trough_close, 0) - 1) FILTER (WHERE r.session_no = b.last_session_no + 60) AS after_60
    FROM blocks AS b
    INNER JOIN daily_return AS r ON r.series = b.market AND r.session_no // 256 = b.later_block AND r.segment = b.segment
    WHERE r.session_no BETWEEN b.last_session_no + 1 AND b.last_session_no + 250
    GROUP BY b.id
)
SELECT
    n.id, n.market, n.kind, n.peak, n.first_session, n.last_session, n.trough, n.drawdown,
    CASE
        WHEN n.kind <> 'jump' AND n.drawdown <= -0.2 THEN 'bear market'
        WHEN n.kind <> 'jump' AND n.drawdown <= -0.1 THEN 'correction'
        WHEN n.rapid THEN 'sell-off'
        ELSE 'dip'
    END AS grade,
    n.last_session_no - n.from_session_no AS sessions_down,
    n.drawdown / nullif(n.last_session_no - n.from_session_no, 0) AS speed,
    coalesce(n.recovered_on, l.recovered_on) AS recovered_on,
    coalesce(l.sessions_to_recover, e.session_no - n.last_session_no) AS sessions_to_recover,
    l.after_1, l.after_5, l.after_20, l.after_60,
    n.rule, coalesce(o.within, []) AS within
FROM named AS n
LEFT JOIN enclosing AS o ON o.id = n.id
LEFT JOIN later AS l ON l.id = n.id
LEFT JOIN daily_return AS e ON n.kind = 'episode' AND e.series = n.market AND e.session = n.recovered_on
ORDER BY n.market, n.first_session, n.kind
