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
-- col linked_session: session of the bar before, where that one is of another source or symbol and one source tells of both; else null
-- col linked_close: what the bar before closed at on the scale of this bar, from that one source: two sources may differ by dividends,
--     a split or a contract, so that their closes give no return
WITH
ranked AS (
    SELECT
        s.series, s.symbol_rank, s.calendar, s.unit, b.*
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
),
placed AS (
    SELECT
        p.*, n.session_no, n.known_at, lag(p.session) OVER w AS session_before,
        p.source <> lag(p.source) OVER w OR p.symbol <> lag(p.symbol) OVER w AS is_seam
    FROM preferred AS p
    INNER JOIN session AS n ON n.calendar = p.calendar AND n.session = p.session
    WINDOW w AS (PARTITION BY p.series ORDER BY p.session)
),
seam AS (
    SELECT series, session, session_before, symbol, source, origin, close, unit
    FROM placed
    WHERE is_seam
),
either AS (
    SELECT series, session AS seam, unnest([session_before, session]) AS session
    FROM seam
),
-- What each source says of the two sessions of a seam.
told AS (
    SELECT
        e.series, e.seam, r.symbol, r.source, r.origin, any_value(r.symbol_rank) AS symbol_rank, max(r.recorded_at) AS recorded_at,
        arg_max(r.close, r.recorded_at) FILTER (WHERE r.session < e.seam) AS close_before,
        arg_max(r.close, r.recorded_at) FILTER (WHERE r.session = e.seam) AS close_then
    FROM either AS e
    INNER JOIN ranked AS r ON r.series = e.series AND r.session = e.session
    GROUP BY e.series, e.seam, r.symbol, r.source, r.origin
),
scaled AS (
    SELECT
        s.*, t.symbol_rank, t.recorded_at, t.source AS told_by, t.origin AS told_origin,
        t.source = s.source AND t.symbol = s.symbol AND t.origin = s.origin AS is_own,
        CASE
            WHEN is_own THEN t.close_before
            WHEN s.unit <> 'price' THEN s.close - (t.close_then - t.close_before)
            WHEN t.close_before > 0 AND t.close_then > 0 THEN s.close * (t.close_before / t.close_then)
        END AS linked_close
    FROM seam AS s
    INNER JOIN told AS t ON t.series = s.series AND t.seam = s.session
    WHERE isfinite(t.close_before) AND isfinite(t.close_then)
),
linked AS (
    SELECT *
    FROM scaled
    WHERE linked_close IS NOT NULL
    -- The bar's own source first, then as bars are preferred.
    QUALIFY row_number() OVER (
        PARTITION BY series, session ORDER BY is_own DESC, told_origin = 'case', symbol_rank, recorded_at DESC, told_by
    ) = 1
)
SELECT
    p.series, p.symbol, p.session, p.session_no, p.open, p.high, p.low, p.close, p.volume, p.source, p.origin, p.known_at,
    CASE WHEN k.linked_close IS NOT NULL THEN k.session_before END AS linked_session, k.linked_close
FROM placed AS p
LEFT JOIN linked AS k ON k.series = p.series AND k.session = p.session
ORDER BY p.series, p.session
