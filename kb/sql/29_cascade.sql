-- table cascade: one row per crypto session and asset whose totals can be held against their own past: was it a liquidation cascade?
-- in: liquidation_session, daily_return
-- col session: day that ends at 00:00 UTC
-- col asset: BTC, ETH, another coin, or ALL (its price is bitcoin's)
-- col venue: where it was counted: of several series the one that stands out most
-- col source: who reported it
-- col size_ratio: total / median of the 60 sessions of the series before
-- col long_share: share of longs in it, 0 to 1
-- col is_cascade: at least five times its own past, at least 65 % longs, price down by 1.5 standard deviations, and, where known, open
--     interest down; our convention
-- col signs: which of these and of two more (open interest down 5 % or more, funding turned from positive to zero or below) are there
-- col price_before: return of the session before, a fraction
-- col price: return of the session
-- col price_after: return of the session after; null while unknown
-- col largest_from: instant (UTC) at which the largest total of the session begins
-- col largest_to: instant (UTC) at which it ends
-- col largest_usd: that total, USD, a lower bound
WITH
priced AS (
    SELECT series, session, ret, z, lag(ret) OVER w AS before, lead(ret) OVER w AS after
    FROM daily_return
    WHERE series IN (SELECT market FROM market WHERE calendar = 'CRYPTO')
    WINDOW w AS (PARTITION BY series ORDER BY session)
),
joined AS (
    SELECT l.*, p.ret, p.z, p.before, p.after
    FROM liquidation_session AS l
    INNER JOIN priced AS p ON p.series = CASE l.asset WHEN 'ALL' THEN 'BTC' ELSE l.asset END AND p.session = l.session
    WHERE l.calendar = 'CRYPTO' AND l.size_ratio IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY l.session, l.asset ORDER BY l.size_ratio DESC, l.venue, l.source, l.hours) = 1
),
judged AS (
    SELECT *, size_ratio >= 5 AS is_large, long_share >= 0.65 AS is_long, z <= -1.5 AS is_down
    FROM joined
)
SELECT
    session, asset, venue, source, size_ratio, long_share,
    is_large AND is_long AND is_down AND coalesce(open_interest_change < 0, true) AS is_cascade,
    list_filter([
        CASE WHEN is_large THEN 'five times its own past' END,
        CASE WHEN is_long THEN 'longs' END,
        CASE WHEN is_down THEN 'price down' END,
        CASE WHEN open_interest_change <= -0.05 THEN 'open interest down' END,
        CASE WHEN funding <= 0 AND funding_before > 0 THEN 'funding turned' END
    ], lambda x: x IS NOT NULL) AS signs,
    before AS price_before, ret AS price, after AS price_after, largest_from, largest_to, largest_usd
FROM judged
ORDER BY session, asset
