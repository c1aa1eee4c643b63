-- A fall begins after its peak and does not end before it began.
SELECT id FROM selloff WHERE first_session > last_session OR (peak >= first_session AND kind <> 'jump') OR drawdown > 0
