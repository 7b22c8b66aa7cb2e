//! The platform over gRPC: the same rules as over REST, and the calls that only gRPC has.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod commands;
mod connection;
mod contract;
mod customers;
mod feed;
mod foreign;
mod import;
mod notifications;
mod payments;
mod products;
mod queries;
mod returns;
mod shipments;

use proto::v1::{
    NewOrderLine, PlaceOrderRequest, ReceiveStockRequest,
    customer_commands_client::CustomerCommandsClient,
    customer_queries_client::CustomerQueriesClient, emails_client::EmailsClient,
    order_commands_client::OrderCommandsClient, order_feed_client::OrderFeedClient,
    order_import_client::OrderImportClient, order_queries_client::OrderQueriesClient,
    payment_queries_client::PaymentQueriesClient, product_commands_client::ProductCommandsClient,
    product_queries_client::ProductQueriesClient, return_commands_client::ReturnCommandsClient,
    shipment_commands_client::ShipmentCommandsClient, webhooks_client::WebhooksClient,
};
use tests::platform::Platform;
use tonic::{
    Code, Status,
    transport::{Channel, Endpoint},
};
use tonic_types::StatusExt;
use uuid::Uuid;

/// Clients of all services.
pub(super) struct Clients {
    pub commands: OrderCommandsClient<Channel>,
    import: OrderImportClient<Channel>,
    pub queries: OrderQueriesClient<Channel>,
    feed: OrderFeedClient<Channel>,
    shipments: ShipmentCommandsClient<Channel>,
    returns: ReturnCommandsClient<Channel>,
    customers: CustomerCommandsClient<Channel>,
    customer_queries: CustomerQueriesClient<Channel>,
    products: ProductCommandsClient<Channel>,
    product_queries: ProductQueriesClient<Channel>,
    payments: PaymentQueriesClient<Channel>,
}

fn channel(address: &str) -> Channel {
    let endpoint = Endpoint::from_shared(address.to_owned()).expect("it is an address");
    endpoint.connect_lazy()
}

pub(super) fn clients(p: &Platform) -> Clients {
    let (commands, queries) = (channel(p.api.commands()), channel(p.api.queries()));
    Clients {
        commands: OrderCommandsClient::new(commands.clone()),
        shipments: ShipmentCommandsClient::new(commands.clone()),
        returns: ReturnCommandsClient::new(commands.clone()),
        customers: CustomerCommandsClient::new(commands.clone()),
        products: ProductCommandsClient::new(commands.clone()),
        import: OrderImportClient::new(commands),
        product_queries: ProductQueriesClient::new(queries.clone()),
        payments: PaymentQueriesClient::new(queries.clone()),
        customer_queries: CustomerQueriesClient::new(queries.clone()),
        queries: OrderQueriesClient::new(queries.clone()),
        feed: OrderFeedClient::new(queries),
    }
}

/// Clients of whoever tells others what happens, at `address`.
fn notifications(address: &str) -> (WebhooksClient<Channel>, EmailsClient<Channel>) {
    let channel = channel(address);
    (
        WebhooksClient::new(channel.clone()),
        EmailsClient::new(channel),
    )
}

fn key() -> String {
    Uuid::now_v7().to_string()
}

/// An order of one line.
pub(super) fn order_of(sku: &str, quantity: i64) -> PlaceOrderRequest {
    PlaceOrderRequest {
        request_id: key(),
        customer_id: "17850".into(),
        currency: "EUR".into(),
        lines: vec![NewOrderLine {
            sku: sku.into(),
            quantity,
            unit_price: 999,
            ..NewOrderLine::default()
        }],
        payment_method: "tok_approve".into(),
        ..PlaceOrderRequest::default()
    }
}

fn delivery(sku: &str, quantity: i64) -> ReceiveStockRequest {
    ReceiveStockRequest {
        request_id: key(),
        sku: sku.into(),
        quantity,
        ..ReceiveStockRequest::default()
    }
}

/// What a call failed with: code, reason, and the field that is named.
fn failure<T: std::fmt::Debug>(result: Result<T, Status>) -> (Code, String, String) {
    let status = result.expect_err("it fails");
    let details = status.get_error_details();
    let reason = details.error_info().map(|info| info.reason.clone());
    let wrong = details
        .bad_request()
        .and_then(|wrong| wrong.field_violations.first());
    let field = wrong.map(|wrong| wrong.field.clone());
    (
        status.code(),
        reason.unwrap_or_default(),
        field.unwrap_or_default(),
    )
}

fn failed(code: Code, reason: &str, field: &str) -> (Code, String, String) {
    (code, reason.into(), field.into())
}
