-- table signature: one row per New York session and pattern across assets that it shows (signature_rules.toml)
-- in: asset_move, signature_rule
-- col session: exchange-local date
-- col rank: order of the patterns, from 0; the first that a session shows is the one it is called by
-- col signature: name of the pattern
-- col meaning: what moves which way
-- col known: how many of the pattern's conditions could be examined; optional ones may lack data
WITH
examined AS (
    SELECT m.session, r.rank, r.signature, r.meaning, r.conditions, r.optional, m.z BETWEEN r.at_least AND r.at_most AS holds
    FROM signature_rule AS r
    INNER JOIN asset_move AS m ON m.asset = r.asset AND m.z IS NOT NULL
)
SELECT session, rank, signature, any_value(meaning) AS meaning, count(*) AS known
FROM examined
GROUP BY session, rank, signature
HAVING bool_and(holds) AND count(*) FILTER (WHERE NOT optional) = any_value(conditions)
ORDER BY session, rank
