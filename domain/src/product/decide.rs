//! What commands to a product lead to.

use super::{
    ListProduct, Listing, PriceProduct, Product, ProductCommand, ProductDelisted, ProductError,
    ProductEvent, ProductListed, ProductPriced,
};
use crate::{Money, order::MAX_TOTAL, text};

/// The most currencies that a product has a price in.
pub(super) const MAX_CURRENCIES: usize = 32;

type Decision = Result<Vec<ProductEvent>, ProductError>;

pub(super) fn decide(state: &Product, command: &ProductCommand) -> Decision {
    check(command)?;
    match (state, command) {
        (Product::Absent | Product::Delisted(_), ProductCommand::List(command)) => Ok(vec![
            ProductListed {
                sku: command.sku.clone(),
                name: command.name.clone(),
                price: command.price,
            }
            .into(),
        ]),
        (Product::Listed(listing), ProductCommand::List(command)) => list_again(listing, command),
        (Product::Absent, _) => Err(ProductError::NotFound),
        (Product::Listed(listing), ProductCommand::Price(command)) => price(listing, command),
        (Product::Delisted(_), ProductCommand::Price(_)) => {
            Err(ProductError::Delisted { command: "price" })
        }
        (Product::Listed(_), ProductCommand::Delist(command)) => Ok(vec![
            ProductDelisted {
                sku: command.sku.clone(),
                reason: command.reason.clone(),
            }
            .into(),
        ]),
        (Product::Delisted(_), ProductCommand::Delist(_)) => Ok(vec![]),
    }
}

/// Rules of meaning come before all that depends on the state: what breaks one does so for good.
fn check(command: &ProductCommand) -> Result<(), ProductError> {
    match command {
        ProductCommand::List(command) => {
            text::line("name", &command.name, 200)?;
            check_price(command.price)
        }
        ProductCommand::Price(command) => check_price(command.price),
        ProductCommand::Delist(command) => Ok(text::prose("reason", &command.reason, 500)?),
    }
}

/// What one costs is within what a whole order may come to.
fn check_price(price: Money) -> Result<(), ProductError> {
    match (0..=MAX_TOTAL).contains(&price.amount) {
        true => Ok(()),
        false => Err(ProductError::Price { max: MAX_TOTAL }),
    }
}

fn list_again(listing: &Listing, command: &ListProduct) -> Decision {
    let price = command.price;
    let same_price = listing.prices.get(&price.currency) == Some(&price.amount);
    match same_price && listing.name == command.name {
        true => Ok(vec![]),
        false => Err(ProductError::AlreadyListed),
    }
}

