//! From JSON to a configuration, and what is wrong with it.

use std::collections::HashMap;
use std::sync::Arc;

use super::{ClassConfig, GraphQlConfig, RootField, SortField};
use crate::error::{Code, Error, Result};
use crate::value::{Json, Members};

/// Reads a configuration. Error 107 if it is malformed.
pub(super) fn parse(given: &Members) -> Result<GraphQlConfig> {
    known(
        given,
        "the configuration",
        &["enabledForClasses", "disabledForClasses", "classConfigs"],
    )?;
    let enabled = texts(given, "enabledForClasses")?;
    let disabled = texts(given, "disabledForClasses")?.unwrap_or_default();
    let mut classes = HashMap::new();
    for config in list(given, "classConfigs")?.unwrap_or_default() {
        let Json::Object(config) = config else {
            return Err(malformed("`classConfigs` holds what is no object"));
        };
        let name = config.get("className").and_then(Json::as_str).filter(|name| !name.is_empty());
        let Some(name) = name else {
            return Err(malformed("an entry of `classConfigs` has no `className`"));
        };
        classes.insert(name.to_owned(), Arc::new(class(name, config)?));
    }
    Ok(GraphQlConfig { given: given.clone(), enabled, disabled, classes })
}

fn class(name: &str, given: &Members) -> Result<ClassConfig> {
    known(given, name, &["className", "type", "query", "mutation"])?;
    let mut config = ClassConfig::default();
    if let Some(kind) = object(given, "type")? {
        let parts = ["inputFields", "outputFields", "constraintFields", "sortFields"];
        known(kind, "`type`", &parts)?;
        config.output_fields = texts(kind, "outputFields")?;
        config.constraint_fields = texts(kind, "constraintFields")?;
        config.sort_fields = sort_fields(kind)?;
        if let Some(inputs) = object(kind, "inputFields")? {
            known(inputs, "`inputFields`", &["create", "update"])?;
            config.create_fields = texts(inputs, "create")?;
            config.update_fields = texts(inputs, "update")?;
        }
    }
    if let Some(create) = &config.create_fields
        && name == "_User"
        && !["username", "password"].iter().all(|field| create.iter().any(|known| known == field))
    {
        return Err(malformed("users can not be made without `username` and `password`"));
    }
    if let Some(query) = object(given, "query")? {
        known(query, "`query`", &["get", "find", "getAlias", "findAlias"])?;
        config.get = root_field(query, "get", "getAlias")?;
        config.find = root_field(query, "find", "findAlias")?;
    }
    if let Some(mutation) = object(given, "mutation")? {
        let parts = ["create", "update", "destroy", "createAlias", "updateAlias", "destroyAlias"];
        known(mutation, "`mutation`", &parts)?;
        config.create = root_field(mutation, "create", "createAlias")?;
        config.update = root_field(mutation, "update", "updateAlias")?;
        config.destroy = root_field(mutation, "destroy", "destroyAlias")?;
    }
    Ok(config)
}

fn sort_fields(given: &Members) -> Result<Option<Vec<SortField>>> {
    let Some(entries) = list(given, "sortFields")? else { return Ok(None) };
    let read = |entry: &Json| {
        let Json::Object(entry) = entry else {
            return Err(malformed("`sortFields` holds what is no object"));
        };
        known(entry, "an entry of `sortFields`", &["field", "asc", "desc"])?;
        let field = entry.get("field").and_then(Json::as_str).filter(|field| !field.is_empty());
        let direction = |name: &str| entry.get(name).and_then(Json::as_bool);
        match (field, direction("asc"), direction("desc")) {
            (Some(field), Some(ascending), Some(descending)) => {
                Ok(SortField { field: field.to_owned(), ascending, descending })
            }
            _ => Err(malformed("an entry of `sortFields` needs `field`, `asc` and `desc`")),
        }
    };
    entries.iter().map(read).collect::<Result<Vec<_>>>().map(Some)
}

fn root_field(given: &Members, name: &str, alias: &str) -> Result<RootField> {
    let is_left_out = match given.get(name) {
        None | Some(Json::Null) => false,
        Some(Json::Bool(flag)) => !flag,
        Some(Json::Number(_) | Json::String(_) | Json::Array(_) | Json::Object(_)) => {
            return Err(malformed(&format!("`{name}` is neither true nor false")));
        }
    };
    let alias = match given.get(alias) {
        None | Some(Json::Null) => None,
        Some(Json::String(text)) if is_name(text) => Some(text.clone()),
        Some(
            Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) | Json::Object(_),
        ) => return Err(malformed(&format!("`{alias}` is no name of a field"))),
    };
    Ok(RootField { is_left_out, alias })
}

