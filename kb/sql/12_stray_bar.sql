-- table stray_bar: one row per imported bar that no session can take, so that nothing is computed from it
-- in: staged_bar, series, session
-- col series: market or input the symbol belongs to
-- col symbol: name of the series in its source
-- col session: date the bar carries
-- col close: last price, unit of the series
-- col source: who reported it
-- col reason: why it stands apart
SELECT s.series, b.symbol, b.session, b.close, b.source, 'the ' || s.calendar || ' calendar has no session on that day' AS reason
FROM staged_bar AS b
INNER JOIN series AS s ON upper(s.symbol) = upper(b.symbol)
ANTI JOIN session AS n ON n.calendar = s.calendar AND n.session = b.session
-- Rates of some sources are written down for every day of the week: that is their way, and no fault.
WHERE s.unit = 'price'
ORDER BY s.series, b.session, b.source
