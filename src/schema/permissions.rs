//! Class-level permissions: which callers may do what with the objects of a class
//! (`parse-server:src/Controllers/SchemaController.js`, `validateCLP`).

use super::{FieldMap, FieldType};
use crate::error::{Code, Error, Result};
use crate::value::{FieldName, Json, Members};

/// What can be done with a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClassOperation {
    /// Read many objects.
    Find,
    /// Read one object by its id.
    Get,
    /// Count objects.
    Count,
    /// Create an object.
    Create,
    /// Change an object.
    Update,
    /// Delete an object.
    Delete,
    /// Add a field to the class by writing an object that has it.
    AddField,
}

impl ClassOperation {
    /// All operations, in the order of the wire form.
    pub const ALL: [Self; 7] = [
        Self::Find,
        Self::Get,
        Self::Count,
        Self::Create,
        Self::Update,
        Self::Delete,
        Self::AddField,
    ];

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Find => "find",
            Self::Get => "get",
            Self::Count => "count",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::AddField => "addField",
        }
    }

    fn is_read(self) -> bool {
        matches!(self, Self::Find | Self::Get | Self::Count)
    }
}

/// Who may do one operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// Everybody.
    pub public: bool,
    /// Everybody who is logged in.
    pub authenticated: bool,
    /// Users by id and roles as `role:<name>`.
    pub grantees: Vec<String>,
    /// Users to whom one of these fields of the object points.
    pub pointer_fields: Vec<FieldName>,
}

/// Who may do what with a class, and which fields are hidden from whom.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassPermissions {
    rules: [Rule; 7],
    protected: Vec<(String, Vec<String>)>,
    protects: bool,
    default_acl: Option<Json>,
    wire: Members,
}

impl ClassPermissions {
    /// Everybody may do everything: a class that nobody restricted.
    pub fn open() -> Self {
        let everybody = || Json::from([("*", Json::Bool(true))]);
        let mut wire = Members::new();
        let rights = Json::from([("read", Json::Bool(true)), ("write", Json::Bool(true))]);
        wire.insert("ACL".to_owned(), Json::from([("*", rights)]));
        for operation in ClassOperation::ALL {
            wire.insert(operation.name().to_owned(), everybody());
        }
        wire.insert("protectedFields".to_owned(), Json::from([("*", Json::Array(Vec::new()))]));
        Self::from_stored(&Json::Object(wire))
    }

    /// Reads permissions that were checked when they were stored.
    pub fn from_stored(json: &Json) -> Self {
        let given = json.as_object().cloned().unwrap_or_default();
        let fields = |key: &str| names(given.get(key));
        let (readers, writers) = (fields("readUserFields"), fields("writeUserFields"));
        let rules = ClassOperation::ALL.map(|operation| {
            let mut rule = read_rule(given.get(operation.name()));
            let pointers = if operation.is_read() { &readers } else { &writers };
            if operation != ClassOperation::Create {
                rule.pointer_fields.extend(pointers.iter().cloned());
            }
            rule
        });
        let protected =
            given.get("protectedFields").and_then(Json::as_object).into_iter().flatten();
        let protected: Vec<(String, Vec<String>)> =
            protected.map(|(group, fields)| (group.clone(), strings(Some(fields)))).collect();
        let protects = protected.iter().any(|(_, fields)| !fields.is_empty());
        let default_acl = given.get("ACL").cloned();
        Self { rules, protected, protects, default_acl, wire: given }
    }

    /// Reads permissions that may not speak of every operation: what they do not name is open to nobody.
    pub fn from_partial(json: &Json) -> Self {
        let mut wire = json.as_object().cloned().unwrap_or_default();
        for operation in ClassOperation::ALL {
            wire.entry(operation.name().to_owned()).or_insert_with(Json::empty);
        }
        wire.entry("protectedFields".to_owned()).or_insert_with(Json::empty);
        Self::from_stored(&Json::Object(wire))
    }

    /// Checks permissions that a schema request brought against the fields of the class.
    pub fn check(json: &Json, fields: &FieldMap) -> Result<Self> {
        for (key, entry) in json.as_object().into_iter().flatten() {
            check_entry(key, entry, fields)?;
        }
        Ok(Self::from_partial(json))
    }

    /// Who may do an operation.
    pub fn rule(&self, operation: ClassOperation) -> &Rule {
        &self.rules[operation as usize]
    }

    /// Groups of callers (`*`, `authenticated`, `role:…`, a user id, `userField:…`) with the fields hidden
    /// from them.
    pub fn protected(&self) -> &[(String, Vec<String>)] {
        &self.protected
    }

    /// Whether any field is hidden from anybody.
    pub fn protects(&self) -> bool {
        self.protects
    }

