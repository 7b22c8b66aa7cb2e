//! A shipment as it is, folded from its events: for a reader who must see what the read model does not
//! have yet.

use chrono::{DateTime, Utc};
use domain::{
    Event, Recorded, ShipmentId, StreamId, TenantId,
    shipment::{ShipmentCreated, ShipmentEvent, ShipmentStatus},
};
use store::{EventReader, StoreError};

/// A shipment, with what people want to know of it.
#[derive(Debug)]
pub(super) struct History {
    pub created: ShipmentCreated,
    pub version: i64,
    pub status: ShipmentStatus,
    pub carrier: Option<String>,
    pub tracking_number: Option<String>,
    pub attempts: u32,
    pub inquiries: u32,
    pub problem: Option<String>,
    pub created_at: DateTime<Utc>,
    pub packed_at: Option<DateTime<Utc>>,
    pub dispatched_at: Option<DateTime<Utc>>,
    pub delivered_at: Option<DateTime<Utc>>,
    pub updated_at: DateTime<Utc>,
}

/// Folds a shipment; none where nothing was created.
pub(super) async fn fold(
    reader: &dyn EventReader,
    tenant: &TenantId,
    shipment: ShipmentId,
) -> Result<Option<History>, StoreError> {
    let stream = StreamId::shipment(tenant, shipment);
    let mut history: Option<History> = None;
    crate::orders::each(reader, &stream, |recorded| {
        let Event::Shipment(event) = &recorded.event else {
            return true;
        };
        match (&mut history, event) {
            (None, ShipmentEvent::ShipmentCreated(created)) => {
                history = Some(History::begin(recorded, created));
            }
            // It was kept before it was created.
            (None, _) => return false,
            (Some(history), event) => history.take(recorded, event),
        }
        true
    })
    .await?;
    Ok(history)
}

impl History {
    fn begin(recorded: &Recorded, created: &ShipmentCreated) -> Self {
        let at = recorded.envelope.recorded_at;
        Self {
            created: created.clone(),
            version: recorded.envelope.version.get(),
            status: ShipmentStatus::Pending,
            carrier: None,
            tracking_number: None,
            attempts: 0,
            inquiries: 0,
            problem: None,
            created_at: at,
            packed_at: None,
            dispatched_at: None,
            delivered_at: None,
            updated_at: at,
        }
    }

    fn take(&mut self, recorded: &Recorded, event: &ShipmentEvent) {
        use ShipmentStatus as S;
        let at = recorded.envelope.recorded_at;
        match event {
            ShipmentEvent::ShipmentCreated(_)
            | ShipmentEvent::ShipmentGivenUp(_)
            | ShipmentEvent::ShipmentCancellationRefused(_) => {}
            ShipmentEvent::ShipmentRefitted(event) => {
                self.created.lines.clone_from(&event.lines);
                self.created.amount = event.amount;
            }
            ShipmentEvent::ShipmentPacked(_) => {
                self.status = S::Packed;
                self.packed_at = Some(at);
            }
            ShipmentEvent::ShipmentReady(_) => self.status = S::Ready,
            ShipmentEvent::DispatchRequested(event) => {
                self.status = S::Dispatching;
                self.attempts = event.attempt;
            }
            ShipmentEvent::DispatchRefused(event) => {
                self.status = S::Refused;
                self.problem = Some(event.code.clone());
            }
            ShipmentEvent::ShipmentDispatched(event) => {
                self.status = S::Dispatched;
                self.carrier = Some(event.carrier.clone());
                self.tracking_number = Some(event.tracking_number.clone());
                self.dispatched_at = Some(at);
                self.problem = None;
            }
            ShipmentEvent::ShipmentTracked(event) => self.inquiries = event.inquiries,
            ShipmentEvent::ShipmentDelivered(event) => {
                self.status = S::Delivered;
                self.delivered_at = Some(event.delivered_at);
                self.problem = None;
            }
            ShipmentEvent::ShipmentDeliveryFailed(event) => {
                self.status = S::Failed;
                self.inquiries = event.inquiries;
                self.problem = Some(event.reason.clone());
            }
            ShipmentEvent::ShipmentLost(_) => self.status = S::Lost,
            ShipmentEvent::ShipmentReturnedToSender(_) => self.status = S::ReturnedToSender,
            ShipmentEvent::ShipmentBookedIn(_) => self.status = S::BookedIn,
            ShipmentEvent::ShipmentCancelled(event) => {
                self.status = S::Cancelled;
                self.problem = Some(event.reason.clone());
            }
        }
        self.version = recorded.envelope.version.get();
        self.updated_at = at;
    }
}
