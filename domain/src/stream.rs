//! Streams, versions and positions.

use crate::{CustomerId, Location, OrderId, ReturnId, ShipmentId, Sku, TenantId};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr, sync::Arc};

macro_rules! counter {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(i64);

        impl $name {
            /// Before the first.
            pub const ZERO: Self = Self(0);

            /// The number `value`; a negative one counts as zero.
            pub const fn new(value: i64) -> Self {
                Self(if value < 0 { 0 } else { value })
            }

            /// The number.
            pub const fn get(self) -> i64 {
                self.0
            }

            /// The number `count` further on.
            pub const fn plus(self, count: usize) -> Self {
                let count = if count > i64::MAX as usize { i64::MAX } else { count as i64 };
                Self(self.0.saturating_add(count))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

counter!(
    /// The number of events in a stream, and the number of its last event: contiguous from 1.
    Version
);
counter!(
    /// The place of an event in the order of all events. It follows the order of commits; stores
    /// may leave gaps between positions, so only compare them.
    Position
);

/// The kind of aggregate a stream holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// One stream per order.
    Order,
    /// One stream per SKU and location.
    Stock,
    /// One stream per order's payment.
    Payment,
    /// One stream per shipment: per order and location.
    Shipment,
    /// One stream per return.
    Return,
    /// One stream per customer of whom something is known.
    Customer,
    /// One stream per product that is, or was, offered.
    Product,
}

impl Category {
    /// The category's name, as stream names begin with it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Stock => "stock",
            Self::Payment => "payment",
            Self::Shipment => "shipment",
            Self::Return => "return",
            Self::Customer => "customer",
            Self::Product => "product",
        }
    }
}

/// Why a text is not a stream name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a stream name: expected order|stock|payment|shipment|return|customer|product, '-', tenant, '.', key"
)]
pub struct StreamIdError(
    /// How the text begins.
    pub String,
);

/// The name of a stream: `{category}-{tenant}.{key}`, so `order-main.0192…`,
/// `payment-main.0192…`, `shipment-main.8c1f…`, `return-main.3e70…`, `customer-main.17850`, `product-main.{sku}` or
/// `stock-main.{location}.{sku}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId {
    category: Category,
    name: Arc<str>,
}

impl StreamId {
    /// The stream of an order.
    pub fn order(tenant: &TenantId, order: OrderId) -> Self {
        Self::new(Category::Order, format!("order-{tenant}.{order}"))
    }

    /// The stream of an order's payment.
    pub fn payment(tenant: &TenantId, order: OrderId) -> Self {
        Self::new(Category::Payment, format!("payment-{tenant}.{order}"))
    }

    /// The stream of a SKU at a location.
    pub fn stock(tenant: &TenantId, location: &Location, sku: &Sku) -> Self {
        Self::new(Category::Stock, format!("stock-{tenant}.{location}.{sku}"))
    }

    /// The stream of a shipment.
    pub fn shipment(tenant: &TenantId, shipment: ShipmentId) -> Self {
        Self::new(Category::Shipment, format!("shipment-{tenant}.{shipment}"))
    }

    /// The stream of a return.
    pub fn of_return(tenant: &TenantId, id: ReturnId) -> Self {
        Self::new(Category::Return, format!("return-{tenant}.{id}"))
    }

    /// The stream of a customer.
    pub fn customer(tenant: &TenantId, customer: &CustomerId) -> Self {
        Self::new(Category::Customer, format!("customer-{tenant}.{customer}"))
    }

    /// The stream of a product.
    pub fn product(tenant: &TenantId, sku: &Sku) -> Self {
        Self::new(Category::Product, format!("product-{tenant}.{sku}"))
    }

    fn new(category: Category, name: String) -> Self {
        Self {
            category,
            name: name.into(),
        }
    }

    /// The kind of aggregate in it.
    pub const fn category(&self) -> Category {
        self.category
    }

    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// The shop that it belongs to.
    pub fn tenant(&self) -> &str {
        let rest = &self.name[self.category.as_str().len() + 1..];
        rest.split_once('.').map_or(rest, |(tenant, _)| tenant)
    }

    /// What identifies it within category and tenant.
    pub fn key(&self) -> &str {
        self.name.split_once('.').map_or("", |(_, key)| key)
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl FromStr for StreamId {
    type Err = StreamIdError;

    fn from_str(text: &str) -> Result<Self, StreamIdError> {
        let wrong = || StreamIdError(text.chars().take(128).collect());
        let (category, rest) = text.split_once('-').ok_or_else(wrong)?;
        let category = match category {
            "order" => Category::Order,
            "stock" => Category::Stock,
            "payment" => Category::Payment,
            "shipment" => Category::Shipment,
            "return" => Category::Return,
            "customer" => Category::Customer,
            "product" => Category::Product,
            _ => return Err(wrong()),
        };
        let (tenant, key) = rest.split_once('.').ok_or_else(wrong)?;
        let key_is_valid = match category {
            Category::Order | Category::Payment | Category::Shipment | Category::Return => {
                is_canonical_uuid(key)
            }
            Category::Customer => CustomerId::parse(key).is_ok(),
            Category::Product => Sku::parse(key).is_ok(),
            Category::Stock => key.split_once('.').is_some_and(|(location, sku)| {
                Location::parse(location).is_ok() && Sku::parse(sku).is_ok()
            }),
        };
        match key_is_valid && TenantId::parse(tenant).is_ok() {
            true => Ok(Self {
                category,
                name: text.into(),
            }),
            false => Err(wrong()),
        }
    }
}

/// Whether `text` is a UUID as it is displayed: another spelling would name another stream.
fn is_canonical_uuid(text: &str) -> bool {
    let lower = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b) || b == b'-';
    text.len() == 36 && text.bytes().all(lower) && uuid::Uuid::try_parse(text).is_ok()
}

impl Serialize for StreamId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name)
    }
}

