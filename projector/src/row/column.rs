//! Values as PostgreSQL takes and gives them, in its binary format.
//!
//! One way of writing a value serves the parameters of a statement and `COPY` alike.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use domain::{
    Currency, CustomerId, Location, OrderId, ReturnId, Sealed, ShipmentId, Sku, TenantId,
    order::{FulfilmentStatus, OrderReturnStatus, Status},
    payment::PaymentStatus,
    process::Stage,
    returns::ReturnStatus,
    shipment::ShipmentStatus,
};
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

/// A type of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `bigint`
    Int8,
    /// `integer`
    Int4,
    /// `boolean`
    Bool,
    /// `numeric`, for whole numbers of up to 128 bits
    Numeric,
    /// `text`
    Text,
    /// `uuid`
    Uuid,
    /// `timestamptz`
    Time,
    /// `date`
    Date,
    /// `json`
    Json,
}

impl Kind {
    /// Its name in SQL.
    pub const fn sql(self) -> &'static str {
        match self {
            Self::Int8 => "bigint",
            Self::Int4 => "integer",
            Self::Bool => "boolean",
            Self::Numeric => "numeric",
            Self::Text => "text",
            Self::Uuid => "uuid",
            Self::Time => "timestamptz",
            Self::Date => "date",
            Self::Json => "json",
        }
    }

    /// The numbers of the type and of arrays of it (`pg_type.dat`): the same on every server.
    pub const fn oids(self) -> (u32, u32) {
        match self {
            Self::Int8 => (20, 1016),
            Self::Int4 => (23, 1007),
            Self::Bool => (16, 1000),
            Self::Numeric => (1700, 1231),
            Self::Text => (25, 1009),
            Self::Uuid => (2950, 2951),
            Self::Time => (1184, 1185),
            Self::Date => (1082, 1182),
            Self::Json => (114, 199),
        }
    }
}

/// A value of a column.
pub trait Column: Sized {
    /// Its type in the database.
    const KIND: Kind;

    /// Writes the value; false if it is null, and then nothing is written.
    fn write(&self, out: &mut Vec<u8>) -> bool;

    /// Reads the value, or says what is wrong with it.
    fn read(bytes: Option<&[u8]>) -> Result<Self, String>;
}

impl<T: Column> Column for Option<T> {
    const KIND: Kind = T::KIND;

    fn write(&self, out: &mut Vec<u8>) -> bool {
        self.as_ref().is_some_and(|value| value.write(out))
    }

    fn read(bytes: Option<&[u8]>) -> Result<Self, String> {
        bytes.map(|bytes| T::read(Some(bytes))).transpose()
    }
}

fn some(bytes: Option<&[u8]>) -> Result<&[u8], String> {
    bytes.ok_or_else(|| "nothing".to_owned())
}

fn fixed<const N: usize>(bytes: Option<&[u8]>) -> Result<[u8; N], String> {
    let bytes = some(bytes)?;
    bytes
        .try_into()
        .map_err(|_| format!("{} bytes", bytes.len()))
}

fn text(bytes: Option<&[u8]>) -> Result<&str, String> {
    std::str::from_utf8(some(bytes)?).map_err(|error| error.to_string())
}

macro_rules! integers {
    ($($type:ty => $kind:ident),*) => {
        $(impl Column for $type {
            const KIND: Kind = Kind::$kind;

            fn write(&self, out: &mut Vec<u8>) -> bool {
                out.extend_from_slice(&self.to_be_bytes());
                true
            }

            fn read(bytes: Option<&[u8]>) -> Result<Self, String> {
                fixed(bytes).map(Self::from_be_bytes)
            }
        })*
    };
}

integers!(i64 => Int8, i32 => Int4);

impl Column for bool {
    const KIND: Kind = Kind::Bool;

    fn write(&self, out: &mut Vec<u8>) -> bool {
        out.push(u8::from(*self));
        true
    }

    fn read(bytes: Option<&[u8]>) -> Result<Self, String> {
        match fixed(bytes)? {
            [0] => Ok(false),
            [1] => Ok(true),
            [other] => Err(format!("{other}, which is neither true nor false")),
        }
    }
}

/// What the digits of a `numeric` count to.
const NUMERIC_BASE: u128 = 10_000;
/// The word that says that a `numeric` is below zero.
const NUMERIC_NEGATIVE: u16 = 0x4000;

impl Column for i128 {
    const KIND: Kind = Kind::Numeric;

