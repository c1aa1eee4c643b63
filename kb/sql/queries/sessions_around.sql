-- in: session, daily_return
-- out: whether a date is a session of a calendar, the sessions around it, and the first and last bar of a market
-- parameters: $calendar, $session, $market
SELECT
    count(*) FILTER (WHERE session = $session) > 0 AS is_session,
    strftime(max(session) FILTER (WHERE session < $session), '%Y-%m-%d') AS before,
    strftime(min(session) FILTER (WHERE session > $session), '%Y-%m-%d') AS after,
    (SELECT strftime(min(session), '%Y-%m-%d') FROM daily_return WHERE series = $market) AS first_bar,
    (SELECT strftime(max(session), '%Y-%m-%d') FROM daily_return WHERE series = $market) AS last_bar
FROM session
WHERE calendar = $calendar
