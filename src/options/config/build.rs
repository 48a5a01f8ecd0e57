//! From merged values to a [`Config`].

use std::path::PathBuf;

use serde_json::Value;

use super::reader::Reader;
use super::{
    Config, Cors, DenylistEntry, EventLevels, GraphQlConfig, Keys, LogFormat, LogLevel, Logging,
    MetricsConfig, PagesConfig, ProtectedFields, RequestComplexity, SchemaOptions, SqliteConfig,
    Synchronous, WebhookConfig, check, cloud, database, files, jobs, live, users,
};
use crate::options::adapters::{self, CacheAdapter, FilesAdapter, PushAdapter};
use crate::options::host::{HostModule, HostReference, JavaScript};
use crate::options::mail::{self, MailAdapter};
use crate::options::nearest;
use crate::options::problems::Problems;
use crate::options::rate_limit::RateLimit;
use crate::options::raw::{Profile, Raw};
use crate::options::route_allow_list::RouteAllowList;
use crate::options::secret::Secret;
use crate::options::trust_proxy::TrustProxy;
use crate::value::Json;

/// Longest id that is worth generating.
const OBJECT_ID_SIZE_MAX: u64 = 64;
/// More reading connections than this only cost memory.
const SQLITE_READERS_MAX: u64 = 256;

/// Names of log levels; `http` is a level of npm between info and verbose.
const LOG_LEVELS: &[(&str, LogLevel)] = &[
    ("error", LogLevel::Error),
    ("warn", LogLevel::Warn),
    ("info", LogLevel::Info),
    ("http", LogLevel::Info),
    ("verbose", LogLevel::Verbose),
    ("debug", LogLevel::Debug),
    ("silly", LogLevel::Silly),
];

/// Reads every option that has a field; where a value is bad the result only stands in for it.
pub(in crate::options) fn build(
    raw: &Raw,
    generate_master_key: &dyn Fn() -> String,
    problems: &mut Problems,
) -> Config {
    let reader = &mut Reader { raw, problems };
    compat(reader);
    fixed_adapters(reader);
    let mut config = read(reader, generate_master_key);
    config.warnings.extend(database::warnings(&config.database));
    config.warnings.extend(shared_counts(raw));
    config.warnings.extend(live::warning(&config.live));
    let of_redis = std::mem::take(&mut config.live.redis.warnings);
    config.warnings.extend(of_redis);
    check::check(&config, reader);
    config
}

fn read(reader: &mut Reader<'_>, generate_master_key: &dyn Fn() -> String) -> Config {
    let raw = reader.raw;
    let master_key = reader.secret("masterKey");
    let generated_master_key = master_key.is_none() && raw.profile() == Profile::Development;
    let master_key =
        if generated_master_key { Some(Secret::new(generate_master_key())) } else { master_key };
    let upload_bytes_max = reader.size("maxUploadSize").unwrap_or_default();
    let Adapters { files, mail, push, logger, javascript } = adapters(reader);
    Config {
        keys: keys(reader, master_key),
        host: reader.text("host").unwrap_or_default(),
        port: reader.integer("port", 0..=u64::from(u16::MAX)).map_or(0, |port| port as u16),
        mount_path: reader.path("mountPath"),
        server_url: reader.url("serverURL"),
        public_server_url: reader.url("publicServerURL"),
        upload_bytes_max,
        json_body_bytes_max: reader.size("jsonBodyLimit").unwrap_or(upload_bytes_max),
        cors: cors(reader),
        route_allow_list: route_allow_list(reader),
        rate_limits: rate_limits(reader),
        webhooks: webhooks(reader),
        trust_proxy: trust_proxy(reader),
        database: database::read(reader),
        sqlite: sqlite(reader),
        transaction_timeout_ms: positive(reader, "transactionTimeoutMs").unwrap_or_default(),
        allow_public_explain: reader.flag("databaseOptions.allowPublicExplain"),
        direct_access: reader.flag("directAccess"),
        allow_client_class_creation: reader.flag("allowClientClassCreation"),
        allow_custom_object_id: reader.flag("allowCustomObjectId"),
        object_id_size: reader
            .integer("objectIdSize", 1..=OBJECT_ID_SIZE_MAX)
            .map_or(0, |size| size as usize),
        default_limit: positive(reader, "defaultLimit").unwrap_or_default(),
        max_limit: positive(reader, "maxLimit"),
        users: users::read(reader),
        enforce_private_users: reader.flag("enforcePrivateUsers"),
        enable_sanitized_error_response: reader.flag("enableSanitizedErrorResponse"),
        protected_fields: protected_fields(reader),
        protected_fields_owner_exempt: reader.flag("protectedFieldsOwnerExempt"),
        protected_fields_save_response_exempt: reader.flag("protectedFieldsSaveResponseExempt"),
        protected_fields_trigger_exempt: reader.flag("protectedFieldsTriggerExempt"),
        request_keyword_denylist: denylist(reader),
        request_complexity: request_complexity(reader),
        schema: schema(reader),
        graphql: graphql(reader),
        cloud: cloud::read(reader),
        live: live::read(reader),
        jobs: jobs::read(reader),
        pages: pages(reader),
        files,
        file_rules: files::read(reader),
        mail,
        cache: cache(reader),
        cache_entries_max: positive(reader, "cacheMaxSize")
            .map_or(0, |most| usize::try_from(most).unwrap_or(usize::MAX)),
        cache_ttl_ms: reader.integer("cacheTTL", 0..=u64::MAX).unwrap_or_default(),
        push,
        logging: logging(reader),
        log_levels: event_levels(reader),
        logger,
        javascript,
        close_complete: reader.reference("serverCloseComplete"),
        metrics: MetricsConfig {
            mount: reader.flag("mountMetrics"),
            path: reader.path("metricsPath"),
        },
        generated_master_key,
        warnings: raw.remarks().iter().cloned().chain(raw.warning()).collect(),
        raw: raw.clone(),
    }
}

