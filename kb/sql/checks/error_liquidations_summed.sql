-- A total of forced closes comes from one series and counts no hour twice: it covers at most as many hours as the day has, and at most
-- what the series reports within them.
SELECT s.session, s.asset, s.venue, s.source
FROM liquidation_session AS s
WHERE
    s.covers_to - s.covers_from > CASE s.calendar WHEN 'CRYPTO' THEN INTERVAL 25 HOUR ELSE INTERVAL 8 DAY END
    OR s.usd_at_least > 1.000001 * (
        SELECT sum(coalesce(l.long_usd, 0) + coalesce(l.short_usd, 0))
        FROM liquidation AS l
        WHERE
            l.asset = s.asset AND l.venue = s.venue AND l.source = s.source AND l.hours = s.hours
            AND l.started_at >= s.covers_from AND l.ended_at <= s.covers_to
    )
