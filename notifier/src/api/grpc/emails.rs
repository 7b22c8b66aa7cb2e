//! `orders.v1.Emails`

use super::{answer, fields, message, write::write};
use crate::api::{
    Api, NotifierApi,
    body::{DeliveryItem, RedeliveredRange},
    deliveries::{self, Way},
    request::NoBody,
};
use chassis::{Problem, grpc::context};
use proto::v1::{
    ListEmailsRequest, ListEmailsResponse, RedeliverEmailRequest, RedeliverEmailResponse,
    RedeliverEmailsRequest, RedeliverEmailsResponse, emails_server::Emails,
};
use tonic::{Request, Response, Status, async_trait};

/// The service.
#[derive(Clone)]
pub(super) struct EmailCalls(pub NotifierApi);

#[async_trait]
impl Emails for EmailCalls {
    async fn list_emails(
        &self,
        call: Request<ListEmailsRequest>,
    ) -> Result<Response<ListEmailsResponse>, Status> {
        let context = context(&call);
        answer(&context, list(&self.0, call.into_inner()).await)
    }

    async fn redeliver_email(
        &self,
        call: Request<RedeliverEmailRequest>,
    ) -> Result<Response<RedeliverEmailResponse>, Status> {
        let context = context(&call);
        answer(&context, again(&self.0, call.into_inner()).await)
    }

    async fn redeliver_emails(
        &self,
        call: Request<RedeliverEmailsRequest>,
    ) -> Result<Response<RedeliverEmailsResponse>, Status> {
        let context = context(&call);
        answer(&context, all_again(&self.0, call.into_inner()).await)
    }
}

async fn list(api: &Api, message: ListEmailsRequest) -> Result<ListEmailsResponse, Problem> {
    let (limit, cursor) = fields::page(message.page_size, &message.page_token);
    let page = deliveries::list(api, None, message.status.as_deref(), limit, cursor).await?;
    let (emails, next_page_token) = message::page(page);
    Ok(ListEmailsResponse {
        emails,
        next_page_token,
    })
}

async fn again(
    api: &Api,
    message: RedeliverEmailRequest,
) -> Result<RedeliverEmailResponse, Problem> {
    let id = fields::id("delivery_id", &message.delivery_id)?;
    let write = write(api, &message, NoBody {})?;
    let answered = deliveries::again(api, Way::Email, id, write).await?;
    let (email, replayed) = answered.content::<DeliveryItem>()?;
    Ok(RedeliverEmailResponse {
        email: Some(email.into()),
        replayed,
    })
}

async fn all_again(
    api: &Api,
    message: RedeliverEmailsRequest,
) -> Result<RedeliverEmailsResponse, Problem> {
    let range = fields::range(
        message.from.as_ref(),
        message.to.as_ref(),
        message.include_delivered,
    )?;
    let write = write(api, &message, range)?;
    let answered = deliveries::all_again(api, None, write).await?;
    let (done, replayed) = answered.content::<RedeliveredRange>()?;
    Ok(RedeliverEmailsResponse {
        redelivered: done.redelivered,
        has_more: done.has_more,
        replayed,
    })
}
