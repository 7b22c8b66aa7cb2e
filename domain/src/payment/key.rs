//! The keys that make a provider do what it is asked for once.

use crate::{OrderId, TenantId};

/// What a key of ours says: `{tenant}:{order}:{operation}:{n}`. A provider that speaks by itself names
/// the call that it is about by its key, which so says whose payment it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallKey {
    /// Whose order it is.
    pub tenant: TenantId,
    /// The order.
    pub order_id: OrderId,
    /// What was asked for, with its number.
    call: String,
}

impl CallKey {
    /// Reads a key; none where it is none of ours.
    pub fn parse(key: &str) -> Option<Self> {
        let (tenant, rest) = key.split_once(':')?;
        let (order, call) = rest.split_once(':')?;
        Some(Self {
            tenant: TenantId::parse(tenant).ok()?,
            order_id: order.parse().ok()?,
            call: call.into(),
        })
    }

    /// Which attempt of an authorization it is of; none where it is of something else.
    pub fn authorization(&self) -> Option<u32> {
        let attempt = self.call.strip_prefix("authorize:")?;
        attempt.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::order_id;

    #[test]
    fn a_key_says_whose_payment_it_is() {
        let order = order_id(1);
        let key = CallKey::parse(&format!("main:{order}:authorize:2")).unwrap();
        assert_eq!(key.tenant.as_str(), "main");
        assert_eq!((key.order_id, key.authorization()), (order, Some(2)));
        let key = CallKey::parse(&format!("main:{order}:capture:x:1")).unwrap();
        assert_eq!(key.authorization(), None);
        for other in ["", "main", "main:1:void:1", "Main:x", "a:b:c:d"] {
            assert_eq!(CallKey::parse(other), None, "{other:?}");
        }
        assert_eq!(CallKey::parse(&format!("A:{order}:void:1")), None);
    }
}
