//! All that can happen, and the one place where stored JSON becomes an event and back.

use crate::{
    customer::CustomerEvent, order::OrderEvent, payment::PaymentEvent, product::ProductEvent,
    returns::ReturnEvent, shipment::ShipmentEvent, stock::StockEvent,
};

/// Why a stored event cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// A type, or a version of it, that this build does not know.
    #[error("unknown event {event_type} v{schema_version}")]
    Unknown {
        /// The stored type.
        event_type: String,
        /// The stored schema version.
        schema_version: i16,
    },
    /// A name beside the event that this build does not know: of its stream, its tenant or its actor.
    #[error("event {event_type}: {problem}")]
    Name {
        /// The stored type.
        event_type: String,
        /// Which name, and what is wrong with it.
        problem: String,
    },
    /// A payload that does not have the frozen shape.
    #[error("event {event_type} v{schema_version} has a payload of another shape")]
    Payload {
        /// The stored type.
        event_type: String,
        /// The stored schema version.
        schema_version: i16,
        /// What the parser found.
        #[source]
        source: serde_json::Error,
    },
}

impl DecodeError {
    /// The stored type of the event that cannot be read.
    pub fn event_type(&self) -> &str {
        match self {
            Self::Unknown { event_type, .. }
            | Self::Name { event_type, .. }
            | Self::Payload { event_type, .. } => event_type,
        }
    }
}

/// Declares an aggregate's events: the enum, and for each its stored type name and schema version.
/// The payload types carry the JSON; the tag is kept beside it. A type that had other shapes before
/// names each with what makes of its JSON what the newest shape says: `Placed = 2 [1 => upcast::v1]`.
macro_rules! events {
    ($(#[$doc:meta])* $name:ident { $(
        $(#[$vdoc:meta])* $event:ident = $version:literal $([$($old:literal => $upcast:path),*])?
    ),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        pub enum $name { $($(#[$vdoc])* $event($event)),* }

        impl $name {
            /// The stored type names.
            pub const TYPES: &'static [&'static str] = &[$(stringify!($event)),*];

            /// The stored type name.
            pub const fn event_type(&self) -> &'static str {
                match self { $(Self::$event(_) => stringify!($event)),* }
            }

            /// The stored type names and versions that are read, though none is written any more.
            pub const FORMER: &'static [(&'static str, i16)] =
                &[$($($((stringify!($event), $old),)*)?)*];

            /// The version of the payload's shape that this build writes.
            pub const fn schema_version(&self) -> i16 {
                match self { $(Self::$event(_) => $version),* }
            }

            /// The payload as JSON.
            pub fn encode(&self) -> Vec<u8> {
                let json = match self { $(Self::$event(payload) => serde_json::to_vec(payload)),* };
                json.expect("payloads are plain structs with text keys, which JSON can always hold")
            }

            /// Reads a stored payload; `None` if the type is not one of these.
            pub fn decode(
                event_type: &str,
                schema_version: i16,
                payload: &[u8],
            ) -> Option<Result<Self, $crate::DecodeError>> {
                let read = match (event_type, schema_version) {
                    $((stringify!($event), $version) =>
                        serde_json::from_slice(payload).map(Self::$event),
                    $($((stringify!($event), $old) => $upcast(payload).map(Self::$event),)*)?)*
                    _ => return None,
                };
                Some(read.map_err(|source| $crate::DecodeError::Payload {
                    event_type: event_type.into(),
                    schema_version,
                    source,
                }))
            }
        }

        $(impl From<$event> for $name {
            fn from(payload: $event) -> Self { Self::$event(payload) }
        })*
    };
}
pub(crate) use events;

/// Whether a field that came later says nothing: then it is left out, as before it came.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What is said of a number that came later where it says nothing: one, as before it came.
pub(crate) const fn one() -> u32 {
    1
}

/// Whether a number that came later says nothing: then it is left out.
pub(crate) const fn is_one(value: &u32) -> bool {
    *value == 1
}

/// Anything that can happen.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// To an order.
    Order(OrderEvent),
    /// To the stock of a SKU.
    Stock(StockEvent),
    /// To a payment.
    Payment(PaymentEvent),
    /// To a shipment.
    Shipment(ShipmentEvent),
    /// To a return.
    Return(ReturnEvent),
    /// To a customer.
    Customer(CustomerEvent),
    /// To a product.
    Product(ProductEvent),
}

