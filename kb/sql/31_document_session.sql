-- table document_session: one row per calendar and document that carries a trigger or is a market report
-- in: document, trigger, session, daily_return
-- col calendar: NYSE, COMMODITY or CRYPTO
-- col document_id: the document
-- col first_no: number of the first session whose close lies after the earliest instant it may have been public
-- col last_no: the same for the latest such instant; a cause can move these sessions
-- col reported_no: number of the session that a market report describes
-- The day stated in the report decides, else the clock; where only the day or the hour of collection is known, the report
-- describes the later of two sessions unless only the earlier one moved the way the report says.
WITH
relevant AS (
    SELECT d.*
    FROM document AS d
    WHERE d.wrap OR d.document_id IN (SELECT document_id FROM trigger)
),
placed AS (
    SELECT c.calendar, d.document_id, d.precision, d.public_hi, d.direction, d.weekday, d.ahead, lo.session_no AS first_no
    FROM relevant AS d
    CROSS JOIN (VALUES ('NYSE'), ('COMMODITY'), ('CRYPTO')) AS c(calendar)
    ASOF JOIN session AS lo ON lo.calendar = c.calendar AND d.public_lo < lo.close_at
),
bracketed AS (
    SELECT p.*, hi.session_no AS last_no, hi.session, hi.open_at
    FROM placed AS p
    ASOF JOIN session AS hi ON hi.calendar = p.calendar AND p.public_hi < hi.close_at
),
by_clock AS (
    SELECT
        *,
        CASE
            WHEN ahead THEN last_no
            WHEN precision = 'day' THEN first_no
            WHEN public_hi >= open_at THEN last_no
            ELSE last_no - 1
        END AS later_no,
        session - CAST((isodow(session) - 1 - weekday + 7) % 7 AS INTEGER) AS named_day
    FROM bracketed
),
move AS (
    SELECT CASE series WHEN 'SPX' THEN 'NYSE' ELSE 'CRYPTO' END AS calendar, session_no, ret
    FROM daily_return
    WHERE series IN ('SPX', 'BTC')
)
SELECT
    b.calendar, b.document_id, b.first_no, b.last_no,
    CASE
        WHEN b.weekday >= 0 AND n.session_no IS NOT NULL THEN n.session_no
        WHEN b.ahead OR b.precision = 'instant' THEN b.later_no
        WHEN b.direction * l.ret < 0 AND b.direction * e.ret > 0 THEN b.later_no - 1
        ELSE b.later_no
    END AS reported_no
FROM by_clock AS b
LEFT JOIN session AS n ON n.calendar = b.calendar AND n.session = b.named_day AND b.weekday >= 0
LEFT JOIN move AS l ON l.calendar = b.calendar AND l.session_no = b.later_no
LEFT JOIN move AS e ON e.calendar = b.calendar AND e.session_no = b.later_no - 1
ORDER BY b.calendar, b.last_no, b.document_id
