-- table jump: one row per market and session whose fall is a jump
-- in: daily_return, market (thresholds per class, markets.toml)
-- col market: short name of the market
-- col segment: stretch without a hole or split in the series
-- col peak: the session before, from whose close it fell
-- col first_session: the session of the fall
-- col last_session: the session of the fall
-- col trough: the session of the fall
-- col from_session_no: number of the session before
-- col last_session_no: number of the session of the fall
-- col drawdown: return of the session, a fraction below 0
-- col rule: the threshold passed, in words: a return (for US indices that of the human coding), or 2.5 standard deviations
SELECT
    m.market,
    r.segment,
    coalesce(lag(r.session) OVER w, r.session) AS peak,
    r.session AS first_session,
    r.session AS last_session,
    r.session AS trough,
    coalesce(lag(r.session_no) OVER w, r.session_no) AS from_session_no,
    r.session_no AS last_session_no,
    greatest(r.ret, -1) AS drawdown,
    CASE
        WHEN r.ret <= m.jump_return THEN 'one session of ' || round(100 * m.jump_return, 1) || ' % or worse'
        ELSE 'one session 2.5 standard deviations down, and ' || round(100 * m.jump_z_return, 1) || ' % or worse'
    END AS rule
FROM daily_return AS r
INNER JOIN market AS m ON m.market = r.series
WINDOW w AS (PARTITION BY r.series ORDER BY r.session)
QUALIFY r.ret <= m.jump_return OR (r.z <= -2.5 AND r.ret <= m.jump_z_return)
