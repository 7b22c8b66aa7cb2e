SELECT
    on_hand,
    reserved,
    committed,
    available,
    version,
    updated_at,
    location,
    sku,
    quarantined
FROM read.stock_level
