//! The options with their types, parsed and checked once, at start.
//!
//! Nothing behind this point sees JSON of an option, unless it asks [`Config::raw`] for one that
//! has no effect yet.

mod build;
mod check;
mod cloud;
mod database;
mod files;
mod jobs;
mod live;
mod reader;
mod redis;
mod users;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

pub use self::redis::{RedisAddress, RedisConfig, RedisOptions, RedisTls};
pub(super) use build::build;
pub use cloud::CloudConfig;
pub use files::{FileAccess, FileExtensions, FileRules, UrlDomains};
pub use jobs::JobsConfig;
pub use live::{LiveClasses, LiveConfig, LiveLimits, LiveServer};
pub use users::{Lockout, PasswordPattern, PasswordPolicy, Switch, UsersConfig};

use crate::options::adapters::{CacheAdapter, FilesAdapter, PushAdapter};
use crate::options::database::Database;
use crate::options::host::{HostReference, JavaScript};
use crate::options::ip_range::IpRange;
use crate::options::mail::MailAdapter;
use crate::options::rate_limit::RateLimit;
use crate::options::raw::Raw;
use crate::options::route_allow_list::RouteAllowList;
use crate::options::secret::Secret;
use crate::options::trust_proxy::TrustProxy;

/// Fields that are hidden: by class, then by group of users (`*`, a role, a user), then by name.
pub type ProtectedFields = BTreeMap<String, BTreeMap<String, Vec<String>>>;

/// All options.
#[derive(Debug, Clone)]
pub struct Config {
    /// Application and keys.
    pub keys: Keys,
    /// Address to listen on.
    pub host: String,
    /// Port to listen on; 0 lets the system choose.
    pub port: u16,
    /// Path of the REST API, without a slash at its end; `/` is the root.
    pub mount_path: String,
    /// Full address of the API as this server reaches it, if it is not to be derived.
    pub server_url: Option<String>,
    /// Full address of the API as clients reach it.
    pub public_server_url: Option<String>,
    /// Largest upload.
    pub upload_bytes_max: u64,
    /// Largest JSON body.
    pub json_body_bytes_max: u64,
    /// What browsers are told.
    pub cors: Cors,
    /// The only routes of callers without a privileged key, if there is such a list.
    pub route_allow_list: Option<RouteAllowList>,
    /// How often routes may be called.
    pub rate_limits: Vec<RateLimit>,
    /// How webhooks are called.
    pub webhooks: WebhookConfig,
    /// Which forwarding headers are believed.
    pub trust_proxy: TrustProxy,
    /// The database.
    pub database: Database,
    /// Settings of SQLite.
    pub sqlite: SqliteConfig,
    /// Milliseconds after which an open transaction is rolled back.
    pub transaction_timeout_ms: u64,
    /// Whether clients without the master key may ask for query plans.
    pub allow_public_explain: bool,
    /// Whether cloud code calls the API inside the process.
    pub direct_access: bool,
    /// Whether clients may create classes by writing to them.
    pub allow_client_class_creation: bool,
    /// Whether clients may choose ids of new objects.
    pub allow_custom_object_id: bool,
    /// Length of generated ids.
    pub object_id_size: usize,
    /// Rows a query returns when it names no limit.
    pub default_limit: u64,
    /// Largest limit of a query, if there is one.
    pub max_limit: Option<u64>,
    /// Users, their sessions, passwords and mails.
    pub users: UsersConfig,
    /// Whether new users are without public read access.
    pub enforce_private_users: bool,
    /// Whether details of refused operations stay out of answers.
    pub enable_sanitized_error_response: bool,
    /// Fields hidden per class.
    pub protected_fields: ProtectedFields,
    /// Whether users see the protected fields of their own user object.
    pub protected_fields_owner_exempt: bool,
    /// Whether the answer to a write shows protected fields.
    pub protected_fields_save_response_exempt: bool,
    /// Whether triggers see protected fields.
    pub protected_fields_trigger_exempt: bool,
    /// Keys and values that a request body must not contain.
    pub request_keyword_denylist: Vec<DenylistEntry>,
    /// Limits on one request.
    pub request_complexity: RequestComplexity,
    /// Classes to create or change at start.
    pub schema: SchemaOptions,
    /// GraphQL.
    pub graphql: GraphQlConfig,
    /// Cloud code.
    pub cloud: CloudConfig,
    /// LiveQuery.
    pub live: LiveConfig,
    /// Background jobs.
    pub jobs: JobsConfig,
    /// The pages for verification and password reset.
    pub pages: PagesConfig,
    /// Where files are kept.
    pub files: FilesAdapter,
    /// Who may upload and download which files.
    pub file_rules: FileRules,
    /// How mail is sent, if it is.
    pub mail: Option<MailAdapter>,
    /// Where cached values are kept.
    pub cache: CacheAdapter,
    /// How many sessions, and how many users' roles, are kept in memory.
    pub cache_entries_max: usize,
    /// How long they stay known, in milliseconds, while the database does not tell what other processes change.
    pub cache_ttl_ms: u64,
    /// How pushes are delivered, if they are.
    pub push: Option<PushAdapter>,
    /// What is logged.
    pub logging: Logging,
    /// At which levels single events are logged.
    pub log_levels: EventLevels,
    /// Where log lines go besides standard error.
    pub logger: Option<HostReference>,
    /// What options name in JavaScript.
    pub javascript: JavaScript,
    /// A function in JavaScript that is called when the server has shut down.
    pub close_complete: Option<HostReference>,
    /// Metrics.
    pub metrics: MetricsConfig,
    /// Whether the master key was made for this start and should be shown to the operator.
    pub generated_master_key: bool,
    /// What the operator should be told at start.
    pub warnings: Vec<String>,
    /// Every option in the form of JSON, for those that have no field here.
    pub raw: Raw,
}

