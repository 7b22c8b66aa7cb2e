//! Loads the settings from their sources, and says everything that is wrong with them at once.

use std::{
    collections::BTreeMap,
    env,
    ffi::OsString,
    fmt, fs,
    path::{Path, PathBuf},
};

use config::{Config, File, FileFormat};
use secrecy::ExposeSecret;
use serde_json::{Map, Value};

use super::{section::Entry, settings::Settings};

/// The environment variable that names the YAML file.
pub const FILE_ENV: &str = "CONF_PATH";

/// What every environment variable with a setting begins with.
pub const ENV_PREFIX: &str = "ORDERS__";

/// A secret's file is longer than any secret: it was not meant.
const MAX_SECRET_BYTES: u64 = 16_384;

/// Why the configuration cannot be used: every reason, one on each line.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the configuration cannot be used:\n{}", .reasons.iter().map(|r| format!("  - {r}")).collect::<Vec<_>>().join("\n"))]
pub struct ConfigError {
    reasons: Vec<String>,
}

impl ConfigError {
    /// Each reason on its own; each names the setting and what is allowed.
    #[must_use]
    pub fn reasons(&self) -> &[String] {
        &self.reasons
    }

    fn one(reason: impl Into<String>) -> Self {
        Self {
            reasons: vec![reason.into()],
        }
    }
}

impl Settings {
    /// Loads defaults < the YAML file named by `CONF_PATH` < `ORDERS__SECTION__KEY`.
    ///
    /// A secret may also come from a file, named by the key with `_FILE` at its end
    /// (`ORDERS__STORE__URL_FILE`, or `url_file` in YAML).
    ///
    /// # Errors
    /// Every unknown key and every value that is not allowed, each with its name, where it came
    /// from and what is allowed.
    pub fn load() -> Result<Self, ConfigError> {
        let file = env::var_os(FILE_ENV)
            .filter(|path| !path.is_empty())
            .map(PathBuf::from);
        Self::load_from(file.as_deref(), env::vars_os())
    }

    /// As [`load`](Self::load), with the file and the environment given.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_from(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        let known = Settings::default().entries();
        let mut reasons = Vec::new();

        let overrides = overrides(&known, environment, &mut reasons);
        let mut given = flatten(&merged(file, &overrides)?, &mut reasons);
        let origin = |key: &str| origin(key, file, &overrides);

        let mut accepted = Map::new();
        let mut set_by = BTreeMap::new();
        for entry in &known {
            let key = entry.full_key();
            let named = given.remove(&key);
            let in_file = if entry.secret {
                given.remove(&format!("{key}_file"))
            } else {
                None
            };
            let value = match (named, in_file) {
                (Some(_), Some(_)) => {
                    reasons.push(format!(
                        "{key} and {key}_file are both set; set one of them"
                    ));
                    continue;
                }
                (None, Some(path)) => match read_secret(&path) {
                    Ok(secret) => Value::String(secret),
                    Err(why) => {
                        reasons.push(format!(
                            "{key}_file{}: {why}",
                            origin(&format!("{key}_file"))
                        ));
                        continue;
                    }
                },
                // An empty value means "not set", so that a compose file can leave one open.
                (Some(Value::Null), None) | (None, None) => continue,
                (Some(Value::String(text)), None) if text.is_empty() => continue,
                (Some(value), None) => value,
            };
            match entry.rule.accept(&value) {
                Some(value) => {
                    insert(&mut accepted, entry, value);
                    set_by.insert(key.clone(), source(&key, file, &overrides));
                }
                None => reasons.push(entry.refusal(&value, &origin(&key))),
            }
        }
        for unknown in given.keys() {
            reasons.push(unknown_key(&known, unknown, &origin(unknown)));
        }
        if !reasons.is_empty() {
            return Err(ConfigError { reasons });
        }

