//! The settings for people to read: the reference of all of them, and the ones in force.

use std::fmt::Write;

use serde_json::Value;

use super::{section::Entry, settings::Settings};

const REDACTED: &str = "[redacted]";

/// What there is to know about one setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingDoc {
    /// Its name, `section.key`.
    pub key: String,
    /// The environment variable that sets it.
    pub env: String,
    /// Its default; empty where it is absent.
    pub default: String,
    /// What is allowed.
    pub allowed: String,
    /// What it is for.
    pub doc: &'static str,
    /// Whether it is kept from logs and prints; such a setting may come from a file too.
    pub secret: bool,
}

/// Every setting with its default, environment name and meaning.
#[must_use]
pub fn reference() -> Vec<SettingDoc> {
    let describe = |entry: &Entry| SettingDoc {
        key: entry.full_key(),
        env: entry.env_name(),
        default: plain(&entry.value),
        allowed: entry.rule.to_string(),
        doc: entry.doc,
        secret: entry.secret,
    };
    Settings::default().entries().iter().map(describe).collect()
}

/// [`reference`] as text, for `--help`.
#[must_use]
pub fn reference_text() -> String {
    let mut text = String::from(
        "Settings: defaults < YAML file named by CONF_PATH < environment.\n\
         A secret can also be read from a file: add _FILE to its variable.\n",
    );
    for setting in reference() {
        let default = if setting.default.is_empty() {
            "(absent)"
        } else {
            &setting.default
        };
        let secret = if setting.secret { " (secret)" } else { "" };
        let SettingDoc {
            env, doc, allowed, ..
        } = setting;
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "\n{env}={default}{secret}\n    {doc}\n    Allowed: {allowed}.\n"
        );
    }
    text
}

impl Settings {
    /// The settings in force as YAML, secrets replaced by `[redacted]`.
    #[must_use]
    pub fn to_yaml_redacted(&self) -> String {
        let mut yaml = String::new();
        let mut section = "";
        for entry in self.entries() {
            if entry.section != section {
                section = entry.section;
                let _ = writeln!(yaml, "{section}:");
            }
            let value = match &entry.value {
                Value::Null => Value::Null,
                _ if entry.secret => Value::from(REDACTED),
                value => value.clone(),
            };
            let _ = writeln!(yaml, "  # {}", entry.doc);
            // A JSON scalar or list is a YAML one.
            let _ = writeln!(yaml, "  {}: {value}", entry.key);
        }
        yaml
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::{ffi::OsString, io::Write as _};

    use super::*;

    #[test]
    fn the_reference_can_be_copied_into_the_environment() {
        let all = reference()
            .into_iter()
            .filter(|setting| !setting.default.is_empty());
        let environment: Vec<(OsString, OsString)> = all
            .map(|setting| (setting.env.into(), setting.default.into()))
            .collect();
        assert!(environment.len() > 40);

        let settings = Settings::load_from(None, environment).unwrap();
        assert_eq!(
            settings.to_yaml_redacted(),
            Settings::default().to_yaml_redacted()
        );
    }

    #[test]
    fn every_setting_is_documented_in_one_sentence() {
        for setting in reference() {
            assert!(
                setting.doc.ends_with('.'),
                "{}: {}",
                setting.key,
                setting.doc
            );
            assert!(reference_text().contains(&setting.env));
        }
    }

    #[test]
    fn the_print_is_yaml_that_loads_and_tells_no_secret() {
        let mut settings = Settings::default();
        settings.store.url = "postgres://u:sesame@h/db".into();
        settings.http.port = 9999;
        let yaml = settings.to_yaml_redacted();
        assert!(!yaml.contains("sesame"), "{yaml}");
        assert!(yaml.contains("  url: \"[redacted]\""), "{yaml}");

        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(yaml.replace(REDACTED, "postgres://h/db").as_bytes())
            .unwrap();
        let loaded = Settings::load_from(Some(file.path()), []).unwrap();
        assert_eq!(loaded.http.port, 9999);
        assert_eq!(loaded.to_yaml_redacted(), yaml);
    }
}
