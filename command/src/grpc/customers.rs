//! `orders.v1.CustomerCommands`

use super::{
    fields::customer_id,
    order::receipt,
    write::{answer, request},
};
use crate::{CommandApi, customers};
use chassis::{Problem, grpc::context, layers::RequestContext};
use domain::customer::Profile;
use proto::v1::{
    self, ChangeCustomerRequest, ChangeCustomerResponse, EraseCustomerRequest,
    EraseCustomerResponse, RegisterCustomerRequest, RegisterCustomerResponse,
    customer_commands_server::CustomerCommands,
};
use tonic::{Request, Response, Status, async_trait};

/// The service.
#[derive(Clone)]
pub(super) struct Customers(pub CommandApi);

#[async_trait]
impl CustomerCommands for Customers {
    async fn register_customer(
        &self,
        call: Request<RegisterCustomerRequest>,
    ) -> Result<Response<RegisterCustomerResponse>, Status> {
        let context = context(&call);
        let message = call.into_inner();
        let registered = register_customer(&self.0, context.clone(), message).await;
        answer(&context, registered)
    }

    async fn change_customer(
        &self,
        call: Request<ChangeCustomerRequest>,
    ) -> Result<Response<ChangeCustomerResponse>, Status> {
        let context = context(&call);
        let message = call.into_inner();
        let changed = change_customer(&self.0, context.clone(), message).await;
        answer(&context, changed)
    }

    async fn erase_customer(
        &self,
        call: Request<EraseCustomerRequest>,
    ) -> Result<Response<EraseCustomerResponse>, Status> {
        let context = context(&call);
        let erased = erase_customer(&self.0, context.clone(), &call.into_inner()).await;
        answer(&context, erased)
    }
}

async fn register_customer(
    api: &CommandApi,
    context: RequestContext,
    message: RegisterCustomerRequest,
) -> Result<RegisterCustomerResponse, Problem> {
    let request = request(api, context, &message)?;
    let customer_id = customer_id(&message.customer_id)?;
    let profile = profile(message.profile);
    let done = customers::register(api, request, &customer_id, &profile).await?;
    Ok(RegisterCustomerResponse {
        customer_id: customer_id.as_str().into(),
        receipt: Some(receipt(api, &done)),
    })
}

async fn change_customer(
    api: &CommandApi,
    context: RequestContext,
    message: ChangeCustomerRequest,
) -> Result<ChangeCustomerResponse, Problem> {
    let request = request(api, context, &message)?;
    let customer_id = customer_id(&message.customer_id)?;
    let profile = profile(message.profile);
    let done = customers::change(api, request, &customer_id, &profile).await?;
    Ok(ChangeCustomerResponse {
        customer_id: customer_id.as_str().into(),
        receipt: Some(receipt(api, &done)),
    })
}

async fn erase_customer(
    api: &CommandApi,
    context: RequestContext,
    message: &EraseCustomerRequest,
) -> Result<EraseCustomerResponse, Problem> {
    let customer_id = customer_id(&message.customer_id)?;
    let erasure = customers::erase(api, &customer_id, context).await?;
    Ok(EraseCustomerResponse {
        customer_id: customer_id.as_str().into(),
        known: erasure.known,
        complete_within_s: api.vault.remembers().as_secs(),
        receipt: Some(receipt(api, &erasure.done)),
    })
}

/// Who somebody is; nobody, where nothing is said, which is refused as an empty profile is.
fn profile(message: Option<v1::Profile>) -> Profile {
    let v1::Profile { name, email, phone } = message.unwrap_or_default();
    Profile { name, email, phone }
}
