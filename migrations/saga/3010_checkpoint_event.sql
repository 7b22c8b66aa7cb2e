-- Which event is at the position: should the event store be restored, or fail over to a copy without
-- its tail, and grow past the position again, then another event is there. None where that is not
-- known: then the position is taken on trust, once.
ALTER TABLE saga.checkpoint ADD COLUMN event_id uuid;
