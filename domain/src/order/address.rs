//! Where an order goes: what is sealed before it comes into a command, and opened where it is needed.

use super::OrderError;
use crate::text;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The most lines that an address may have above the town.
const MAX_LINES: usize = 6;

/// Where an order goes. It is personal, so it stands in no command and in no event but
/// [`Sealed`](crate::Sealed), and shows nothing of itself where values are written for debugging.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Address {
    /// Who receives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Street and number, and what else stands above the town.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<String>,
    /// The town.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// The postal code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// The country, as the shop writes it.
    pub country: String,
}

impl Address {
    /// Checks it, before it is sealed: afterwards nobody can.
    ///
    /// # Errors
    /// A text that is blank, too long or no text, or too many lines.
    pub fn check(&self) -> Result<(), OrderError> {
        let optional = |field, text: &Option<String>, max| match text {
            Some(text) => text::line(field, text, max),
            None => Ok(()),
        };
        optional("shipping_address/name", &self.name, 200)?;
        if self.lines.len() > MAX_LINES {
            return Err(OrderError::AddressLines { max: MAX_LINES });
        }
        for (index, line) in self.lines.iter().enumerate() {
            text::line("shipping_address/lines", line, 200).map_err(|error| error.at(index))?;
        }
        optional("shipping_address/city", &self.city, 100)?;
        optional("shipping_address/postal_code", &self.postal_code, 32)?;
        text::line("shipping_address/country", &self.country, 100)?;
        Ok(())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TextError;

    fn address() -> Address {
        Address {
            name: Some("Ada Lovelace".into()),
            lines: vec!["1 Main Street".into()],
            city: Some("Town".into()),
            postal_code: Some("12345".into()),
            country: "DE".into(),
        }
    }

    #[test]
    fn texts_of_an_address_are_bounded_and_plain() {
        let length = |field: &'static str, max| {
            let field = field.into();
            OrderError::Text(TextError::Length { field, max })
        };
        let control = |field: &'static str| {
            let field = field.into();
            OrderError::Text(TextError::Control { field })
        };
        let refused = |change: fn(&mut Address), error| {
            let mut address = address();
            change(&mut address);
            assert_eq!(address.check(), Err(error));
        };
        assert_eq!(address().check(), Ok(()));
        refused(
            |a| a.name = Some("".into()),
            length("shipping_address/name", 200),
        );
        refused(
            |a| a.lines.push("\t".into()),
            length("shipping_address/lines/1", 200),
        );
        refused(
            |a| a.lines.push("a\u{7}".into()),
            control("shipping_address/lines/1"),
        );
        refused(
            |a| a.lines = vec!["a".into(); MAX_LINES + 1],
            OrderError::AddressLines { max: MAX_LINES },
        );
        refused(
            |a| a.city = Some("x".repeat(101)),
            length("shipping_address/city", 100),
        );
        refused(
            |a| a.postal_code = Some("\0".into()),
            control("shipping_address/postal_code"),
        );
        refused(
            |a| a.country = "".into(),
            length("shipping_address/country", 100),
        );
    }

    #[test]
    fn debugging_shows_nothing_of_it() {
        assert_eq!(format!("{:?}", Some(address())), "Some(Address(..))");
    }
}
