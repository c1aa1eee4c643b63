-- table usual_move: one row per asset: the size of a usual move, where its own past does not tell (signature_rules.toml)
-- in: staged_usual_move
-- col asset: as in asset_move
-- col sigma: median over 1962 to 2026 of the standard deviation of 60 moves, unit of asset_move
SELECT asset, sigma
FROM staged_usual_move
ORDER BY asset
