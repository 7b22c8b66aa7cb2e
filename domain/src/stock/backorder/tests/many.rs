//! More wait than one append is to serve.

use super::{super::with_backorders_among, *};

/// Nothing is there, and so many orders wait for one each.
fn queue(count: u64) -> Stock {
    let orders = (1..=count).flat_map(|order| [reserved(order, 1), backordered(order, 1)]);
    let events: Vec<_> = [limit_set(1_000)].into_iter().chain(orders).collect();
    Stocks::fold(&events)
}

fn cover() -> StockCommand {
    StockCommand::Cover(CoverBackorders {
        location: main(),
        sku: sku("A"),
    })
}

/// Which orders were served, and whether there is more for others.
fn served(events: &[StockEvent]) -> (Vec<u64>, bool) {
    let mut covered = events.iter().filter_map(|event| match event {
        StockEvent::BackorderCovered(event) => Some(event),
        _ => None,
    });
    let number = |event: &BackorderCovered| (1..600).find(|n| order_id(*n) == event.order_id);
    let orders = covered.clone().filter_map(number).collect();
    (orders, covered.next_back().is_some_and(|event| event.more))
}

#[test]
fn each_of_several_stocks_serves_its_share_and_the_rest_follows() {
    let stock = queue(300);
    let events = with_backorders_among(2, &stock, vec![received(1, 280)]);
    assert_eq!(served(&events), ((1..=250).collect(), true));
    let stock = events.iter().fold(stock, Stocks::evolve);
    assert_eq!(
        (stock.free(), stock.at_hand(), stock.backordered),
        (30, 0, 50)
    );
    // Who comes meanwhile waits behind them.
    let decided = for_order(&[&stock], &of(599, 2, reserve()), None).unwrap();
    assert_eq!(decided[0], [reserved_now(599, 2), backordered(599, 2)]);
    let stock = decided[0].iter().fold(stock, Stocks::evolve);
    let events = Stocks::decide(&stock, &cover()).unwrap();
    assert_eq!(served(&events), ((251..=280).collect(), false));
    let stock = events.iter().fold(stock, Stocks::evolve);
    assert_eq!((stock.free(), stock.backordered), (0, 22));
    assert_eq!(Stocks::decide(&stock, &cover()), Ok(vec![]));
}

fn reserved_now(order: u64, quantity: i64) -> StockEvent {
    let StockEvent::StockReserved(event) = reserved(order, quantity) else {
        panic!("it is reserved");
    };
    let until = chrono::DateTime::UNIX_EPOCH;
    StockReserved { until, ..event }.into()
}

#[test]
fn an_append_serves_no_more_than_it_may_hold() {
    let stock = queue(3);
    for (stocks, count) in [(1, 3), (250, 2), (500, 1), (1_000, 1)] {
        let events = with_backorders_among(stocks, &stock, vec![received(1, 3)]);
        let expected = ((1..=count).collect(), count < 3);
        assert_eq!(served(&events), expected, "{stocks}");
    }
    // Where there is no more than that, nothing follows.
    let events = with_backorders_among(500, &stock, vec![received(1, 1)]);
    assert_eq!(served(&events), (vec![1], false));
}
