-- Every trigger type stands in the taxonomy.
SELECT DISTINCT type FROM trigger WHERE type NOT IN (SELECT type FROM type_category)
