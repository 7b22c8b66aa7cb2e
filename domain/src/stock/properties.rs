//! Rules that hold whatever is asked of the stock of three SKUs at two places, in whatever order.

use super::*;
use crate::{
    Decider, Location, Refusal, RefusalKind, Sku,
    testing::{at, meaning_knows_no_state, order_id, sku, uuid},
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const SKUS: [&str; 3] = ["A", "B", "C"];
const PLACES: [&str; 2] = ["main", "east"];

fn place(name: &str) -> Location {
    Location::parse(name).expect("tests name valid places")
}

#[derive(Debug, Clone)]
enum Asked {
    One(StockCommand),
    Across(ReservationCommand),
}

fn one() -> impl Strategy<Value = Asked> {
    let quantity = prop_oneof![8 => 1..20_i64, 1 => any::<i64>()];
    let delta = prop_oneof![8 => -10..10_i64, 1 => any::<i64>()];
    let of = (0..2_usize, 0..3_usize);
    (of, 0..50_u64, quantity, delta, 0..4_u8).prop_map(|((at, n), id, quantity, delta, what)| {
        let (location, sku) = (place(PLACES[at]), sku(SKUS[n]));
        let command = match what {
            0 => StockCommand::Receive(ReceiveStock {
                receipt_id: uuid(1, id),
                location,
                sku,
                quantity,
                reference: None,
            }),
            1 => StockCommand::Clear(ClearQuarantine {
                clearance_id: uuid(3, id),
                location,
                sku,
                restocked: quantity,
                written_off: delta,
                reason: "cleaned".into(),
            }),
            2 => StockCommand::SetBackorderLimit(SetBackorderLimit {
                location,
                sku,
                limit: delta,
            }),
            _ => StockCommand::Adjust(AdjustStock {
                adjustment_id: uuid(2, id),
                location,
                sku,
                delta,
                reason: "counted".into(),
            }),
        };
        Asked::One(command)
    })
}

fn step() -> impl Strategy<Value = ReservationStep> {
    let until = at(900);
    prop_oneof![
        3 => any::<bool>().prop_map(move |split| ReservationStep::Reserve { until, split }),
        2 => Just(ReservationStep::Commit),
        1 => Just(ReservationStep::Ship),
        1 => Just(ReservationStep::Release(ReleaseReason::Rejected)),
        1 => Just(ReservationStep::Release(ReleaseReason::Cancelled)),
        1 => Just(ReservationStep::Release(ReleaseReason::Expired)),
        1 => Just(ReservationStep::Reduce),
        1 => Just(ReservationStep::GiveUp),
    ]
}

/// An order asks for the same at every step; only hostile ones ask for what cannot be.
fn reservation() -> impl Strategy<Value = Asked> {
    let hostile = proptest::option::weighted(0.1, any::<i64>());
    (0..6_u64, 1..=2_u32, step(), hostile).prop_map(|(order, epoch, step, hostile)| {
        let item = |n: usize| ReservationItem {
            sku: sku(SKUS[n]),
            lines: vec![ReservationLine {
                line: 1,
                quantity: hostile.unwrap_or(1 + (order as i64 + n as i64) % 4),
            }],
        };
        Asked::Across(ReservationCommand {
            order_id: order_id(order),
            epoch,
            location: place(PLACES[0]),
            // It is looked for everywhere, or at one place only.
            further: match order % 2 {
                0 => vec![place(PLACES[1])],
                _ => vec![],
            },
            // Every order wants another selection of the three.
            items: (0..3)
                .filter(|n| order == 0 || order & (1 << n) != 0)
                .map(item)
                .collect(),
            step,
        })
    })
}

type Stores = BTreeMap<(Location, Sku), (Stock, Queue)>;

/// Who waits for how many, in turn, by what is told alone.
type Queue = Vec<(ReservationKey, i64)>;

/// What an event makes of the queue. Only who is first is served, and only who waits can be.
fn queue(queue: &mut Queue, event: &StockEvent) {
    let mut less = |key: ReservationKey, quantity: i64, left: i64| {
        let n = queue.iter().position(|(known, _)| *known == key);
        let n = n.expect("who waits no more gets nothing");
        queue[n].1 -= quantity;
        assert_eq!(queue[n].1, left);
        if left == 0 {
            queue.remove(n);
        }
        n
    };
    match event {
        StockEvent::Backordered(event) => {
            let key = (event.order_id, event.epoch);
            match queue.iter_mut().find(|(known, _)| *known == key) {
                Some((_, waits_for)) => *waits_for += event.quantity,
                None => queue.push((key, event.quantity)),
            }
        }
        StockEvent::BackorderCovered(event) => {
            let key = (event.order_id, event.epoch);
            let n = less(key, event.quantity, event.left);
            assert_eq!(n, 0, "first come, first served");
        }
        StockEvent::BackorderDropped(event) => {
            let key = (event.order_id, event.epoch);
            less(key, event.quantity, event.left);
        }
        _ => {}
    }
}

/// Of which stocks something is asked.
fn names(asked: &Asked) -> Vec<(Location, Sku)> {
    match asked {
        Asked::One(command) => vec![(command.location().clone(), command.sku().clone())],
        Asked::Across(command) => {
            let each = command.each();
            each.map(|(at, item)| (at.clone(), item.sku.clone()))
                .collect()
        }
    }
}

/// Puts what is asked; the events, or none if it is refused.
fn put(stores: &mut Stores, asked: &Asked) -> Option<Vec<Vec<StockEvent>>> {
    let names = names(asked);
    let events = match asked {
        Asked::One(command) => vec![Stocks::decide(&stores[&names[0]].0, command).ok()?],
        Asked::Across(command) => {
            let stocks: Vec<&Stock> = names.iter().map(|name| &stores[name].0).collect();
            for_order(&stocks, command, None).ok()?
        }
    };
    assert_eq!(names.len(), events.len());
    for (name, happened) in names.into_iter().zip(&events) {
        let Some((stock, waiting)) = stores.get_mut(&name) else {
            continue;
        };
        for event in happened {
            let before = stock.clone();
            *stock = Stocks::evolve(before.clone(), event);
            check(&before, event, stock);
            queue(waiting, event);
        }
        let waits_for = |key: &ReservationKey| (*key, stock.reservations[key].waits_for);
        assert!(
            stock
                .waiting
                .iter()
                .map(waits_for)
                .eq(waiting.iter().copied())
        );
        let free = stock.free();
        assert!(free >= 0, "what is there is promised once: {stock:?}");
        let waits = stock.backordered > 0;
        assert!(!waits || free == 0, "free, and waited for: {stock:?}");
    }
    Some(events)
}

fn check(before: &Stock, event: &StockEvent, after: &Stock) {
    let least = before.available().min(-before.backorder_limit);
    assert!(after.available() >= least, "promised beyond the limit");
    assert!(after.reserved >= 0 && after.committed >= 0 && after.backordered >= 0);
    let waits_for = after.reservations.values().map(|held| held.waits_for);
    assert_eq!(after.backordered, waits_for.sum::<i64>());
    let all = after.reservations.iter();
    let mut late: Vec<_> = all.filter(|(_, held)| held.waits_for > 0).collect();
    late.sort_by_key(|(key, _)| after.waiting.iter().position(|known| known == *key));
    assert!(late.iter().map(|(key, _)| *key).eq(&after.waiting));
    for held in after.reservations.values() {
        assert!((0..=held.quantity).contains(&held.waits_for));
    }
    let sum = |committed| {
        let mine = after
            .reservations
            .values()
            .filter(|held| held.committed == committed);
        mine.map(|held| held.quantity).sum::<i64>()
    };
    assert_eq!((after.reserved, after.committed), (sum(false), sum(true)));
    match event {
        StockEvent::StockReceived(_) | StockEvent::StockAdjusted(_) => {}
        StockEvent::StockRecovered(event) => {
            assert_eq!(after.on_hand, before.on_hand + event.restocked);
        }
        StockEvent::QuarantineCleared(event) => {
            let there = |stock: &Stock| stock.on_hand + stock.quarantined;
            assert!(after.quarantined >= 0, "no more than there is");
            assert_eq!(there(after), there(before) - event.written_off);
            assert_eq!(after.on_hand, before.on_hand + event.restocked);
        }
        StockEvent::StockShipped(event) => {
            let key = (event.order_id, event.epoch);
            let kept = before.reservations[&key];
            let told = event.quantity + event.given_back;
            assert_eq!((kept.quantity, kept.committed), (told, true));
            assert_eq!(after.on_hand, before.on_hand - event.quantity);
            let available = before.available() + event.given_back;
            assert_eq!(after.available(), available, "it was promised");
        }
        _ => assert_eq!(
            before.on_hand, after.on_hand,
            "only what is counted or leaves changes the count"
        ),
    }
    if let StockEvent::StockReserved(event) = event {
        let key = (event.order_id, event.epoch);
        assert!(!before.reservations.contains_key(&key), "reserved twice");
        assert_eq!(before.ended(&key), None, "reserved after its end");
    }
}

proptest! {
    #[test]
    fn stock_is_never_promised_twice(
        asked in proptest::collection::vec(prop_oneof![one(), reservation()], 0..80),
    ) {
        let all = PLACES.map(|at| SKUS.map(|name| ((place(at), sku(name)), Default::default())));
        let mut stores: Stores = all.into_iter().flatten().collect();
        for asked in asked {
            meaning_knows_no_stock(&stores, &asked);
            let Some(events) = put(&mut stores, &asked) else {
                continue;
            };
            let reserved = |events: &&Vec<StockEvent>| {
                matches!(events.first(), Some(StockEvent::StockReserved(_)))
            };
            let count = events.iter().filter(reserved).count();
            if let Asked::Across(command) = &asked {
                let items = command.items.len();
                prop_assert!(count == 0 || count == items, "all SKUs, or none");
                let at = |n: usize| events.iter().skip(n).step_by(items).filter(reserved).count();
                prop_assert!((0..items).all(|n| at(n) <= 1), "each SKU at one place");
                let mut places = events.chunks(items);
                let one = places.any(|there| there.iter().filter(reserved).count() == count);
                let may_split = matches!(command.step, ReservationStep::Reserve { split: true, .. });
                prop_assert!(one || may_split, "at one place");
                let told = events.iter().filter_map(|happened| match happened.first() {
                    Some(StockEvent::StockReserved(event)) => Some((&event.location, event.parcels)),
                    _ => None,
                });
                let (places, parcels): (BTreeSet<_>, BTreeSet<_>) = told.unzip();
                let said = BTreeSet::from([places.len() as u32]);
                prop_assert!(count == 0 || parcels == said, "each says at how many places");
            }
            let again = put(&mut stores, &asked);
            prop_assert_eq!(again, Some(vec![vec![]; events.len()]), "put again, it is nothing");
            if let Asked::Across(command) = &asked {
                late(&mut stores, command);
            }
        }
    }
}

/// What breaks a rule of meaning does so whatever is in stock.
fn meaning_knows_no_stock(stores: &Stores, asked: &Asked) {
    match asked {
        Asked::One(command) => {
            let (stock, _) = &stores[&names(asked)[0]];
            meaning_knows_no_state::<Stocks>(stock, command);
        }
        Asked::Across(command) => {
            let meaningless = |stocks: &[&Stock]| {
                let refusal = across(stocks, command).err().map(Refusal::from);
                refusal.filter(|refusal| refusal.kind == RefusalKind::Meaning)
            };
            let names = names(asked);
            let stocks = names.iter().map(|name| &stores[name].0);
            let empty = vec![Stock::default(); names.len()];
            assert_eq!(
                meaningless(&stocks.collect::<Vec<_>>()),
                meaningless(&empty.iter().collect::<Vec<_>>())
            );
        }
    }
}

/// After a release, or once it has left, whatever comes late holds nothing.
fn late(stores: &mut Stores, command: &ReservationCommand) {
    if !matches!(
        command.step,
        ReservationStep::Release(_) | ReservationStep::Ship
    ) {
        return;
    }
    let before = stores.clone();
    for step in [
        ReservationStep::Reserve {
            until: at(900),
            split: false,
        },
        ReservationStep::Commit,
        ReservationStep::Ship,
        ReservationStep::Release(ReleaseReason::Expired),
    ] {
        let command = ReservationCommand {
            step,
            ..command.clone()
        };
        put(stores, &Asked::Across(command));
    }
    assert_eq!(*stores, before);
}
