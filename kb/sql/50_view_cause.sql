-- view cause: one row per market, session and cause: what moved it, with its share; shares are weights of attention, not parts of the return
-- in: attribution, daily_return, unexplained
-- col market: short name of the market
-- col session: exchange-local date
-- col ret: return of the session, a fraction
-- col z: return in standard deviations of the 60 sessions before
-- col type: trigger type
-- col title: title of the founding document of the event
-- col share: weight a newspaper coder would be expected to give, 0 to 1
-- col public_at: instant (UTC) at which the event was first told
-- col documents: how many documents of the session tell of it
-- col unexplained_share: weight that no cause of the session carries
-- col unexplained_reason: why that remains
-- col event_id: the event
SELECT
    a.market, a.session, r.ret, r.z, a.type, a.title, a.share, a.public_at, a.documents,
    u.share AS unexplained_share, u.reason AS unexplained_reason, a.event_id
FROM attribution AS a
INNER JOIN daily_return AS r ON r.series = a.market AND r.session = a.session
INNER JOIN unexplained AS u ON u.market = a.market AND u.session = a.session