    /// The ACL of an object that is created without one, in wire form.
    pub fn default_acl(&self) -> Option<&Json> {
        self.default_acl.as_ref()
    }

    /// The wire form.
    pub fn to_json(&self) -> Json {
        Json::Object(self.wire.clone())
    }
}

fn read_rule(json: Option<&Json>) -> Rule {
    let mut rule = Rule::default();
    for (key, granted) in json.and_then(Json::as_object).into_iter().flatten() {
        match key.as_str() {
            "pointerFields" => rule.pointer_fields = names(Some(granted)),
            "*" => rule.public = granted == &Json::Bool(true),
            "requiresAuthentication" => rule.authenticated = granted == &Json::Bool(true),
            grantee if granted == &Json::Bool(true) => rule.grantees.push(grantee.to_owned()),
            _ => {}
        }
    }
    rule
}

fn strings(json: Option<&Json>) -> Vec<String> {
    let elements = json.and_then(Json::as_array).unwrap_or_default();
    elements.iter().filter_map(Json::as_str).map(str::to_owned).collect()
}

fn names(json: Option<&Json>) -> Vec<FieldName> {
    strings(json).into_iter().map(FieldName::from).collect()
}

fn invalid(text: String) -> Error {
    Error::new(Code::InvalidJson, text)
}

fn plain(json: &Json) -> String {
    match json {
        Json::String(text) => text.clone(),
        Json::Array(elements) => elements.iter().map(plain).collect::<Vec<_>>().join(","),
        Json::Object(_) => "[object Object]".to_owned(),
        Json::Null | Json::Bool(_) | Json::Number(_) => json.to_text(),
    }
}

fn check_entry(key: &str, entry: &Json, fields: &FieldMap) -> Result<()> {
    match key {
        "readUserFields" | "writeUserFields" => {
            let columns = entry
                .as_array()
                .ok_or_else(|| invalid(format!("'{}' is not a valid value for class level permissions {key} - must be an array", plain(entry))))?;
            columns.iter().try_for_each(|column| check_pointer_column(column, key, fields))
        }
        "ACL" => object(entry, key)?.iter().try_for_each(|(grantee, rights)| {
            check_grantee(grantee)?;
            check_rights(rights)
        }),
        "protectedFields" => object(entry, key)?
            .iter()
            .try_for_each(|(group, hidden)| check_protected(group, hidden, fields)),
        _ if ClassOperation::ALL.iter().any(|operation| operation.name() == key) => {
            object(entry, key)?
                .iter()
                .try_for_each(|(grantee, granted)| check_grant(key, grantee, granted, fields))
        }
        _ => Err(invalid(format!("{key} is not a valid operation for class level permissions"))),
    }
}

fn object<'a>(entry: &'a Json, key: &str) -> Result<&'a Members> {
    entry.as_object().ok_or_else(|| {
        invalid(format!(
            "'{}' is not a valid value for class level permissions {key} - must be an object",
            plain(entry)
        ))
    })
}

fn check_grant(operation: &str, grantee: &str, granted: &Json, fields: &FieldMap) -> Result<()> {
    if grantee == "pointerFields" {
        let columns = granted.as_array().ok_or_else(|| {
            invalid(format!(
                "'{}' is not a valid value for {operation}[pointerFields] - expected an array.",
                plain(granted)
            ))
        })?;
        // The original puts the whole rule where the name of the operation belongs.
        return columns
            .iter()
            .try_for_each(|column| check_pointer_column(column, "[object Object]", fields));
    }
    check_grantee(grantee)?;
    if granted != &Json::Bool(true) {
        return Err(invalid(format!(
            "'{}' is not a valid value for class level permissions acl {operation}:{grantee}",
            plain(granted)
        )));
    }
    Ok(())
}

/// What the ACL of an object that is created without one grants to somebody: `{"read": true, "write": true}`.
fn check_rights(rights: &Json) -> Result<()> {
    let text = "for class level permissions acl";
    let rights = rights
        .as_object()
        .ok_or_else(|| invalid(format!("'{}' is not a valid value {text}", plain(rights))))?;
    let joined = |parts: Vec<String>| parts.join(",");
    let is_right = |key: &&String| matches!(key.as_str(), "read" | "write");
    let keys: Vec<String> = rights.keys().filter(|key| !is_right(key)).cloned().collect();
    if !keys.is_empty() {
        return Err(invalid(format!("'{}' is not a valid key {text}", joined(keys))));
    }
    let values = rights.values().filter(|value| !matches!(value, Json::Bool(_)));
    let values: Vec<String> = values.map(plain).collect();
    if !values.is_empty() {
        return Err(invalid(format!("'{}' is not a valid value {text}", joined(values))));
    }
    Ok(())
}

