-- Somebody asks to try the sequence again that stops there.
UPDATE read.parked_sequence
SET wanted   = true,
    revision = revision + 1
WHERE projection = $1
  AND position = $2
