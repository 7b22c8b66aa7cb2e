//! The cancellation of an order's lines, over REST and gRPC.

use crate::{
    CommandApi, allowed::allowed_commands, body::MoneyBody, execution::Done,
    request::CommandRequest,
};
use chassis::Problem;
use domain::{
    Command, OrderId, State,
    order::{CancelLines, LineQuantity, Order, OrderCommand, Placed, Status},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// An order of which lines were cancelled.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LinesChanged {
    /// The order.
    pub order_id: Uuid,
    /// Its version.
    pub version: i64,
    /// Where it is: `cancelling`, if nothing is left of it.
    #[schema(example = "confirmed")]
    pub status: &'static str,
    /// What is still wanted of it, by line; lines of which nothing is are left out.
    pub open: Vec<OpenLine>,
    /// What that comes to.
    pub open_total: MoneyBody,
    /// What may be asked of it now.
    pub allowed_commands: Vec<&'static str>,
    /// What to read to see how it goes on.
    pub watch: String,
}

/// What is still wanted of a line, and has not left.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OpenLine {
    /// The order's line, from 1.
    pub line: u32,
    /// How many.
    pub quantity: i64,
}

impl OpenLine {
    pub(crate) const fn of(line: LineQuantity) -> Self {
        Self {
            line: line.line,
            quantity: line.quantity,
        }
    }
}

/// A cancellation that was done.
pub(crate) struct Changed {
    pub done: Done,
    pub body: LinesChanged,
    pub status: Status,
}

/// Cancels so many of an order's lines.
pub(crate) async fn cancel_lines(
    api: &CommandApi,
    request: CommandRequest,
    order_id: OrderId,
    lines: Vec<LineQuantity>,
    reason: String,
) -> Result<Changed, Problem> {
    let command = OrderCommand::CancelLines(CancelLines {
        cancellation_id: request.id.uuid(),
        lines,
        reason,
    });
    let command = Command::Order(order_id, command);
    let done = request.execute_for_state(api, command).await?;
    let state = done.state(api).await?;
    let State::Order(Order::Placed(order)) = state.as_ref() else {
        tracing::error!(%order_id, "order {order_id} did as it was told and is absent");
        return Err(Problem::internal());
    };
    let allowed = allowed_commands(api, &done, order).await;
    Ok(Changed {
        body: changed(order, done.version(), allowed),
        status: order.status,
        done,
    })
}

fn changed(order: &Placed, version: i64, allowed_commands: Vec<&'static str>) -> LinesChanged {
    let order_id = order.placed.order_id;
    let open = order.all_open().into_iter().map(OpenLine::of);
    LinesChanged {
        order_id: order_id.uuid(),
        version,
        status: order.status.as_str(),
        open: open.collect(),
        open_total: MoneyBody {
            amount: order.open_total(),
            currency: order.placed.currency,
        },
        allowed_commands,
        watch: format!("/v1/orders/{order_id}"),
    }
}
