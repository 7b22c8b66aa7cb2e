WITH head AS (
    UPDATE head_bench.head
    SET position = position + :batch
    RETURNING position - :batch AS position
)
INSERT INTO head_bench.by_row (position, version, stream, payload)
SELECT
    head.position + nr,
    1,
    gen_random_uuid()::text,
    json_build_object('filler', repeat('x', 300))
FROM head, generate_series(1, :batch) AS nr;