    fn write(&self, out: &mut Vec<u8>) -> bool {
        let mut digits = Vec::with_capacity(10);
        let mut rest = self.unsigned_abs();
        while rest > 0 {
            digits.push((rest % NUMERIC_BASE) as u16);
            rest /= NUMERIC_BASE;
        }
        let sign = if *self < 0 { NUMERIC_NEGATIVE } else { 0 };
        // How many digits, the power of the first, the sign, and no decimals.
        let count = digits.len() as u16;
        for word in [count, count.saturating_sub(1), sign, 0] {
            out.extend_from_slice(&word.to_be_bytes());
        }
        for digit in digits.iter().rev() {
            out.extend_from_slice(&digit.to_be_bytes());
        }
        true
    }

    fn read(bytes: Option<&[u8]>) -> Result<Self, String> {
        let wrong = || "no whole number of 128 bits".to_owned();
        let (words, rest) = some(bytes)?.as_chunks::<2>();
        let words: Vec<u16> = words.iter().map(|word| u16::from_be_bytes(*word)).collect();
        let ([count, weight, sign, _], true) = (words.get(..4).ok_or_else(wrong)?, rest.is_empty())
        else {
            return Err(wrong());
        };
        let digits = &words[4..];
        // Zeros at the end are left out.
        let zeros = (usize::from(*weight) + 1).checked_sub(digits.len());
        let zeros = zeros.filter(|_| usize::from(*count) == digits.len());
        let zeros = match digits {
            [] => 0,
            _ => zeros.ok_or_else(wrong)?,
        };
        let all = digits.iter().copied().chain(std::iter::repeat_n(0, zeros));
        let negative = match *sign {
            0 => false,
            NUMERIC_NEGATIVE => true,
            _ => return Err(wrong()),
        };
        let mut number: Self = 0;
        for digit in all {
            let digit = Self::from(digit);
            let signed = if negative { -digit } else { digit };
            number = number
                .checked_mul(NUMERIC_BASE as Self)
                .and_then(|number| number.checked_add(signed))
                .ok_or_else(wrong)?;
        }
        Ok(number)
    }
}

impl Column for String {
    const KIND: Kind = Kind::Text;

    fn write(&self, out: &mut Vec<u8>) -> bool {
        out.extend_from_slice(self.as_bytes());
        true
    }

    fn read(bytes: Option<&[u8]>) -> Result<Self, String> {
        text(bytes).map(str::to_owned)
    }
}

/// Types that are written as text and parsed.
macro_rules! texts {
    ($($type:ty = $parse:expr),* $(,)?) => {
        $(impl Column for $type {
            const KIND: Kind = Kind::Text;

            fn write(&self, out: &mut Vec<u8>) -> bool {
                out.extend_from_slice(self.as_str().as_bytes());
                true
            }

            fn read(bytes: Option<&[u8]>) -> Result<Self, String> {
                let parse: fn(&str) -> Result<Self, String> = $parse;
                parse(text(bytes)?)
            }
        })*
    };
}

/// A word that serde knows.
fn word<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let word = serde::de::value::StrDeserializer::<serde::de::value::Error>::new(text);
    T::deserialize(word).map_err(|error| error.to_string())
}

texts! {
    TenantId = |text| Self::parse(text).map_err(|error| error.to_string()),
    CustomerId = |text| Self::parse(text).map_err(|error| error.to_string()),
    Sku = |text| Self::parse(text).map_err(|error| error.to_string()),
    Location = |text| Self::parse(text).map_err(|error| error.to_string()),
    Currency = |text| Self::parse(text).map_err(|error| error.to_string()),
    Sealed = |text| Self::parse(text).map_err(|error| error.to_string()),
    Status = word,
    FulfilmentStatus = word,
    OrderReturnStatus = word,
    PaymentStatus = word,
    ShipmentStatus = word,
    ReturnStatus = word,
    Stage = word,
}

impl Column for Uuid {
    const KIND: Kind = Kind::Uuid;

    fn write(&self, out: &mut Vec<u8>) -> bool {
        out.extend_from_slice(self.as_bytes());
        true
    }

    fn read(bytes: Option<&[u8]>) -> Result<Self, String> {
        fixed(bytes).map(Self::from_bytes)
    }
}

/// Ids that are UUIDs.
macro_rules! ids {
    ($($type:ty),* $(,)?) => {
        $(impl Column for $type {
            const KIND: Kind = Kind::Uuid;

            fn write(&self, out: &mut Vec<u8>) -> bool {
                self.uuid().write(out)
            }

            fn read(bytes: Option<&[u8]>) -> Result<Self, String> {
                Uuid::read(bytes).map(Self::new)
            }
        })*
    };
}

ids!(OrderId, ShipmentId, ReturnId);

/// Microseconds and days from 1970 to 2000, where the server's times begin.
const YEAR_2000_MICROS: i64 = 946_684_800_000_000;
const YEAR_2000_DAYS: i32 = 730_120;

impl Column for DateTime<Utc> {
    const KIND: Kind = Kind::Time;

    fn write(&self, out: &mut Vec<u8>) -> bool {
        (self.timestamp_micros() - YEAR_2000_MICROS).write(out)
    }

