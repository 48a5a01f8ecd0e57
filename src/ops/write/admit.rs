//! May this caller write to this class at all?

use crate::error::{Code, Error, Result};
use crate::ops::Ctx;
use crate::schema::{is_class_name, is_internal_class, is_system_class};
use crate::value::ClassName;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Create,
    Update,
    Delete,
}

impl Verb {
    fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// Refuses classes that the caller may not write to, whatever their permissions say.
pub(super) fn admit(ctx: &Ctx, class: &str, verb: Verb) -> Result<ClassName> {
    let class = ClassName::from(class);
    let denied = |reason: String| Err(Error::denied(Code::OperationForbidden, reason));
    if ctx.principal.sees_everything() && !ctx.principal.may_write_everything() {
        return denied(
            "read-only masterKey isn't allowed to perform the {} operation."
                .replace("{}", verb.name()),
        );
    }
    if is_internal_class(&class) && !ctx.principal.sees_everything() {
        return denied(format!(
            "Clients aren't allowed to perform the {} operation on the {class} collection.",
            verb.name()
        ));
    }
    let exists = ctx.snapshot.class(&class).is_some();
    let is_nameless = !exists && !is_class_name(&class);
    let no_name = || Error::new(Code::InvalidJson, "schema class name does not revalidate");
    if is_nameless && verb == Verb::Create {
        return Err(no_name());
    }
    let may_be_made = ctx.app.config.allow_client_class_creation
        || ctx.principal.sees_everything()
        || is_system_class(&class);
    if !exists && !may_be_made {
        return denied(format!("This user is not allowed to access non-existent class: {class}"));
    }
    if is_nameless && verb == Verb::Update {
        return Err(no_name());
    }
    Ok(class)
}
