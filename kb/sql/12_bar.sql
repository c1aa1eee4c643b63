-- table bar: one row per series and session, the newest revision of the preferred source
-- in: staged_bar (all revisions), series (symbol to market or input), session
-- col series: market or input the symbol belongs to (markets.toml)
-- col symbol: name of the series in its source
-- col session: exchange-local date
-- col session_no: number of the session in the calendar of the series
-- col open: first price of the session, unit of the series
-- col high: highest price, unit of the series
-- col low: lowest price, unit of the series
-- col close: last price; percent for yields and spreads
-- col volume: units or shares traded, as the source counts them
-- col source: who reported it
-- col origin: import, or case for the embedded case files
-- col known_at: instant (UTC) from which the bar is known
WITH
ranked AS (
    SELECT
        s.series, s.symbol_rank, s.calendar, b.*
    FROM staged_bar AS b
    INNER JOIN series AS s ON upper(s.symbol) = upper(b.symbol)
),
preferred AS (
    SELECT *
    FROM ranked
    QUALIFY row_number() OVER (
        PARTITION BY series, session
        ORDER BY origin = 'case', symbol_rank, recorded_at DESC, source
    ) = 1
)
SELECT
    p.series, p.symbol, p.session, n.session_no, p.open, p.high, p.low, p.close, p.volume, p.source, p.origin, n.known_at
FROM preferred AS p
INNER JOIN session AS n ON n.calendar = p.calendar AND n.session = p.session
ORDER BY p.series, p.session