    fn read(bytes: Option<&[u8]>) -> Result<Self, String> {
        let micros = i64::read(bytes)?.checked_add(YEAR_2000_MICROS);
        micros
            .and_then(Self::from_timestamp_micros)
            .ok_or_else(|| "a time beyond all calendars".to_owned())
    }
}

impl Column for NaiveDate {
    const KIND: Kind = Kind::Date;

    fn write(&self, out: &mut Vec<u8>) -> bool {
        (self.num_days_from_ce() - YEAR_2000_DAYS).write(out)
    }

    fn read(bytes: Option<&[u8]>) -> Result<Self, String> {
        let days = i32::read(bytes)?.checked_add(YEAR_2000_DAYS);
        days.and_then(Self::from_num_days_from_ce_opt)
            .ok_or_else(|| "a day beyond all calendars".to_owned())
    }
}

/// A value that is kept as JSON.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Json<T>(pub T);

impl<T: Serialize + DeserializeOwned> Column for Json<T> {
    const KIND: Kind = Kind::Json;

    fn write(&self, out: &mut Vec<u8>) -> bool {
        serde_json::to_writer(out, &self.0)
            .expect("rows hold plain structs with text keys, which JSON can always hold");
        true
    }

    fn read(bytes: Option<&[u8]>) -> Result<Self, String> {
        serde_json::from_slice(some(bytes)?)
            .map(Self)
            .map_err(|error| error.to_string())
    }
}

/// JSON that is text already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonText(pub Vec<u8>);

impl Column for JsonText {
    const KIND: Kind = Kind::Json;

    fn write(&self, out: &mut Vec<u8>) -> bool {
        out.extend_from_slice(&self.0);
        true
    }

    fn read(bytes: Option<&[u8]>) -> Result<Self, String> {
        some(bytes).map(|bytes| Self(bytes.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::fmt::Debug;

    fn round<T: Column + PartialEq + Debug>(value: &T) {
        let mut bytes = vec![];
        let bytes = value.write(&mut bytes).then_some(bytes);
        assert_eq!(T::read(bytes.as_deref()).as_ref(), Ok(value));
    }

    proptest! {
        #[test]
        fn values_go_round(number in any::<i64>(), wide in any::<i128>(), text in any::<String>(), micros in -9_000_000_000_000_000_i64..9_000_000_000_000_000) {
            let time = DateTime::from_timestamp_micros(micros).unwrap();
            round(&number);
            round(&(number as i32));
            round(&(number < 0));
            for power in 0..38 {
                round(&(wide / 10_i128.pow(power)));
                round(&(wide / 10_i128.pow(power) * 10_i128.pow(power)));
            }
            round(&text);
            round(&Some(text.clone()));
            round(&None::<String>);
            round(&Json(vec![text]));
            round(&Uuid::from_u128(number as u128));
            round(&time);
            round(&time.date_naive());
        }
    }

    #[test]
    fn whole_numbers_are_read_and_others_are_not() {
        let of = |words: &[u16]| {
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
            i128::read(Some(&bytes))
        };
        for number in [0, 1, -1, 9_999, 10_000, i128::MIN, i128::MAX] {
            round(&number);
        }
        // As the server sends 0, 20,000 and -50,000,000.
        assert_eq!(of(&[0, 0, 0, 0]), Ok(0));
        assert_eq!(of(&[1, 1, 0, 0, 2]), Ok(20_000));
        assert_eq!(of(&[1, 1, 0x4000, 0, 5_000]), Ok(-50_000_000));
        // 0.5, 2.5, not a number, more than 128 bits, and cut off.
        assert!(of(&[1, 0xFFFF, 0, 1, 5_000]).is_err());
        assert!(of(&[2, 0, 0, 1, 2, 5_000]).is_err());
        assert!(of(&[0, 0, 0xC000, 0]).is_err());
        assert!(of(&[1, 40, 0, 0, 1]).is_err());
        assert!(of(&[2, 1, 0, 0, 1]).is_err());
        assert!(of(&[1, 0, 0]).is_err());
        assert!(i128::read(Some(&[0; 9])).is_err());
    }

    #[test]
    fn words_are_the_ones_the_domain_knows() {
        for status in [Status::Placed, Status::Confirmed, Status::Cancelling] {
            round(&status);
        }
        for status in [PaymentStatus::Pending, PaymentStatus::OutcomeUnknown] {
            round(&status);
        }
        assert!(Status::read(Some(b"lost")).is_err());
        assert!(Currency::read(Some(b"XXX")).is_err());
        assert!(i64::read(Some(&[0; 4])).is_err());
        assert!(i64::read(None).is_err());
        assert!(bool::read(Some(&[2])).is_err());
    }
}