/// Whether a field of a root type can have a name. Two underscores at the beginning are GraphQL's own.
fn is_name(text: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    text.starts_with(is_letter)
        && !text.starts_with("__")
        && text.chars().all(|c| is_letter(c) || c.is_ascii_digit())
}

fn known(given: &Members, whose: &str, names: &[&str]) -> Result<()> {
    match given.keys().find(|key| !names.contains(&key.as_str())) {
        Some(key) => Err(malformed(&format!("{whose} has no `{key}`"))),
        None => Ok(()),
    }
}

fn object<'a>(given: &'a Members, name: &str) -> Result<Option<&'a Members>> {
    match given.get(name) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::Object(members)) => Ok(Some(members)),
        Some(Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_)) => {
            Err(malformed(&format!("`{name}` is no object")))
        }
    }
}

fn list<'a>(given: &'a Members, name: &str) -> Result<Option<&'a [Json]>> {
    match given.get(name) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::Array(elements)) => Ok(Some(elements)),
        Some(Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Object(_)) => {
            Err(malformed(&format!("`{name}` is no list")))
        }
    }
}

fn texts(given: &Members, name: &str) -> Result<Option<Vec<String>>> {
    let Some(elements) = list(given, name)? else { return Ok(None) };
    let text = |element: &Json| {
        let text = element.as_str().map(str::to_owned);
        text.ok_or_else(|| malformed(&format!("`{name}` holds what is no text")))
    };
    elements.iter().map(text).collect::<Result<Vec<_>>>().map(Some)
}

fn malformed(text: &str) -> Error {
    Error::new(Code::InvalidJson, format!("malformed GraphQL configuration: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(given: &str, expected: &str) {
        let given = Json::parse(given.as_bytes()).unwrap();
        let read = parse(given.as_object().unwrap());
        let problem = read.err().map(|error| error.text().to_owned()).unwrap_or_default();
        let problem = problem.strip_prefix("malformed GraphQL configuration: ").unwrap_or(&problem);
        assert_eq!(problem, expected, "{given:?}");
    }

    #[test]
    fn what_is_malformed_is_told() {
        check("{}", "");
        check(r#"{"enabledForClasses":null,"disabledForClasses":["A"]}"#, "");
        check(r#"{"enabledForClasses":"A"}"#, "`enabledForClasses` is no list");
        check(r#"{"disabledForClasses":[5]}"#, "`disabledForClasses` holds what is no text");
        check(r#"{"nope":1}"#, "the configuration has no `nope`");
        check(r#"{"classConfigs":[{}]}"#, "an entry of `classConfigs` has no `className`");
        check(r#"{"classConfigs":[{"className":"A","nope":1}]}"#, "A has no `nope`");
        check(
            r#"{"classConfigs":[{"className":"A","query":{"get":"x"}}]}"#,
            "`get` is neither true nor false",
        );
        check(
            r#"{"classConfigs":[{"className":"A","query":{"getAlias":"a b"}}]}"#,
            "`getAlias` is no name of a field",
        );
        check(
            r#"{"classConfigs":[{"className":"A","type":{"sortFields":[{"field":"x"}]}}]}"#,
            "an entry of `sortFields` needs `field`, `asc` and `desc`",
        );
        check(
            r#"{"classConfigs":[{"className":"_User","type":{"inputFields":{"create":["email"]}}}]}"#,
            "users can not be made without `username` and `password`",
        );
    }

    #[test]
    fn classes_are_shown_or_not() {
        let shows = |given: &str, class: &str| {
            parse(Json::parse(given.as_bytes()).unwrap().as_object().unwrap()).unwrap().shows(class)
        };
        assert!(shows("{}", "A"));
        assert!(shows(r#"{"enabledForClasses":["A"]}"#, "A"));
        assert!(!shows(r#"{"enabledForClasses":["A"]}"#, "B"));
        assert!(!shows(r#"{"disabledForClasses":["A"]}"#, "A"));
        assert!(!shows(r#"{"enabledForClasses":["A"],"disabledForClasses":["A"]}"#, "A"));
    }
}