        let mut settings: Settings = serde_json::from_value(Value::Object(accepted))
            .map_err(|error| ConfigError::one(error.to_string()))?;
        settings.set_by = set_by;
        settings.validate()?;
        Ok(settings)
    }

    /// Checks every value's range and what must hold between settings. [`load`](Self::load) has
    /// done it; settings made in code need it.
    ///
    /// # Errors
    /// Every setting that is not allowed, with what is.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let mut reasons: Vec<String> = self
            .entries()
            .iter()
            .filter(|entry| !entry.value.is_null() && entry.rule.accept(&entry.value).is_none())
            .map(|entry| entry.refusal(&entry.value, ""))
            .collect();

        if !(self.http.bind.is_loopback() || self.http.trust_network) {
            let origin = self.set_by("http.bind");
            reasons.push(format!(
                "http.bind{}: {} is not allowed; allowed: a loopback address (127.0.0.1 or ::1), \
                 because this build has no authentication and would be open to everyone who reaches \
                 it; any address with http.trust_network, where all of these are trusted",
                origin.map_or_else(String::new, |name| format!(" (from {name})")),
                self.http.bind
            ));
        }
        if self.query.default_limit > self.query.max_limit {
            reasons.push(format!(
                "query.default_limit: {} is not allowed; allowed: at most query.max_limit, {}",
                self.query.default_limit, self.query.max_limit
            ));
        }
        if self.http.max_body_bytes > self.http.max_bodies_bytes {
            reasons.push(format!(
                "http.max_body_bytes: {} is not allowed; allowed: at most http.max_bodies_bytes, {}",
                self.http.max_body_bytes, self.http.max_bodies_bytes
            ));
        }
        if self.store.max_batch > self.store.queue {
            reasons.push(format!(
                "store.max_batch: {} is not allowed; allowed: at most store.queue, {}",
                self.store.max_batch, self.store.queue
            ));
        }
        let kurrentdb = self.store_is_kurrentdb();
        for (key, url) in [("read.url", &self.read.url), ("saga.url", &self.saga.url)] {
            if kurrentdb && url.is_none() {
                reasons.push(format!(
                    "{key}: it must be set, because the events are in KurrentDB (store.url), which \
                     keeps nothing else; allowed: postgres://… or postgresql://…"
                ));
            }
        }
        let sagas = self.saga_url().expose_secret();
        if !kurrentdb && sagas != self.store.url.expose_secret() {
            reasons.push(
                "saga.url: the value is not allowed; allowed: that of store.url, or none, because what \
                 sagas remember is kept beside the events"
                    .into(),
            );
        }
        for (section, poll, lease) in [
            ("projector", self.projector.poll_ms, self.projector.lease_ms),
            ("saga", self.saga.poll_ms, self.saga.lease_ms),
        ] {
            if poll * 3 > lease {
                reasons.push(format!(
                    "{section}.poll_ms: {poll} is not allowed; allowed: at most a third of \
                     {section}.lease_ms, {lease}, so that a living leader keeps its lease"
                ));
            }
        }
        if reasons.is_empty() {
            Ok(())
        } else {
            Err(ConfigError { reasons })
        }
    }
}

impl Entry {
    /// `section.key`.
    pub(super) fn full_key(&self) -> String {
        format!("{}.{}", self.section, self.key)
    }

    /// `ORDERS__SECTION__KEY`.
    pub(super) fn env_name(&self) -> String {
        format!("{ENV_PREFIX}{}__{}", self.section, self.key).to_uppercase()
    }

    fn refusal(&self, value: &Value, origin: &str) -> String {
        let shown = if self.secret {
            "the value".to_owned()
        } else {
            match value {
                Value::String(text) => format!("\"{}\"", text.escape_debug()),
                other => other.to_string(),
            }
        };
        format!(
            "{}{origin}: {shown} is not allowed; allowed: {}",
            self.full_key(),
            self.rule
        )
    }
}

/// The environment's settings: key (`section.key`) to variable name and value.
type Overrides = BTreeMap<String, (String, String)>;

fn overrides(
    known: &[Entry],
    environment: impl IntoIterator<Item = (OsString, OsString)>,
    reasons: &mut Vec<String>,
) -> Overrides {
    let mut overrides = Overrides::new();
    for (name, value) in environment {
        let name = name.to_string_lossy().into_owned();
        let Some(path) = name.strip_prefix(ENV_PREFIX) else {
            continue;
        };
        let key = path.to_lowercase().replacen("__", ".", 1);
        let is_known = known.iter().any(|entry| {
            let full = entry.full_key();
            key == full || (entry.secret && key == format!("{full}_file"))
        });
        match value.into_string() {
            Err(_) => reasons.push(format!("{name}: the value is not UTF-8 text")),
            Ok(_) if !is_known => {
                reasons.push(unknown_key(known, &key, &format!(" (from {name})")));
            }
            Ok(value) => {
                overrides.insert(key, (name, value));
            }
        }
    }
    overrides
}

