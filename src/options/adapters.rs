//! Adapters: npm modules with well-known names stand for adapters built into this server.

use std::fmt;

use serde_json::{Map, Value};

/// Options of an adapter as they were given; they may hold keys and are not printed.
#[derive(Clone, PartialEq, Default)]
pub struct AdapterOptions(Map<String, Value>);

/// Where files are kept.
#[derive(Debug, Clone, PartialEq)]
pub enum FilesAdapter {
    /// In the database.
    Database,
    /// In a directory.
    FileSystem(AdapterOptions),
    /// In a bucket that speaks the protocol of Amazon S3.
    S3(AdapterOptions),
    /// In a bucket of Google Cloud Storage.
    Gcs(AdapterOptions),
}

/// Where cached values are kept.
#[derive(Debug, Clone, PartialEq)]
pub enum CacheAdapter {
    /// In this process.
    Memory,
    /// In Redis.
    Redis(AdapterOptions),
    /// Nowhere.
    Off,
}

/// How pushes are delivered.
#[derive(Debug, Clone, PartialEq)]
pub enum PushAdapter {
    /// By this server, to the services of the platforms.
    Native(AdapterOptions),
}

impl AdapterOptions {
    /// One option of the adapter.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// All options of the adapter.
    pub(super) fn into_fields(self) -> Map<String, Value> {
        self.0
    }
}

impl fmt::Debug for AdapterOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Options that name an adapter which this server has only built in: any other module is a problem.
pub(super) const FIXED: &[(&str, &[&str])] = &[
    ("analyticsAdapter", &[]),
    ("databaseAdapter", &[]),
    ("loggerAdapter", &["WinstonLoggerAdapter"]),
    ("liveQuery.pubSubAdapter", &["EventEmitterPubSub", "RedisPubSub"]),
    ("liveQuery.wssAdapter", &["WSAdapter", "WSSAdapter"]),
    ("liveQueryServerOptions.pubSubAdapter", &["EventEmitterPubSub", "RedisPubSub"]),
    ("liveQueryServerOptions.wssAdapter", &["WSAdapter", "WSSAdapter"]),
];

/// The adapter for files.
pub(super) fn files(value: Value) -> Result<FilesAdapter, String> {
    let (module, options) = module_and_options(value)?;
    match short_name(&module) {
        "GridFSBucketAdapter" | "GridStoreAdapter" => Ok(FilesAdapter::Database),
        "@parse/fs-files-adapter" | "parse-server-fs-adapter" => {
            Ok(FilesAdapter::FileSystem(options))
        }
        "@parse/s3-files-adapter" | "parse-server-s3-adapter" => Ok(FilesAdapter::S3(options)),
        "@parse/gcs-files-adapter" | "parse-server-gcs-adapter" => Ok(FilesAdapter::Gcs(options)),
        _ => Err(unknown(
            &module,
            &["@parse/fs-files-adapter", "@parse/s3-files-adapter", "@parse/gcs-files-adapter"],
        )),
    }
}

/// The adapter for cached values.
pub(super) fn cache(value: Value) -> Result<CacheAdapter, String> {
    let (module, options) = module_and_options(value)?;
    match short_name(&module) {
        "InMemoryCacheAdapter" => Ok(CacheAdapter::Memory),
        "RedisCacheAdapter" => Ok(CacheAdapter::Redis(options)),
        "NullCacheAdapter" => Ok(CacheAdapter::Off),
        _ => Err(unknown(
            &module,
            &["InMemoryCacheAdapter", "RedisCacheAdapter", "NullCacheAdapter"],
        )),
    }
}

/// The adapter for pushes: an object without `adapter` holds the options of the built-in one.
pub(super) fn push(value: Value) -> Result<PushAdapter, String> {
    let Value::Object(mut options) = value else {
        return Err("expected a JSON object".to_owned());
    };
    let Some(adapter) = options.remove("adapter") else {
        return Ok(PushAdapter::Native(AdapterOptions(options)));
    };
    let (module, inner) = module_and_options(adapter)?;
    match short_name(&module) {
        "@parse/push-adapter" | "parse-server-push-adapter" | "ParsePushAdapter" => {
            options.extend(inner.0);
            Ok(PushAdapter::Native(AdapterOptions(options)))
        }
        _ => Err(unknown(&module, &["@parse/push-adapter"])),
    }
}

