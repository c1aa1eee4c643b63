-- Far away on one bar and back on the next: the bar is set aside, and no fall, rebound or average knows it.
SELECT series, session, previous_close, close, next_close FROM bar_flag WHERE flag = 'bad tick'
