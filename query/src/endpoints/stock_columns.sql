SELECT
    on_hand,
    reserved,
    committed,
    available,
    version,
    updated_at,
    location,
    sku,
    quarantined,
    backordered,
    backorder_limit
FROM read.stock_level
