-- table verdict: one row per market, session and trigger type that a person reviewed: the latest word
-- in: review
-- col market: short name of the market
-- col session: exchange-local date
-- col type: trigger type of the cause
-- col verdict: accept, reject (the type is no candidate for that session), or cause (named by the reviewer)
-- col who: who said it
-- col reviewed_at: instant (UTC) of the review
-- col why: the reason given
SELECT market, session, types AS type, action AS verdict, who, reviewed_at, why
FROM review
WHERE action IN ('accept', 'reject', 'cause')
QUALIFY row_number() OVER (PARTITION BY market, session, types ORDER BY reviewed_at DESC, review_id) = 1
ORDER BY market, session, type
