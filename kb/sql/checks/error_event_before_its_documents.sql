-- An event is first told by its earliest document: nothing may join it that was public before.
SELECT e.event_id
FROM event AS e
INNER JOIN event_document AS x ON x.event_id = e.event_id
INNER JOIN document AS d ON d.document_id = x.document_id
WHERE d.public_hi < e.public_hi
