-- table bar_flag: one row per bar and thing that looks wrong with it; a bad tick is set aside, a split begins a new segment
-- in: bar, series, market
-- col series: market or input the bar belongs to
-- col symbol: name of the series in its source
-- col session: exchange-local date
-- col flag: hole (five sessions or more without a bar before it), split (the price changed by a whole factor and its day was
--     calm: a split that was not adjusted, or a fall that looks like one), bad tick (away by eight times the threshold of a jump
--     and back within 5 % on the next bar), not positive (a price at or below zero), or outside its range (close beyond high or low)
-- col previous_close: last price of the bar before, unit of the series and scale of this bar; null where no source links the two
-- col close: last price of this bar, unit of the series
-- col next_close: last price of the bar after, on the scale of this one; what tells a bad tick, so that one is known only then
-- col known_at: instant (UTC) from which the bar is known
WITH
priced AS (
    SELECT DISTINCT s.series, m.asset_class, 8 * m.jump_return AS bad_tick
    FROM series AS s
    LEFT JOIN market AS m ON m.market = s.series
    WHERE s.unit = 'price'
),
neighbours AS (
    SELECT
        b.series, b.symbol, b.session, b.open, b.close, b.known_at, p.asset_class,
        coalesce(p.bad_tick, -0.2) AS bad_tick,
        b.high > 0 AND b.low > 0
        AND (b.high < b.low OR b.close > b.high * 1.000001 OR b.close < b.low * 0.999999) AS outside,
        b.session_no - lag(b.session_no) OVER w AS sessions_since, lag(b.session) OVER w AS previous_session,
        CASE
            WHEN b.symbol = lag(b.symbol) OVER w AND b.source = lag(b.source) OVER w THEN lag(b.close) OVER w
            WHEN b.linked_session = lag(b.session) OVER w THEN b.linked_close
        END AS previous_close,
        CASE
            WHEN b.symbol = lead(b.symbol) OVER w AND b.source = lead(b.source) OVER w THEN lead(b.close) OVER w
            WHEN lead(b.linked_session) OVER w = b.session AND lead(b.linked_close) OVER w > 0
                THEN lead(b.close) OVER w * (b.close / lead(b.linked_close) OVER w)
        END AS next_close
    FROM bar AS b
    INNER JOIN priced AS p ON p.series = b.series
    WHERE isfinite(b.close)
    WINDOW w AS (PARTITION BY b.series ORDER BY b.session)
),
suspicious AS (
    -- Most bars end here: everything below is a rare thing.
    SELECT *, close / nullif(previous_close, 0) AS factor
    FROM neighbours
    WHERE
        sessions_since > 5 OR close <= 0 OR abs(close - previous_close) > -bad_tick * abs(previous_close) OR outside
),
flagged AS (
    SELECT
        *,
        coalesce(previous_close > 0 AND next_close > 0 AND sessions_since <= 5
            AND abs(factor - 1) > -bad_tick AND abs(next_close / previous_close - 1) < 0.05, false) AS ticked,
        list_bool_or(list_transform(
            [2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 25, 30, 40, 50, 100],
            lambda k: coalesce(abs(factor * k - 1) < 0.03 OR abs(factor / k - 1) < 0.03, false)
        )) AND asset_class IN ('index', 'sector', 'single_name') AND sessions_since <= 5 AND abs(coalesce(nullif(open, 0), close) / close - 1) < 0.1 AS divided
    FROM suspicious
),
-- The bar after a bad tick is compared with the tick: its way back is no split.
settled AS (
    SELECT *, coalesce(lag(ticked) OVER w AND lag(session) OVER w = previous_session, false) AS after_tick
    FROM flagged
    WINDOW w AS (PARTITION BY series ORDER BY session)
),
named AS (
    SELECT
        *,
        list_filter([
            CASE WHEN sessions_since > 5 THEN 'hole' END,
            CASE WHEN ticked THEN 'bad tick' WHEN divided AND NOT after_tick THEN 'split' END,
            CASE WHEN close <= 0 THEN 'not positive' END,
            CASE WHEN outside THEN 'outside its range' END
        ], lambda x: x IS NOT NULL) AS flags
    FROM settled
)
SELECT series, symbol, session, unnest(flags) AS flag, previous_close, close, next_close, known_at
FROM named
ORDER BY series, session, flag
