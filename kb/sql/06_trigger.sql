-- table trigger: one row per typed tag of a document
-- in: staged_trigger
-- col document_id: the document
-- col rank: 0 for the primary type
-- col type: trigger type
-- col score: calibrated chance that a careful reader gives this type, 0 to 1
SELECT document_id, rank, type, score
FROM staged_trigger
ORDER BY document_id, rank
