-- table type_signature: one row per trigger type with a known pattern: which way other assets go when such news hurts stocks
-- in: staged_type_signature
-- col type: trigger type
-- col yields: -1, 0 or 1
-- col dollar: -1, 0 or 1
-- col gold: -1, 0 or 1
-- col oil: -1, 0 or 1
SELECT type, yields, dollar, gold, oil
FROM staged_type_signature
ORDER BY type
