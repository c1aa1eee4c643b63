-- table type_prior: one row per asset class and trigger type: log-odds before any document is read
-- in: staged_type_prior
-- col asset_class: class of the market
-- col type: trigger type
-- col value: log-odds
SELECT asset_class, type, value
FROM staged_type_prior
ORDER BY asset_class, type
