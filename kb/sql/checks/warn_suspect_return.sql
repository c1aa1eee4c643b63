-- Returns of more than 40 % in one session outside crypto and oil: a split that was not adjusted, or a bad tick.
SELECT r.series, r.session, r.ret
FROM daily_return AS r
INNER JOIN market AS m ON m.market = r.series
WHERE abs(r.ret) > 0.4 AND m.asset_class <> 'crypto' AND m.market <> 'OIL'