/// Checks an option of [`FIXED`].
pub(super) fn fixed(value: Value, known: &[&str]) -> Result<(), String> {
    let (module, _) = module_and_options(value)?;
    if known.contains(&short_name(&module)) { Ok(()) } else { Err(unknown(&module, known)) }
}

/// Takes `"name"` and `{ "module": "name", "options": {...} }`.
pub(super) fn module_and_options(value: Value) -> Result<(String, AdapterOptions), String> {
    let mut fields = match value {
        Value::String(module) => return Ok((module, AdapterOptions::default())),
        Value::Object(fields) => fields,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => Map::new(),
    };
    let options = match fields.remove("options") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(options)) => options,
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            return Err("expected a JSON object as `options` of the adapter".to_owned());
        }
    };
    match fields.remove("module") {
        Some(Value::String(module)) => Ok((module, AdapterOptions(options))),
        _ => Err("expected the name of a module, or an object with `module` and `options`".into()),
    }
}

/// Classes inside parse-server may be named by their path there.
pub(super) fn short_name(module: &str) -> &str {
    match module.strip_prefix("parse-server/") {
        Some(path) => {
            let name = path.rsplit('/').next().unwrap_or(path);
            name.strip_suffix(".js").unwrap_or(name)
        }
        None => module,
    }
}

pub(super) fn unknown(module: &str, known: &[&str]) -> String {
    let hint = match known {
        [] => "leave the option out".to_owned(),
        known => format!("built in are {}", known.join(", ")),
    };
    format!(
        "the module `{module}` is an adapter written in JavaScript, which this version can not \
         load; {hint}"
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn options(value: Value) -> AdapterOptions {
        let Value::Object(options) = value else { panic!("not an object") };
        AdapterOptions(options)
    }

    #[test]
    fn well_known_modules() {
        let fs =
            json!({"module": "@parse/fs-files-adapter", "options": {"filesSubDirectory": "f"}});
        let expected = FilesAdapter::FileSystem(options(json!({"filesSubDirectory": "f"})));
        assert_eq!(files(fs), Ok(expected));
        assert_eq!(
            files(json!("@parse/s3-files-adapter")),
            Ok(FilesAdapter::S3(options(json!({}))))
        );
        assert_eq!(
            files(json!("@parse/gcs-files-adapter")),
            Ok(FilesAdapter::Gcs(options(json!({}))))
        );
        assert_eq!(files(json!({"module": "GridFSBucketAdapter"})), Ok(FilesAdapter::Database));
        for name in ["RedisCacheAdapter", "parse-server/lib/Adapters/Cache/RedisCacheAdapter.js"] {
            assert_eq!(cache(json!(name)), Ok(CacheAdapter::Redis(options(json!({})))), "{name}");
        }
        assert_eq!(cache(json!("NullCacheAdapter")), Ok(CacheAdapter::Off));
    }

    #[test]
    fn push_adapters() {
        let native = |value| Ok(PushAdapter::Native(options(value)));
        assert_eq!(push(json!({"ios": {}})), native(json!({"ios": {}})));
        assert_eq!(push(json!({"adapter": "@parse/push-adapter"})), native(json!({})));
        let with_options =
            json!({"adapter": {"module": "@parse/push-adapter", "options": {"ios": 1}}});
        assert_eq!(push(with_options), native(json!({"ios": 1})));
        let problem = push(json!({"adapter": "./push/null.js"})).unwrap_err();
        assert!(problem.starts_with("the module `./push/null.js` is an adapter"), "{problem}");
    }

    #[test]
    fn other_modules_are_problems() {
        assert_eq!(
            cache(json!({"module": "./cache/own.js", "options": {}})).unwrap_err(),
            "the module `./cache/own.js` is an adapter written in JavaScript, which this version \
             can not load; built in are InMemoryCacheAdapter, RedisCacheAdapter, NullCacheAdapter"
        );
        assert!(cache(json!("./RedisCacheAdapter.js")).is_err());
        assert!(files(json!({"options": {}})).is_err());
        assert!(files(json!({"module": "@parse/fs-files-adapter", "options": 1})).is_err());
        assert!(fixed(json!("./store.js"), &[]).unwrap_err().ends_with("leave the option out"));
        assert!(fixed(json!("WSAdapter"), &["WSAdapter"]).is_ok());
    }

    #[test]
    fn options_do_not_print_values() {
        assert_eq!(format!("{:?}", options(json!({"apiKey": "hunter2"}))), r#"{"apiKey"}"#);
    }
}
