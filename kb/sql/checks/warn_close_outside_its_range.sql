-- The close lies beyond the high or low of its own session, or the high below the low.
SELECT series, session, close FROM bar_flag WHERE flag = 'outside its range'
