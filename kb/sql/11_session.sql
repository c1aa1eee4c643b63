-- table session: one row per calendar and trading session
-- in: nyse_day (closures and half days), staged_bar and series (before 1971 the dates of the price series are the calendar: the table's
--     source knows no holidays then, and before 1952 there were Saturday sessions)
-- col calendar: NYSE, COMMODITY (the same sessions, but reports on commodities are the ones that count), or CRYPTO whose days
--     end at 00:00 UTC
-- col session: exchange-local date
-- col session_no: consecutive number of the session within its calendar, from 1
-- col previous_close_at: instant (UTC) at which the session before closed
-- col open_at: instant (UTC) of the opening; 09:30 New York (10:00 before 1985-09-30), 00:00 UTC for CRYPTO
-- col close_at: instant (UTC) of the close; 16:00 New York (15:30 before 1974-10-01), earlier on half days, midnight UTC for CRYPTO
-- col known_at: instant (UTC) from which the closing prices are known, 15 minutes after the close
WITH
weekday AS (
    SELECT CAST(d AS DATE) AS session
    FROM range(TIMESTAMP '1971-01-01', CAST((SELECT max(day) FROM nyse_day) AS TIMESTAMP) + INTERVAL 1 DAY, INTERVAL 1 DAY) AS r(d)
    WHERE isodow(d) <= 5
),
nyse AS (
    SELECT w.session, n.closes_at
    FROM weekday AS w
    LEFT JOIN nyse_day AS n ON n.day = w.session
    WHERE n.day IS NULL OR n.closes_at IS NOT NULL
    UNION ALL
    SELECT DISTINCT b.session, n.closes_at
    FROM staged_bar AS b
    INNER JOIN series AS s ON upper(s.symbol) = upper(b.symbol)
    LEFT JOIN nyse_day AS n ON n.day = b.session
    WHERE b.session < DATE '1971-01-01' AND s.calendar = 'NYSE' AND s.unit = 'price'
),
instants AS (
    SELECT
        c.calendar,
        session,
        timezone('America/New_York', session + CASE WHEN session < DATE '1985-09-30' THEN TIME '10:00' ELSE TIME '09:30' END) AS open_at,
        timezone('America/New_York', session + coalesce(
            closes_at, CASE WHEN session < DATE '1974-10-01' THEN TIME '15:30' ELSE TIME '16:00' END)) AS close_at
    FROM nyse
    CROSS JOIN (VALUES ('NYSE'), ('COMMODITY')) AS c(calendar)
    UNION ALL BY NAME
    SELECT
        'CRYPTO' AS calendar,
        CAST(d AS DATE) AS session,
        timezone('UTC', d) AS open_at,
        timezone('UTC', d + INTERVAL 1 DAY) AS close_at
    FROM range(TIMESTAMP '2009-01-03', CAST((SELECT max(day) FROM nyse_day) AS TIMESTAMP) + INTERVAL 1 DAY, INTERVAL 1 DAY) AS r(d)
)
SELECT
    calendar,
    session,
    row_number() OVER w AS session_no,
    coalesce(lag(close_at) OVER w, open_at - INTERVAL 1 DAY) AS previous_close_at,
    open_at,
    close_at,
    close_at + INTERVAL 15 MINUTE AS known_at
FROM instants
WINDOW w AS (PARTITION BY calendar ORDER BY session)
ORDER BY calendar, session
