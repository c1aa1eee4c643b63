-- in: selloff, market, daily_return, session, unexplained
-- out: falls of named markets to be told: those whose grade was reached in the newest sessions, and those asked for by their
--     alert's id whatever their age; the earliest reached first. `session` is that on which the grade was reached: a jump's
--     only one, else the first close as far under the peak. A fall of the newest session without any document waits for
--     the next, when the news may be here. A slide from the peak of an episode is told by that.
-- parameters: $sessions (how many count as newest), $asked (ids of alerts)
WITH
newest AS (
    SELECT max(r.session) AS session
    FROM daily_return AS r
    INNER JOIN market AS m ON m.market = r.series
    WHERE m.named
),
lately AS (
    SELECT s.calendar, s.session, row_number() OVER (PARTITION BY s.calendar ORDER BY s.session DESC) AS age
    FROM session AS s
    INNER JOIN newest AS n ON s.session <= n.session
    QUALIFY age <= $sessions
),
falls AS (
    SELECT
        f.id || '-' || replace(f.grade, ' ', '-') AS alert_id, f.market, m.name, m.calendar, f.kind, f.grade, f.peak, f.first_session,
        f.last_session, f.drawdown,
        CASE f.grade
            WHEN 'bear market' THEN -0.2
            WHEN 'correction' THEN -0.1
            ELSE CASE f.kind WHEN 'slide' THEN m.slide ELSE m.episode END
        END AS threshold
    FROM selloff AS f
    INNER JOIN market AS m ON m.market = f.market
    ANTI JOIN selloff AS e ON f.kind = 'slide' AND e.kind = 'episode' AND e.market = f.market AND e.peak = f.peak
    WHERE m.named
),
wanted AS (
    SELECT f.*, list_contains(CAST($asked AS VARCHAR []), f.alert_id) AS asked
    FROM falls AS f
    WHERE asked OR f.last_session >= (SELECT min(session) FROM lately)
),
reached AS (
    SELECT w.alert_id, min(r.session) AS session
    FROM wanted AS w
    INNER JOIN daily_return AS p ON p.series = w.market AND p.session = w.peak
    INNER JOIN daily_return AS r
        ON r.series = p.series AND r.segment = p.segment AND r.session BETWEEN w.first_session AND w.last_session
    WHERE w.kind = 'jump' OR r.close / p.close - 1 <= w.threshold
    GROUP BY w.alert_id
),
dated AS (
    SELECT w.*, coalesce(r.session, w.last_session) AS session
    FROM wanted AS w
    LEFT JOIN reached AS r ON r.alert_id = w.alert_id
)
SELECT
    d.alert_id, d.market, d.name, d.kind, d.grade, strftime(d.peak, '%Y-%m-%d') AS peak, strftime(d.session, '%Y-%m-%d') AS session, d.drawdown,
    coalesce(l.age > 1 OR (l.age = 1 AND u.reason <> 'not_ingested'), false) AS fresh
FROM dated AS d
LEFT JOIN lately AS l ON l.calendar = d.calendar AND l.session = d.session
LEFT JOIN unexplained AS u ON u.market = d.market AND u.session = d.session
WHERE d.asked OR fresh
ORDER BY d.session, d.market, d.kind
