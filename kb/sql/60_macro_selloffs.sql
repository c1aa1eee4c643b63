-- macro selloffs: falls of one market since a date: FROM selloffs('SPX', since := '2020-01-01')
CREATE MACRO selloffs(asked_market, since := '1900-01-01') AS TABLE
SELECT * FROM selloff WHERE market = asked_market AND last_session >= CAST(since AS DATE) ORDER BY first_session