fn price(listing: &Listing, command: &PriceProduct) -> Decision {
    let price = command.price;
    match listing.prices.get(&price.currency) {
        Some(amount) if *amount == price.amount => return Ok(vec![]),
        None if listing.prices.len() >= MAX_CURRENCIES => {
            return Err(ProductError::TooManyCurrencies {
                max: MAX_CURRENCIES,
            });
        }
        _ => {}
    }
    Ok(vec![
        ProductPriced {
            sku: command.sku.clone(),
            price,
        }
        .into(),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Currency, TextError,
        product::{DelistProduct, Products},
        testing::{When, eur, given, sku},
    };

    fn list(name: &str, price: Money) -> ProductCommand {
        ProductCommand::List(ListProduct {
            sku: sku("A"),
            name: name.into(),
            price,
        })
    }

    fn price(price: Money) -> ProductCommand {
        ProductCommand::Price(PriceProduct {
            sku: sku("A"),
            price,
        })
    }

    fn delist(reason: &str) -> ProductCommand {
        ProductCommand::Delist(DelistProduct {
            sku: sku("A"),
            reason: reason.into(),
        })
    }

    fn listed(name: &str, price: Money) -> ProductEvent {
        ProductListed {
            sku: sku("A"),
            name: name.into(),
            price,
        }
        .into()
    }

    fn priced(price: Money) -> ProductEvent {
        ProductPriced {
            sku: sku("A"),
            price,
        }
        .into()
    }

    fn delisted(reason: &str) -> ProductEvent {
        ProductDelisted {
            sku: sku("A"),
            reason: reason.into(),
        }
        .into()
    }

    fn usd(amount: i64) -> Money {
        Money::new(amount, Currency::parse("USD").unwrap())
    }

    fn on(history: Vec<ProductEvent>, command: ProductCommand) -> When<Products> {
        given::<Products>(history).when(command)
    }

    #[test]
    fn a_product_is_listed_once_and_again_after_it_was_delisted() {
        on(vec![], list("Cup", eur(100))).then([listed("Cup", eur(100))]);
        let history = || vec![listed("Cup", eur(100))];
        on(history(), list("Cup", eur(100))).then_nothing();
        for other in [
            list("Mug", eur(100)),
            list("Cup", eur(99)),
            list("Cup", usd(100)),
        ] {
            on(history(), other).then_refused(ProductError::AlreadyListed);
        }
        let history = vec![listed("Cup", eur(100)), priced(usd(120)), delisted("old")];
        let state = on(history, list("Mug", eur(90))).then([listed("Mug", eur(90))]);
        let Product::Listed(listing) = state else {
            panic!("it is listed");
        };
        assert_eq!(listing.prices, [(eur(1).currency, 90)].into());
    }

    #[test]
    fn a_product_has_a_price_in_each_currency() {
        on(vec![], price(eur(1))).then_refused(ProductError::NotFound);
        let history = || vec![listed("Cup", eur(100))];
        on(history(), price(eur(100))).then_nothing();
        on(history(), price(eur(90))).then([priced(eur(90))]);
        on(history(), price(usd(120))).then([priced(usd(120))]);
        let history = || vec![listed("Cup", eur(100)), priced(usd(120))];
        on(history(), price(eur(100))).then_nothing();
        let history = vec![listed("Cup", eur(100)), delisted("old")];
        let refused = ProductError::Delisted { command: "price" };
        on(history, price(eur(90))).then_refused(refused);
    }

    #[test]
    fn the_prices_of_a_product_are_bounded() {
        let codes = [
            "AED", "ARS", "AUD", "BGN", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK",
            "EGP", "GBP", "HKD", "HUF", "IDR", "ILS", "INR", "ISK", "JPY", "KES", "KRW", "MAD",
            "MXN", "MYR", "NOK", "NZD", "PEN", "PHP", "PLN", "RON",
        ];
        let money = |code: &str| Money::new(1, Currency::parse(code).unwrap());
        let mut history = vec![listed("Cup", eur(100))];
        history.extend(
            codes[..MAX_CURRENCIES - 1]
                .iter()
                .map(|code| priced(money(code))),
        );
        let refused = ProductError::TooManyCurrencies {
            max: MAX_CURRENCIES,
        };
        on(history.clone(), price(usd(1))).then_refused(refused);
        on(history, price(eur(1))).then([priced(eur(1))]);
    }

    #[test]
    fn a_product_is_delisted_once() {
        on(vec![], delist("old")).then_refused(ProductError::NotFound);
        let history = || vec![listed("Cup", eur(100))];
        on(history(), delist("old")).then([delisted("old")]);
        let history = || vec![listed("Cup", eur(100)), delisted("old")];
        on(history(), delist("older")).then_nothing();
        // What was appended at the same moment changes nothing.
        let late = [history(), vec![priced(eur(1))]].concat();
        on(late, delist("old")).then_nothing();
    }

    #[test]
    fn what_makes_no_sense_is_refused_in_every_state() {
        let histories = [
            vec![],
            vec![listed("Cup", eur(100))],
            vec![listed("Cup", eur(100)), delisted("old")],
        ];
        for history in histories {
            let out_of_range = ProductError::Price { max: MAX_TOTAL };
            for amount in [-1, MAX_TOTAL + 1] {
                on(history.clone(), list("Cup", eur(amount))).then_refused(out_of_range.clone());
                on(history.clone(), price(eur(amount))).then_refused(out_of_range.clone());
            }
            let blank = |field: &'static str, max| {
                ProductError::Text(TextError::Length {
                    field: field.into(),
                    max,
                })
            };
            on(history.clone(), list(" ", eur(1))).then_refused(blank("name", 200));
            on(history.clone(), delist("")).then_refused(blank("reason", 500));
        }
    }
}
