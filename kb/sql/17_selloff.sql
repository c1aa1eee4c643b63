-- table selloff: one row per market and fall, of three kinds that nest: a jump in a slide in an episode
-- in: jump, slide, episode
-- col id: market, kind and first session; never changes as the fall goes on
-- col market: short name of the market
-- col kind: jump (one session), slide (several), episode (from running peak to recovery)
-- col peak: session of the close from which it fell
-- col first_session: first session of the fall
-- col last_session: last session of the fall: its trough
-- col trough: session of the lowest close
-- col drawdown: lowest close / close at the peak - 1, a fraction
-- col grade: bear market (20 % or more), correction (10 %), sell-off (rapid), dip (slow and under 10 %)
-- col recovered_on: first session that closed at or above the peak again; known for episodes
-- col rule: the threshold passed, in words
-- col within: ids of the falls of the same market that enclose this one, innermost first
WITH
falls AS (
    SELECT market, segment, 'jump' AS kind, peak, first_session, last_session, trough, drawdown, NULL AS recovered_on, true AS rapid, rule
    FROM jump
    UNION ALL
    SELECT market, segment, 'slide' AS kind, peak, first_session, last_session, trough, drawdown, NULL AS recovered_on, true AS rapid, rule
    FROM slide
    UNION ALL
    SELECT market, segment, 'episode' AS kind, peak, first_session, last_session, trough, drawdown, recovered_on, rapid, rule
    FROM episode
),
named AS (
    SELECT *, market || '-' || kind || '-' || strftime(first_session, '%Y-%m-%d') AS id
    FROM falls
),
enclosing AS (
    SELECT f.id, list(o.id ORDER BY o.last_session - o.first_session, o.id) AS within
    FROM named AS f
    INNER JOIN named AS o
        ON
            o.market = f.market AND o.id <> f.id
            AND o.first_session <= f.first_session AND o.last_session >= f.last_session
            AND ((f.kind = 'jump' AND o.kind <> 'jump') OR (f.kind = 'slide' AND o.kind = 'episode'))
    GROUP BY f.id
)
SELECT
    n.id, n.market, n.kind, n.peak, n.first_session, n.last_session, n.trough, n.drawdown,
    CASE
        WHEN n.drawdown <= -0.2 THEN 'bear market'
        WHEN n.drawdown <= -0.1 AND n.kind <> 'jump' THEN 'correction'
        WHEN n.rapid THEN 'sell-off'
        ELSE 'dip'
    END AS grade,
    n.recovered_on, n.rule, coalesce(e.within, []) AS within
FROM named AS n
LEFT JOIN enclosing AS e ON e.id = n.id
ORDER BY n.market, n.first_session, n.kind
