//! Adapters: npm modules with well-known names stand for adapters built into this server; others are loaded by
//! the host of the cloud code.

use std::fmt;

use serde_json::{Map, Value};

use super::host::{HostModule, HostReference};

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
    /// Wherever an adapter written in JavaScript keeps them.
    Host(HostReference),
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
    /// By an adapter written in JavaScript.
    Host(HostReference),
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
    ("liveQuery.pubSubAdapter", &["EventEmitterPubSub", "RedisPubSub"]),
    ("liveQuery.wssAdapter", &["WSAdapter", "WSSAdapter"]),
    ("liveQueryServerOptions.pubSubAdapter", &["EventEmitterPubSub", "RedisPubSub"]),
    ("liveQueryServerOptions.wssAdapter", &["WSAdapter", "WSSAdapter"]),
];

/// The adapter for files.
pub(super) fn files(value: Value, modules: &mut Vec<HostModule>) -> Result<FilesAdapter, String> {
    let named = match Named::read(value)? {
        Named::Host(reference) => return Ok(FilesAdapter::Host(reference)),
        Named::Module(named) => named,
    };
    match short_name(&named.module) {
        "GridFSBucketAdapter" | "GridStoreAdapter" => Ok(FilesAdapter::Database),
        "@parse/fs-files-adapter" | "parse-server-fs-adapter" => {
            Ok(FilesAdapter::FileSystem(named.options))
        }
        _ => Ok(FilesAdapter::Host(named.load("filesAdapter", modules))),
    }
}

/// Where log lines go besides standard error, if anywhere.
pub(super) fn logger(
    value: Value,
    modules: &mut Vec<HostModule>,
) -> Result<Option<HostReference>, String> {
    match Named::read(value)? {
        Named::Host(reference) => Ok(Some(reference)),
        Named::Module(named) if short_name(&named.module) == "WinstonLoggerAdapter" => Ok(None),
        Named::Module(named) => Ok(Some(named.load("loggerAdapter", modules))),
    }
}

