//! The sagas over real parts: their storage in memory and in PostgreSQL, the payment provider and the
//! carrier over HTTP, and whole flows from placing an order to its end, with crashes and rivals.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod actions;
mod audit;
mod away;
mod backorders;
mod carrier;
mod crash;
mod fakes;
mod flow;
mod fulfilment;
mod gate;
mod guard;
mod harness;
mod lifetime;
mod misbehaving;
mod order_of_commands;
mod owed;
mod parked;
mod people;
mod post;
mod postgres;
mod provider;
mod reset;
mod rests;
mod returns;
mod rivals;
mod senseless;
mod storage;
mod tasks;
