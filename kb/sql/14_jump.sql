-- table jump: one row per market and session whose fall is a jump
-- in: daily_return, market (thresholds per class, markets.toml)
-- col market: short name of the market
-- col segment: stretch without a hole in the series
-- col peak: the session before, from whose close it fell
-- col first_session: the session of the fall
-- col last_session: the session of the fall
-- col trough: the session of the fall
-- col drawdown: return of the session, a fraction below 0
-- col rule: which threshold it passed, return or z
SELECT
    m.market,
    r.segment,
    coalesce(lag(r.session) OVER (PARTITION BY r.series ORDER BY r.session), r.session) AS peak,
    r.session AS first_session,
    r.session AS last_session,
    r.session AS trough,
    greatest(r.ret, -1) AS drawdown,
    CASE WHEN r.ret <= m.jump_return THEN 'return' ELSE 'z' END AS rule
FROM daily_return AS r
INNER JOIN market AS m ON m.market = r.series
QUALIFY r.ret <= m.jump_return OR (r.z <= -2.5 AND r.ret <= m.jump_z_return)
