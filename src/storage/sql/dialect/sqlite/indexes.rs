//! The indexes of system classes.

use crate::storage::sql::{BuiltIn, IndexForm};
use crate::value::ClassName;

/// The indexes that a class has without being asked.
pub(super) fn built_in(class: &ClassName) -> &'static [BuiltIn] {
    const fn of(name: &'static str, field: &'static str, form: IndexForm) -> BuiltIn {
        BuiltIn { name, field, form }
    }
    use IndexForm::{Plain, Unique, UniqueFolded};
    match class.as_str() {
        "_User" => {
            &const {
                [
                    // SQLite looks at the newest index first, so that a name that is taken is told before an address.
                    of("_User:email", "email", Plain),
                    of("_User:email:unique", "email", UniqueFolded),
                    of("_User:username", "username", Plain),
                    of("_User:username:unique", "username", UniqueFolded),
                    of("_User:_email_verify_token", "_email_verify_token", Plain),
                    of("_User:_perishable_token", "_perishable_token", Plain),
                ]
            }
        }
        "_Role" => &const { [of("_Role:name:unique", "name", Unique)] },
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
            &const {
                [
                    of("_Idempotency:reqId:unique", "reqId", Unique),
                    of("_Idempotency:expire", "expire", Plain),
                ]
            }
        }
        _ => &[],
    }
}
