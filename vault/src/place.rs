//! Where something sealed stands.

use domain::{CustomerId, OrderId, TenantId};
use uuid::Uuid;

/// Where something sealed stands: it opens nowhere else.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Whose data it is.
    pub tenant: &'a TenantId,
    /// Of which customer.
    pub customer_id: &'a CustomerId,
    field: &'static str,
    of: Uuid,
}

impl<'a> Place<'a> {
    /// The shipping address of an order.
    pub fn shipping_address(
        tenant: &'a TenantId,
        customer_id: &'a CustomerId,
        order_id: OrderId,
    ) -> Self {
        Self {
            tenant,
            customer_id,
            field: "shipping_address",
            of: order_id.uuid(),
        }
    }

    /// Who a customer is.
    pub fn profile(tenant: &'a TenantId, customer_id: &'a CustomerId) -> Self {
        Self {
            tenant,
            customer_id,
            field: "profile",
            of: Uuid::nil(),
        }
    }

    /// All of it as bytes, of which no two places have the same: each part has its length in front.
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        bytes_of([
            self.tenant.as_str().as_bytes(),
            self.customer_id.as_str().as_bytes(),
            self.field.as_bytes(),
            self.of.as_bytes(),
        ])
    }
}

/// `parts` with the length of each in front of it.
pub(crate) fn bytes_of<const N: usize>(parts: [&[u8]; N]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(parts.iter().map(|part| part.len() + 4).sum());
    for part in parts {
        let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
        bytes.extend(length.to_be_bytes());
        bytes.extend(part);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_places_are_the_same_bytes() {
        let (tenant, other) = (
            TenantId::parse("a").unwrap(),
            TenantId::parse("ab").unwrap(),
        );
        let (customer, longer) = (
            CustomerId::parse("bc").unwrap(),
            CustomerId::parse("c").unwrap(),
        );
        let order = OrderId::new(Uuid::from_u128(1));
        assert_ne!(
            Place::shipping_address(&tenant, &customer, order).to_bytes(),
            Place::shipping_address(&other, &longer, order).to_bytes()
        );
    }
}