/// `*`, `requiresAuthentication`, `authenticated`, `role:<name>` or a user id.
fn check_grantee(grantee: &str) -> Result<()> {
    let is_id = !grantee.is_empty()
        && grantee.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    let is_role = grantee.strip_prefix("role:").is_some_and(|name| !name.is_empty());
    if grantee == "*" || is_role || is_id {
        return Ok(());
    }
    Err(invalid(format!("'{grantee}' is not a valid key for class level permissions")))
}

/// A field that holds users: a pointer to `_User`, or an array.
fn check_pointer_column(column: &Json, operation: &str, fields: &FieldMap) -> Result<()> {
    let fits = column.as_str().and_then(|name| fields.get(name)).is_some_and(|field| {
        field.kind == FieldType::Array
            || matches!(&field.kind, FieldType::Pointer(class) if *class == "_User")
    });
    if fits {
        return Ok(());
    }
    Err(invalid(format!(
        "'{}' is not a valid column for class level pointer permissions {operation}",
        plain(column)
    )))
}

/// The field of a group `userField:<field>` need not exist yet; while it does not, nobody belongs to the group.
fn check_protected(group: &str, hidden: &Json, fields: &FieldMap) -> Result<()> {
    if !group.starts_with("userField:") {
        check_grantee(group)?;
    }
    let hidden = hidden.as_array().ok_or_else(|| {
        invalid(format!(
            "'{}' is not a valid value for protectedFields[{group}] - expected an array.",
            plain(hidden)
        ))
    })?;
    for name in hidden {
        let name = name.as_str().unwrap_or_default();
        if matches!(name, "objectId" | "createdAt" | "updatedAt" | "ACL") {
            return Err(invalid(format!("Default field '{name}' can not be protected")));
        }
        if !fields.contains_key(name) {
            return Err(invalid(format!(
                "Field '{name}' in protectedFields:{group} does not exist"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::ClassSchema;
    use crate::value::ClassName;

    fn check_refused(json: &str, expected: &str) {
        let fields = ClassSchema::new(ClassName::from("City")).fields;
        let refused =
            ClassPermissions::check(&Json::parse(json.as_bytes()).unwrap(), &fields).unwrap_err();
        assert_eq!(refused.text(), expected);
    }

    #[test]
    fn refusals_have_the_contract_s_texts() {
        check_refused(
            r#"{"find":{"*":"yes"}}"#,
            "'yes' is not a valid value for class level permissions acl find:*",
        );
        check_refused(
            r#"{"nope":{"*":true}}"#,
            "nope is not a valid operation for class level permissions",
        );
        check_refused(
            r#"{"find":{"bad key!":true}}"#,
            "'bad key!' is not a valid key for class level permissions",
        );
        check_refused(
            r#"{"find":"x"}"#,
            "'x' is not a valid value for class level permissions find - must be an object",
        );
        check_refused(
            r#"{"find":{"pointerFields":["nope"]}}"#,
            "'nope' is not a valid column for class level pointer permissions [object Object]",
        );
        check_refused(
            r#"{"writeUserFields":"owner"}"#,
            "'owner' is not a valid value for class level permissions writeUserFields - must be an array",
        );
        check_refused(
            r#"{"protectedFields":{"*":["objectId"]}}"#,
            "Default field 'objectId' can not be protected",
        );
        check_refused(
            r#"{"protectedFields":{"userField:any":["nope"]}}"#,
            "Field 'nope' in protectedFields:userField:any does not exist",
        );
        check_refused(
            r#"{"ACL":{"*":true}}"#,
            "'true' is not a valid value for class level permissions acl",
        );
        check_refused(
            r#"{"ACL":{"*":{"read":true,"own":true}}}"#,
            "'own' is not a valid key for class level permissions acl",
        );
        check_refused(
            r#"{"ACL":{"currentUser":{"read":"yes"}}}"#,
            "'yes' is not a valid value for class level permissions acl",
        );
        check_refused(
            r#"{"readUserFields":["nope"]}"#,
            "'nope' is not a valid column for class level pointer permissions readUserFields",
        );
    }

    #[test]
    fn what_is_not_said_is_closed() {
        let fields = ClassSchema::new(ClassName::from("City")).fields;
        let json = Json::parse(br#"{"find":{"*":true},"create":{"requiresAuthentication":true}}"#)
            .unwrap();
        let permissions = ClassPermissions::check(&json, &fields).unwrap();
        assert!(permissions.rule(ClassOperation::Find).public);
        assert!(permissions.rule(ClassOperation::Create).authenticated);
        assert_eq!(permissions.rule(ClassOperation::Delete), &Rule::default());
    }
}
