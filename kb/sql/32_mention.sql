-- table mention: one row per calendar, session, document and trigger type it can count for
-- in: document, trigger, document_session, session, event_document, event, review, market
-- col calendar: NYSE, COMMODITY or CRYPTO
-- col session_no: number of the session
-- col session: exchange-local date
-- col document_id: the document
-- col type: trigger type
-- col event_id: the event of that type which the document tells of
-- col role: stated when a report on these markets (equities, commodities, crypto by calendar) names this cause for the session, told when
--     the news itself can move it
-- col weight: score of the tag, halved for a second and later type, split over the sessions the item can move; a quarter for reports
--     about another market
-- col risk: -1 bad, +1 good for risk assets, 0 unclear
-- col headline: the title in lower case; the same headline counts once a session
-- col source: publisher
WITH
tagged AS (
    SELECT
        x.*, d.about = x.desk AS reports, d.risk, lower(d.title) AS headline, d.source, t.type, e.event_id,
        t.score * CASE WHEN t.rank = 0 THEN 1 ELSE 0.5 END
            * CASE WHEN d.about IN ('', 'company', x.desk) THEN 1 ELSE 0.25 END AS weight
    FROM (SELECT *, CASE calendar WHEN 'NYSE' THEN 'equity' ELSE lower(calendar) END AS desk FROM document_session) AS x
    INNER JOIN document AS d ON d.document_id = x.document_id
    INNER JOIN trigger AS t ON t.document_id = x.document_id
    INNER JOIN event_document AS y ON y.document_id = x.document_id
    INNER JOIN event AS e ON e.event_id = y.event_id AND e.type = t.type
),
mentions AS (
    SELECT calendar, reported_no AS session_no, document_id, type, event_id, 'stated' AS role, weight, risk, headline, source
    FROM tagged
    WHERE reports
    UNION ALL
    SELECT
        calendar, unnest(range(first_no, last_no + 1)) AS session_no, document_id, type, event_id, 'told' AS role,
        weight / (last_no + 1 - first_no) AS weight, risk, headline, source
    FROM tagged
    WHERE NOT reports
    UNION ALL
    -- What a reviewer named counts as one report that names it.
    SELECT
        m.calendar, s.session_no, r.document_id, r.types AS type, e.event_id, 'stated' AS role, 1.0 AS weight, d.risk,
        lower(d.title) AS headline, d.source
    FROM review AS r
    INNER JOIN market AS m ON m.market = r.market
    INNER JOIN session AS s ON s.calendar = m.calendar AND s.session = r.session
    INNER JOIN document AS d ON d.document_id = r.document_id
    INNER JOIN event_document AS y ON y.document_id = r.document_id
    INNER JOIN event AS e ON e.event_id = y.event_id AND e.type = r.types
    WHERE r.action = 'cause'
)
SELECT m.calendar, m.session_no, s.session, m.document_id, m.type, m.event_id, m.role, m.weight, m.risk, m.headline, m.source
FROM mentions AS m
INNER JOIN session AS s ON s.calendar = m.calendar AND s.session_no = m.session_no
ORDER BY m.calendar, m.session_no, m.type, m.document_id
