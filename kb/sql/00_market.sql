-- table market: one row per market that can be asked "why"
-- in: staged_market
-- col market: short name
-- col name: name for people
-- col asset_class: index, sector, commodity, single_name or crypto
-- col calendar: NYSE, COMMODITY or CRYPTO
-- col named: takes part in choosing the lead of an answer
-- col human_coded: its falls are what the published human coding describes
-- col keywords: words by which a headline names this market or company, lower case
-- col gics_sector: sector of the S&P 500 that the fund holds; null for everything else
-- col style: growth or defensive, for the sectors that count as such in a rotation; else null
-- col quoted: prices as quoted, not adjusted for dividends, so that round levels mean something
-- col jump_return: return at or below which a session is a jump, a fraction
-- col jump_z_return: return at or below which a session with z of -2.5 or less is a jump
-- col slide: fall from the high of 20 sessions at or below which it is a slide
-- col episode: drawdown from the running peak at or below which it is an episode
SELECT market, name, asset_class, calendar, named, human_coded, keywords, gics_sector, style, quoted, jump_return, jump_z_return, slide, episode
FROM staged_market
ORDER BY market
