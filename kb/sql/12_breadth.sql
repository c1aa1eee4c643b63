-- table breadth: one row per session with the shares of the S&P 500's members above their own averages; of several sources one
-- in: staged_breadth, session
-- col session: exchange-local date
-- col source: who reported it
-- col above_20: share above the average of 20 sessions, 0 to 1
-- col above_50: share above the average of 50 sessions, 0 to 1
-- col above_200: share above the average of 200 sessions, 0 to 1
-- col origin: import
-- col known_at: instant (UTC) from which it is known: 15 minutes after the close
SELECT b.session, b.source, b.above_20, b.above_50, b.above_200, b.origin, s.known_at
FROM staged_breadth AS b
INNER JOIN session AS s ON s.calendar = 'NYSE' AND s.session = b.session
QUALIFY row_number() OVER (PARTITION BY b.session ORDER BY b.recorded_at DESC, b.source) = 1
ORDER BY b.session
