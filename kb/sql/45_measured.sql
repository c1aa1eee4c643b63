-- table measured: one row per market, session and trigger type with a scheduled figure that day: how the market moved on its past surprises
-- in: surprise, market, asked_market, session, daily_return
-- col market: short name of the market
-- col session: exchange-local date
-- col type: trigger type
-- col indicator: the type's figure that surprised most that session
-- col surprise_z: its surprise, standard deviations of its past ones
-- col expected_move_bp: that surprise times the slope of past returns on past surprises, basis points
-- col se: standard error of expected_move_bp, basis points, from the slope's alone
-- col n: releases of that figure in earlier sessions that the slope comes from, at least ten
-- col verdict: agree or conflict by the sign of the session's return; unclear where expected_move_bp is within one standard error of zero
-- The event study: least squares through the origin of the return of the first session a release can move on its surprise in standard
-- deviations, each figure alone, earlier sessions only. Through the origin, since a session's mean return is some 3 basis points against
-- a deviation of 100. Ten releases: under that the standard error is itself a guess.
WITH
asked AS (
    SELECT m.market, m.calendar
    FROM market AS m
    INNER JOIN asked_market AS a ON a.market = m.market
),
placed AS (
    SELECT a.market, u.indicator, u.type, u.surprise_z, s.session
    FROM (SELECT * FROM surprise WHERE surprise_z IS NOT NULL) AS u
    CROSS JOIN asked AS a
    ASOF JOIN session AS s ON s.calendar = a.calendar AND u.released_at < s.close_at
),
once AS (
    SELECT p.*, r.ret
    FROM placed AS p
    INNER JOIN daily_return AS r ON r.series = p.market AND r.session = p.session
    WHERE r.ret IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY p.market, p.indicator, p.session ORDER BY abs(p.surprise_z) DESC, p.surprise_z) = 1
),
past AS (
    SELECT
        *, count(*) OVER w AS n, sum(surprise_z * ret) OVER w AS moved, sum(surprise_z * surprise_z) OVER w AS surprised,
        sum(ret * ret) OVER w AS varied
    FROM once
    WINDOW w AS (PARTITION BY market, indicator ORDER BY session ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
),
fitted AS (
    SELECT
        *, 1e4 * surprise_z * moved / surprised AS expected_move_bp,
        1e4 * abs(surprise_z) * sqrt(greatest(varied - moved * moved / surprised, 0) / (n - 1) / surprised) AS se
    FROM past
    WHERE n >= 10 AND surprised > 0
)
SELECT
    market, session, type, indicator, surprise_z, expected_move_bp, se, n,
    CASE
        WHEN abs(expected_move_bp) <= se OR ret = 0 THEN 'unclear'
        WHEN expected_move_bp * ret > 0 THEN 'agree'
        ELSE 'conflict'
    END AS verdict
FROM fitted
QUALIFY row_number() OVER (PARTITION BY market, session, type ORDER BY abs(surprise_z) DESC, indicator) = 1
ORDER BY market, session, type
