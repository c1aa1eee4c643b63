-- No cause without a document that speaks for it.
SELECT a.market, a.session, a.event_id FROM attribution AS a WHERE a.documents = 0