impl<'de> Deserialize<'de> for StreamId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    #[test]
    fn counters_neither_go_below_zero_nor_wrap() {
        assert_eq!(Version::new(-1), Version::ZERO);
        assert_eq!(Version::new(i64::MIN).get(), 0);
        assert_eq!(Position::new(3).plus(2).get(), 5);
        assert_eq!(Position::new(i64::MAX).plus(1).get(), i64::MAX);
        assert_eq!(Position::ZERO.plus(usize::MAX).get(), i64::MAX);
    }

    #[test]
    fn what_is_not_a_stream_name_is_refused() {
        let id = Uuid::from_u128(0xabc).to_string();
        for name in [
            "",
            "order",
            "order-",
            "order-main",
            "order-main.",
            "order-main.1",
            "order-main.é",
            &format!("order-.{id}"),
            &format!("order-Main.{id}"),
            &format!("order-main.{id} "),
            &format!("order-main.{}", id.to_uppercase()),
            &format!("order-main.{}", id.replace('-', "")),
            &format!("order-main.{{{id}}}"),
            &format!("orders-main.{id}"),
            &format!("payment-ma\0in.{id}"),
            &format!("shipments-main.{id}"),
            "shipment-main.main.A",
            "return-main.A",
            "stock-main.A",
            "product-main.",
            "product-main.a/b",
            "stock-main.main.",
            "stock-main.main. A",
            "stock-main.Main.A",
            "stock-main.main.a/b",
        ] {
            assert!(name.parse::<StreamId>().is_err(), "{name:?}");
        }
        let long = "é".repeat(100_000).parse::<StreamId>().unwrap_err();
        assert!(long.to_string().len() < 1_000);
    }

    fn round(stream: &StreamId, category: Category, tenant: &str, key: &str) {
        assert_eq!(stream.as_str().parse::<StreamId>().unwrap(), *stream);
        let json = serde_json::to_string(stream).unwrap();
        assert_eq!(serde_json::from_str::<StreamId>(&json).unwrap(), *stream);
        assert_eq!(stream.category(), category);
        assert_eq!((stream.tenant(), stream.key()), (tenant, key));
        assert!(stream.as_str().starts_with(category.as_str()));
    }

    proptest! {
        #[test]
        fn stream_names_go_round(
            tenant in "[a-z0-9-]{1,32}",
            location in "[a-z0-9-]{1,32}",
            sku in "[!-.0-~]([ -.0-~]{0,62}[!-.0-~])?",
            customer in "[A-Za-z0-9._:@-]{1,64}",
            id in any::<u128>(),
        ) {
            let tenant_id = TenantId::parse(&tenant).unwrap();
            let order_id = OrderId::new(Uuid::from_u128(id));
            let key = order_id.to_string();
            round(&StreamId::order(&tenant_id, order_id), Category::Order, &tenant, &key);
            round(&StreamId::payment(&tenant_id, order_id), Category::Payment, &tenant, &key);
            let customer = CustomerId::parse(&customer).unwrap();
            let stream = StreamId::customer(&tenant_id, &customer);
            round(&stream, Category::Customer, &tenant, customer.as_str());
            let product = StreamId::product(&tenant_id, &Sku::parse(&sku).unwrap());
            round(&product, Category::Product, &tenant, &sku);
            let shipment_id = ShipmentId::new(Uuid::from_u128(id));
            let shipment = StreamId::shipment(&tenant_id, shipment_id);
            round(&shipment, Category::Shipment, &tenant, &key);
            let returned = StreamId::of_return(&tenant_id, ReturnId::new(Uuid::from_u128(id)));
            round(&returned, Category::Return, &tenant, &key);
            let stock = StreamId::stock(
                &tenant_id,
                &Location::parse(&location).unwrap(),
                &Sku::parse(&sku).unwrap(),
            );
            round(&stock, Category::Stock, &tenant, &format!("{location}.{sku}"));
        }

        #[test]
        fn hostile_names_are_kept_as_they_are_or_refused(
            text in prop_oneof![any::<String>(), "(order|stock|payment|shipment|return|customer|product)-[a-z.\\PC-]{0,40}"],
        ) {
            if let Ok(stream) = text.parse::<StreamId>() {
                prop_assert_eq!(stream.as_str(), text.as_str());
                prop_assert!(!stream.tenant().is_empty() && !stream.key().is_empty());
            }
        }
    }
}
