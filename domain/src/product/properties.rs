//! Random lives of a product.

use super::{
    DelistProduct, ListProduct, PriceProduct, Product, ProductCommand, Products,
    decide::MAX_CURRENCIES,
};
use crate::{Currency, Decider, Money, testing::meaning_knows_no_state, testing::sku};
use proptest::prelude::*;

fn money() -> impl Strategy<Value = Money> {
    let code = prop_oneof![Just("EUR"), Just("USD"), Just("JPY")];
    (code, -2_i64..5)
        .prop_map(|(code, amount)| Money::new(amount, Currency::parse(code).expect("it is one")))
}

fn commands() -> impl Strategy<Value = Vec<ProductCommand>> {
    let name = prop_oneof![Just("Cup"), Just("Mug"), Just("")];
    let command = prop_oneof![
        (name, money()).prop_map(|(name, price)| {
            let (sku, name) = (sku("A"), name.into());
            ProductCommand::List(ListProduct { sku, name, price })
        }),
        money().prop_map(|price| {
            let sku = sku("A");
            ProductCommand::Price(PriceProduct { sku, price })
        }),
        prop_oneof![Just("old"), Just("")].prop_map(|reason| {
            let (sku, reason) = (sku("A"), reason.into());
            ProductCommand::Delist(DelistProduct { sku, reason })
        }),
    ];
    prop::collection::vec(command, 0..30)
}

proptest! {
    #[test]
    fn a_product_has_prices_and_changes_only_while_it_is_listed(commands in commands()) {
        let mut state = Product::default();
        for command in commands {
            meaning_knows_no_state::<Products>(&state, &command);
            let Ok(events) = Products::decide(&state, &command) else {
                continue;
            };
            prop_assert!(events.len() <= 1);
            let before = state.clone();
            state = events.iter().fold(state, Products::evolve);
            prop_assert_eq!(Products::decide(&state, &command), Ok(vec![]));
            prop_assert_eq!(before == state, events.is_empty());
            if let Product::Listed(listing) | Product::Delisted(listing) = &state {
                prop_assert!((1..=MAX_CURRENCIES).contains(&listing.prices.len()));
                prop_assert!(listing.prices.values().all(|amount| *amount >= 0));
                prop_assert!(!listing.name.is_empty());
            }
            let is_new = matches!(command, ProductCommand::List(_));
            prop_assert!(before.is_listed() || is_new || events.is_empty());
        }
    }
}
