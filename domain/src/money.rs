//! Money in integer minor units; all arithmetic is checked.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Why an amount of money cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not an ISO 4217 code in circulation.
    #[error("`{0}` is not an ISO 4217 currency code")]
    UnknownCurrency(String),
    /// Two currencies in one sum.
    #[error("{left} and {right} cannot be added")]
    MixedCurrencies {
        /// The currency of the first amount.
        left: Currency,
        /// The currency of the second amount.
        right: Currency,
    },
    /// The sum does not fit 64 bits.
    #[error("the amount exceeds what can be counted")]
    Overflow,
}

/// An ISO 4217 currency.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

/// Codes in circulation, by the number of decimals of their minor unit (ISO 4217, list one).
const ISO_4217: [(u8, &str); 4] = [
    (
        0,
        "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    ),
    (
        2,
        "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN \
         BZD CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS \
         GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR \
         LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD \
         PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN \
         SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG",
    ),
    (3, "BHD IQD JOD KWD LYD OMR TND"),
    (4, "CLF UYW"),
];

impl Currency {
    /// Parses an upper-case ISO 4217 code.
    pub fn parse(code: &str) -> Result<Self, MoneyError> {
        let known = ISO_4217
            .iter()
            .any(|(_, codes)| codes.split(' ').any(|known| known == code));
        match <[u8; 3]>::try_from(code.as_bytes()) {
            Ok(bytes) if known => Ok(Self(bytes)),
            _ => Err(MoneyError::UnknownCurrency(code.chars().take(16).collect())),
        }
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        // Only ASCII letters get in.
        std::str::from_utf8(&self.0).unwrap_or("???")
    }

    /// How many decimals the minor unit has: 2 for cents.
    pub fn decimals(self) -> u8 {
        ISO_4217
            .iter()
            .find(|(_, codes)| codes.split(' ').any(|known| known == self.as_str()))
            .map_or(2, |(decimals, _)| *decimals)
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Currency {
    type Err = MoneyError;
    fn from_str(code: &str) -> Result<Self, MoneyError> {
        Self::parse(code)
    }
}

impl TryFrom<String> for Currency {
    type Error = MoneyError;
    fn try_from(code: String) -> Result<Self, MoneyError> {
        Self::parse(&code)
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> String {
        currency.as_str().into()
    }
}

/// An amount in minor units of a currency.
///
/// ```
/// use domain::{Currency, Money};
///
/// let price = Money::new(1_999, Currency::parse("EUR")?);
/// assert_eq!(price.checked_mul(3)?.to_string(), "59.97 EUR");
/// assert!(price.checked_mul(i64::MAX).is_err(), "it never wraps");
/// # Ok::<(), domain::MoneyError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// Minor units: 1999 is 19.99 EUR.
    pub amount: i64,
    /// The currency.
    pub currency: Currency,
}

impl Money {
    /// `amount` minor units of `currency`.
    pub const fn new(amount: i64, currency: Currency) -> Self {
        Self { amount, currency }
    }

    /// The sum.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::MixedCurrencies {
                left: self.currency,
                right: other.currency,
            });
        }
        let amount = self
            .amount
            .checked_add(other.amount)
            .ok_or(MoneyError::Overflow)?;
        Ok(Self { amount, ..self })
    }

    /// `quantity` times the amount.
    pub fn checked_mul(self, quantity: i64) -> Result<Self, MoneyError> {
        let amount = self
            .amount
            .checked_mul(quantity)
            .ok_or(MoneyError::Overflow)?;
        Ok(Self { amount, ..self })
    }
}

impl fmt::Display for Money {
    /// `19.99 EUR`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = usize::from(self.currency.decimals());
        let unit = 10_u64.pow(u32::from(self.currency.decimals()));
        let sign = if self.amount < 0 { "-" } else { "" };
        let amount = self.amount.unsigned_abs();
        let text = match decimals {
            0 => format!("{sign}{amount} {}", self.currency),
            _ => format!(
                "{sign}{}.{:0decimals$} {}",
                amount / unit,
                amount % unit,
                self.currency
            ),
        };
        f.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn currency(code: &str) -> Currency {
        Currency::parse(code).unwrap()
    }

