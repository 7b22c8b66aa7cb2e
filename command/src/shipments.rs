//! What the endpoints of shipments share.

use crate::{CommandApi, execution::Done, problem, request::CommandRequest};
use axum::{http::StatusCode, response::Response};
use chassis::Problem;
use domain::{
    Command, OrderId, ShipmentId, State, StreamId, Version,
    shipment::{Shipment, ShipmentCommand, ShipmentStatus},
};
use serde::Serialize;
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
    done: Done,
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

/// The order of a shipment, which never changes. Of a shipment that there is not, an order that there
/// is not: the decision is then the shipment's, and remembered, as every refusal.
pub(crate) async fn order_of(api: &CommandApi, shipment: ShipmentId) -> Result<OrderId, Problem> {
    let stream = StreamId::shipment(&api.tenant, shipment);
    let until = Until::Version(Version::new(1));
    let folded = fold_stream(api.reader.as_ref(), &stream, until)
        .await
        .map_err(|error| problem::unfoldable(error, &stream))?;
    Ok(match folded.state {
        State::Shipment(Shipment::Created(parcel)) => parcel.order_id,
        _ => OrderId::new(Uuid::nil()),
    })
}
