-- in: document
-- out: headlines of each asked day and the day after that speak of the market and hold one of the words, each once
-- parameters: $days, $market, $words
SELECT asked.session, count(DISTINCT lower(d.title)) AS headlines
FROM (SELECT unnest(CAST($days AS DATE[])) AS session) AS asked
INNER JOIN document AS d
    ON CAST(d.public_lo AS DATE) BETWEEN asked.session AND asked.session + 1 AND d.origin <> 'case'
WHERE regexp_matches(d.title, $market, 'i') AND regexp_matches(d.title, $words, 'i')
GROUP BY asked.session
