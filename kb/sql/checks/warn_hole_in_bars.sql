-- Holes of five sessions or more in a series; nothing is computed across them.
SELECT series, session FROM bar_flag WHERE flag = 'hole'
