-- table funding: one row per asset, venue and instant at which holders of perpetual futures paid each other
-- in: staged_funding
-- col asset: BTC, ETH or another coin
-- col paid_at: instant (UTC) of the payment
-- col venue: where
-- col source: who reported it
-- col rate: what longs paid to shorts, a fraction of the position; below 0 shorts paid
-- col origin: import
-- col known_at: paid_at
SELECT asset, "at" AS paid_at, venue, source, rate, origin, "at" AS known_at
FROM staged_funding
QUALIFY row_number() OVER (PARTITION BY asset, "at", venue, source ORDER BY recorded_at DESC) = 1
ORDER BY paid_at, asset, venue, source
