//! One typed [`Settings`] for every service: defaults < YAML file (`CONF_PATH`) < environment
//! (`ORDERS__SECTION__KEY`).
//!
//! Every setting is described once, in [`settings`](Settings): its type, default, what is allowed
//! and a line of documentation. Loading, error messages, `--help` and the printed configuration
//! all read that one description.

mod load;
mod print;
mod rule;
mod section;
mod settings;

pub use load::{ConfigError, ENV_PREFIX, FILE_ENV};
pub use print::{SettingDoc, reference, reference_text};
pub use settings::{
    BusSettings, HttpSettings, LogFormat, NotificationSettings, PersonalDataSettings,
    ProjectorSettings, ProviderSettings, QuerySettings, ReadSettings, SagaSettings, Settings,
    StoreSettings, TelemetrySettings, TenantSettings,
};
