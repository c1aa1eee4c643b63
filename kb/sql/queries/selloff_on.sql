-- in: selloff
-- out: the innermost fall of a market that a session belongs to: a jump, else a slide, else an episode; no row without one
-- parameters: $market, $session
SELECT
    id, kind, rule, peak, trough, first_session, last_session, drawdown, grade, sessions_down, speed, recovered_on, sessions_to_recover,
    after_1, after_5, after_20, after_60, within
FROM selloff
WHERE market = $market AND $session BETWEEN first_session AND last_session
ORDER BY CASE kind WHEN 'jump' THEN 0 WHEN 'slide' THEN 1 ELSE 2 END, drawdown
LIMIT 1
