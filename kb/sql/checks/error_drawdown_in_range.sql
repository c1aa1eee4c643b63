-- A drawdown is a fraction from -1 to 0; anything else means a price at or below zero or a broken peak.
SELECT series, session, drawdown FROM daily_return WHERE drawdown > 0 OR drawdown < -1
