//! The routes of the write API and what they share.

use crate::{
    answers::AnswerHeaders, bulk::Bulk, endpoints, in_flight::InFlight, webhooks::Webhooks,
};
use chassis::problem::ProblemDetails;
use chrono::TimeDelta;
use domain::{Actor, TenantId};
use std::sync::Arc;
use store::{Clock, EventReader, EventStore, lane::Lane};
use tokio_util::sync::CancellationToken;
use utoipa::{Modify, OpenApi};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;
use vault::Vault;

/// What the endpoints work with.
#[derive(Clone)]
pub struct CommandApi {
    pub(crate) lane: Lane,
    pub(crate) reader: Arc<dyn EventReader>,
    store: Arc<dyn EventStore>,
    pub(crate) vault: Vault,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) tenant: TenantId,
    pub(crate) actor: Actor,
    first_epoch: Uuid,
    pub(crate) in_flight: InFlight,
    pub(crate) bulk: Bulk,
    /// Whether orders may name only products that are listed.
    pub(crate) only_listed: bool,
    pub(crate) webhooks: Arc<Webhooks>,
    /// How long an amendment stays open that nobody applies.
    pub(crate) amendment_ttl: TimeDelta,
}

impl CommandApi {
    /// An API over `lane`, which appends to `store`; that is of `epoch` now. `vault` seals what is
    /// personal.
    pub fn new(
        lane: Lane,
        store: Arc<dyn EventStore>,
        vault: Vault,
        clock: Arc<dyn Clock>,
        tenant: TenantId,
        epoch: Uuid,
    ) -> Self {
        let actor = Actor::parse("api").expect("a plain word is an actor");
        Self {
            lane,
            reader: store.clone(),
            store,
            vault,
            clock,
            tenant,
            actor,
            first_epoch: epoch,
            in_flight: InFlight::default(),
            bulk: Bulk::default(),
            only_listed: false,
            webhooks: Arc::default(),
            amendment_ttl: TimeDelta::days(1),
        }
    }

    /// The same, and requests of many commands end when `stopping` says so.
    #[must_use]
    pub fn stopped_by(mut self, stopping: CancellationToken) -> Self {
        self.bulk = Bulk::stopped_by(stopping);
        self
    }

    /// The same, and orders may name only products that are listed, if `only_listed` says so.
    #[must_use]
    pub fn taking_only_listed(mut self, only_listed: bool) -> Self {
        self.only_listed = only_listed;
        self
    }

    /// The same, and it believes what providers sign as `webhooks` say; without them, nothing.
    #[must_use]
    pub fn with_webhooks(mut self, webhooks: Webhooks) -> Self {
        self.webhooks = Arc::new(webhooks);
        self
    }

    /// The same, and an amendment that nobody applies expires after `ttl`.
    #[must_use]
    pub const fn with_amendments_for(mut self, ttl: TimeDelta) -> Self {
        self.amendment_ttl = ttl;
        self
    }

    /// The epoch that the positions of answers are of.
    pub(crate) fn epoch(&self) -> Uuid {
        self.store.epoch().unwrap_or(self.first_epoch)
    }
}

/// The write API.
#[derive(OpenApi)]
#[openapi(
    info(title = "Orders: commands", description = "Place orders and act on them."),
    components(schemas(ProblemDetails)),
    tags(
        (name = "orders", description = "Orders"),
        (name = "customers", description = "Customers"),
        (name = "shipments", description = "Shipments"),
        (name = "returns", description = "Returns"),
        (name = "stock", description = "Stock"),
        (name = "products", description = "Products"),
        (name = "providers", description = "What providers say by themselves"),
    )
)]
struct Document;

fn routes() -> OpenApiRouter<CommandApi> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(endpoints::place_order::place_order))
        .routes(routes!(endpoints::place_orders_bulk::place_orders_bulk))
        .routes(routes!(endpoints::cancel_order::cancel_order))
        .routes(routes!(endpoints::cancel_lines::cancel_lines))
        .routes(routes!(endpoints::propose_amendment::propose_amendment))
        .routes(routes!(endpoints::apply_amendment::apply_amendment))
        .routes(routes!(endpoints::withdraw_amendment::withdraw_amendment))
        .routes(routes!(endpoints::set_tags::set_tags))
        .routes(routes!(
            endpoints::change_shipping_address::change_shipping_address
        ))
        .routes(routes!(endpoints::add_note::add_note))
        .routes(routes!(endpoints::place_hold::place_hold))
        .routes(routes!(endpoints::release_hold::release_hold))
        .routes(routes!(
            endpoints::settle_contradiction::settle_contradiction
        ))
        .routes(routes!(endpoints::pack_shipment::pack_shipment))
        .routes(routes!(endpoints::dispatch_shipment::dispatch_shipment))
        .routes(routes!(endpoints::deliver_shipment::deliver_shipment))
        .routes(routes!(endpoints::fail_shipment::fail_shipment))
        .routes(routes!(endpoints::lose_shipment::lose_shipment))
        .routes(routes!(endpoints::return_shipment::return_shipment))
        .routes(routes!(endpoints::book_in_shipment::book_in_shipment))
        .routes(routes!(endpoints::request_return::request_return))
        .routes(routes!(endpoints::approve_return::approve_return))
        .routes(routes!(endpoints::decline_return::decline_return))
        .routes(routes!(endpoints::send_return::send_return))
        .routes(routes!(endpoints::receive_return::receive_return))
        .routes(routes!(endpoints::inspect_return::inspect_return))
        .routes(routes!(endpoints::cancel_return::cancel_return))
        .routes(routes!(endpoints::register_customer::register_customer))
        .routes(routes!(endpoints::change_customer::change_customer))
        .routes(routes!(endpoints::erase_customer::erase_customer))
        .routes(routes!(endpoints::receive_stock::receive_stock))
        .routes(routes!(endpoints::adjust_stock::adjust_stock))
        .routes(routes!(endpoints::clear_quarantine::clear_quarantine))
        .routes(routes!(endpoints::set_backorder_limit::set_backorder_limit))
        .routes(routes!(endpoints::list_product::list_product))
        .routes(routes!(endpoints::price_product::price_product))
        .routes(routes!(endpoints::delist_product::delist_product))
        .routes(routes!(
            endpoints::hear_payment_provider::hear_payment_provider
        ))
        .routes(routes!(endpoints::hear_carrier::hear_carrier))
}

/// The routes, to be wrapped by the service that serves them.
pub fn router(api: CommandApi) -> axum::Router {
    let (router, _) = routes().split_for_parts();
    router.with_state(api)
}

/// The OpenAPI document of the write API.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let (_, mut document) = routes().split_for_parts();
    AnswerHeaders.modify(&mut document);
    document
}
