//! The read API over gRPC: the same reads as over REST, and streams of what changes.

mod cursor;
mod customers;
mod feed;
mod fields;
mod message;
mod payments;
mod products;
mod queries;
mod source;
mod streams;
mod subscriber;
mod watch;

use crate::{QueryApi, api::Api};
use axum::Router;
use chassis::{Problem, grpc::status, layers::RequestContext};
use proto::{
    methods,
    v1::{
        customer_queries_server::{CustomerQueriesServer, SERVICE_NAME as CUSTOMERS},
        order_feed_server::{OrderFeedServer, SERVICE_NAME as FEED},
        order_queries_server::{OrderQueriesServer, SERVICE_NAME as QUERIES},
        payment_queries_server::{PaymentQueriesServer, SERVICE_NAME as PAYMENTS},
        product_queries_server::{ProductQueriesServer, SERVICE_NAME as PRODUCTS},
    },
};
use std::sync::Arc;
use tonic::{
    Status,
    service::{Interceptor, interceptor::InterceptedService},
};

/// The services' names.
pub const SERVICES: [&str; 5] = [QUERIES, FEED, CUSTOMERS, PRODUCTS, PAYMENTS];

/// The read API's calls, to be served beside its routes. Whoever calls is first seen by `authorize`.
/// Messages have at most `max_bytes`.
pub fn grpc<A>(api: QueryApi, authorize: A, max_bytes: usize) -> Router
where
    A: Interceptor + Clone + Send + Sync + 'static,
{
    let api: Arc<Api> = api.0;
    let queries = OrderQueriesServer::new(queries::Queries(Arc::clone(&api)))
        .max_decoding_message_size(max_bytes);
    let customers = CustomerQueriesServer::new(customers::Customers(Arc::clone(&api)))
        .max_decoding_message_size(max_bytes);
    let products = ProductQueriesServer::new(products::Products(Arc::clone(&api)))
        .max_decoding_message_size(max_bytes);
    let payments = PaymentQueriesServer::new(payments::Payments(Arc::clone(&api)))
        .max_decoding_message_size(max_bytes);
    let feed = OrderFeedServer::new(feed::Feed(api)).max_decoding_message_size(max_bytes);
    let queries = InterceptedService::new(queries, authorize.clone());
    let customers = InterceptedService::new(customers, authorize.clone());
    let products = InterceptedService::new(products, authorize.clone());
    let payments = InterceptedService::new(payments, authorize.clone());
    let feed = InterceptedService::new(feed, authorize);
    chassis::grpc::router(queries, methods(QUERIES))
        .merge(chassis::grpc::router(feed, methods(FEED)))
        .merge(chassis::grpc::router(customers, methods(CUSTOMERS)))
        .merge(chassis::grpc::router(products, methods(PRODUCTS)))
        .merge(chassis::grpc::router(payments, methods(PAYMENTS)))
}

/// The status of a call that failed, with fields named as messages name them.
fn failed(context: &RequestContext, problem: Problem) -> Status {
    const RENAMED: [(&str, &str); 7] = [
        ("query:limit", "page_size"),
        ("query:cursor", "page_token"),
        ("query:placed_at[gte]", "placed_from"),
        ("query:placed_at[lt]", "placed_before"),
        ("query:total[gte]", "total_from"),
        ("query:total[lt]", "total_below"),
        ("query:q", "query"),
    ];
    status(&context.name(problem), &RENAMED)
}
