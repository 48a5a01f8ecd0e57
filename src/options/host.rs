//! What options name in JavaScript: functions and objects of a configuration file, and modules. The server
//! does not run JavaScript itself; it calls what is named here in the host of the cloud code.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::value::{Json, Members};

/// The key by which a configuration file written in JavaScript marks what can not be written as JSON.
pub(super) const MARK: &str = "$host";

/// A function or an object in JavaScript that an option names, by the name of the option.
#[derive(Clone, PartialEq)]
pub struct HostReference {
    path: String,
    described: Option<Arc<HostDescription>>,
}

/// What a function or an object in JavaScript is, as far as it can be told from outside.
#[derive(Clone, PartialEq, Default)]
pub struct HostDescription {
    /// Whether it can be called itself.
    pub is_function: bool,
    /// Names of its methods.
    pub methods: Vec<String>,
    /// Its members that are plain values.
    pub data: Members,
}

/// A module that an option names.
#[derive(Clone, PartialEq)]
pub struct HostModule {
    /// The option that names it, which is how it is called afterwards.
    pub path: String,
    /// A file, relative to the working directory, or an npm package.
    pub module: String,
    /// What the module is given when it is made.
    pub options: Option<Map<String, Value>>,
}

/// A configuration that is written in JavaScript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JavaScriptFile {
    /// Where it lies.
    pub path: PathBuf,
    /// Whether it is a whole program that makes a parse-server, rather than a configuration.
    pub is_program: bool,
}

/// Everything that options name in JavaScript, except the cloud code.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct JavaScript {
    /// The modules, in the order of their options.
    pub modules: Vec<HostModule>,
    /// The file that the options come from, if they refer to something in it.
    pub file: Option<JavaScriptFile>,
}

impl JavaScript {
    /// Whether a host is needed even if there is no cloud code.
    pub fn is_used(&self) -> bool {
        !self.modules.is_empty() || self.file.is_some()
    }
}

impl HostReference {
    /// What a module makes; nothing is known of it before it is loaded.
    pub fn of_module(path: impl Into<String>) -> Self {
        Self { path: path.into(), described: None }
    }

    /// Reads `{"$host": "emailAdapter", "kind": "object", "methods": ["sendMail"], "data": {}}`; nothing if this is
    /// something else.
    pub fn read(value: &Value) -> Option<Self> {
        let path = value.get(MARK)?.as_str()?;
        let described = HostDescription::read(value)?;
        Some(Self { path: path.to_owned(), described: Some(Arc::new(described)) })
    }

    /// The name of the option, by which the host knows it.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is known of it before it is loaded.
    pub fn described(&self) -> Option<&Arc<HostDescription>> {
        self.described.as_ref()
    }
}

impl HostDescription {
    /// Reads `kind`, `methods` and `data`; nothing if they are not what a host says.
    pub fn read(value: &Value) -> Option<Self> {
        let is_function = match value.get("kind")?.as_str()? {
            "function" => true,
            "object" => false,
            _ => return None,
        };
        let text = |entry: &Value| entry.as_str().map(str::to_owned);
        let methods = match value.get("methods") {
            None | Some(Value::Null) => Vec::new(),
            Some(methods) => methods.as_array()?.iter().map(text).collect::<Option<_>>()?,
        };
        let data = match Json::from(value.get("data").cloned().unwrap_or_default()) {
            Json::Object(data) => data,
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {
                Members::new()
            }
        };
        Some(Self { is_function, methods, data })
    }

    /// Whether it has a method of this name.
    pub fn has(&self, method: &str) -> bool {
        self.methods.iter().any(|known| known == method)
    }
}

/// Prints the path only: data may hold keys.
impl fmt::Debug for HostReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HostReference({})", self.path)
    }
}

/// Prints names only: data may hold keys.
impl fmt::Debug for HostDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("HostDescription");
        out.field("is_function", &self.is_function).field("methods", &self.methods);
        out.field("data", &self.data.keys().collect::<Vec<_>>()).finish()
    }
}

/// Prints names only: options of a module often hold keys.
impl fmt::Debug for HostModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HostModule({} = {})", self.path, self.module)
    }
}

/// Whether a value stands for something in JavaScript.
pub(super) fn is_reference(value: &Value) -> bool {
    HostReference::read(value).is_some()
}

/// Whether a value stands for a function in JavaScript.
pub(super) fn is_function(value: &Value) -> bool {
    HostReference::read(value)
        .and_then(|reference| reference.described)
        .is_some_and(|described| described.is_function)
}

fn is_script(extension: &std::ffi::OsStr) -> bool {
    ["js", "mjs", "cjs"].iter().any(|known| extension.eq_ignore_ascii_case(known))
}

/// Whether a configuration file is written in JavaScript.
pub(super) fn is_javascript(path: &str) -> bool {
    std::path::Path::new(path).extension().is_some_and(is_script)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_are_read() {
        let value = json!({"$host": "auth.my", "kind": "object", "methods": ["validateAuthData"], "data": {"policy": "solo", "key": "hunter2"}});
        let reference = HostReference::read(&value).unwrap();
        assert_eq!(reference.path(), "auth.my");
        let described = reference.described().unwrap();
        assert!(described.has("validateAuthData") && !described.has("challenge"));
        assert_eq!(described.data["policy"], Json::from("solo"));
        assert!(!format!("{reference:?}{described:?}").contains("hunter2"));
        assert!(is_function(&json!({"$host": "verifyUserEmails", "kind": "function"})));
        assert!(is_reference(&value) && !is_function(&value));
    }

    #[test]
    fn what_is_no_reference_is_none() {
        for value in [
            json!(null),
            json!("$host"),
            json!({}),
            json!({"$host": 1, "kind": "object"}),
            json!({"$host": "a"}),
            json!({"$host": "a", "kind": "class"}),
            json!({"$host": "a", "kind": "object", "methods": [1]}),
        ] {
            assert!(HostReference::read(&value).is_none(), "{value}");
        }
    }

    #[test]
    fn configurations_in_javascript_are_told_by_their_name() {
        assert!(is_javascript("config.js") && is_javascript("/a/parse.config.mjs"));
        assert!(is_javascript("a.CJS"));
        assert!(!is_javascript("config.json") && !is_javascript("js"));
    }
}
