//! The options of the server: one table, four sources, one typed [`Config`].
//!
//! `table` holds every option once, as data. `cli`, `env` and `file` collect what was given into
//! `raw`; `config` turns that into types, once, at start. Flags win over environment variables,
//! those over the JSON file, those over defaults; a group of options is merged name by name.
//!
//! This room is the only one that looks at arguments, environment variables and the configuration
//! file. It never prints, never ends the process, makes no randomness of its own, and never ignores
//! anything silently: what it does not know is an error, what has no effect yet is a warning.

pub mod table;

mod adapters;
mod cli;
mod config;
mod database;
mod env;
mod examine;
mod file;
mod help;
mod host;
mod ip_range;
mod javascript;
mod live;
mod load;
mod mail;
mod nearest;
mod postgres;
mod problems;
mod program;
mod rate_limit;
mod raw;
mod route_allow_list;
mod secret;
mod size;
mod trust_proxy;
mod values;

pub use adapters::{AdapterOptions, CacheAdapter, FilesAdapter, PushAdapter};
pub use config::{
    CloudConfig, Config, Cors, DenylistEntry, EventLevels, FileAccess, FileExtensions, FileRules,
    GraphQlConfig, JobsConfig, Keys, LiveClasses, LiveConfig, LiveLimits, LiveServer, Lockout,
    LogFormat, LogLevel, Logging, MetricsConfig, PagesConfig, PasswordPattern, PasswordPolicy,
    ProtectedFields, RedisAddress, RedisConfig, RedisOptions, RedisTls, RequestComplexity,
    SchemaOptions, SqliteConfig, Switch, Synchronous, UrlDomains, UsersConfig, WebhookConfig,
};
pub use database::Database;
pub use examine::Examination;
pub use host::{HostDescription, HostModule, HostReference, JavaScript, JavaScriptFile};
pub use ip_range::IpRange;
pub use load::{Evaluate, Outside, Start, load};
pub use mail::{MailAdapter, MailFiles, MailgunOptions, SmtpOptions, SmtpSecurity};
pub use postgres::{
    ClientCertificate, PostgresAddress, PostgresPool, PostgresServer, PostgresTls, TlsMode,
};
pub use problems::OptionsError;
pub use program::of_program;
pub use rate_limit::{PathPattern, RateLimit, RateRule, RateZone};
pub use raw::{Profile, Raw};
pub use route_allow_list::RouteAllowList;
pub use secret::Secret;
pub use trust_proxy::TrustProxy;
