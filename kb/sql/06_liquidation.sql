-- table liquidation: one row per report of forced futures closes in 24 hours; a lower bound, as venues throttle their feeds
-- in: staged_liquidation
-- col asset: BTC, ETH or ALL
-- col ended_at: instant (UTC) at which the 24 hours end
-- col venue: where it was counted
-- col source: who reported it
-- col long_usd: longs closed, USD
-- col short_usd: shorts closed, USD
-- col origin: import, or case for the embedded case files
-- col known_at: ended_at
SELECT asset, "at" AS ended_at, venue, source, long_usd, short_usd, origin, "at" AS known_at
FROM staged_liquidation
QUALIFY row_number() OVER (PARTITION BY asset, "at", venue, source ORDER BY recorded_at DESC) = 1
ORDER BY ended_at, asset, venue
