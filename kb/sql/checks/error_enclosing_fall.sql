-- A fall lies within falls that exist, of its own market, that begin no later and end no earlier.
SELECT f.id
FROM (SELECT id, market, first_session, last_session, unnest(within) AS outer_id FROM selloff) AS f
LEFT JOIN selloff AS o ON o.id = f.outer_id
WHERE o.id IS NULL OR o.market <> f.market OR o.first_session > f.first_session OR o.last_session < f.last_session
