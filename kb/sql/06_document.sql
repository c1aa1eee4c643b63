-- table document: one row per published item with what it says
-- in: staged_document, staged_reading
-- col document_id: hash of source and native id, url, or title and day
-- col source: publisher
-- col title: headline
-- col summary: first lines, may be empty
-- col url: where it was published, may be empty
-- col happened_at: instant (UTC) of the happening, if stated
-- col public_lo: earliest instant (UTC) at which it may have been public
-- col public_hi: instant (UTC) by which it was public
-- col precision: instant, capture (stamped by a collector) or day
-- col origin: import, or case for the embedded case files
-- col wrap: true for a market report
-- col risk: -1 bad, +1 good for risk assets, 0 unclear
-- col stated_cause: words of a market report that name the cause, may be empty
-- col direction: way the report says the market went: -1, 0, 1
-- col weekday: day the report names, Monday 0; -1 for none
-- col ahead: speaks of a session not yet opened
-- col about: what a market report is about, by its headline: crypto, commodity, foreign (exchanges abroad alone), equity (any other
--     broad market) or company (one name's shares, which is no report on the market); empty for other documents
-- col known_at: public_hi
-- Stocks of crude, fuel, metal or grain are inventories, not shares.
WITH
titled AS (
    SELECT *, regexp_replace(title, '\b(crude|oil|gasoline|fuel|distillate|copper|grain|wheat|corn|low|high) stocks\b', 'inventories', 'gi') AS told
    FROM staged_document
)
SELECT
    d.document_id, d.source, d.title, d.summary, d.url, d.happened_at, d.public_lo, d.public_hi, d.precision, d.origin,
    coalesce(r.wrap = 1, false) AS wrap, coalesce(r.risk, 0) AS risk, coalesce(r.stated_cause, '') AS stated_cause,
    coalesce(r.direction, 0) AS direction, coalesce(r.weekday, -1) AS weekday, coalesce(r.ahead = 1, false) AS ahead,
    CASE
        WHEN coalesce(r.wrap, 0) = 0 THEN ''
        WHEN regexp_matches(d.told, '\b(bitcoin|btc|ether|ethereum|eth|crypto|cryptocurrenc|altcoin|xrp|solana|dogecoin|stablecoin|token)', 'i')
            AND NOT regexp_matches(d.told, '\b(stocks|wall street|dow|s&p|nasdaq)\b', 'i') THEN 'crypto'
        WHEN regexp_matches(d.told, '\b(gold|silver|oil|crude|brent|copper|wheat|corn|platinum|commodit|natural gas)', 'i')
            AND NOT regexp_matches(d.told, '\b(stocks|wall st|wall street|dow|s&p|nasdaq|shares|equities|markets)\b', 'i') THEN 'commodity'
        WHEN regexp_matches(
            d.told,
            '\b(nikkei|tokyo|japan|hong kong|hang seng|sensex|kospi|seoul|shanghai|china|australian?|sydney|ftse|uk|british|london|dax|german|'
            || 'french|cac|stoxx|europe|european|asian?|emerging|latam|brazil|bovespa|canad(a|ian)|tsx|india|mumbai|russian?) '
            || '(\w+ )?(shares|stocks|stock market|equities|index|exchange|markets?)\b|\b(nikkei|hang seng|sensex|kospi|ftse|dax|stoxx|tsx)\b', 'i'
        ) AND NOT regexp_matches(d.told, '\b(wall st|wall street|dow|s&p|nasdaq|u\.s\.|us|global|world)\b', 'i') THEN 'foreign'
        WHEN regexp_matches(
            d.told,
            '\b(stocks|wall st|wall street|dow|s&p|nasdaq|russell|markets?|equities|index|futures|bourse|investors|traders|treasur|bonds?|'
            || 'yields?|dollar|sell-?off|rally|nikkei|ftse|dax|hang seng|sensex|stoxx|kospi|(world|global|asian|european|us|u\.s\.) shares)', 'i'
        ) THEN 'equity'
        ELSE 'company'
    END AS about,
    d.public_hi AS known_at
FROM titled AS d
LEFT JOIN staged_reading AS r ON r.document_id = d.document_id
ORDER BY d.public_hi, d.document_id
