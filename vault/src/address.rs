//! Addresses, sealed and opened.

use crate::{
    error::VaultError,
    place::Place,
    vault::{Opened, Vault},
};
use domain::{CustomerId, OrderId, Sealed, TenantId, order::Address};
use zeroize::Zeroizing;

impl Vault {
    /// Seals where an order goes.
    ///
    /// # Errors
    /// The customer was erased, or there are no keys now.
    pub async fn seal_address(
        &self,
        tenant: &TenantId,
        customer_id: &CustomerId,
        order_id: OrderId,
        address: &Address,
    ) -> Result<Sealed, VaultError> {
        let json = serde_json::to_vec(address).map(Zeroizing::new);
        let json = json.map_err(|error| VaultError::Corrupt(error.to_string()))?;
        let place = Place::shipping_address(tenant, customer_id, order_id);
        self.seal(place, &json).await
    }

    /// Opens where an order goes.
    ///
    /// # Errors
    /// There are no keys now, or a key is not what it was.
    pub async fn open_address(
        &self,
        tenant: &TenantId,
        customer_id: &CustomerId,
        order_id: OrderId,
        sealed: &Sealed,
    ) -> Result<Opened<Address>, VaultError> {
        let place = Place::shipping_address(tenant, customer_id, order_id);
        match self.open(place, sealed).await? {
            Opened::Erased => Ok(Opened::Erased),
            // The text of the parser's error may say what is in it.
            Opened::Plain(json) => match serde_json::from_slice(&json) {
                Ok(address) => Ok(Opened::Plain(address)),
                Err(_) => Err(VaultError::Corrupt(format!(
                    "what is sealed of order {order_id} is no address"
                ))),
            },
        }
    }
}