/// The application and its keys.
#[derive(Debug, Clone)]
pub struct Keys {
    /// Id of the application.
    pub app_id: String,
    /// Name of the application, for mails and pages.
    pub app_name: Option<String>,
    /// Key that overrides every access rule.
    pub master_key: Secret,
    /// Key that reads everything and writes nothing.
    pub read_only_master_key: Option<Secret>,
    /// Key that reads and writes internal fields.
    pub maintenance_key: Option<Secret>,
    /// Key of native clients.
    pub client_key: Option<Secret>,
    /// Key of REST clients.
    pub rest_api_key: Option<Secret>,
    /// Key of JavaScript clients.
    pub javascript_key: Option<Secret>,
    /// Key of .NET clients.
    pub dot_net_key: Option<Secret>,
    /// Whether the read-only master key runs aggregations.
    pub read_only_aggregation: bool,
    /// Where the master key is accepted from.
    pub master_key_ips: Vec<IpRange>,
    /// Where the read-only master key is accepted from.
    pub read_only_master_key_ips: Vec<IpRange>,
    /// Where the maintenance key is accepted from.
    pub maintenance_key_ips: Vec<IpRange>,
}

/// How webhooks are called.
#[derive(Debug, Clone)]
pub struct WebhookConfig {
    /// The key that tells a webhook who calls.
    pub key: Option<Secret>,
    /// Milliseconds that an answer may take.
    pub timeout_ms: u64,
    /// The largest answer that is read.
    pub answer_bytes_max: u64,
}

/// What browsers are told about calls from other origins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cors {
    /// Origins that may call; `*` is every origin.
    pub allow_origin: Vec<String>,
    /// Request headers that may be sent besides the usual ones.
    pub allow_headers: Vec<String>,
}

/// Settings of SQLite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqliteConfig {
    /// Reading connections, if the number is not left to the storage.
    pub readers: Option<usize>,
    /// What a write waits for.
    pub synchronous: Synchronous,
}

