//! What people are known by: taken down, changed and erased, whichever way it is asked for.

use crate::{CommandApi, execution::Done, problem, request::CommandRequest};
use chassis::{Problem, extract::IdempotencyKey, layers::RequestContext};
use domain::{
    Command, CustomerId, Sealed, State, StreamId, Version,
    customer::{
        ChangeCustomer, Customer, CustomerCommand, CustomerError, EraseCustomer, Profile,
        RegisterCustomer,
    },
};
use serde::{Deserialize, Serialize};
use std::fmt;
use store::{Until, fold_stream};
use utoipa::ToSchema;
use vault::{KeyId, VaultError};

/// What names the one erasure that a customer may have, in place of a key: it is the same however often,
/// and whichever way, it is asked for.
const ONLY_ONCE: &str = "erase";

/// What is sealed of nobody.
const NOBODY: &str = "nobody";

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
    let profile = match sealed.await {
        Err(error @ VaultError::Erased(_)) => nobody(api, customer_id, error).await?,
        sealed => sealed.map_err(problem::unsealed)?,
    };
    let command = CustomerCommand::Register(RegisterCustomer {
        customer_id: customer_id.clone(),
        profile,
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
    let sealed = match sealed.await {
        Err(error @ VaultError::Erased(_)) => Some(nobody(api, customer_id, error).await?),
        sealed => sealed.map_err(problem::unsealed)?,
    };
    let Some(profile) = sealed else {
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

/// What stands for the profile of somebody who was erased: whatever is asked of them now is refused, and
/// what was asked before is answered as it was then, for which nobody looks at it.
///
/// While it is not yet recorded that they were erased, nothing would refuse it: then `error` is the answer.
async fn nobody(
    api: &CommandApi,
    customer_id: &CustomerId,
    error: VaultError,
) -> Result<Sealed, Problem> {
    let stream = StreamId::customer(&api.tenant, customer_id);
    let folded = fold_stream(api.reader.as_ref(), &stream, Until::End).await;
    let folded = folded.map_err(|error| problem::unfoldable(error, &stream))?;
    match folded.state {
        State::Customer(Customer::Erased) => {
            Sealed::of_base64(NOBODY).map_err(|_| problem::unsealed(error))
        }
        _ => Err(problem::unsealed(error)),
    }
}

/// An erasure that was recorded.
pub(crate) struct Erasure {
    /// The record of it.
    pub done: Done,
    /// Whether anything personal was ever sealed for the customer.
    pub known: bool,
}

/// Erases a customer: destroys the key, and then records that. Whoever is interrupted in between asks
/// again, and finds the key destroyed.
pub(crate) async fn erase(
    api: &CommandApi,
    customer_id: &CustomerId,
    context: RequestContext,
) -> Result<Erasure, Problem> {
    let Ok(only_once) = IdempotencyKey::parse(ONLY_ONCE) else {
        return Err(Problem::internal());
    };
    let path = format!("/v1/customers/{customer_id}");
    let request = CommandRequest::of_part(api, "DELETE", &path, &[], only_once, context);
    let key = KeyId {
        tenant: api.tenant.clone(),
        customer_id: customer_id.clone(),
    };
    let known = api.vault.erase(&key).await.map_err(problem::unsealed)?;
    let command = CustomerCommand::Erase(EraseCustomer {
        customer_id: customer_id.clone(),
    });
    let done = request.execute(api, Command::Customer(command)).await?;
    Ok(Erasure { done, known })
}

fn check(profile: &Profile) -> Result<(), Problem> {
    let checked = profile.check();
    checked.map_err(|error| problem::refused(error.into(), Version::ZERO))
}
