//! What people do about goods that have come back, days after all else.

use super::placed;
use crate::simulation::{clients, world::World};
use domain::{
    Command, Location, ShipmentId, State, StreamId, TenantId,
    shipment::{BookInShipment, FoundLine, ShipmentCommand, ShipmentStatus},
    stock::{ClearQuarantine, StockCommand},
};
use std::{collections::BTreeSet, sync::Arc};
use store::{Until, fold_stream};
use tokio::time::Instant;

/// Books in most of what did not arrive, or some of it, and leaves the rest where it is; says how many
/// parcels those were.
pub(super) async fn book_in(world: &Arc<World>, deadline: Instant) -> Result<usize, String> {
    let mut booked_in = 0;
    for order in placed(world).await? {
        let shipment = ShipmentId::of(order, &Location::default());
        let stream = StreamId::shipment(&TenantId::default(), shipment);
        let folded = fold_stream(&world.store, &stream, Until::End).await;
        let folded = folded.map_err(|error| error.to_string())?;
        let State::Shipment(state) = folded.state else {
            return Err(format!("{stream} is none of a shipment"));
        };
        let Some(parcel) = state.created() else {
            continue;
        };
        let came_back = matches!(
            parcel.status,
            ShipmentStatus::Lost | ShipmentStatus::ReturnedToSender
        );
        let number = order.uuid().as_u128();
        if !came_back || number.is_multiple_of(5) {
            continue;
        }
        if Instant::now() >= deadline {
            return Err(format!("shipment {shipment} cannot be booked in"));
        }
        let found = parcel.lines.iter().map(|line| {
            // Of every third parcel a piece is broken.
            let quarantined = i64::from(number.is_multiple_of(3));
            FoundLine {
                line: line.line,
                restocked: line.quantity - quarantined,
                quarantined,
            }
        });
        let skus: BTreeSet<_> = parcel.lines.iter().map(|line| line.sku.clone()).collect();
        let command = ShipmentCommand::BookIn(BookInShipment {
            location: parcel.location.clone(),
            skus: skus.into_iter().collect(),
            lines: found.collect(),
            reason: None,
        });
        let command = clients::envelope(world, Command::Shipment(shipment, command));
        clients::put(world, command).await;
        booked_in += 1;
    }
    Ok(booked_in)
}

/// Says what becomes of all that is in quarantine; says of how many articles there was something.
pub(super) async fn clear(world: &Arc<World>, deadline: Instant) -> Result<usize, String> {
    let mut cleared = 0;
    for (name, _) in clients::SKUS {
        let sku = clients::sku(name);
        let location = Location::default();
        let stream = StreamId::stock(&TenantId::default(), &location, &sku);
        let folded = fold_stream(&world.store, &stream, Until::End).await;
        let folded = folded.map_err(|error| error.to_string())?;
        let State::Stock(stock) = folded.state else {
            return Err(format!("{stream} is none of stock"));
        };
        if stock.quarantined == 0 {
            continue;
        }
        if Instant::now() >= deadline {
            return Err(format!("the quarantine of {name} cannot be cleared"));
        }
        let restocked = stock.quarantined / 2;
        let clear = StockCommand::Clear(ClearQuarantine {
            clearance_id: world.dice.uuid(),
            location,
            sku,
            restocked,
            written_off: stock.quarantined - restocked,
            reason: "looked at".into(),
        });
        clients::put(world, clients::envelope(world, Command::Stock(clear))).await;
        cleared += 1;
    }
    Ok(cleared)
}
