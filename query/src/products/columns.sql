SELECT
    sku,
    name,
    prices::text AS prices,
    reason,
    listed_at,
    delisted_at,
    version,
    updated_at
FROM read.product_summary
