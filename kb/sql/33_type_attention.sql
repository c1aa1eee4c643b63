-- table type_attention: one row per calendar, session and trigger type that any document mentions
-- in: mention
-- col calendar: NYSE, COMMODITY or CRYPTO
-- col session_no: number of the session
-- col session: exchange-local date
-- col type: trigger type
-- col stated: weight of the session's market reports that name this cause, each headline once
-- col stated_total: the same over all types
-- col told: weight of other news of this type, each headline once
-- col told_total: the same over all types
-- col bad: net weight of bad over good news of this type, -1 to 1
-- col sources: how many publishers mention it
WITH
headlines AS (
    SELECT
        calendar, session_no, session, type, role, headline, max(weight) AS weight, avg(risk) AS risk, min(source) AS source
    FROM mention
    GROUP BY calendar, session_no, session, type, role, headline
),
counted AS (
    SELECT
        calendar, session_no, session, type,
        coalesce(sum(weight) FILTER (WHERE role = 'stated'), 0) AS stated,
        coalesce(sum(weight) FILTER (WHERE role = 'told'), 0) AS told,
        -sum(weight * risk) / sum(weight) AS bad,
        count(DISTINCT source) AS sources
    FROM headlines
    GROUP BY calendar, session_no, session, type
)
SELECT
    calendar, session_no, session, type, stated, sum(stated) OVER w AS stated_total, told, sum(told) OVER w AS told_total,
    bad, sources
FROM counted
WINDOW w AS (PARTITION BY calendar, session_no)
ORDER BY calendar, session_no, type
