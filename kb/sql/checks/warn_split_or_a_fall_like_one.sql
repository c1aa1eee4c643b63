-- The price changed by a whole factor on a calm day: a split that was not adjusted, or a fall that looks like one. A new segment begins.
SELECT series, session, previous_close, close FROM bar_flag WHERE flag = 'split'
