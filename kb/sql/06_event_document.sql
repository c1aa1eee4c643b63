-- table event_document: one row per document that tells of an event
-- in: staged_event_document
-- col event_id: the event
-- col document_id: the document
-- col novelty: 1 for the first telling, falling with each repeat
SELECT event_id, document_id, novelty
FROM staged_event_document
ORDER BY event_id, document_id
