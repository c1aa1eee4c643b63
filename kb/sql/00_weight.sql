-- table weight: one row per feature: its slope in the conditional logit
-- in: staged_weight
-- col feature: name of the feature
-- col value: slope, in log-odds per unit of the feature
SELECT feature, value
FROM staged_weight
ORDER BY feature
