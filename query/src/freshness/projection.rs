//! The projections that answers are read from.

/// A projection that this service reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Projection {
    /// `order_summary`
    Orders,
    /// `order_timeline`
    Timeline,
    /// `order_process`
    Processes,
    /// `shipment_summary`
    Shipments,
    /// `return_summary`
    Returns,
    /// `stock_level`
    Stock,
    /// `customer_summary`
    Customers,
    /// `sales_daily`
    Sales,
    /// `product_summary`
    Products,
    /// `payments_daily`
    PaymentsDaily,
}

impl Projection {
    /// All of them, in the order of their numbers.
    pub(crate) const ALL: [Self; 10] = [
        Self::Orders,
        Self::Timeline,
        Self::Processes,
        Self::Shipments,
        Self::Returns,
        Self::Stock,
        Self::Customers,
        Self::Sales,
        Self::Products,
        Self::PaymentsDaily,
    ];

    /// The name of its table, and of its checkpoint.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Orders => "order_summary",
            Self::Timeline => "order_timeline",
            Self::Processes => "order_process",
            Self::Shipments => "shipment_summary",
            Self::Returns => "return_summary",
            Self::Stock => "stock_level",
            Self::Customers => "customer_summary",
            Self::Sales => "sales_daily",
            Self::Products => "product_summary",
            Self::PaymentsDaily => "payments_daily",
        }
    }

    /// The projection whose name this is.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == name)
    }
}
