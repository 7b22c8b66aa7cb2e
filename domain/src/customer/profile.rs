//! Who a customer is: what is sealed before it comes into a command.

use super::CustomerError;
use crate::text;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Who a customer is. It stands in no command and in no event but [`Sealed`](crate::Sealed), and shows
/// nothing of itself where values are written for debugging.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// What they are called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where they get e-mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Where they are called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

impl Profile {
    /// Checks it, before it is sealed: afterwards nobody can.
    ///
    /// # Errors
    /// Nothing is said, or a text is blank, too long, no text, or no address of e-mail.
    pub fn check(&self) -> Result<(), CustomerError> {
        let fields = [
            ("name", &self.name, 200),
            ("email", &self.email, 254),
            ("phone", &self.phone, 50),
        ];
        if fields.iter().all(|(_, text, _)| text.is_none()) {
            return Err(CustomerError::Empty);
        }
        for (field, text, max) in fields {
            if let Some(text) = text {
                text::line(field, text, max)?;
            }
        }
        match &self.email {
            Some(email) if !is_email(email) => Err(CustomerError::Email),
            _ => Ok(()),
        }
    }
}

/// Only what is surely none is refused: what is one, the mail's way there decides.
fn is_email(text: &str) -> bool {
    let parts = text.rsplit_once('@');
    parts.is_some_and(|(who, host)| !who.is_empty() && !host.is_empty())
        && !text.contains(char::is_whitespace)
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Profile(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TextError;

    fn profile(name: Option<&str>, email: Option<&str>, phone: Option<&str>) -> Profile {
        let text = |text: Option<&str>| text.map(str::to_owned);
        Profile {
            name: text(name),
            email: text(email),
            phone: text(phone),
        }
    }

    #[test]
    fn a_profile_says_something_that_can_be() {
        let ada = profile(Some("Ada"), Some("ada@example.com"), Some("+44 20 1"));
        assert_eq!(ada.check(), Ok(()));
        assert_eq!(format!("{ada:?}"), "Profile(..)");
        assert_eq!(profile(None, None, Some("1")).check(), Ok(()));
        let empty = profile(None, None, None).check();
        assert_eq!(empty, Err(CustomerError::Empty));
        for email in ["ada", "@example.com", "ada@", "a da@example.com"] {
            let checked = profile(None, Some(email), None).check();
            assert_eq!(checked, Err(CustomerError::Email), "{email}");
        }
        let long = profile(Some(&"x".repeat(201)), None, None).check();
        let wrong = TextError::Length {
            field: "name".into(),
            max: 200,
        };
        assert_eq!(long, Err(wrong.into()));
        let control = profile(None, None, Some("1\0")).check();
        let wrong = TextError::Control {
            field: "phone".into(),
        };
        assert_eq!(control, Err(wrong.into()));
    }
}
