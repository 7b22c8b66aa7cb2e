//! The texts that must stand nowhere.

use anyhow::bail;

/// The shortest text that is looked for, in characters: a shorter one stands everywhere.
const SHORTEST: usize = 3;

/// Texts, each as it is, as JSON writes it, and as JSON writes a text that is JSON.
pub(super) struct Needles(Vec<String>);

impl Needles {
    /// # Errors
    /// One is too short to mean anything.
    pub(super) fn new(texts: Vec<String>) -> anyhow::Result<Self> {
        let mut needles = vec![];
        for text in texts {
            if text.trim().chars().count() < SHORTEST {
                bail!("--contains {text:?}: a text has at least {SHORTEST} characters");
            }
            let once = escaped(&text)?;
            let twice = escaped(&once)?;
            let mut forms = vec![text, once, twice];
            forms.dedup();
            needles.append(&mut forms);
        }
        Ok(Self(needles))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, for a statement.
    pub(super) fn texts(&self) -> &[String] {
        &self.0
    }

    /// Whether one of them is in `bytes`.
    pub(super) fn are_in(&self, bytes: &[u8]) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let text = String::from_utf8_lossy(bytes);
        self.0.iter().any(|needle| text.contains(needle))
    }
}

/// The text as it stands in JSON, without the quotes.
fn escaped(text: &str) -> serde_json::Result<String> {
    let json = serde_json::to_string(text)?;
    Ok(json[1..json.len() - 1].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_as_it_is_and_as_json() {
        let needles = Needles::new(vec!["Zoë \"Z\" M".into()]).expect("it is long enough");
        assert!(needles.are_in("log: Zoë \"Z\" M.".as_bytes()));
        assert!(needles.are_in(r#"{"name":"Zoë \"Z\" M"}"#.as_bytes()));
        let kept_as_text = serde_json::json!({"answer": r#"{"name":"Zoë \"Z\" M"}"#});
        assert!(needles.are_in(kept_as_text.to_string().as_bytes()));
        assert_eq!(needles.texts().len(), 3);
        let plain = Needles::new(vec!["Ada".into()]).expect("it is long enough");
        assert_eq!(plain.texts(), ["Ada"], "each form is looked for once");
        assert!(!needles.are_in("Zoë Z M".as_bytes()));
        assert!(
            !Needles::new(vec![])
                .expect("none will do")
                .are_in(b"anything")
        );
        assert!(Needles::new(vec![" a ".into()]).is_err());
    }
}
