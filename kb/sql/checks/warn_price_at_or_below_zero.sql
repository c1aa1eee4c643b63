-- True of oil on one day of 2020, and elsewhere a fault of the source; no return is computed from such a price.
SELECT series, session, close FROM bar_flag WHERE flag = 'not positive'
