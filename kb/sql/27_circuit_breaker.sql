-- table circuit_breaker: one row per New York session on which a market-wide circuit breaker was reached or a halt is on record
-- in: breaker_rule, halt, bar, daily_return, session
-- col session: exchange-local date
-- col rule: the rule in force, in words
-- col source: where the rule is laid down
-- col level: highest level that the low (or, without one, the close) of the rule's index reached; null where its bars are missing or
--     it reached none. Trading is not halted for a level 1 or 2 reached late in the day, so that a level is no halt
-- col halts: halts on record, each with the instant (UTC text) it began, its level, its minutes and where it is on record
WITH
-- Of 1998 to 2013 the levels were points of the Dow, fixed for a quarter from the average close of the month before it.
quarterly AS (
    SELECT series, date_trunc('month', session) + INTERVAL 1 MONTH AS quarter, avg(close) AS average_close
    FROM bar
    WHERE series IN (SELECT reference FROM breaker_rule WHERE unit = 'quarterly percent') AND month(session) % 3 = 0
    GROUP BY ALL
),
depth AS (
    SELECT
        b.session, u.level,
        r.previous_close - least(b.close, CASE WHEN b.low > 0 THEN b.low END) AS fell,
        CASE u.unit
            WHEN 'points' THEN u.threshold
            WHEN 'percent' THEN r.previous_close * u.threshold / 100
            ELSE round(q.average_close * u.threshold / 100 / 50) * 50
        END AS threshold
    FROM breaker_rule AS u
    INNER JOIN bar AS b ON b.series = u.reference AND b.session BETWEEN u.first_day AND u.last_day
    INNER JOIN daily_return AS r ON r.series = b.series AND r.session = b.session AND r.previous_close > 0
    LEFT JOIN quarterly AS q ON q.series = b.series AND q.quarter = date_trunc('quarter', b.session)
),
reached AS (
    SELECT session, max(level) AS level
    FROM depth
    WHERE fell >= threshold
    GROUP BY session
),
halted AS (
    SELECT
        CAST(began AS DATE) AS session,
        list({
            'at': strftime(timezone('America/New_York', began), '%Y-%m-%dT%H:%M:%SZ'), 'level': level, 'minutes': minutes, 'source': source
        } ORDER BY began) AS halts
    FROM halt
    -- Asked as of a past hour, a session whose bars are not yet known is not yet told of here either.
    WHERE CAST(began AS DATE) IN (SELECT session FROM daily_return)
    GROUP BY CAST(began AS DATE)
)
SELECT DISTINCT coalesce(r.session, h.session) AS session, u.told AS rule, u.source, r.level, coalesce(h.halts, []) AS halts
FROM reached AS r
FULL JOIN halted AS h ON h.session = r.session
INNER JOIN breaker_rule AS u ON coalesce(r.session, h.session) BETWEEN u.first_day AND u.last_day
ORDER BY session