/// The adapter for cached values.
pub(super) fn cache(value: Value) -> Result<CacheAdapter, String> {
    let ModuleName { module, options } = Named::read(value)?.only_module()?;
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
pub(super) fn push(value: Value, modules: &mut Vec<HostModule>) -> Result<PushAdapter, String> {
    let Value::Object(mut options) = value else {
        return Err("expected a JSON object".to_owned());
    };
    let Some(adapter) = options.remove("adapter") else {
        return Ok(PushAdapter::Native(AdapterOptions(options)));
    };
    let named = match Named::read(adapter)? {
        Named::Host(reference) => return Ok(PushAdapter::Host(reference)),
        Named::Module(named) => named,
    };
    match short_name(&named.module) {
        "@parse/push-adapter" | "parse-server-push-adapter" | "ParsePushAdapter" => {
            options.extend(named.options.0);
            Ok(PushAdapter::Native(AdapterOptions(options)))
        }
        _ => Ok(PushAdapter::Host(named.load("push.adapter", modules))),
    }
}

/// Checks an option of [`FIXED`].
pub(super) fn fixed(value: Value, known: &[&str]) -> Result<(), String> {
    let ModuleName { module, .. } = Named::read(value)?.only_module()?;
    if known.contains(&short_name(&module)) { Ok(()) } else { Err(unknown(&module, known)) }
}

/// How an option names an adapter.
#[derive(Debug)]
pub(super) enum Named {
    /// By a module.
    Module(ModuleName),
    /// By an object that a configuration in JavaScript made.
    Host(HostReference),
}

/// The name of a module and what it is given.
#[derive(Debug)]
pub(super) struct ModuleName {
    pub(super) module: String,
    pub(super) options: AdapterOptions,
}

impl Named {
    /// Takes `"name"`, `{ "module": "name", "options": {...} }` and what a configuration in JavaScript made.
    pub(super) fn read(value: Value) -> Result<Self, String> {
        if let Some(reference) = HostReference::read(&value) {
            return Ok(Self::Host(reference));
        }
        let mut fields = match value {
            Value::String(module) => {
                return Ok(Self::Module(ModuleName { module, options: AdapterOptions::default() }));
            }
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
        // Older configurations call it `class` or `adapter` (`parse-server:src/Adapters/AdapterLoader.js`).
        let module = ["module", "class", "adapter"].iter().find_map(|name| fields.remove(*name));
        match module {
            Some(Value::String(module)) => {
                Ok(Self::Module(ModuleName { module, options: AdapterOptions(options) }))
            }
            Some(other) => HostReference::read(&other).map(Self::Host).ok_or_else(no_module),
            None => Err(no_module()),
        }
    }

    /// The module, where nothing else will do.
    fn only_module(self) -> Result<ModuleName, String> {
        match self {
            Self::Module(named) => Ok(named),
            Self::Host(_) => Err("an object made in JavaScript can not be used here; name one of \
                 the built-in adapters, or leave the option out"
                .to_owned()),
        }
    }
}

impl ModuleName {
    /// Has the host load the module, under the name of the option.
    pub(super) fn load(self, path: &str, modules: &mut Vec<HostModule>) -> HostReference {
        let AdapterOptions(options) = self.options;
        let options = (!options.is_empty()).then_some(options);
        modules.push(HostModule { path: path.to_owned(), module: self.module, options });
        HostReference::of_module(path)
    }
}

fn no_module() -> String {
    "expected the name of a module, or an object with `module` and `options`".to_owned()
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

fn unknown(module: &str, known: &[&str]) -> String {
    let hint = match known {
        [] => "leave the option out".to_owned(),
        known => format!("built in are {}", known.join(", ")),
    };
    format!("the module `{module}` can not be used here; {hint}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn options(value: Value) -> AdapterOptions {
        let Value::Object(options) = value else { panic!("not an object") };
        AdapterOptions(options)
    }

    fn files(value: Value) -> Result<FilesAdapter, String> {
        super::files(value, &mut Vec::new())
    }

    fn push(value: Value) -> Result<PushAdapter, String> {
        super::push(value, &mut Vec::new())
    }

    #[test]
    fn well_known_modules() {
        let fs =
            json!({"module": "@parse/fs-files-adapter", "options": {"filesSubDirectory": "f"}});
        let expected = FilesAdapter::FileSystem(options(json!({"filesSubDirectory": "f"})));
        assert_eq!(files(fs), Ok(expected));
        for name in ["@parse/s3-files-adapter", "@parse/gcs-files-adapter"] {
            assert!(matches!(files(json!(name)), Ok(FilesAdapter::Host(_))), "{name}");
        }
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
        let own = HostReference::of_module("push.adapter");
        assert_eq!(push(json!({"adapter": "./push/null.js"})), Ok(PushAdapter::Host(own)));
        assert!(push(json!({"adapter": 1})).is_err());
    }

    #[test]
    fn other_modules_are_loaded_by_the_host() {
        let mut modules = Vec::new();
        let own = json!({"module": "./files/own.js", "options": {"bucket": "b"}});
        let own = super::files(own, &mut modules).unwrap();
        assert_eq!(own, FilesAdapter::Host(HostReference::of_module("filesAdapter")));
        let logger = logger(json!("my-logger"), &mut modules).unwrap();
        assert_eq!(logger, Some(HostReference::of_module("loggerAdapter")));
        assert_eq!(super::logger(json!("WinstonLoggerAdapter"), &mut modules), Ok(None));
        let expected = [
            HostModule {
                path: "filesAdapter".to_owned(),
                module: "./files/own.js".to_owned(),
                options: Some(options(json!({"bucket": "b"})).into_fields()),
            },
            HostModule {
                path: "loggerAdapter".to_owned(),
                module: "my-logger".to_owned(),
                options: None,
            },
        ];
        assert_eq!(modules, expected);
    }

    #[test]
    fn objects_of_a_configuration_in_javascript_are_adapters() {
        let made = json!({"$host": "filesAdapter", "kind": "object", "methods": ["createFile"]});
        let Ok(FilesAdapter::Host(reference)) = files(made.clone()) else { panic!("no adapter") };
        assert_eq!(reference.path(), "filesAdapter");
        assert!(reference.described().unwrap().has("createFile"));
        let inside = files(json!({"module": made}));
        assert!(matches!(inside, Ok(FilesAdapter::Host(_))), "{inside:?}");
        assert!(matches!(push(json!({"adapter": made})), Ok(PushAdapter::Host(_))));
        assert!(cache(made).unwrap_err().contains("made in JavaScript"));
    }

    #[test]
    fn where_only_built_in_adapters_work_other_modules_are_problems() {
        assert_eq!(
            cache(json!({"module": "./cache/own.js", "options": {}})).unwrap_err(),
            "the module `./cache/own.js` can not be used here; \
             built in are InMemoryCacheAdapter, RedisCacheAdapter, NullCacheAdapter"
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
