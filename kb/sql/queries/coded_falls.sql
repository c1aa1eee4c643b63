-- in: daily_return, market
-- out: one row per era and rule on falls: coded falls with a bar here, how many of them the rule catches, and the share of all sessions
--     of the era that it flags; a slide or an episode catches a session that closed lower once its threshold is passed: what was known that evening
-- parameters: $market, $days
WITH
flagged AS (
    SELECT
        r.session, list_contains(CAST($days AS DATE[]), r.session) AS coded,
        CASE WHEN r.session < DATE '1946-01-01' THEN '1900-1945' WHEN r.session < DATE '1998-01-01' THEN '1946-1997' ELSE '1998-' END AS era,
        coalesce(r.ret <= m.jump_return, false) AS jump_by_return,
        coalesce(r.z <= -2.5 AND r.ret <= m.jump_z_return, false) AS jump_by_z,
        coalesce(r.ret < 0 AND r.fall_20 <= m.slide, false) AS slide,
        coalesce(r.ret < 0 AND r.drawdown <= m.episode, false) AS episode
    FROM daily_return AS r
    INNER JOIN market AS m ON m.market = r.series
    WHERE r.series = $market AND r.ret IS NOT NULL
),
ruled AS (
    SELECT *, jump_by_return OR jump_by_z AS jump, jump_by_return OR jump_by_z OR slide OR episode AS any_rule
    FROM flagged
),
long AS (
    SELECT era, coded, rule, caught
    FROM ruled
    UNPIVOT (caught FOR rule IN (jump_by_return, jump_by_z, jump, slide, episode, any_rule))
)
SELECT
    era, rule, count(*) FILTER (WHERE coded) AS coded_falls, count(*) FILTER (WHERE coded AND caught) AS caught,
    count(*) FILTER (WHERE coded AND caught) / nullif(count(*) FILTER (WHERE coded), 0) AS share_caught,
    count(*) FILTER (WHERE caught) / count(*) AS share_of_sessions
FROM long
GROUP BY era, rule
ORDER BY era, list_position(
    ['jump_by_return', 'jump_by_z', 'jump', 'slide', 'episode', 'any_rule'], rule
)
