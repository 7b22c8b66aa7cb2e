//! What the endpoints of shipments share.

use crate::{
    CommandApi,
    execution::Done,
    placement::{CLOCK_SKEW, past},
    problem,
    request::CommandRequest,
};
use axum::{http::StatusCode, response::Response};
use chassis::Problem;
use chrono::{DateTime, Utc};
use domain::{
    Command, Location, OrderId, ShipmentId, Sku, State, StreamId, Version,
    shipment::{
        BookInShipment, FoundLine, Parcel, RecordDelivered, RecordFailed, RequestDispatch,
        Shipment, ShipmentCommand, ShipmentLine, ShipmentStatus, check_reason,
    },
};
use serde::Serialize;
use std::{collections::BTreeSet, sync::Arc};
use store::{Until, fold_stream};
use utoipa::ToSchema;
use uuid::Uuid;

/// What a shipment's sub-command led to.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct ShipmentChanged {
    /// The shipment.
    pub shipment_id: Uuid,
    /// The order whose goods are in it.
    pub order_id: Uuid,
    /// Its version.
    pub version: i64,
    /// Where it is.
    #[schema(example = "packed")]
    pub status: &'static str,
    /// What may be asked of it now.
    pub allowed_commands: Vec<&'static str>,
    /// What to read to see how it goes on.
    pub watch: String,
}

/// A command to a shipment that was done.
pub(crate) struct Changed {
    pub done: Done,
    pub body: ShipmentChanged,
    pub status: ShipmentStatus,
}

impl Changed {
    /// The answer of REST: where it says what to watch, that is in `Location` too.
    pub(crate) fn answer(self, api: &CommandApi, status: StatusCode) -> Result<Response, Problem> {
        let watch = (status == StatusCode::ACCEPTED).then(|| self.body.watch.clone());
        self.done.answer(api, status, watch, &self.body)
    }
}

/// Puts `command` to a shipment.
pub(crate) async fn put(
    api: &CommandApi,
    request: CommandRequest,
    shipment: ShipmentId,
    command: ShipmentCommand,
) -> Result<Changed, Problem> {
    let command = Command::Shipment(shipment, command);
    let done = request.execute_for_state(api, command).await?;
    let state = done.state(api).await?;
    let State::Shipment(Shipment::Created(parcel)) = state.as_ref() else {
        tracing::error!(%shipment, "shipment {shipment} did as it was told and is absent");
        return Err(Problem::internal());
    };
    let body = ShipmentChanged {
        shipment_id: shipment.uuid(),
        order_id: parcel.order_id.uuid(),
        version: done.version(),
        status: parcel.status.as_str(),
        allowed_commands: parcel.status.allowed_commands(),
        watch: format!("/v1/shipments/{shipment}"),
    };
    Ok(Changed {
        body,
        status: parcel.status,
        done,
    })
}

/// Has the carrier take a shipment.
pub(crate) async fn dispatch(
    api: &CommandApi,
    request: CommandRequest,
    shipment: ShipmentId,
) -> Result<Changed, Problem> {
    let order_id = order_of(api, shipment).await?;
    let command = ShipmentCommand::RequestDispatch(RequestDispatch { order_id });
    put(api, request, shipment, command).await
}

/// Records that a shipment arrived at `at`; now, if that is not said.
pub(crate) async fn deliver(
    api: &CommandApi,
    request: CommandRequest,
    shipment: ShipmentId,
    at: Option<DateTime<Utc>>,
) -> Result<Changed, Problem> {
    let delivered_at = past(api, at).ok_or_else(|| {
        let rule = "delivered_at must not be in the future";
        Problem::unprocessable(
            "DELIVERED_IN_FUTURE",
            "A shipment cannot have arrived in the future.",
        )
        .with_error("/delivered_at", "IN_FUTURE", rule)
    })?;
    if at.is_some()
        && let Some(asked_at) = asked_at(api, shipment).await?
        && delivered_at + CLOCK_SKEW < asked_at
    {
        let rule = format!("delivered_at must not be before {asked_at}, when it was dispatched");
        return Err(Problem::unprocessable(
            "DELIVERED_BEFORE_DISPATCH",
            "A shipment cannot have arrived before the carrier was asked to take it.",
        )
        .with_error("/delivered_at", "BEFORE_DISPATCH", &rule));
    }
    let command = ShipmentCommand::RecordDelivered(RecordDelivered { delivered_at });
    put(api, request, shipment, command).await
}

