-- table meta: one row per fact about this mart
-- in: staged_meta
-- col name: schema_version, run, model, trained_through, built_at or version
-- col value: its value, as text
SELECT name, value
FROM staged_meta
ORDER BY name
