//! The management of webhooks and e-mails over gRPC: the same as over REST, under the same rules.

mod emails;
mod fields;
mod message;
mod webhooks;
mod write;

use super::NotifierApi;
use axum::Router;
use chassis::{Problem, grpc::status, layers::RequestContext};
use proto::{
    methods,
    v1::{
        emails_server::{EmailsServer, SERVICE_NAME as EMAILS},
        webhooks_server::{SERVICE_NAME as WEBHOOKS, WebhooksServer},
    },
};
use tonic::{
    Response, Status,
    service::{Interceptor, interceptor::InterceptedService},
};

/// The services' names.
pub const SERVICES: [&str; 2] = [WEBHOOKS, EMAILS];

/// The calls, to be served beside the routes. Whoever calls is first seen by `authorize`. Messages have at
/// most `max_bytes`.
pub(crate) fn router<A>(api: NotifierApi, authorize: A, max_bytes: usize) -> Router
where
    A: Interceptor + Clone + Send + Sync + 'static,
{
    let webhooks = WebhooksServer::new(webhooks::WebhookCalls(api.clone()))
        .max_decoding_message_size(max_bytes);
    let emails = EmailsServer::new(emails::EmailCalls(api)).max_decoding_message_size(max_bytes);
    let webhooks = InterceptedService::new(webhooks, authorize.clone());
    let emails = InterceptedService::new(emails, authorize);
    chassis::grpc::router(webhooks, methods(WEBHOOKS))
        .merge(chassis::grpc::router(emails, methods(EMAILS)))
}

/// The answer to a call: what it was sent for, or why not, with fields named as messages name them.
fn answer<T>(
    context: &RequestContext,
    answered: Result<T, Problem>,
) -> Result<Response<T>, Status> {
    const RENAMED: [(&str, &str); 2] =
        [("query:limit", "page_size"), ("query:cursor", "page_token")];
    answered
        .map(Response::new)
        .map_err(|problem| status(&context.name(problem), &RENAMED))
}
