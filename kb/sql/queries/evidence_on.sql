-- in: mention, document, session, market
-- out: up to three documents for each event of a calendar's session: headlines that name the market first, then reports, then the heaviest
-- parameters: $market, $calendar, $session
WITH
told AS (
    SELECT
        n.event_id, n.role, n.weight, n.headline, n.document_id,
        coalesce(list_bool_or(list_transform(m.keywords, lambda k: contains(n.headline, k))), false) AS names_it
    FROM mention AS n
    INNER JOIN market AS m ON m.market = $market
    WHERE n.calendar = $calendar AND n.session = $session
),
once AS (
    SELECT *
    FROM told
    QUALIFY row_number() OVER (PARTITION BY event_id, headline ORDER BY role, weight DESC, document_id) = 1
),
best AS (
    SELECT *, row_number() OVER (PARTITION BY event_id ORDER BY names_it DESC, role, weight DESC, document_id) AS place
    FROM once
    QUALIFY place <= 3
)
SELECT
    b.event_id, d.title, d.url, d.source, strftime(d.public_hi, '%Y-%m-%dT%H:%M:%SZ') AS public_at, b.role,
    strftime(d.happened_at, '%Y-%m-%dT%H:%M:%SZ') AS happened_at, d.precision, d.origin
FROM best AS b
-- Nothing that counts for a session was public ten days before the close before it, nor ten after its own; the bounds let DuckDB
-- skip most of the table.
INNER JOIN session AS s ON s.calendar = $calendar AND s.session = $session
INNER JOIN document AS d
    ON d.document_id = b.document_id
    AND d.public_hi BETWEEN s.previous_close_at - INTERVAL 10 DAY AND s.close_at + INTERVAL 10 DAY
ORDER BY b.event_id, b.place
