-- table unexplained: one row per market and session: the share no event carries, and why
-- in: type_share, session, document, market, type_category
-- col market: short name of the market
-- col session: exchange-local date
-- col share: weight that no cause carries, 0 to 1
-- col reason: not_ingested (no documents for the session), no_candidate (none carries a trigger), several_tied (the first two
--     categories within five points), candidates_too_weak (anything else)
-- col documents: documents that became public between the close before and this close
WITH
held AS (
    SELECT calendar, session, count(*) AS documents
    FROM (
        SELECT s.calendar, s.session
        FROM document AS d
        CROSS JOIN (VALUES ('NYSE'), ('COMMODITY'), ('CRYPTO')) AS c(calendar)
        ASOF JOIN session AS s ON s.calendar = c.calendar AND d.public_lo < s.close_at
    ) AS placed
    GROUP BY calendar, session
),
category AS (
    SELECT s.market, s.session, c.category, sum(s.share * c.weight) AS share
    FROM type_share AS s
    INNER JOIN type_category AS c ON c.type = s.type
    GROUP BY s.market, s.session, c.category
),
leaders AS (
    SELECT market, session, max(share, 2) AS top
    FROM category
    GROUP BY market, session
),
named AS (
    SELECT market, session, sum(share) FILTER (WHERE type = '') AS share, count(*) FILTER (WHERE type <> '') AS candidates
    FROM type_share
    GROUP BY market, session
)
SELECT
    n.market, n.session, n.share,
    CASE
        WHEN n.candidates = 0 AND coalesce(h.documents, 0) = 0 THEN 'not_ingested'
        WHEN n.candidates = 0 THEN 'no_candidate'
        WHEN len(l.top) > 1 AND l.top[1] - l.top[2] < 0.05 THEN 'several_tied'
        ELSE 'candidates_too_weak'
    END AS reason,
    coalesce(h.documents, 0) AS documents
FROM named AS n
INNER JOIN market AS m ON m.market = n.market
LEFT JOIN held AS h ON h.calendar = m.calendar AND h.session = n.session
LEFT JOIN leaders AS l ON l.market = n.market AND l.session = n.session
ORDER BY n.market, n.session
