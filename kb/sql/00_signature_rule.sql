-- table signature_rule: one row per named pattern across assets and condition of it (signature_rules.toml)
-- in: staged_signature_rule
-- col rank: order of the patterns, from 0
-- col signature: name of the pattern
-- col meaning: what moves which way
-- col source: where it is described, or our convention
-- col conditions: how many of its conditions are not optional
-- col asset: asset that the condition is about, as in asset_move
-- col at_least: lower end of its move in standard deviations
-- col at_most: upper end
-- col optional: passed over where the asset has no data
SELECT rank, signature, meaning, source, conditions, asset, at_least, at_most, optional
FROM staged_signature_rule
ORDER BY rank, optional, asset
