//! Values as PostgreSQL takes and gives them, in its binary format.
//!
//! One way of writing a value serves the parameters of a statement and `COPY` alike.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use domain::{
    Currency, CustomerId, Location, OrderId, Sku, TenantId, order::Status, payment::PaymentStatus,
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
    Status = word,
    PaymentStatus = word,
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

impl Column for OrderId {
    const KIND: Kind = Kind::Uuid;

    fn write(&self, out: &mut Vec<u8>) -> bool {
        self.uuid().write(out)
    }

    fn read(bytes: Option<&[u8]>) -> Result<Self, String> {
        Uuid::read(bytes).map(Self::new)
    }
}

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
        fn values_go_round(number in any::<i64>(), text in any::<String>(), micros in -9_000_000_000_000_000_i64..9_000_000_000_000_000) {
            let time = DateTime::from_timestamp_micros(micros).unwrap();
            round(&number);
            round(&(number as i32));
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
    }
}
