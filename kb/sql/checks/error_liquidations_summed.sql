-- A total of forced closes comes from one series: never more than the reports of one asset, venue, source and length add up to.
SELECT s.session, s.asset, s.venue, s.source
FROM liquidation_session AS s
WHERE s.usd_at_least > 1.000001 * (
    SELECT sum(coalesce(l.long_usd, 0) + coalesce(l.short_usd, 0))
    FROM liquidation AS l
    WHERE
        l.asset = s.asset AND l.venue = s.venue AND l.source = s.source AND l.hours = s.hours
        AND l.ended_at <= s.known_at AND l.ended_at > s.known_at - INTERVAL 8 DAY
)
