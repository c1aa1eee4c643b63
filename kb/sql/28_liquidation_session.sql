-- table liquidation_session: one row per session and series of liquidation totals: never a sum over sources, venues or methods
-- in: liquidation, session, open_interest, funding
-- col calendar: NYSE or CRYPTO; a total belongs to the session that holds the middle of its hours
-- col session: exchange-local date
-- col asset: BTC, ETH, another coin, or ALL
-- col venue: where it was counted
-- col source: who reported it
-- col method: how it was counted, in words
-- col hours: length of one total of the series, at most 24
-- col usd_at_least: USD of forced closes, a lower bound: the sum of the session's totals when they are shorter than a day and do not
--     overlap, else the largest of them
-- col covers_from: instant (UTC) at which what it counts begins
-- col covers_to: instant (UTC) at which it ends; in a New York session that may be some hours after the close
-- col long_share: share of longs in it, 0 to 1; null when only the total is known
-- col size_ratio: usd_at_least / median of the 60 sessions of the series before (at least 20); null when that is unknown
-- col past: sessions that the median rests on
-- col largest_from: instant (UTC) at which the largest total of the session begins
-- col largest_to: instant (UTC) at which it ends
-- col largest_usd: that total, USD
-- col open_interest_change: change of the value of open futures of the asset over the session, a fraction; null when unknown
-- col funding: mean rate of the session over venues, a fraction; below 0 shorts paid longs
-- col funding_before: the same for the session before
-- col place: 1 for the largest total of the asset and session, then by size: of two equal ones that with the longer windows first
-- col known_at: instant (UTC) by which all totals of the session were public
WITH
placed AS (
    SELECT
        s.calendar, s.session, s.session_no, l.*, coalesce(l.long_usd, 0) + coalesce(l.short_usd, 0) AS usd,
        l.long_usd IS NOT NULL AND l.short_usd IS NOT NULL AS sided
    FROM liquidation AS l
    INNER JOIN session AS s
        ON l.started_at + (l.ended_at - l.started_at) / 2 > s.previous_close_at
        AND l.started_at + (l.ended_at - l.started_at) / 2 <= s.close_at
    WHERE s.calendar IN ('NYSE', 'CRYPTO') AND l.hours <= 24
),
apart AS (
    SELECT
        *, coalesce(started_at >= lag(ended_at) OVER (
            PARTITION BY calendar, session, asset, venue, source, method, hours ORDER BY ended_at
        ), true) AS begins_after
    FROM placed
),
totals AS (
    SELECT
        calendar, session, session_no, asset, venue, source, method, hours,
        hours < 24 AND bool_and(begins_after) AS summed, bool_and(sided) AS sided,
        sum(usd) AS sum_usd, sum(long_usd) AS sum_long_usd, arg_max(long_usd, usd) AS largest_long_usd,
        min(started_at) AS first_from, max(ended_at) AS last_to,
        arg_max(started_at, usd) AS largest_from, arg_max(ended_at, usd) AS largest_to, max(usd) AS largest_usd, max(known_at) AS known_at
    FROM apart
    GROUP BY calendar, session, session_no, asset, venue, source, method, hours
),
counted AS (
    SELECT
        *, CASE WHEN summed THEN sum_usd ELSE largest_usd END AS usd_at_least,
        CASE WHEN summed THEN sum_long_usd ELSE largest_long_usd END AS long_usd,
        CASE WHEN summed THEN first_from ELSE largest_from END AS covers_from,
        CASE WHEN summed THEN last_to ELSE largest_to END AS covers_to
    FROM totals
),
compared AS (
    SELECT
        *, count(*) OVER w AS past, median(usd_at_least) OVER w AS usual
    FROM counted
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
    c.calendar, c.session, c.asset, c.venue, c.source, c.method, c.hours, c.usd_at_least, c.covers_from, c.covers_to,
    CASE WHEN c.sided AND c.usd_at_least > 0 THEN c.long_usd / c.usd_at_least END AS long_share,
    CASE WHEN c.past >= 20 THEN c.usd_at_least / nullif(c.usual, 0) END AS size_ratio,
    c.past, c.largest_from, c.largest_to, c.largest_usd, o.change AS open_interest_change, p.rate AS funding, p.rate_before AS funding_before,
    row_number() OVER (
        PARTITION BY c.calendar, c.session, c.asset ORDER BY c.usd_at_least DESC, c.hours DESC, c.venue, c.source, c.method
    ) AS place,
    c.known_at
FROM compared AS c
LEFT JOIN largest_open AS o
    ON o.asset = CASE c.asset WHEN 'ALL' THEN 'BTC' ELSE c.asset END AND o.calendar = c.calendar AND o.session = c.session
LEFT JOIN paid_before AS p
    ON p.asset = CASE c.asset WHEN 'ALL' THEN 'BTC' ELSE c.asset END AND p.calendar = c.calendar AND p.session = c.session
ORDER BY c.calendar, c.session, c.asset, c.venue, c.source, c.hours
