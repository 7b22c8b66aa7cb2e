//! The routes of the read API and what they share.

use crate::{database::Database, endpoints, freshness::Freshness, sql::Sql};
use chassis::{Problem, problem::ProblemDetails, token::Signer};
use domain::TenantId;
use sqlx::postgres::PgRow;
use std::{sync::Arc, time::Duration};
use store::{Clock, EventReader};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};
use vault::Vault;

/// The read API, to be [served](router).
#[derive(Clone)]
pub struct QueryApi(pub(crate) Arc<Api>);

/// What the endpoints work with.
pub(crate) struct Api {
    pub database: Database,
    pub reader: Arc<dyn EventReader>,
    /// Opens what is personal.
    pub vault: Vault,
    pub freshness: Freshness,
    /// What time it is: some of what may be asked ends by itself.
    pub clock: Arc<dyn Clock>,
    pub tenant: TenantId,
    /// Seals page cursors.
    pub cursors: Signer,
    pub default_limit: u32,
    pub max_limit: u32,
    pub max_wait: Duration,
    /// The streams that are open, of watches and feeds: no more than it has permits for.
    pub streams: Arc<Semaphore>,
    /// The process is being stopped: streams end.
    pub stopping: CancellationToken,
}

impl Api {
    /// All rows of one statement on the read models.
    pub(crate) async fn fetch(&self, sql: Sql) -> Result<Vec<PgRow>, Problem> {
        let rows = self.database.fetch(sql).await;
        rows.map_err(crate::problem::unreadable)
    }
}

/// The read API.
#[derive(OpenApi)]
#[openapi(
    info(title = "Orders: queries", description = "Look at orders, shipments, returns, stock, customers and sales."),
    components(schemas(ProblemDetails)),
    tags(
        (name = "orders", description = "Orders"),
        (name = "customers", description = "Customers"),
        (name = "shipments", description = "Shipments"),
        (name = "payments", description = "Payments"),
        (name = "returns", description = "Returns"),
        (name = "stock", description = "Stock"),
        (name = "products", description = "Products"),
        (name = "reports", description = "Reports"),
    )
)]
struct Document;

fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(endpoints::list_orders::list_orders))
        .routes(routes!(endpoints::get_order::get_order))
        .routes(routes!(endpoints::order_diff::order_diff))
        .routes(routes!(endpoints::order_events::order_events))
        .routes(routes!(endpoints::order_process::order_process))
        .routes(routes!(endpoints::list_processes::list_processes))
        .routes(routes!(endpoints::customer_orders::customer_orders))
        .routes(routes!(endpoints::get_customer::get_customer))
        .routes(routes!(endpoints::list_shipments::list_shipments))
        .routes(routes!(endpoints::get_shipment::get_shipment))
        .routes(routes!(endpoints::list_payments::list_payments))
        .routes(routes!(endpoints::get_payment::get_payment))
        .routes(routes!(endpoints::list_returns::list_returns))
        .routes(routes!(endpoints::get_return::get_return))
        .routes(routes!(endpoints::list_stock::list_stock))
        .routes(routes!(endpoints::get_stock::get_stock))
        .routes(routes!(endpoints::sales_report::sales_report))
        .routes(routes!(endpoints::payments_report::payments_report))
        .routes(routes!(endpoints::list_products::list_products))
        .routes(routes!(endpoints::get_product::get_product))
}

/// The routes, to be wrapped by the service that serves them.
pub fn router(api: QueryApi) -> axum::Router {
    let (router, _) = routes().split_for_parts();
    router.with_state(api.0)
}

/// The OpenAPI document of the read API.
pub fn openapi() -> utoipa::openapi::OpenApi {
    routes().split_for_parts().1
}
