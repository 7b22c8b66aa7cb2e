//! Stock: of everything some times what was first asked for, and more is ordered before it runs out.

use super::people::{one_in, uuid};
use chrono::TimeDelta;
use domain::{
    Command, Location, Sku,
    order::NewLine,
    stock::{ReceiveStock, Stock, StockCommand, StockEvent},
};
use rand::{RngExt, rngs::StdRng};
use std::collections::HashMap;

/// What is received at a time: so many times what was first asked for, and at least so much.
const TIMES: i64 = 60;
const LEAST: i64 = 400;

/// More is ordered when less than this part is left.
const LOW: i64 = 2;

/// Of so many articles one is scarce: there is little of it at a time, and nobody orders more before a
/// customer is refused.
const SCARCE: u32 = 100;
const TIMES_SCARCE: i64 = 3;

/// How many hours a delivery takes.
const DELIVERY: std::ops::Range<i64> = 24..72;

/// What the shop sells.
#[derive(Default)]
pub(super) struct Shelves(HashMap<Sku, Shelf>);

struct Shelf {
    /// What is received at a time.
    usual: i64,
    is_scarce: bool,
    /// Whether more is on its way.
    is_ordered: bool,
}

impl Shelves {
    /// The first deliveries of what nobody has asked for before.
    pub(super) fn first(&mut self, lines: &[NewLine], rng: &mut StdRng) -> Vec<Command> {
        let mut receipts = Vec::new();
        for line in lines {
            if !self.0.contains_key(&line.sku) {
                let is_scarce = one_in(rng, SCARCE);
                let usual = match is_scarce {
                    true => line.quantity.saturating_mul(TIMES_SCARCE),
                    false => line.quantity.saturating_mul(TIMES).max(LEAST),
                };
                let shelf = Shelf {
                    usual,
                    is_scarce,
                    is_ordered: false,
                };
                self.0.insert(line.sku.clone(), shelf);
                receipts.push(receive(line.sku.clone(), usual, rng));
            }
        }
        receipts
    }

    /// A look at what is left: what is received in a while, if it is little.
    pub(super) fn look(
        &mut self,
        event: &StockEvent,
        stock: &Stock,
        rng: &mut StdRng,
    ) -> Option<(TimeDelta, Command)> {
        let (sku, is_refused) = match event {
            StockEvent::StockReceived(event) => {
                if let Some(shelf) = self.0.get_mut(&event.sku) {
                    shelf.is_ordered = false;
                }
                return None;
            }
            StockEvent::StockReserved(event) => (&event.sku, false),
            StockEvent::StockReservationRejected(event) => (&event.sku, true),
            _ => return None,
        };
        let shelf = self.0.get_mut(sku)?;
        let is_low = stock.available() < shelf.usual / LOW && !shelf.is_scarce;
        if shelf.is_ordered || !(is_low || is_refused) {
            return None;
        }
        shelf.is_ordered = true;
        let quantity = shelf.usual;
        let wait = TimeDelta::hours(rng.random_range(DELIVERY));
        Some((wait, receive(sku.clone(), quantity, rng)))
    }
}

fn receive(sku: Sku, quantity: i64, rng: &mut StdRng) -> Command {
    Command::Stock(StockCommand::Receive(ReceiveStock {
        receipt_id: uuid(rng),
        location: Location::default(),
        sku,
        quantity,
        reference: None,
    }))
}
