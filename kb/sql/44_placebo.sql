-- table placebo: one row per market and quiet session (absolute z under 0.5): what the method says when nothing happened
-- in: type_share, daily_return
-- col market: short name of the market
-- col session: exchange-local date
-- col top_share: largest share of a trigger type, 0 to 1; 0 when there is none
SELECT s.market, s.session, coalesce(max(s.share) FILTER (WHERE s.type <> ''), 0) AS top_share
FROM type_share AS s
INNER JOIN daily_return AS r ON r.series = s.market AND r.session = s.session
WHERE abs(r.z) < 0.5
GROUP BY s.market, s.session
ORDER BY s.market, s.session
