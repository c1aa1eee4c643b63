-- table broke_first: one row per first jump of a named market in three days that another named market's jump came before
-- in: jump, market, session, daily_return
-- col market: short name of the market
-- col session: exchange-local date of its jump
-- col first_market: the named market whose jump came first, on an earlier date; of several at one close the one hit hardest in its own
--     standard deviations
-- col first_session: exchange-local date of that jump
-- col hours: from the close of that session to the close of this one
WITH
named AS (
    SELECT j.market, j.first_session AS session, s.close_at, r.z
    FROM jump AS j
    INNER JOIN market AS m ON m.market = j.market AND m.named
    INNER JOIN session AS s ON s.calendar = m.calendar AND s.session = j.first_session
    INNER JOIN daily_return AS r ON r.series = j.market AND r.session = j.first_session
),
-- Who was falling already has not been led into this fall.
fresh AS (
    SELECT n.*
    FROM named AS n
    ANTI JOIN named AS o ON o.market = n.market AND o.close_at < n.close_at AND o.close_at >= n.close_at - INTERVAL 3 DAY
)
SELECT n.market, n.session, f.market AS first_market, f.session AS first_session, date_diff('hour', f.close_at, n.close_at) AS hours
FROM fresh AS n
INNER JOIN named AS f ON f.market <> n.market AND f.session < n.session AND f.close_at < n.close_at AND f.close_at >= n.close_at - INTERVAL 3 DAY
QUALIFY row_number() OVER (PARTITION BY n.market, n.session ORDER BY f.close_at, f.z, f.market) = 1
ORDER BY n.session, n.market