/// What is built in or named in JavaScript.
struct Adapters {
    files: FilesAdapter,
    mail: Option<MailAdapter>,
    push: Option<PushAdapter>,
    logger: Option<HostReference>,
    javascript: JavaScript,
}

fn adapters(reader: &mut Reader<'_>) -> Adapters {
    let mut modules = providers(reader);
    let files = adapter(reader, "filesAdapter", |value| adapters::files(value, &mut modules));
    let logger = adapter(reader, "loggerAdapter", |value| adapters::logger(value, &mut modules));
    Adapters {
        files: files.unwrap_or(FilesAdapter::Database),
        mail: adapter(reader, "emailAdapter", |value| mail::mail(value, &mut modules)),
        push: adapter(reader, "push", |value| adapters::push(value, &mut modules)),
        logger: logger.flatten(),
        javascript: JavaScript { modules, file: reader.raw.javascript_file().cloned() },
    }
}

fn compat(reader: &mut Reader<'_>) {
    if reader.text("compat").is_some_and(|release| release != "9.10") {
        reader.bad("compat", "`9.10`");
    }
}

fn keys(reader: &mut Reader<'_>, master_key: Option<Secret>) -> Keys {
    if master_key.is_none() {
        missing(reader, "masterKey");
    }
    let app_id = reader.text("appId");
    if app_id.is_none() {
        missing(reader, "appId");
    }
    Keys {
        app_id: app_id.unwrap_or_default(),
        app_name: reader.text("appName"),
        master_key: master_key.unwrap_or_else(|| Secret::new("")),
        read_only_master_key: reader.secret("readOnlyMasterKey"),
        maintenance_key: reader.secret("maintenanceKey"),
        client_key: reader.secret("clientKey"),
        rest_api_key: reader.secret("restAPIKey"),
        javascript_key: reader.secret("javascriptKey"),
        dot_net_key: reader.secret("dotNetKey"),
        read_only_aggregation: reader.flag("allowAggregationForReadOnlyMasterKey"),
        master_key_ips: reader.ip_ranges("masterKeyIps"),
        read_only_master_key_ips: reader.ip_ranges("readOnlyMasterKeyIps"),
        maintenance_key_ips: reader.ip_ranges("maintenanceKeyIps"),
    }
}

fn missing(reader: &mut Reader<'_>, path: &str) {
    let variable = crate::options::table::find(path).and_then(|option| option.env);
    let variable = variable.map(|name| format!(" or {name}")).unwrap_or_default();
    let problem = format!("option `{path}` is required; set --{path}{variable}");
    reader.problems.add(problem);
}

fn route_allow_list(reader: &mut Reader<'_>) -> Option<RouteAllowList> {
    const PATH: &str = "routeAllowList";
    if !reader.raw.is_given(PATH) {
        return None;
    }
    let list = RouteAllowList::new(&reader.texts(PATH));
    if let Err(bad) = &list {
        reader.problem(PATH, &format!("`{bad}` is no regular expression"));
    }
    list.ok()
}

fn rate_limits(reader: &mut Reader<'_>) -> Vec<RateLimit> {
    const PATH: &str = "rateLimit";
    let mut limits = Vec::new();
    for (at, entry) in reader.entries(PATH).into_iter().enumerate() {
        let entry = Json::from(entry);
        match entry.as_object().map(RateLimit::read) {
            Some(Ok(limit)) => limits.push(limit),
            Some(Err(problem)) => reader.problem(&format!("{PATH}[{at}]"), &problem),
            None => reader.bad(PATH, "a list of objects"),
        }
    }
    limits
}

