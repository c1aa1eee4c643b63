-- Bars on days without a session of their calendar; nothing is computed from them.
SELECT series, session, source FROM stray_bar
