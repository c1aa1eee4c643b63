-- table broke_first: one row per jump of a named market that another named market's jump came before, within three days
-- in: jump, market, session
-- col market: short name of the market
-- col session: exchange-local date of its jump
-- col first_market: the named market whose jump came first
-- col first_session: exchange-local date of that jump
-- col hours: from the close of that session to the close of this one
WITH
named AS (
    SELECT j.market, j.first_session AS session, s.close_at
    FROM jump AS j
    INNER JOIN market AS m ON m.market = j.market AND m.named
    INNER JOIN session AS s ON s.calendar = m.calendar AND s.session = j.first_session
)
SELECT
    n.market, n.session, arg_min(f.market, (f.close_at, f.market)) AS first_market, arg_min(f.session, (f.close_at, f.market)) AS first_session,
    date_diff('hour', min(f.close_at), any_value(n.close_at)) AS hours
FROM named AS n
INNER JOIN named AS f ON f.market <> n.market AND f.close_at < n.close_at AND f.close_at >= n.close_at - INTERVAL 3 DAY
GROUP BY n.market, n.session
ORDER BY n.session, n.market
