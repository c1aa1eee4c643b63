-- table attribution: one row per market, session and event that may have moved it
-- in: type_share, mention, event, market
-- col market: short name of the market
-- col session: exchange-local date
-- col event_id: the event
-- col type: trigger type
-- col title: title of the founding document
-- col public_at: instant (UTC) at which the event was first told
-- col share: part of the type's share: by the weight of the session's documents that tell of the event, the three heaviest of a type
-- col documents: how many documents of the session tell of it
-- col why: contribution of each feature to the type's utility
-- A document whose headline names the market itself weighs four times: news of oil is not the first to explain gold.
WITH
asked_day AS (
    SELECT s.market, m.calendar, m.keywords, s.session, s.type
    FROM type_share AS s
    INNER JOIN market AS m ON m.market = s.market
    WHERE s.type <> ''
),
weighed AS (
    SELECT
        a.market, n.session, n.type, n.event_id,
        sum(
            n.weight * CASE n.role WHEN 'stated' THEN 2 ELSE 1 END
            * CASE WHEN coalesce(list_bool_or(list_transform(a.keywords, lambda k: contains(n.headline, k))), false) THEN 4 ELSE 1 END
        ) AS weight,
        count(*) AS documents
    FROM mention AS n
    INNER JOIN asked_day AS a ON a.calendar = n.calendar AND a.session = n.session AND a.type = n.type
    GROUP BY a.market, n.session, n.type, n.event_id
),
heaviest AS (
    SELECT *
    FROM weighed
    QUALIFY row_number() OVER (PARTITION BY market, session, type ORDER BY weight DESC, event_id) <= 3
)
SELECT
    s.market, s.session, h.event_id, s.type, e.title, e.public_hi AS public_at,
    s.share * h.weight / sum(h.weight) OVER (PARTITION BY s.market, s.session, s.type) AS share, h.documents, s.why
FROM type_share AS s
INNER JOIN heaviest AS h ON h.market = s.market AND h.session = s.session AND h.type = s.type
INNER JOIN event AS e ON e.event_id = h.event_id
ORDER BY s.market, s.session, share DESC, h.event_id
