-- table type_category: one row per trigger type and category of the published human coding it lends weight to
-- in: staged_type_category
-- col type: trigger type; '' for unexplained
-- col category: category of Baker, Bloom, Davis and Sammon
-- col weight: share of the type, sums to 1
SELECT type, category, weight
FROM staged_type_category
ORDER BY type, category
