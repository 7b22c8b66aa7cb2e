//! `orders.v1.OrderImport`

use super::{
    commands::{Received, place_order, receive_stock},
    write::failed,
};
use crate::{
    CommandApi,
    bulk::{Item as Taken, brief, when_free},
    execution::Done,
};
use chassis::{Problem, grpc::context, layers::RequestContext};
use futures::StreamExt;
use prost::Message;
use proto::v1::{
    ImportDone, ImportFailure, ImportOrdersRequest, ImportOrdersResponse, ImportResult,
    PlaceOrderRequest, import_orders_request::Item, import_result::Outcome,
    order_import_server::OrderImport,
};
use tonic::{Code, Request, Response, Status, Streaming, async_trait};
use tonic_types::StatusExt;

/// The service.
#[derive(Clone)]
pub(super) struct Import(pub CommandApi);

#[async_trait]
impl OrderImport for Import {
    async fn import_orders(
        &self,
        call: Request<Streaming<ImportOrdersRequest>>,
    ) -> Result<Response<ImportOrdersResponse>, Status> {
        let context = context(&call);
        let items = call.into_inner().map(taken);
        let execute = |item| execute(self.0.clone(), context.clone(), item);
        match self.0.bulk.each(items, execute).await {
            Ok(results) => Ok(Response::new(summed_up(results))),
            Err(problem) => Err(failed(&context, problem)),
        }
    }
}

fn taken(came: Result<ImportOrdersRequest, Status>) -> Result<Taken<ImportOrdersRequest>, Problem> {
    match came {
        Ok(item) => Ok(Taken {
            bytes: item.encoded_len(),
            item,
        }),
        Err(status) => Err(unread(&status)),
    }
}

/// Why there is no next item, and what helps.
fn unread(status: &Status) -> Problem {
    const AGAIN: &str = "what was done is not done twice";
    let said = status.message();
    match status.code() {
        Code::OutOfRange => {
            let detail = format!(
                "An item is larger than a message may be ({said}): send the request again without it; {AGAIN}."
            );
            Problem::bad_request("ITEM_TOO_LARGE", detail)
        }
        Code::Internal | Code::DataLoss | Code::InvalidArgument | Code::Unimplemented => {
            let detail = format!(
                "An item cannot be read ({said}): mend it, and send the request again; {AGAIN}."
            );
            Problem::bad_request("INVALID_BODY", detail)
        }
        _ => {
            let detail = format!("The request broke off ({said}): send it again; {AGAIN}.");
            Problem::bad_request("REQUEST_BROKE_OFF", detail).with_retryable(true)
        }
    }
}

async fn execute(
    api: CommandApi,
    context: RequestContext,
    item: ImportOrdersRequest,
) -> ImportResult {
    let (request_id, outcome) = match item.item {
        Some(Item::PlaceOrder(message)) => {
            let (request_id, content) = (message.request_id.clone(), message.encode_to_vec());
            let mut decoded = Some(message);
            let outcome = when_free(|| {
                let message = decoded
                    .take()
                    .map_or_else(|| PlaceOrderRequest::decode(&*content), Ok);
                async {
                    let message = message.map_err(|_| Problem::internal())?;
                    place_order(&api, context.clone(), message, &content).await
                }
            });
            (request_id, outcome.await.map(placed))
        }
        Some(Item::ReceiveStock(message)) => {
            let execute = || receive_stock(&api, context.clone(), message.clone());
            let outcome = when_free(execute).await;
            (message.request_id, outcome.map(received))
        }
        None => {
            let rule = "one of place_order and receive_stock is required";
            let nothing =
                Problem::bad_request("INVALID_BODY", format!("The message is wrong: {rule}."))
                    .with_error("/item", "REQUIRED", rule);
            (String::new(), Err(nothing))
        }
    };
    let outcome = match outcome {
        Ok(done) => Outcome::Done(done),
        Err(problem) => Outcome::Failure(failure(&context, problem)),
    };
    ImportResult {
        // What is no id is not repeated.
        request_id: Some(request_id)
            .filter(|id| id.len() <= 255)
            .unwrap_or_default(),
        outcome: Some(outcome),
    }
}

fn placed(placed: Done) -> ImportDone {
    done(placed.key().to_owned(), &placed)
}

fn received(received: Received) -> ImportDone {
    done(received.sku.into(), &received.done)
}

fn done(id: String, done: &Done) -> ImportDone {
    ImportDone {
        id,
        version: done.version(),
        replayed: done.is_replayed(),
    }
}

fn failure(context: &RequestContext, problem: Problem) -> ImportFailure {
    let (reason, retryable) = (problem.code().to_owned(), problem.details().retryable);
    let status = failed(context, problem);
    ImportFailure {
        status: i32::from(status.code()),
        reason,
        message: brief(&with_fields(&status)),
        retryable,
    }
}

/// What is wrong, with the fields that are, as there is no other place for them.
fn with_fields(status: &Status) -> String {
    let details = status.get_error_details();
    let wrong = details.bad_request().into_iter();
    let fields = wrong.flat_map(|wrong| &wrong.field_violations);
    fields.fold(status.message().to_owned(), |text, wrong| {
        match text.contains(&wrong.description) {
            true => format!("{text} ({})", wrong.field),
            false => format!("{text} ({}: {})", wrong.field, wrong.description),
        }
    })
}

fn summed_up(results: Vec<ImportResult>) -> ImportOrdersResponse {
    let mut answer = ImportOrdersResponse::default();
    for result in &results {
        let counted = match &result.outcome {
            Some(Outcome::Done(done)) if done.replayed => &mut answer.replayed,
            Some(Outcome::Done(_)) => &mut answer.done,
            Some(Outcome::Failure(_)) | None => &mut answer.failed,
        };
        *counted += 1;
    }
    answer.results = results;
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_helps_depends_on_why_there_is_no_next_item() {
        for (code, expected, retryable) in [
            (Code::OutOfRange, "ITEM_TOO_LARGE", false),
            (Code::Internal, "INVALID_BODY", false),
            (Code::Cancelled, "REQUEST_BROKE_OFF", true),
            (Code::Unavailable, "REQUEST_BROKE_OFF", true),
        ] {
            let problem = unread(&Status::new(code, "why"));
            assert_eq!(problem.code(), expected);
            assert_eq!(problem.details().retryable, retryable);
            assert!(problem.details().detail.contains("(why)"));
        }
    }
}