fn merged(file: Option<&Path>, overrides: &Overrides) -> Result<Value, ConfigError> {
    let mut builder = Config::builder();
    if let Some(path) = file {
        let text = fs::read_to_string(path).map_err(|error| {
            ConfigError::one(format!(
                "{FILE_ENV}: {} cannot be read: {error}",
                path.display()
            ))
        })?;
        // An empty document, or one of comments alone, says nothing: every default holds.
        let says_something = text.lines().map(str::trim).any(|line| {
            !(line.is_empty() || line.starts_with('#') || line == "---" || line == "...")
        });
        if says_something {
            builder = builder.add_source(File::from_str(&text, FileFormat::Yaml));
        }
    }
    for (key, (name, value)) in overrides {
        builder = builder
            .set_override(key, value.as_str())
            .map_err(|error| ConfigError::one(format!("{name}: {error}")))?;
    }
    builder
        .build()
        .and_then(Config::try_deserialize)
        .map_err(|error| {
            let place = file.map_or_else(String::new, |path| format!("{}: ", path.display()));
            ConfigError::one(format!("{place}{error}"))
        })
}

/// `{section: {key: value}}` as `section.key: value`.
fn flatten(tree: &Value, reasons: &mut Vec<String>) -> BTreeMap<String, Value> {
    let mut flat = BTreeMap::new();
    for (section, keys) in tree.as_object().into_iter().flatten() {
        match keys {
            Value::Object(keys) => {
                for (key, value) in keys {
                    flat.insert(format!("{section}.{key}"), value.clone());
                }
            }
            // A section with nothing under it.
            Value::Null => {}
            _ => reasons.push(format!(
                "{section}: a section of settings is expected, not a value"
            )),
        }
    }
    flat
}

fn insert(tree: &mut Map<String, Value>, entry: &Entry, value: Value) {
    let section = tree
        .entry(entry.section)
        .or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(section) = section {
        section.insert(entry.key.to_owned(), value);
    }
}

fn origin(key: &str, file: Option<&Path>, overrides: &Overrides) -> String {
    match (overrides.get(key), file) {
        (Some((name, _)), _) => format!(" (from {name})"),
        (None, Some(path)) => format!(" (from {})", path.display()),
        (None, None) => String::new(),
    }
}

/// What gave a setting its value: its variable, that of its file, or the configuration's file.
fn source(key: &str, file: Option<&Path>, overrides: &Overrides) -> String {
    let variable = overrides
        .get(key)
        .or_else(|| overrides.get(&format!("{key}_file")));
    match (variable, file) {
        (Some((name, _)), _) => name.clone(),
        (None, Some(path)) => path.display().to_string(),
        (None, None) => String::new(),
    }
}

fn unknown_key(known: &[Entry], key: &str, origin: &str) -> String {
    let section = key.split('.').next().unwrap_or_default();
    let keys: Vec<&str> = known
        .iter()
        .filter(|entry| entry.section == section)
        .map(|entry| entry.key)
        .collect();
    if keys.is_empty() {
        let mut sections: Vec<&str> = known.iter().map(|entry| entry.section).collect();
        sections.dedup();
        return format!(
            "{key}{origin}: there is no such section; allowed: {}",
            sections.join(", ")
        );
    }
    format!(
        "{key}{origin}: there is no such setting; allowed in {section}: {}",
        keys.join(", ")
    )
}

fn read_secret(path: &Value) -> Result<String, Unreadable> {
    let path = path
        .as_str()
        .filter(|path| !path.is_empty())
        .ok_or(Unreadable::NotAPath)?;
    let size = fs::metadata(path)
        .map_err(|error| Unreadable::Io(path.to_owned(), error))?
        .len();
    if size > MAX_SECRET_BYTES {
        return Err(Unreadable::TooLarge(path.to_owned()));
    }
    let text = fs::read_to_string(path).map_err(|error| Unreadable::Io(path.to_owned(), error))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// Why a secret's file is of no use.
enum Unreadable {
    NotAPath,
    TooLarge(String),
    Io(String, std::io::Error),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAPath => f.write_str("the path of a file is expected"),
            Self::TooLarge(path) => {
                write!(
                    f,
                    "{path} is larger than {MAX_SECRET_BYTES} bytes: not a secret"
                )
            }
            Self::Io(path, error) => write!(f, "{path} cannot be read: {error}"),
        }
    }
}

#[cfg(test)]
mod tests;
