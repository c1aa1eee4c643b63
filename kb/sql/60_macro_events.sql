-- macro events: events of one trigger type since a date: FROM events('labor', since := '2020-01-01')
CREATE MACRO events(asked_type, since := '1900-01-01') AS TABLE
SELECT * FROM event WHERE type = asked_type AND public_hi >= CAST(since AS DATE) ORDER BY public_hi
