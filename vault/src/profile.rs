//! Profiles of customers, sealed and opened.

use crate::{
    error::VaultError,
    place::Place,
    vault::{Opened, Vault},
};
use domain::{CustomerId, Sealed, TenantId, customer::Profile};
use zeroize::Zeroizing;

impl Vault {
    /// Seals who a customer is.
    ///
    /// # Errors
    /// The customer was erased, or there are no keys now.
    pub async fn seal_profile(
        &self,
        tenant: &TenantId,
        customer_id: &CustomerId,
        profile: &Profile,
    ) -> Result<Sealed, VaultError> {
        let json = serde_json::to_vec(profile).map(Zeroizing::new);
        let json = json.map_err(|error| VaultError::Corrupt(error.to_string()))?;
        self.seal(Place::profile(tenant, customer_id), &json).await
    }

    /// Seals who a customer is now; none where nothing of the customer was ever sealed.
    ///
    /// # Errors
    /// The customer was erased, or there are no keys now.
    pub async fn seal_changed_profile(
        &self,
        tenant: &TenantId,
        customer_id: &CustomerId,
        profile: &Profile,
    ) -> Result<Option<Sealed>, VaultError> {
        let json = serde_json::to_vec(profile).map(Zeroizing::new);
        let json = json.map_err(|error| VaultError::Corrupt(error.to_string()))?;
        let place = Place::profile(tenant, customer_id);
        self.seal_with_known_key(place, &json).await
    }

    /// Opens who a customer is.
    ///
    /// # Errors
    /// There are no keys now, or a key is not what it was.
    pub async fn open_profile(
        &self,
        tenant: &TenantId,
        customer_id: &CustomerId,
        sealed: &Sealed,
    ) -> Result<Opened<Profile>, VaultError> {
        match self
            .open(Place::profile(tenant, customer_id), sealed)
            .await?
        {
            Opened::Erased => Ok(Opened::Erased),
            // The text of the parser's error may say what is in it.
            Opened::Plain(json) => match serde_json::from_slice(&json) {
                Ok(profile) => Ok(Opened::Plain(profile)),
                Err(_) => Err(VaultError::Corrupt(format!(
                    "what is sealed of customer {customer_id} is no profile"
                ))),
            },
        }
    }
}
