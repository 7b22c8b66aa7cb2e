//! The macro that describes a section of settings once, for types, defaults, rules and docs.

use std::net::IpAddr;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::{rule::Rule, settings::LogFormat};

/// What is known about one setting.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) section: &'static str,
    pub(super) key: &'static str,
    pub(super) doc: &'static str,
    pub(super) rule: Rule,
    pub(super) secret: bool,
    /// The value as JSON; `null` where an optional setting is absent.
    pub(super) value: Value,
}

/// A setting's value as JSON, and whether it must not be shown.
pub(super) trait SettingValue {
    const SECRET: bool = false;
    fn to_value(&self) -> Value;
}

macro_rules! plain_values {
    ($($type:ty),+) => {
        $(impl SettingValue for $type {
            fn to_value(&self) -> Value {
                Value::from(self.clone())
            }
        })+
    };
}
plain_values!(
    bool,
    f64,
    u16,
    u32,
    u64,
    usize,
    String,
    Vec<u64>,
    Vec<String>
);

impl SettingValue for Option<String> {
    fn to_value(&self) -> Value {
        Value::from(self.clone())
    }
}

impl SettingValue for IpAddr {
    fn to_value(&self) -> Value {
        Value::from(self.to_string())
    }
}

impl SettingValue for LogFormat {
    fn to_value(&self) -> Value {
        Value::from(self.as_str())
    }
}

impl SettingValue for SecretString {
    const SECRET: bool = true;
    fn to_value(&self) -> Value {
        Value::from(self.expose_secret())
    }
}

impl SettingValue for Option<SecretString> {
    const SECRET: bool = true;
    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::Null, SettingValue::to_value)
    }
}

/// Defines a section: its struct with defaults, strict deserialisation and [`Entry`] list.
macro_rules! section {
    (
        $(#[doc = $section_doc:literal])+
        $name:ident in $section:literal {
            $(
                $(#[doc = $doc:literal])+
                $key:ident: $type:ty = $default:expr, $rule:expr;
            )+
        }
    ) => {
        $(#[doc = $section_doc])+
        #[derive(Debug, Clone, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        #[non_exhaustive]
        pub struct $name {
            $(
                $(#[doc = $doc])+
                pub $key: $type,
            )+
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($key: $default),+ }
            }
        }

        impl $name {
            pub(super) fn entries(&self) -> Vec<Entry> {
                vec![$(Entry {
                    section: $section,
                    key: stringify!($key),
                    doc: concat!($($doc),+).trim_ascii(),
                    rule: $rule,
                    secret: <$type as SettingValue>::SECRET,
                    value: SettingValue::to_value(&self.$key),
                }),+]
            }
        }
    };
}
pub(super) use section;
