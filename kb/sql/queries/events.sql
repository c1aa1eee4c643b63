-- in: event, event_document
-- out: events of the asked type (all when null) first told on or after a day, the latest first
-- parameters: $type, $since, $most
SELECT
    strftime(e.public_hi, '%Y-%m-%dT%H:%M:%SZ') AS public_at, e.type, e.title, count(x.document_id) AS documents, e.event_id
FROM event AS e
INNER JOIN event_document AS x ON x.event_id = e.event_id
WHERE ($type IS NULL OR e.type = $type) AND e.public_hi >= CAST($since AS TIMESTAMP)
GROUP BY e.event_id, e.type, e.title, e.public_hi
ORDER BY e.public_hi DESC, e.event_id
LIMIT $most
