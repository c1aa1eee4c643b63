-- table review: one row per thing that a person said of a cause or of a document's types; rows are only ever added
-- in: staged_review
-- col review_id: hash of what was said, by whom and when
-- col reviewed_at: instant (UTC) of the review
-- col who: who said it
-- col action: accept or reject a cause, name a cause, retag a document
-- col document_id: document that was retagged, or that gives the cause; empty otherwise
-- col market: market whose answer was reviewed; empty for retag
-- col session: exchange-local date of that answer; null for retag
-- col types: trigger type of the cause, or the document's new types, primary first, joined by commas; none for no type
-- col machine: what the machine said then: the share of the type, or the document's types
-- col why: the reason given
-- col known_at: reviewed_at
SELECT review_id, reviewed_at, who, action, document_id, market, session, types, machine, why, reviewed_at AS known_at
FROM staged_review
ORDER BY reviewed_at, review_id