/// What an acknowledged write survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Synchronous {
    /// A loss of power.
    Full,
    /// A crash of the process.
    Normal,
}

/// Limits on one request; nothing means no limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestComplexity {
    /// Depth of one included path.
    pub include_depth: Option<u64>,
    /// Number of included paths.
    pub include_count: Option<u64>,
    /// Depth of nested subqueries.
    pub subquery_depth: Option<u64>,
    /// Rows one subquery may match.
    pub subquery_limit: Option<u64>,
    /// Depth of nested conditions.
    pub query_depth: Option<u64>,
    /// Depth of a GraphQL operation.
    pub graphql_depth: Option<u64>,
    /// Fields of a GraphQL operation.
    pub graphql_fields: Option<u64>,
    /// Requests in one batch.
    pub batch_request_limit: Option<u64>,
    /// Whether clients without the master key may use regular expressions.
    pub allow_regex: bool,
}

/// A key, a value, or a key with a value that a request body must not contain.
#[derive(Debug, Clone, PartialEq)]
pub struct DenylistEntry {
    /// Pattern of the key; any key if absent.
    pub key: Option<String>,
    /// The value; any value if absent.
    pub value: Option<Value>,
}

/// Classes to create or change at start.
#[derive(Debug, Clone, PartialEq)]
pub struct SchemaOptions {
    /// The classes, in the form of the schema API.
    pub definitions: Vec<Value>,
    /// Whether classes that are not defined are deleted.
    pub strict: bool,
    /// Whether fields that are not defined are deleted.
    pub delete_extra_fields: bool,
    /// Whether fields whose type differs are made anew.
    pub recreate_modified_fields: bool,
    /// Whether requests may not change schemas.
    pub lock_schemas: bool,
    /// Whether indexes that are not defined are kept.
    pub keep_unknown_indexes: bool,
    /// A function in JavaScript that is called before classes are made and changed.
    pub before_migration: Option<HostReference>,
    /// A function in JavaScript that is called afterwards.
    pub after_migration: Option<HostReference>,
}

/// GraphQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphQlConfig {
    /// Whether the API is served.
    pub mount: bool,
    /// Path of the API.
    pub path: String,
    /// Whether clients without the master key may read the schema.
    pub public_introspection: bool,
    /// File with definitions of the user's own.
    pub schema: Option<PathBuf>,
    /// Whether the page for trying out is served.
    pub mount_playground: bool,
    /// Path of that page.
    pub playground_path: String,
}

/// The pages for verification and password reset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PagesConfig {
    /// Path segment that they are served under.
    pub endpoint: String,
    /// Whether page parameters are percent-encoded in response headers.
    pub encode_page_param_headers: bool,
}

/// What is logged, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Logging {
    /// How much.
    pub level: LogLevel,
    /// In which form.
    pub format: LogFormat,
}

/// How much is logged, from nothing to everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Nothing.
    Silent,
    /// Errors.
    Error,
    /// And warnings.
    Warn,
    /// And notices.
    Info,
    /// And requests and answers.
    Verbose,
    /// And what helps to find faults.
    Debug,
    /// And everything else.
    Silly,
}

/// At which levels single events are logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventLevels {
    /// A function of cloud code that succeeded.
    pub function_success: LogLevel,
    /// A function of cloud code that failed.
    pub function_error: LogLevel,
    /// A trigger that ran before something and let it pass.
    pub trigger_before_success: LogLevel,
    /// A trigger that ran before something and refused it.
    pub trigger_before_error: LogLevel,
    /// A trigger that ran after something.
    pub trigger_after: LogLevel,
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// A line for people.
    Text,
    /// A JSON object.
    Json,
}

/// Metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricsConfig {
    /// Whether they are served, to the master key and to the machine itself.
    pub mount: bool,
    /// Their path.
    pub path: String,
}