impl Event {
    /// The stored type names of all events.
    pub fn types() -> impl Iterator<Item = &'static str> {
        let all = [
            OrderEvent::TYPES,
            StockEvent::TYPES,
            PaymentEvent::TYPES,
            ShipmentEvent::TYPES,
            ReturnEvent::TYPES,
            CustomerEvent::TYPES,
            ProductEvent::TYPES,
        ];
        all.into_iter().flatten().copied()
    }

    /// The stored type names and versions that are read, though none is written any more.
    pub fn former() -> impl Iterator<Item = (&'static str, i16)> {
        let all = [
            OrderEvent::FORMER,
            StockEvent::FORMER,
            PaymentEvent::FORMER,
            ShipmentEvent::FORMER,
            ReturnEvent::FORMER,
            CustomerEvent::FORMER,
            ProductEvent::FORMER,
        ];
        all.into_iter().flatten().copied()
    }

    /// Whether this build knows events of a stored type name, of whatever version.
    pub fn is_known(event_type: &str) -> bool {
        Self::types().any(|known| known == event_type)
    }

    /// The stored type name.
    pub const fn event_type(&self) -> &'static str {
        match self {
            Self::Order(event) => event.event_type(),
            Self::Stock(event) => event.event_type(),
            Self::Payment(event) => event.event_type(),
            Self::Shipment(event) => event.event_type(),
            Self::Return(event) => event.event_type(),
            Self::Customer(event) => event.event_type(),
            Self::Product(event) => event.event_type(),
        }
    }

    /// The version of the payload's shape that this build writes.
    pub const fn schema_version(&self) -> i16 {
        match self {
            Self::Order(event) => event.schema_version(),
            Self::Stock(event) => event.schema_version(),
            Self::Payment(event) => event.schema_version(),
            Self::Shipment(event) => event.schema_version(),
            Self::Return(event) => event.schema_version(),
            Self::Customer(event) => event.schema_version(),
            Self::Product(event) => event.schema_version(),
        }
    }

    /// The payload as JSON.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Order(event) => event.encode(),
            Self::Stock(event) => event.encode(),
            Self::Payment(event) => event.encode(),
            Self::Shipment(event) => event.encode(),
            Self::Return(event) => event.encode(),
            Self::Customer(event) => event.encode(),
            Self::Product(event) => event.encode(),
        }
    }

    /// Reads a stored event. Unknown types are an error: history is never guessed.
    pub fn decode(
        event_type: &str,
        schema_version: i16,
        payload: &[u8],
    ) -> Result<Self, DecodeError> {
        let unknown = || DecodeError::Unknown {
            event_type: event_type.into(),
            schema_version,
        };
        if let Some(event) = OrderEvent::decode(event_type, schema_version, payload) {
            return event.map(Self::Order);
        }
        if let Some(event) = StockEvent::decode(event_type, schema_version, payload) {
            return event.map(Self::Stock);
        }
        if let Some(event) = PaymentEvent::decode(event_type, schema_version, payload) {
            return event.map(Self::Payment);
        }
        if let Some(event) = ShipmentEvent::decode(event_type, schema_version, payload) {
            return event.map(Self::Shipment);
        }
        if let Some(event) = ReturnEvent::decode(event_type, schema_version, payload) {
            return event.map(Self::Return);
        }
        if let Some(event) = CustomerEvent::decode(event_type, schema_version, payload) {
            return event.map(Self::Customer);
        }
        ProductEvent::decode(event_type, schema_version, payload)
            .ok_or_else(unknown)?
            .map(Self::Product)
    }
}

impl From<OrderEvent> for Event {
    fn from(event: OrderEvent) -> Self {
        Self::Order(event)
    }
}

impl From<StockEvent> for Event {
    fn from(event: StockEvent) -> Self {
        Self::Stock(event)
    }
}

impl From<PaymentEvent> for Event {
    fn from(event: PaymentEvent) -> Self {
        Self::Payment(event)
    }
}

impl From<CustomerEvent> for Event {
    fn from(event: CustomerEvent) -> Self {
        Self::Customer(event)
    }
}

impl From<ProductEvent> for Event {
    fn from(event: ProductEvent) -> Self {
        Self::Product(event)
    }
}

impl From<ShipmentEvent> for Event {
    fn from(event: ShipmentEvent) -> Self {
        Self::Shipment(event)
    }
}

impl From<ReturnEvent> for Event {
    fn from(event: ReturnEvent) -> Self {
        Self::Return(event)
    }
}
