//! The write API over gRPC: the same commands under the same rules as over REST.
//!
//! A message is parsed into what an endpoint's body is parsed into, and goes the same way from there
//! on; the answer is the state that it led to, and a problem is the call's status.

mod amendments;
mod commands;
mod customers;
mod fields;
mod holds;
mod import;
mod order;
mod products;
mod returns;
mod shipments;
mod stock;
mod write;

use crate::CommandApi;
use axum::Router;
use proto::{
    methods,
    v1::{
        customer_commands_server::{CustomerCommandsServer, SERVICE_NAME as CUSTOMERS},
        order_commands_server::{OrderCommandsServer, SERVICE_NAME as COMMANDS},
        order_import_server::{OrderImportServer, SERVICE_NAME as IMPORT},
        product_commands_server::{ProductCommandsServer, SERVICE_NAME as PRODUCTS},
        return_commands_server::{ReturnCommandsServer, SERVICE_NAME as RETURNS},
        shipment_commands_server::{SERVICE_NAME as SHIPMENTS, ShipmentCommandsServer},
    },
};
use tonic::service::{Interceptor, interceptor::InterceptedService};

/// The services' names.
pub const SERVICES: [&str; 6] = [COMMANDS, IMPORT, SHIPMENTS, RETURNS, CUSTOMERS, PRODUCTS];

/// The write API's calls, to be served beside its routes. Whoever calls is first seen by `authorize`.
/// Messages have at most `max_bytes`.
pub fn grpc<A>(api: CommandApi, authorize: A, max_bytes: usize) -> Router
where
    A: Interceptor + Clone + Send + Sync + 'static,
{
    let commands = OrderCommandsServer::new(commands::Commands(api.clone()))
        .max_decoding_message_size(max_bytes);
    let shipments = ShipmentCommandsServer::new(shipments::Shipments(api.clone()))
        .max_decoding_message_size(max_bytes);
    let returns = ReturnCommandsServer::new(returns::Returns(api.clone()))
        .max_decoding_message_size(max_bytes);
    let customers = CustomerCommandsServer::new(customers::Customers(api.clone()))
        .max_decoding_message_size(max_bytes);
    let products = ProductCommandsServer::new(products::Products(api.clone()))
        .max_decoding_message_size(max_bytes);
    let import = OrderImportServer::new(import::Import(api)).max_decoding_message_size(max_bytes);
    let commands = InterceptedService::new(commands, authorize.clone());
    let shipments = InterceptedService::new(shipments, authorize.clone());
    let returns = InterceptedService::new(returns, authorize.clone());
    let customers = InterceptedService::new(customers, authorize.clone());
    let products = InterceptedService::new(products, authorize.clone());
    let import = InterceptedService::new(import, authorize);
    chassis::grpc::router(commands, methods(COMMANDS))
        .merge(chassis::grpc::router(import, methods(IMPORT)))
        .merge(chassis::grpc::router(shipments, methods(SHIPMENTS)))
        .merge(chassis::grpc::router(returns, methods(RETURNS)))
        .merge(chassis::grpc::router(customers, methods(CUSTOMERS)))
        .merge(chassis::grpc::router(products, methods(PRODUCTS)))
}
