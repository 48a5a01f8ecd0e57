//! One server process per test, with the options of a recording.

use std::net::TcpListener;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::process::{MOUNT, Process, parse_server};

/// Starts a server with these options on an empty database at this address and waits until it is up.
///
/// In option texts `<serverURL>` is the server's own address, and what starts with `./` is a file
/// of the contract.
///
/// Cloud code and adapters in JavaScript take their packages from those of parse-server. Nothing if these are not there,
/// which only continuous integration may not lack.
pub(crate) fn start(options: &Map<String, Value>, database: &str) -> Option<Process> {
    let config = config_of(options, database);
    if !needs_node(&config) {
        return Some(Process::configured(&config));
    }
    Some(Process::with_packages(&config, &parse_server()?))
}

fn needs_node(config: &Value) -> bool {
    let names_file = |module: &Value| {
        module.get("module").and_then(Value::as_str).is_some_and(|module| module.starts_with('/'))
    };
    let providers = config["auth"].as_object().into_iter().flat_map(|providers| providers.values());
    config.get("cloud").is_some()
        || providers.into_iter().any(names_file)
        || names_file(&config["emailAdapter"])
}

/// The directory with the data of the contract.
pub(crate) fn data_directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contract")
}

fn config_of(options: &Map<String, Value>, database: &str) -> Value {
    let mut config = Value::Object(options.clone());
    config["compat"] = json!("9.10");
    config["databaseURI"] = json!(database);
    config["host"] = json!("127.0.0.1");
    // Only a server that is told its own address before it starts needs a port chosen beforehand.
    let port = if config.to_string().contains("<serverURL>") { free_port() } else { 0 };
    config["port"] = json!(port);
    let url = format!("http://127.0.0.1:{port}{MOUNT}");
    resolve(&mut config, &url);
    config
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("a bound address").port()
}

fn resolve(value: &mut Value, url: &str) {
    if let Some(text) = value.as_str() {
        if text == "<serverURL>" {
            *value = json!(url);
        } else if let Some(file) = text.strip_prefix("./") {
            *value = json!(data_directory().join(file));
        }
    } else if let Some(elements) = value.as_array_mut() {
        elements.iter_mut().for_each(|element| resolve(element, url));
    } else if let Some(members) = value.as_object_mut() {
        members.values_mut().for_each(|member| resolve(member, url));
    }
}
