//! `orders.v1.OrderImport`

use super::{
    commands::{place_order, receive_stock},
    write::failed,
};
use crate::CommandApi;
use chassis::{Problem, grpc::context, layers::RequestContext};
use futures::TryStreamExt;
use proto::v1::{
    ImportDone, ImportFailure, ImportOrdersRequest, ImportOrdersResponse, ImportResult,
    PlaceOrderResponse, Receipt, ReceiveStockResponse, import_orders_request::Item,
    import_result::Outcome, order_import_server::OrderImport,
};
use std::time::Duration;
use tokio::time::timeout;
use tonic::{Request, Response, Status, Streaming, async_trait};
use tonic_types::StatusExt;

/// How many items a call may have: their results come in one message.
const MAX_ITEMS: usize = 10_000;
/// How many of a call's items are in work at once: as many as make a full batch.
const AT_ONCE: usize = 256;
/// How long the next item may take to come.
const PATIENCE: Duration = Duration::from_secs(30);

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
        let items = futures::stream::try_unfold((call.into_inner(), 0), next);
        let results: Vec<ImportResult> = items
            .map_ok(|item| async { Ok(execute(&self.0, context.clone(), item).await) })
            .try_buffered(AT_ONCE)
            .try_collect()
            .await?;
        Ok(Response::new(summed_up(results)))
    }
}

/// The next item of a call that has had `count`.
async fn next(
    (mut items, count): (Streaming<ImportOrdersRequest>, usize),
) -> Result<Option<(ImportOrdersRequest, (Streaming<ImportOrdersRequest>, usize))>, Status> {
    let Ok(item) = timeout(PATIENCE, items.message()).await else {
        let detail =
            "no further item came for 30 s; send the call again: what was done is not done twice";
        return Err(Status::deadline_exceeded(detail));
    };
    match item? {
        None => Ok(None),
        Some(_) if count == MAX_ITEMS => {
            let detail = "a call has at most 10,000 items; send the others with another: what was done is not done twice";
            Err(Status::out_of_range(detail))
        }
        Some(item) => Ok(Some((item, (items, count + 1)))),
    }
}

async fn execute(
    api: &CommandApi,
    context: RequestContext,
    item: ImportOrdersRequest,
) -> ImportResult {
    let (request_id, outcome) = match item.item {
        Some(Item::PlaceOrder(message)) => {
            let outcome = place_order(api, context.clone(), &message).await;
            (message.request_id, outcome.map(placed))
        }
        Some(Item::ReceiveStock(message)) => {
            let request_id = message.request_id.clone();
            let outcome = receive_stock(api, context.clone(), message).await;
            (request_id, outcome.map(received))
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
        request_id,
        outcome: Some(outcome),
    }
}

fn placed(placed: PlaceOrderResponse) -> ImportDone {
    let order = placed.order.unwrap_or_default();
    done(order.order_id, placed.receipt)
}

fn received(received: ReceiveStockResponse) -> ImportDone {
    done(received.sku, received.receipt)
}

fn done(id: String, receipt: Option<Receipt>) -> ImportDone {
    let receipt = receipt.unwrap_or_default();
    ImportDone {
        id,
        version: receipt.version,
        replayed: receipt.replayed,
    }
}

fn failure(context: &RequestContext, problem: Problem) -> ImportFailure {
    let (reason, retryable) = (problem.code().to_owned(), problem.details().retryable);
    let status = failed(context, problem);
    ImportFailure {
        status: i32::from(status.code()),
        reason,
        message: with_fields(&status),
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
