//! The platform under test. One binary, one harness; a module for each capability.

mod broker;
mod bulk;
mod chaos;
mod cli;
mod contract;
mod deployed;
mod flows;
mod fulfilment;
mod golden;
mod grpc;
mod hostile;
mod hosts;
mod import;
mod kurrentdb;
mod leadership;
mod notifications;
mod order_to_cash;
mod parcels;
mod personal_data;
mod races;
mod rules;
mod shutdown;
mod simulation;
mod tls;
mod traces;
mod webhooks;