fn webhooks(reader: &mut Reader<'_>) -> WebhookConfig {
    WebhookConfig {
        key: reader.secret("webhookKey"),
        timeout_ms: positive(reader, "webhookTimeoutMs").unwrap_or_default(),
        answer_bytes_max: reader.size("webhookAnswerLimit").unwrap_or_default(),
    }
}

/// Each process counts by itself.
fn shared_counts(raw: &Raw) -> Option<String> {
    let limits = raw.value("rateLimit");
    let asks = |limit: &Value| limit.get("redisUrl").is_some_and(|url| !url.is_null());
    let is_asked = limits.as_array().is_some_and(|limits| limits.iter().any(asks));
    is_asked.then(|| {
        "option `rateLimit[].redisUrl` has no effect: each process counts requests by itself"
            .to_owned()
    })
}

fn cors(reader: &mut Reader<'_>) -> Cors {
    let mut allow_origin = reader.texts("allowOrigin");
    if allow_origin.is_empty() {
        allow_origin.push("*".to_owned());
    }
    Cors { allow_origin, allow_headers: reader.texts("allowHeaders") }
}

fn trust_proxy(reader: &mut Reader<'_>) -> TrustProxy {
    TrustProxy::parse(&reader.raw.value("trustProxy")).unwrap_or_else(|| {
        reader.bad("trustProxy", "true, false, a number of hops, or addresses and ranges");
        TrustProxy::Nobody
    })
}

fn sqlite(reader: &mut Reader<'_>) -> SqliteConfig {
    let synchronous = match reader.text("sqliteSynchronous").as_deref() {
        Some("full") => Synchronous::Full,
        Some("normal") => Synchronous::Normal,
        Some(_) | None => {
            reader.bad("sqliteSynchronous", "`full` or `normal`");
            Synchronous::Full
        }
    };
    let readers = reader.integer("sqliteReaders", 1..=SQLITE_READERS_MAX);
    SqliteConfig { readers: readers.map(|readers| readers as usize), synchronous }
}

fn positive(reader: &mut Reader<'_>, path: &str) -> Option<u64> {
    reader.integer(path, 1..=u64::MAX)
}

/// Reads the option and adds what is always protected, as parse-server does
/// (parse-server:src/ParseServer.js, injectDefaults).
fn protected_fields(reader: &mut Reader<'_>) -> ProtectedFields {
    const PATH: &str = "protectedFields";
    let value = reader.raw.value(PATH);
    let mut fields: ProtectedFields = serde_json::from_value(value).unwrap_or_else(|_| {
        reader.bad(PATH, "an object of classes, of groups of users, of lists of fields");
        ProtectedFields::new()
    });
    let mut always = vec!["email".to_owned()];
    always.extend(reader.texts("userSensitiveFields"));
    let of_all = fields.entry("_User".to_owned()).or_default().entry("*".to_owned()).or_default();
    for field in always {
        if !of_all.contains(&field) {
            of_all.push(field);
        }
    }
    fields
}

fn denylist(reader: &mut Reader<'_>) -> Vec<DenylistEntry> {
    const PATH: &str = "requestKeywordDenylist";
    let entries: Option<Vec<DenylistEntry>> =
        reader.entries(PATH).into_iter().map(denylist_entry).collect();
    entries.unwrap_or_else(|| {
        reader.bad(PATH, "a list of objects with `key`, `value` or both");
        Vec::new()
    })
}

fn denylist_entry(entry: Value) -> Option<DenylistEntry> {
    let Value::Object(mut fields) = entry else { return None };
    let key = match fields.remove("key") {
        Some(Value::String(key)) => Some(key),
        Some(_) => return None,
        None => None,
    };
    let value = fields.remove("value");
    let says_something = key.is_some() || value.is_some();
    (fields.is_empty() && says_something).then_some(DenylistEntry { key, value })
}

fn request_complexity(reader: &mut Reader<'_>) -> RequestComplexity {
    RequestComplexity {
        include_depth: reader.limit("requestComplexity.includeDepth"),
        include_count: reader.limit("requestComplexity.includeCount"),
        subquery_depth: reader.limit("requestComplexity.subqueryDepth"),
        subquery_limit: reader.limit("requestComplexity.subqueryLimit"),
        query_depth: reader.limit("requestComplexity.queryDepth"),
        graphql_depth: reader.limit("requestComplexity.graphQLDepth"),
        graphql_fields: reader.limit("requestComplexity.graphQLFields"),
        batch_request_limit: reader.limit("requestComplexity.batchRequestLimit"),
        allow_regex: reader.flag("requestComplexity.allowRegex"),
    }
}

