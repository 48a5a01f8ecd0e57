//! The classes as `_SCHEMA` describes them: types and permissions that this server knows.

use serde_json::Value;

use super::report::{Finding, Section, Weight, counted, listed};
use crate::schema::ClassSchema;
use crate::storage::{Inspection, sql};

/// What class-level permissions may say.
const PERMISSIONS: &[&str] = &[
    "find",
    "get",
    "count",
    "create",
    "update",
    "delete",
    "addField",
    "readUserFields",
    "writeUserFields",
    "protectedFields",
    "ACL",
];

/// What the descriptions say.
pub(super) fn section(inspection: &Inspection) -> Section {
    let mut section = Section::new("Classes");
    let Some(classes) = &inspection.classes else {
        section
            .say(Weight::Fine, "the database holds no classes yet: nothing has to be taken over");
        return section;
    };
    let mut readable = 0;
    let mut open = Vec::new();
    for (name, text) in classes {
        let advice =
            "correct its row in `_SCHEMA`, or take the field away with parse-server's schemas API";
        match sql::read_class_text(name, text) {
            Ok((_, unreadable)) if unreadable.is_empty() => readable += 1,
            Ok((_, unreadable)) => {
                let what = format!(
                    "class `{name}`: fields of unknown types, which are not served: {}",
                    listed(&unreadable)
                );
                section.add(Finding::new(Weight::First, what).advice(advice));
            }
            Err(cause) => {
                let what = format!("class `{name}`: {}", cause.log_text());
                section.add(Finding::new(Weight::First, what).advice(advice));
            }
        }
        if let Ok(description) = serde_json::from_str::<Value>(text) {
            permissions(name, &description, &mut section);
            if !name.starts_with('_') && is_open(&description) {
                open.push(name);
            }
        }
    }
    if !open.is_empty() {
        let what =
            format!("everybody may find, create, change and delete objects of: {}", listed(&open));
        let advice = "it was so with parse-server; restrict it by class-level permissions where it is not meant";
        section.add(Finding::new(Weight::Differs, what).advice(advice));
    }
    section.say(
        Weight::Fine,
        format!("{} with types that this server knows", counted(readable, "class", "classes")),
    );
    section
}

/// The classes, as far as their descriptions can be read.
pub(super) fn readable(inspection: &Inspection) -> Vec<ClassSchema> {
    let classes = inspection.classes.iter().flatten();
    let read = |(name, text): &(String, String)| Some(sql::read_class_text(name, text).ok()?.0);
    classes.filter_map(read).collect()
}

/// Whether class-level permissions keep nobody from anything.
fn is_open(description: &Value) -> bool {
    let permissions = &description["classLevelPermissions"];
    let operations = ["find", "create", "update", "delete"];
    !permissions.is_object()
        || operations.iter().all(|operation| permissions[operation]["*"] == true)
}

fn permissions(class: &str, description: &Value, section: &mut Section) {
    let Some(permissions) = description["classLevelPermissions"].as_object() else { return };
    let unknown: Vec<&String> =
        permissions.keys().filter(|key| !PERMISSIONS.contains(&key.as_str())).collect();
    if !unknown.is_empty() {
        let what = format!(
            "class `{class}`: unknown permissions {}; they grant nothing",
            listed(&unknown)
        );
        section.add(
            Finding::new(Weight::Differs, what)
                .advice("take them out of the class-level permissions"),
        );
    }
    let fields = description["fields"].as_object();
    let exists = |field: &str| fields.is_some_and(|fields| fields.contains_key(field));
    let mut gone: Vec<String> = Vec::new();
    for key in ["readUserFields", "writeUserFields"] {
        gone.extend(texts(&permissions.get(key).cloned().unwrap_or_default()));
    }
    for rule in permissions.values() {
        gone.extend(texts(&rule["pointerFields"]));
    }
    gone.retain(|field| !exists(field));
    if !gone.is_empty() {
        let what = format!(
            "class `{class}`: pointer permissions name fields that do not exist: {}",
            listed(&gone)
        );
        section
            .add(Finding::new(Weight::Differs, what).advice("they let nobody in: take them out"));
    }
}

fn texts(list: &Value) -> Vec<String> {
    let entries = list.as_array().into_iter().flatten();
    entries.filter_map(Value::as_str).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(description: &str, expected: Weight, text: &str) {
        let classes = Some(vec![("A".to_owned(), description.to_owned())]);
        let section = section(&Inspection { classes, ..Inspection::default() });
        let fits = |finding: &Finding| finding.weight == expected && finding.what.contains(text);
        assert!(section.findings.iter().any(fits), "{text}: {section:#?}");
    }

    #[test]
    fn descriptions() {
        let fields = r#""className":"A","fields":{"a":{"type":"String"}}"#;
        check(
            &format!("{{{fields},\"classLevelPermissions\":{{\"find\":{{}}}}}}"),
            Weight::Fine,
            "1 class with",
        );
        check(&format!("{{{fields}}}"), Weight::Differs, "delete objects of: `A`");
        let unknown = r#"{"find":{},"fly":{"*":true}}"#;
        check(
            &format!("{{{fields},\"classLevelPermissions\":{unknown}}}"),
            Weight::Differs,
            "`fly`",
        );
        let gone = r#"{"find":{"pointerFields":["owner"]},"readUserFields":["reader"]}"#;
        let text = "do not exist: `reader`, `owner`";
        check(&format!("{{{fields},\"classLevelPermissions\":{gone}}}"), Weight::Differs, text);
        let strange =
            r#"{"className":"A","fields":{"a":{"type":"Colour"}},"classLevelPermissions":{}}"#;
        check(strange, Weight::First, "not served: `a`");
    }

    #[test]
    fn an_empty_database_is_fine() {
        let section = section(&Inspection::default());
        assert_eq!(section.findings[0].weight, Weight::Fine);
    }
}