/// Records that a shipment was tried to deliver in vain, for the reason that people give.
pub(crate) async fn fail(
    api: &CommandApi,
    request: CommandRequest,
    shipment: ShipmentId,
    reason: String,
) -> Result<Changed, Problem> {
    check_reason(&reason).map_err(|error| problem::refused(error.into(), Version::ZERO))?;
    // People do not count how often the carrier was asked: what is known of that stands.
    let inquiries = 0;
    let command = ShipmentCommand::RecordFailed(RecordFailed { inquiries, reason });
    put(api, request, shipment, command).await
}

/// Books in what came back of a shipment: where to, and which SKUs that are, the shipment says.
pub(crate) async fn book_in(
    api: &CommandApi,
    request: CommandRequest,
    shipment: ShipmentId,
    mut lines: Vec<FoundLine>,
    reason: Option<String>,
) -> Result<Changed, Problem> {
    lines.sort_unstable_by_key(|line| line.line);
    let parcel = parcel(api, shipment).await?;
    let (location, known) = parcel.map_or_else(
        || (Location::default(), Arc::default()),
        |parcel| (parcel.location, parcel.lines),
    );
    let is_found = |line: &&ShipmentLine| lines.iter().any(|found| found.line == line.line);
    let skus: BTreeSet<Sku> = known
        .iter()
        .filter(is_found)
        .map(|line| line.sku.clone())
        .collect();
    let command = ShipmentCommand::BookIn(BookInShipment {
        location,
        skus: skus.into_iter().collect(),
        lines,
        reason,
    });
    put(api, request, shipment, command).await
}

/// When the carrier was asked to take a shipment, the last time; none if it never was. That it has was
/// perhaps recorded much later.
async fn asked_at(
    api: &CommandApi,
    shipment: ShipmentId,
) -> Result<Option<DateTime<Utc>>, Problem> {
    /// How many events are read at once.
    const PAGE: usize = 256;
    let stream = StreamId::shipment(&api.tenant, shipment);
    let (mut after, mut asked_at) = (Version::ZERO, None);
    loop {
        let from = [(stream.clone(), after)];
        let page = api.reader.read_streams(&from, PAGE).await;
        let page = page.map_err(|error| problem::unfoldable(error, &stream))?;
        let asked = page.iter().rev();
        let asked = asked
            .filter(|event| event.event_type == "DispatchRequested")
            .map(|event| event.envelope.occurred_at);
        asked_at = asked.max().or(asked_at);
        match page.last() {
            Some(last) if page.len() == PAGE => after = last.envelope.version,
            _ => return Ok(asked_at),
        }
    }
}

/// The order of a shipment, which never changes. Of a shipment that there is not, an order that there
/// is not: the decision is then the shipment's, and remembered, as every refusal.
async fn order_of(api: &CommandApi, shipment: ShipmentId) -> Result<OrderId, Problem> {
    let parcel = parcel(api, shipment).await?;
    Ok(parcel.map_or_else(|| OrderId::new(Uuid::nil()), |parcel| parcel.order_id))
}

/// A shipment as it was created, if it was: what it is of, and what is in it, never changes.
async fn parcel(api: &CommandApi, shipment: ShipmentId) -> Result<Option<Parcel>, Problem> {
    let stream = StreamId::shipment(&api.tenant, shipment);
    let until = Until::Version(Version::new(1));
    let folded = fold_stream(api.reader.as_ref(), &stream, until)
        .await
        .map_err(|error| problem::unfoldable(error, &stream))?;
    Ok(match folded.state {
        State::Shipment(Shipment::Created(parcel)) => Some(parcel),
        _ => None,
    })
}
