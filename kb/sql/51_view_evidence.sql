-- view evidence: one row per calendar, session, event and document that speaks for it
-- in: mention, document
-- col calendar: NYSE, COMMODITY or CRYPTO
-- col session: exchange-local date
-- col event_id: the event
-- col type: trigger type
-- col role: stated (a market report names the cause) or told (the news itself)
-- col title: title of the document
-- col url: where it was published; empty when unknown
-- col source: publisher
-- col public_at: instant (UTC) by which it was public
-- col weight: weight of the mention
-- col document_id: the document
SELECT
    n.calendar, n.session, n.event_id, n.type, n.role, d.title, d.url, d.source, d.public_hi AS public_at, n.weight, d.document_id
FROM mention AS n
INNER JOIN document AS d ON d.document_id = n.document_id
