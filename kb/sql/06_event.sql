-- table event: one row per happening
-- in: staged_event
-- col event_id: hash of founding document and type
-- col type: trigger type
-- col title: title of the founding document
-- col public_hi: instant (UTC) at which it was first told
-- col known_at: public_hi
SELECT event_id, type, title, public_hi, public_hi AS known_at
FROM staged_event
ORDER BY public_hi, event_id
