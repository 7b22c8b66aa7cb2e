-- Functions are everybody's to call unless it is said otherwise: whoever takes the head keeps others
-- from appending.
REVOKE EXECUTE ON FUNCTION store.take_head (text[], bigint[]) FROM PUBLIC;
