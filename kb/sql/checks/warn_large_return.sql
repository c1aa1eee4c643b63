-- Returns of more than 40 % in one session outside crypto and oil that are no known split or bad tick: true, or a fault not recognised.
SELECT r.series, r.session, r.ret
FROM daily_return AS r
INNER JOIN market AS m ON m.market = r.series
WHERE abs(r.ret) > 0.4 AND m.asset_class <> 'crypto' AND m.market <> 'OIL'
