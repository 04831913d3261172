-- Version 2. Nobody asks for the steps of one booking, and v_booking_ended_twice, which reads all of
-- them, is as quick without.

DROP INDEX step_of_booking;

PRAGMA user_version = 2;
