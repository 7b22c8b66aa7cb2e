//! What people are known by: taken down, changed and erased, whichever way it is asked for.

use crate::{CommandApi, execution::Done, problem, request::CommandRequest};
use chassis::Problem;
use domain::{
    Command, CustomerId, Version,
    customer::{
        ChangeCustomer, CustomerCommand, CustomerError, EraseCustomer, Profile, RegisterCustomer,
    },
};
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;
use vault::KeyId;

/// Who a customer is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Profile)]
pub(crate) struct ProfileBody {
    /// What they are called: 1 to 200 characters.
    #[schema(example = "Ada Lovelace")]
    name: Option<String>,
    /// Where they get e-mail: 1 to 254 characters.
    #[schema(example = "ada@example.com")]
    email: Option<String>,
    /// Where they are called: 1 to 50 characters.
    phone: Option<String>,
}

/// A customer that was registered or changed. Who it is is not repeated: a read answers it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CustomerAnswer {
    /// The customer.
    #[schema(value_type = String, example = "17850")]
    pub customer_id: CustomerId,
    /// The version of the customer's stream; also its ETag.
    pub version: i64,
}

impl fmt::Debug for ProfileBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProfileBody(..)")
    }
}

impl From<ProfileBody> for Profile {
    fn from(body: ProfileBody) -> Self {
        let ProfileBody { name, email, phone } = body;
        Self { name, email, phone }
    }
}

/// Takes down who a customer is.
pub(crate) async fn register(
    api: &CommandApi,
    request: CommandRequest,
    customer_id: &CustomerId,
    profile: &Profile,
) -> Result<Done, Problem> {
    check(profile)?;
    let sealed = api.vault.seal_profile(&api.tenant, customer_id, profile);
    let command = CustomerCommand::Register(RegisterCustomer {
        customer_id: customer_id.clone(),
        profile: sealed.await.map_err(problem::unsealed)?,
    });
    request.execute(api, Command::Customer(command)).await
}

/// Takes down who a customer is now.
pub(crate) async fn change(
    api: &CommandApi,
    request: CommandRequest,
    customer_id: &CustomerId,
    profile: &Profile,
) -> Result<Done, Problem> {
    check(profile)?;
    let sealed = api
        .vault
        .seal_changed_profile(&api.tenant, customer_id, profile);
    let Some(profile) = sealed.await.map_err(problem::unsealed)? else {
        return Err(problem::refused(
            CustomerError::NotFound.into(),
            Version::ZERO,
        ));
    };
    let command = CustomerCommand::Change(ChangeCustomer {
        customer_id: customer_id.clone(),
        profile,
    });
    request.execute(api, Command::Customer(command)).await
}

/// Erases a customer: destroys the key, and then records that. Whoever is interrupted in between asks
/// again, and finds the key destroyed.
pub(crate) async fn erase(
    api: &CommandApi,
    request: CommandRequest,
    customer_id: &CustomerId,
) -> Result<Done, Problem> {
    let key = KeyId {
        tenant: api.tenant.clone(),
        customer_id: customer_id.clone(),
    };
    if !api.vault.erase(&key).await.map_err(problem::unsealed)? {
        return Err(Problem::not_found(
            "CUSTOMER_NOT_FOUND",
            format!("Nothing personal of customer {customer_id} was ever taken down."),
        ));
    }
    let command = CustomerCommand::Erase(EraseCustomer {
        customer_id: customer_id.clone(),
    });
    request.execute(api, Command::Customer(command)).await
}

fn check(profile: &Profile) -> Result<(), Problem> {
    let checked = profile.check();
    checked.map_err(|error| problem::refused(error.into(), Version::ZERO))
}
