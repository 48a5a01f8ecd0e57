//! Indexes by the names that the original gives them: it makes those that it misses at every start, and drops one by
//! its name.

use super::super::is_provider_name;
use crate::schema::FieldType;
use crate::storage::sql::{BuiltIn, IndexForm};
use crate::value::ClassName;

/// The indexes that a class has without being asked. Those with a `:` are not the original's.
pub(super) fn built_in(class: &ClassName) -> &'static [BuiltIn] {
    const fn of(name: &'static str, field: &'static str, form: IndexForm) -> BuiltIn {
        BuiltIn { name, field, form }
    }
    use IndexForm::{Folded, Plain, Unique, UniqueFolded};
    match class.as_str() {
        "_User" => {
            &const {
                [
                    // PostgreSQL looks at the oldest index first, so that a name that is taken is told before an address.
                    of("_User_unique_username", "username", Unique),
                    of("_User:username:unique", "username", UniqueFolded),
                    of("case_insensitive_username", "username", Folded),
                    of("_User_unique_email", "email", Unique),
                    of("_User:email:unique", "email", UniqueFolded),
                    of("case_insensitive_email", "email", Folded),
                    of("_email_verify_token", "_email_verify_token", Plain),
                    of("_perishable_token", "_perishable_token", Plain),
                ]
            }
        }
        "_Role" => &const { [of("_Role_unique_name", "name", Unique)] },
        "_Session" => {
            &const {
                [
                    of("_Session:sessionToken:unique", "sessionToken", Unique),
                    of("_Session:user", "user", Plain),
                ]
            }
        }
        "_Installation" => {
            &const {
                [
                    of("_Installation:installationId", "installationId", Plain),
                    of("_Installation:deviceToken", "deviceToken", Plain),
                ]
            }
        }
        "_Idempotency" => {
            &const { [of("_Idempotency_unique_reqId", "reqId", Unique), of("ttl", "expire", Plain)] }
        }
        _ => &[],
    }
}

/// The name of the index over the account ids of an identity provider and the statement that makes it if it does not
/// exist; nothing for what can not be the name of one.
pub fn account_guard(provider: &str) -> Option<(String, String)> {
    is_provider_name(provider).then(|| {
        let (name, place) = (format!("_User_unique_authData_{provider}_id"), account_place("", provider));
        let text = format!(
            "CREATE UNIQUE INDEX IF NOT EXISTS \"{name}\" ON \"_User\" (({place})) WHERE {place} IS NOT NULL"
        );
        (name, text)
    })
}

/// Where the id of a provider's account stands in `authData` of a table (`o.`), as its index has it.
pub(super) fn account_place(table: &str, provider: &str) -> String {
    format!("(({table}\"authData\" -> '{provider}') ->> 'id')")
}

/// The field that a unique index of this name keeps from having a value twice, if it says so:
/// `_User_unique_authData_facebook_id`, `_Role_unique_name`, `_User:email:unique`, `City_pkey`.
pub fn guarded_field(index: &str) -> Option<&str> {
    if index.ends_with("_pkey") {
        return Some("objectId");
    }
    if let Some(rest) = index.strip_suffix(":unique") {
        return rest.rsplit_once(':').map(|(_, field)| field);
    }
    let (_, field) = index.split_once("_unique_")?;
    Some(if field.starts_with("authData_") { "authData" } else { field })
}

/// What an index on the columns of a field is made of: points and polygons have no order of their own.
pub(super) fn expressions(kind: &FieldType, columns: impl Iterator<Item = String>) -> Vec<String> {
    match kind {
        FieldType::GeoPoint => columns
            .flat_map(|column| [format!("({column}[1])"), format!("({column}[0])")])
            .collect(),
        FieldType::Polygon => columns.map(|column| format!("({column}::text)")).collect(),
        FieldType::String
        | FieldType::Number
        | FieldType::Boolean
        | FieldType::Date
        | FieldType::Object
        | FieldType::Array
        | FieldType::File
        | FieldType::Bytes
        | FieldType::Pointer(_)
        | FieldType::Relation(_)
        | FieldType::Acl => columns.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_of_a_unique_index() {
        for (index, field) in [
            ("_User_unique_username", Some("username")),
            ("_User_unique_authData_my_provider_id", Some("authData")),
            ("_User:email:unique", Some("email")),
            ("_Session:sessionToken:unique", Some("sessionToken")),
            ("City_pkey", Some("objectId")),
            ("mine", None),
        ] {
            assert_eq!(guarded_field(index), field, "{index}");
        }
    }
}
