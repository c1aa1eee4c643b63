-- table liquidation: one row per report of forced futures closes in some hours; a lower bound, as venues throttle their feeds
-- in: staged_liquidation
-- col asset: BTC, ETH, another coin, or ALL
-- col started_at: instant (UTC) at which the hours begin
-- col ended_at: instant (UTC) at which they end
-- col hours: how many they are
-- col venue: where it was counted
-- col source: who reported it
-- col method: how it was counted, in words; may be empty
-- col long_usd: longs closed, USD
-- col short_usd: shorts closed, USD
-- col origin: import, or case for the embedded case files
-- col known_at: instant (UTC) by which it was public: that of publication where it is given, else ended_at
SELECT
    asset, "at" - to_minutes(CAST(60 * hours AS BIGINT)) AS started_at, "at" AS ended_at, hours, venue, source, method, long_usd, short_usd,
    origin, greatest(coalesce(public_at, "at"), "at") AS known_at
FROM staged_liquidation
QUALIFY row_number() OVER (PARTITION BY asset, "at", venue, source, hours ORDER BY recorded_at DESC) = 1
ORDER BY ended_at, asset, venue, source, hours
