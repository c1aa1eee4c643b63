-- table liquidation_session: one row per session and series of liquidation totals: never a sum over sources, venues or methods
-- in: liquidation, session, open_interest, funding
-- col calendar: NYSE or CRYPTO; a total belongs to the session that holds the middle of its hours
-- col session: exchange-local date
-- col asset: BTC, ETH, another coin, or ALL
-- col venue: where it was counted
-- col source: who reported it
-- col method: how it was counted, in words
-- col hours: length of one total of the series
-- col usd_at_least: USD of forced closes: the largest total of a day's or longer, the sum of shorter ones; a lower bound
-- col long_share: share of longs in it, 0 to 1; null when only the total is known
-- col size_ratio: usd_at_least / median of the 60 sessions of the series before (at least 20); null when that is unknown
-- col past: sessions that the median rests on
-- col largest_from: instant (UTC) at which the largest total of the session begins
-- col largest_to: instant (UTC) at which it ends
-- col largest_usd: that total, USD
-- col open_interest_change: change of the value of open futures of the asset over the session, a fraction; null when unknown
-- col funding: mean rate of the session over venues, a fraction; below 0 shorts paid longs
-- col funding_before: the same for the session before
-- col known_at: latest instant (UTC) at which a total of the session ended
WITH
placed AS (
    SELECT
        s.calendar, s.session, s.session_no, l.*, coalesce(l.long_usd, 0) + coalesce(l.short_usd, 0) AS usd,
        l.long_usd IS NOT NULL AND l.short_usd IS NOT NULL AS sided
    FROM liquidation AS l
    INNER JOIN session AS s
        ON l.started_at + (l.ended_at - l.started_at) / 2 > s.previous_close_at
        AND l.started_at + (l.ended_at - l.started_at) / 2 <= s.close_at
    WHERE s.calendar IN ('NYSE', 'CRYPTO')
),
totals AS (
    SELECT
        calendar, session, session_no, asset, venue, source, method, hours,
        CASE WHEN hours < 24 THEN sum(usd) ELSE max(usd) END AS usd_at_least,
        CASE WHEN hours < 24 THEN sum(long_usd) ELSE arg_max(long_usd, usd) END AS long_usd,
        bool_and(sided) AS sided,
        arg_max(started_at, usd) AS largest_from, arg_max(ended_at, usd) AS largest_to, max(usd) AS largest_usd, max(ended_at) AS known_at
    FROM placed
    GROUP BY calendar, session, session_no, asset, venue, source, method, hours
),
compared AS (
    SELECT
        *, count(*) OVER w AS past, median(usd_at_least) OVER w AS usual
    FROM totals
    WINDOW w AS (
        PARTITION BY calendar, asset, venue, source, method, hours ORDER BY session_no RANGE BETWEEN 60 PRECEDING AND 1 PRECEDING
    )
),
open_usd AS (
    SELECT o.asset, o.venue, o.source, s.calendar, s.session, s.session_no, arg_max(o.usd, o.counted_at) AS usd
    FROM open_interest AS o
    INNER JOIN session AS s ON o.counted_at > s.previous_close_at AND o.counted_at <= s.close_at
    WHERE s.calendar IN ('NYSE', 'CRYPTO')
    GROUP BY ALL
),
open_changes AS (
    SELECT *, CASE WHEN session_no - lag(session_no) OVER w = 1 THEN usd / nullif(lag(usd) OVER w, 0) - 1 END AS change
    FROM open_usd
    WINDOW w AS (PARTITION BY asset, venue, source, calendar ORDER BY session)
),
-- Of several sources of open interest the largest tells: the smaller is one venue of the same market.
largest_open AS (
    SELECT asset, calendar, session, arg_max(change, usd) AS change
    FROM open_changes
    GROUP BY asset, calendar, session
),
paid AS (
    SELECT f.asset, s.calendar, s.session, avg(f.rate) AS rate
    FROM funding AS f
    INNER JOIN session AS s ON f.paid_at > s.previous_close_at AND f.paid_at <= s.close_at
    WHERE s.calendar IN ('NYSE', 'CRYPTO')
    GROUP BY f.asset, s.calendar, s.session
),
paid_before AS (
    SELECT *, lag(rate) OVER (PARTITION BY asset, calendar ORDER BY session) AS rate_before
    FROM paid
)
SELECT
    c.calendar, c.session, c.asset, c.venue, c.source, c.method, c.hours, c.usd_at_least,
    CASE WHEN c.sided AND c.usd_at_least > 0 THEN c.long_usd / c.usd_at_least END AS long_share,
    CASE WHEN c.past >= 20 THEN c.usd_at_least / nullif(c.usual, 0) END AS size_ratio,
    c.past, c.largest_from, c.largest_to, c.largest_usd, o.change AS open_interest_change, p.rate AS funding, p.rate_before AS funding_before,
    c.known_at
FROM compared AS c
LEFT JOIN largest_open AS o
    ON o.asset = CASE c.asset WHEN 'ALL' THEN 'BTC' ELSE c.asset END AND o.calendar = c.calendar AND o.session = c.session
LEFT JOIN paid_before AS p
    ON p.asset = CASE c.asset WHEN 'ALL' THEN 'BTC' ELSE c.asset END AND p.calendar = c.calendar AND p.session = c.session
ORDER BY c.calendar, c.session, c.asset, c.venue, c.source, c.hours
