-- table open_interest: one row per asset, venue and instant with the value of the futures open then
-- in: staged_open_interest
-- col asset: BTC, ETH or another coin
-- col counted_at: instant (UTC) of the count
-- col venue: where, as the source names it
-- col source: who reported it
-- col usd: value of the open futures, USD
-- col origin: import
-- col known_at: counted_at
SELECT asset, "at" AS counted_at, venue, source, usd, origin, "at" AS known_at
FROM staged_open_interest
QUALIFY row_number() OVER (PARTITION BY asset, "at", venue, source ORDER BY recorded_at DESC) = 1
ORDER BY counted_at, asset, venue, source