fn schema(reader: &mut Reader<'_>) -> SchemaOptions {
    const DEFINITIONS: &str = "schema.definitions";
    let value = reader.raw.value(DEFINITIONS);
    if !value.as_array().is_some_and(|classes| classes.iter().all(Value::is_object)) {
        reader.bad(DEFINITIONS, "a JSON list of objects");
    }
    SchemaOptions {
        definitions: reader.entries(DEFINITIONS),
        strict: reader.flag("schema.strict"),
        delete_extra_fields: reader.flag("schema.deleteExtraFields"),
        recreate_modified_fields: reader.flag("schema.recreateModifiedFields"),
        lock_schemas: reader.flag("schema.lockSchemas"),
        keep_unknown_indexes: reader.flag("schema.keepUnknownIndexes"),
        before_migration: reader.reference("schema.beforeMigration"),
        after_migration: reader.reference("schema.afterMigration"),
    }
}

fn graphql(reader: &mut Reader<'_>) -> GraphQlConfig {
    GraphQlConfig {
        mount: reader.flag("mountGraphQL"),
        path: reader.path("graphQLPath"),
        public_introspection: reader.flag("graphQLPublicIntrospection"),
        schema: reader.text("graphQLSchema").map(PathBuf::from),
        mount_playground: reader.flag("mountPlayground"),
        playground_path: reader.path("playgroundPath"),
    }
}

fn logging(reader: &mut Reader<'_>) -> Logging {
    let mut level = log_level(reader, "logLevel");
    if reader.flag("verbose") && level < LogLevel::Verbose {
        level = LogLevel::Verbose;
    }
    if reader.flag("silent") {
        level = LogLevel::Silent;
    }
    let format = if reader.flag("jsonLogs") { LogFormat::Json } else { LogFormat::Text };
    Logging { level, format }
}

fn event_levels(reader: &mut Reader<'_>) -> EventLevels {
    EventLevels {
        function_success: log_level(reader, "logLevels.cloudFunctionSuccess"),
        function_error: log_level(reader, "logLevels.cloudFunctionError"),
        trigger_before_success: log_level(reader, "logLevels.triggerBeforeSuccess"),
        trigger_before_error: log_level(reader, "logLevels.triggerBeforeError"),
        trigger_after: log_level(reader, "logLevels.triggerAfter"),
    }
}

fn log_level(reader: &mut Reader<'_>, path: &str) -> LogLevel {
    let Some(name) = reader.text(path) else { return LogLevel::Info };
    if let Some((_, level)) = LOG_LEVELS.iter().find(|(known, _)| *known == name) {
        return *level;
    }
    let names: Vec<&str> = LOG_LEVELS.iter().map(|(name, _)| *name).collect();
    let expected = match nearest::word(&name, &names) {
        Some(nearest) => format!("one of {} (did you mean `{nearest}`?)", names.join(", ")),
        None => format!("one of {}", names.join(", ")),
    };
    reader.bad(path, &expected);
    LogLevel::Info
}

fn pages(reader: &mut Reader<'_>) -> PagesConfig {
    const ENDPOINT: &str = "pages.pagesEndpoint";
    let endpoint = reader.text(ENDPOINT).unwrap_or_default().trim_matches('/').to_owned();
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_./~".contains(c);
    if endpoint.is_empty() || !endpoint.chars().all(fits) {
        reader.bad(ENDPOINT, "a path segment such as `apps`");
    }
    let encode_page_param_headers = reader.flag("pages.encodePageParamHeaders");
    PagesConfig { endpoint, encode_page_param_headers }
}

fn cache(reader: &mut Reader<'_>) -> CacheAdapter {
    adapter(reader, "cacheAdapter", adapters::cache).unwrap_or(CacheAdapter::Memory)
}

/// The modules of identity providers. Which of them a module names is said by `auth.<provider>.module`.
fn providers(reader: &mut Reader<'_>) -> Vec<HostModule> {
    let auth = reader.raw.value("auth");
    let settings = auth.as_object().into_iter().flatten();
    settings
        .filter(|(_, settings)| settings.get("enabled") != Some(&Value::Bool(false)))
        .filter_map(|(name, settings)| {
            let module = settings.get("module")?.as_str()?.to_owned();
            let options = settings.get("options").and_then(Value::as_object).cloned();
            Some(HostModule { path: format!("auth.{name}"), module, options })
        })
        .collect()
}

fn fixed_adapters(reader: &mut Reader<'_>) {
    for (path, known) in adapters::FIXED {
        adapter(reader, path, |value| adapters::fixed(value, known));
    }
}

fn adapter<T>(
    reader: &mut Reader<'_>,
    path: &str,
    choose: impl FnOnce(Value) -> Result<T, String>,
) -> Option<T> {
    let value = reader.raw.value(path);
    if value.is_null() {
        return None;
    }
    choose(value).map_err(|problem| reader.problem(path, &problem)).ok()
}
