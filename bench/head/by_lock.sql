WITH head AS MATERIALIZED (
    SELECT head_bench.take_head() AS position
)
INSERT INTO head_bench.by_lock (position, version, stream, payload)
SELECT
    head.position + nr,
    1,
    gen_random_uuid()::text,
    json_build_object('filler', repeat('x', 300))
FROM head, generate_series(1, :batch) AS nr;
