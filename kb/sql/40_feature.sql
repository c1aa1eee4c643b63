-- table feature: one row per calendar, session, candidate type and feature, zeros included; all look backward only
-- in: type_attention, surprise, cross_asset, type_signature
-- col calendar: NYSE, COMMODITY or CRYPTO
-- col session: exchange-local date
-- col type: trigger type
-- col feature: stated, stated_share, attention, attention_excess, story, bad_news, surprise or signature
-- col value: stated: ln(1 + reports naming it); stated_share: share of such reports; attention: share of other news;
--     attention_excess: ln of that share over its mean of the 60 sessions before;
--     story: share of all mentions of the 5 sessions before;
--     bad_news: net share of bad news, -1 to 1;
--     surprise: largest absolute surprise of the type's figures in standard deviations, at most 4;
--     signature: agreement of the session's yields, dollar, gold and oil with the type's pattern, -1 to 1
-- The constants beside the totals keep the shares of a session with few documents small: three items prove little.
-- A type is a candidate only when its documents weigh at least 0.3 together, as one item of which only the day is known: below
-- that, the slips of the tagger would give every session every type.
WITH
dated AS (
    SELECT
        *, told / (told_total + 10) AS share,
        sum(told) OVER w / 60 AS usual_told,
        sum(told + stated) OVER w5 AS recent
    FROM type_attention
    WINDOW
        w AS (PARTITION BY calendar, type ORDER BY session_no RANGE BETWEEN 60 PRECEDING AND 1 PRECEDING),
        w5 AS (PARTITION BY calendar, type ORDER BY session_no RANGE BETWEEN 5 PRECEDING AND 1 PRECEDING)
),
total AS (
    SELECT calendar, session_no, max(told_total) AS told_total, max(told_total + stated_total) AS mentioned
    FROM type_attention
    GROUP BY calendar, session_no
),
usual AS (
    SELECT
        calendar, session_no,
        avg(told_total) OVER (PARTITION BY calendar ORDER BY session_no RANGE BETWEEN 60 PRECEDING AND 1 PRECEDING) AS usual_total,
        sum(mentioned) OVER (PARTITION BY calendar ORDER BY session_no RANGE BETWEEN 5 PRECEDING AND 1 PRECEDING) AS recent_total
    FROM total
),
measured AS (
    SELECT
        d.calendar, d.session, d.type,
        ln(1 + d.stated) AS stated,
        d.stated / (d.stated_total + 2) AS stated_share,
        d.share AS attention,
        greatest(ln((d.share + 0.02) / (coalesce(d.usual_told, 0) / (coalesce(u.usual_total, 0) + 10) + 0.02)), 0) AS attention_excess,
        coalesce(d.recent, 0) / (coalesce(u.recent_total, 0) + 20) AS story,
        d.bad AS bad_news
    FROM dated AS d
    LEFT JOIN usual AS u ON u.calendar = d.calendar AND u.session_no = d.session_no
    WHERE d.stated + d.told >= 0.3
),
figures AS (
    SELECT session, type, least(max(abs(surprise_z)), 4) AS surprise
    FROM surprise
    WHERE surprise_z IS NOT NULL
    GROUP BY session, type
),
patterns AS (
    SELECT
        c.session, s.type,
        (s.yields * greatest(-1, least(1, coalesce(c.us10y_bp, 0) / 8)) + s.dollar * greatest(-1, least(1, coalesce(c.dollar, 0) / 0.006))
        + s.gold * greatest(-1, least(1, coalesce(c.gold, 0) / 0.012)) + s.oil * greatest(-1, least(1, coalesce(c.oil, 0) / 0.025)))
        / (abs(s.yields) + abs(s.dollar) + abs(s.gold) + abs(s.oil)) AS signature
    FROM cross_asset AS c
    CROSS JOIN type_signature AS s
),
joined AS (
    SELECT m.*, coalesce(f.surprise, 0) AS surprise, coalesce(p.signature, 0) AS signature
    FROM measured AS m
    LEFT JOIN figures AS f ON f.session = m.session AND f.type = m.type
    LEFT JOIN patterns AS p ON p.session = m.session AND p.type = m.type
)
UNPIVOT (
    SELECT
        calendar, session, type, CAST(stated AS DOUBLE) AS stated, CAST(stated_share AS DOUBLE) AS stated_share,
        CAST(attention AS DOUBLE) AS attention, CAST(attention_excess AS DOUBLE) AS attention_excess,
        CAST(story AS DOUBLE) AS story,
        CAST(bad_news AS DOUBLE) AS bad_news, CAST(surprise AS DOUBLE) AS surprise, CAST(signature AS DOUBLE) AS signature
    FROM joined
) ON stated, stated_share, attention, attention_excess, story, bad_news, surprise, signature INTO NAME feature VALUE value
