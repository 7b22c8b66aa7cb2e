//! `orders.v1.OrderImport`

use super::{
    commands::{place_order, receive_stock},
    write::failed,
};
use crate::{CommandApi, api::IMPORTED_AT_ONCE, problem};
use chassis::{Problem, grpc::context, layers::RequestContext};
use futures::{TryStreamExt, stream::try_unfold};
use prost::Message;
use proto::v1::{
    ImportDone, ImportFailure, ImportOrdersRequest, ImportOrdersResponse, ImportResult,
    PlaceOrderResponse, Receipt, ReceiveStockResponse, import_orders_request::Item,
    import_result::Outcome, order_import_server::OrderImport,
};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, sleep, sleep_until, timeout},
};
use tonic::{Request, Response, Status, Streaming, async_trait};
use tonic_types::StatusExt;

/// How many items a call may have: their results come in one message.
const MAX_ITEMS: usize = 10_000;
/// How many of a call's items are in work at once: as many as make a full batch.
const AT_ONCE: usize = 256;
/// How long the next item may take to come, and the whole call.
const PATIENCE: Duration = Duration::from_secs(30);
const LONGEST: Duration = Duration::from_secs(600);
/// How often it is looked whether an item is still in work for another, and how many times.
const LOOK: Duration = Duration::from_millis(20);
const LOOKS: usize = 100;
const IN_PROGRESS: &str = "COMMAND_IN_PROGRESS";
/// The longest words for what is wrong with an item: there may be 10,000.
const LONGEST_WORDS: usize = 300;

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
        let call = Call {
            api: self.0.clone(),
            context: context.clone(),
            items: call.into_inner(),
            count: 0,
            until: Instant::now() + LONGEST,
        };
        let api = self.0.clone();
        let results: Vec<ImportResult> = try_unfold(call, Call::next)
            .map_ok(move |(item, share)| {
                let (api, context) = (api.clone(), context.clone());
                async move {
                    let result = execute(&api, context, item).await;
                    drop(share);
                    Ok(result)
                }
            })
            .try_buffered(AT_ONCE)
            .try_collect()
            .await?;
        Ok(Response::new(summed_up(results)))
    }
}

/// A call as far as it has come.
struct Call {
    api: CommandApi,
    context: RequestContext,
    items: Streaming<ImportOrdersRequest>,
    count: usize,
    until: Instant,
}

/// An item, with its share of what may be in work.
type Taken = (ImportOrdersRequest, OwnedSemaphorePermit);

impl Call {
    /// The next item, once there is room for it.
    async fn next(mut self) -> Result<Option<(Taken, Self)>, Status> {
        match self.take().await {
            Ok(taken) => Ok(taken.map(|taken| (taken, self))),
            Err(problem) => Err(failed(&self.context, problem)),
        }
    }

    async fn take(&mut self) -> Result<Option<Taken>, Problem> {
        let again = "send the call again: what was done is not done twice";
        let late = |what: &str| Problem::request_timeout(format!("{what}; {again}."));
        let came = tokio::select! {
            () = self.api.stopping.cancelled() => return Err(problem::stopping()),
            () = sleep_until(self.until) => return Err(late("the call took longer than it may")),
            came = timeout(PATIENCE, self.items.message()) => came,
        };
        let item = match came.map_err(|_| late("no further item came for 30 s"))? {
            Ok(Some(item)) => item,
            Ok(None) => return Ok(None),
            Err(status) => {
                let detail = format!("An item cannot be read ({}); {again}.", status.message());
                return Err(Problem::bad_request("INVALID_BODY", detail));
            }
        };
        if self.count == MAX_ITEMS {
            let detail = "A call has at most 10,000 items; send the others with another: what was done is not done twice.";
            return Err(Problem::bad_request("TOO_MANY_ITEMS", detail));
        }
        self.count += 1;
        let bytes = item.encoded_len().min(IMPORTED_AT_ONCE);
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let share = Arc::clone(&self.api.importing)
            .acquire_many_owned(bytes)
            .await;
        // They are never closed.
        let share = share.map_err(|_| problem::stopping())?;
        Ok(Some((item, share)))
    }
}

async fn execute(
    api: &CommandApi,
    context: RequestContext,
    item: ImportOrdersRequest,
) -> ImportResult {
    let (request_id, outcome) = match item.item {
        Some(Item::PlaceOrder(message)) => {
            let mut looks = 0..LOOKS;
            let outcome = loop {
                let outcome = place_order(api, context.clone(), &message).await;
                if !is_in_work(&outcome) || looks.next().is_none() {
                    break outcome;
                }
                sleep(LOOK).await;
            };
            (message.request_id, outcome.map(placed))
        }
        Some(Item::ReceiveStock(message)) => {
            let mut looks = 0..LOOKS;
            let outcome = loop {
                let outcome = receive_stock(api, context.clone(), message.clone()).await;
                if !is_in_work(&outcome) || looks.next().is_none() {
                    break outcome;
                }
                sleep(LOOK).await;
            };
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

/// Whether an item with the same id is in work, of a file that has it twice: this one waits for it.
fn is_in_work<T>(outcome: &Result<T, Problem>) -> bool {
    matches!(outcome, Err(problem) if problem.code() == IN_PROGRESS)
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
        message: with_fields(&status).chars().take(LONGEST_WORDS).collect(),
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