    #[test]
    fn money_is_displayed_with_its_currencys_decimals() {
        let display = |amount, code| Money::new(amount, currency(code)).to_string();
        assert_eq!(display(1_999, "EUR"), "19.99 EUR");
        assert_eq!(display(-5, "EUR"), "-0.05 EUR");
        assert_eq!(display(1_999, "JPY"), "1999 JPY");
        assert_eq!(display(1_999, "KWD"), "1.999 KWD");
        assert_eq!(display(19_999, "CLF"), "1.9999 CLF");
        assert_eq!(display(i64::MIN, "EUR"), "-92233720368547758.08 EUR");
        assert_eq!(
            format!("{:>12}|", Money::new(1, currency("EUR"))),
            "    0.01 EUR|"
        );
    }

    #[test]
    fn only_codes_in_circulation_are_currencies() {
        for (_, codes) in ISO_4217 {
            for code in codes.split(' ') {
                assert_eq!(currency(code).as_str(), code);
            }
        }
        for code in [
            "", "eur", "EURO", "EU", "XXX", "DEM", "EUR ", "\0\0\0", "AED AFN", "€",
        ] {
            assert!(Currency::parse(code).is_err(), "{code:?}");
        }
        let long = Currency::parse(&"é".repeat(10_000)).unwrap_err();
        assert!(long.to_string().len() < 100);
    }

    #[test]
    fn currencies_are_not_mixed() {
        let wrong = Money::new(1, currency("EUR")).checked_add(Money::new(1, currency("GBP")));
        assert_eq!(
            wrong.unwrap_err().to_string(),
            "EUR and GBP cannot be added"
        );
    }

    #[test]
    fn json_is_amount_and_currency_and_nothing_else() {
        let money = Money::new(1_999, currency("EUR"));
        let json = r#"{"amount":1999,"currency":"EUR"}"#;
        assert_eq!(serde_json::to_string(&money).unwrap(), json);
        assert_eq!(serde_json::from_str::<Money>(json).unwrap(), money);
        for odd in [
            r#"{"amount":19.99,"currency":"EUR"}"#,
            r#"{"amount":"1999","currency":"EUR"}"#,
            r#"{"amount":1999}"#,
            r#"{"amount":1999,"currency":"EUR","tax":1}"#,
            r#"{"amount":9223372036854775808,"currency":"EUR"}"#,
        ] {
            assert!(serde_json::from_str::<Money>(odd).is_err(), "{odd}");
        }
    }

    proptest! {
        #[test]
        fn sums_and_products_are_exact_or_errors(a in any::<i64>(), b in any::<i64>()) {
            let eur = |amount| Money::new(amount, currency("EUR"));
            let exact = |wide: i128| i64::try_from(wide).map(eur).map_err(|_| MoneyError::Overflow);
            let (wide_a, wide_b) = (i128::from(a), i128::from(b));
            prop_assert_eq!(eur(a).checked_add(eur(b)), exact(wide_a + wide_b));
            prop_assert_eq!(eur(a).checked_mul(b), exact(wide_a * wide_b));
        }

        #[test]
        fn what_is_displayed_says_the_amount(
            amount in any::<i64>(),
            code in proptest::sample::select(vec!["EUR", "JPY", "KWD", "CLF"]),
        ) {
            let money = Money::new(amount, currency(code));
            let text = money.to_string();
            let (number, unit) = text.split_once(' ').unwrap();
            prop_assert_eq!(unit, code);
            let decimals = number.split_once('.').map_or(0, |(_, decimals)| decimals.len());
            prop_assert_eq!(decimals, usize::from(money.currency.decimals()));
            let digits: i128 = number.replace('.', "").parse().unwrap();
            prop_assert_eq!(digits, i128::from(amount));
        }
    }
}
