//! How much of a price is tax.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Millionths in a whole: the finest rate is a ten-thousandth of a per cent.
const WHOLE: u32 = 1_000_000;
const DECIMALS: usize = 4;

/// A text that is no tax rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a tax rate is per cent from 0 to 100 with at most 4 decimals, such as \"19\" or \"8.875\""
)]
pub struct TaxRateError;

/// A tax rate, exactly: a whole number of millionths, written as per cent.
///
/// ```
/// use domain::TaxRate;
///
/// let rate: TaxRate = "8.875".parse()?;
/// assert_eq!(rate.added_to(10_000), 888);
/// assert_eq!(rate.to_string(), "8.875");
/// # Ok::<(), domain::TaxRateError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TaxRate(u32);

impl TaxRate {
    /// Parses per cent: 0 to 100, with at most 4 decimals.
    ///
    /// # Errors
    /// It is anything else.
    pub fn parse(text: &str) -> Result<Self, TaxRateError> {
        let (whole, decimals) = match text.split_once('.') {
            Some((whole, decimals)) if !decimals.is_empty() => (whole, decimals),
            Some(_) => return Err(TaxRateError),
            None => (text, ""),
        };
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let short = (1..=3).contains(&whole.len()) && decimals.len() <= DECIMALS;
        if !short || !digits(whole) || !digits(decimals) {
            return Err(TaxRateError);
        }
        let millionths = format!("{whole}{decimals:0<DECIMALS$}");
        let millionths = millionths.parse().map_err(|_| TaxRateError)?;
        match millionths {
            0..=WHOLE => Ok(Self(millionths)),
            _ => Err(TaxRateError),
        }
    }

    /// The tax on `net` minor units, that is added to them; rounded, a half up.
    pub fn added_to(self, net: i64) -> i64 {
        rounded(net, self.0, WHOLE)
    }

    /// The tax that `gross` minor units contain; rounded, a half up.
    pub fn contained_in(self, gross: i64) -> i64 {
        rounded(gross, self.0, WHOLE + self.0)
    }
}

/// `amount` times `part` of `whole`, of which `part` is no more.
fn rounded(amount: i64, part: u32, whole: u32) -> i64 {
    let (part, whole) = (i128::from(part), i128::from(whole));
    let doubled = i128::from(amount) * part * 2 + whole;
    i64::try_from(doubled.div_euclid(whole * 2)).unwrap_or(amount)
}

impl fmt::Display for TaxRate {
    /// Per cent, without decimals that say nothing: `19`, `8.875`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = 10_u32.pow(DECIMALS as u32);
        let text = format!("{}.{:0DECIMALS$}", self.0 / unit, self.0 % unit);
        f.pad(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

impl FromStr for TaxRate {
    type Err = TaxRateError;
    fn from_str(text: &str) -> Result<Self, TaxRateError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for TaxRate {
    type Error = TaxRateError;
    fn try_from(text: String) -> Result<Self, TaxRateError> {
        Self::parse(&text)
    }
}

impl From<TaxRate> for String {
    fn from(rate: TaxRate) -> Self {
        rate.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rate(text: &str) -> TaxRate {
        TaxRate::parse(text).unwrap()
    }

    #[test]
    fn rates_are_per_cent_with_up_to_four_decimals() {
        for (text, millionths, written) in [
            ("0", 0, "0"),
            ("0.0001", 1, "0.0001"),
            ("19", 190_000, "19"),
            ("019", 190_000, "19"),
            ("8.875", 88_750, "8.875"),
            ("7.70", 77_000, "7.7"),
            ("100", WHOLE, "100"),
            ("100.0000", WHOLE, "100"),
        ] {
            assert_eq!(rate(text), TaxRate(millionths), "{text}");
            assert_eq!(rate(text).to_string(), written);
        }
        for wrong in [
            "", ".", "1.", ".5", "-1", "+1", "1e2", "19%", " 19", "19,5", "0.00001", "100.0001",
            "101", "1000", "٣",
        ] {
            assert_eq!(TaxRate::parse(wrong), Err(TaxRateError), "{wrong:?}");
        }
    }

    #[test]
    fn a_half_is_rounded_up() {
        assert_eq!(rate("10").added_to(5), 1);
        assert_eq!(rate("10").added_to(4), 0);
        assert_eq!(rate("19").contained_in(11_900), 1_900);
        assert_eq!(rate("100").contained_in(1), 1);
        assert_eq!(rate("100").added_to(i64::MAX), i64::MAX);
        assert_eq!(rate("0").added_to(i64::MAX), 0);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(millionths in 0..=WHOLE) {
            let rate = TaxRate(millionths);
            prop_assert_eq!(TaxRate::parse(&rate.to_string()), Ok(rate));
            let json = serde_json::to_string(&rate).unwrap();
            prop_assert_eq!(serde_json::from_str::<TaxRate>(&json).unwrap(), rate);
        }

        #[test]
        fn tax_is_no_more_than_what_is_taxed(millionths in 0..=WHOLE, amount in 0..i64::MAX) {
            let rate = TaxRate(millionths);
            prop_assert!((0..=amount).contains(&rate.added_to(amount)));
            prop_assert!((0..=amount).contains(&rate.contained_in(amount)));
        }

        #[test]
        fn what_a_price_with_tax_contains_is_what_was_added(
            millionths in 0..=WHOLE,
            net in 0..1_000_000_000_000_i64,
        ) {
            let rate = TaxRate(millionths);
            let tax = rate.added_to(net);
            prop_assert!((rate.contained_in(net + tax) - tax).abs() <= 1);
        }
    }
}
