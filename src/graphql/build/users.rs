//! What the class of users gives to the schema beyond what every class gives: the viewer, and the mutations
//! that sign up, log in and out, and send mails (`parse-server:src/GraphQL/loaders/usersQueries.js`,
//! `usersMutations.js`).

use apollo_compiler::schema::ExtendedType;
use apollo_compiler::{Name, Schema, name};

use super::Fixed;
use super::parts::{Fields, Inputs, input_object};

/// The class.
pub(super) const USERS: &str = "_User";

/// The fields of a user who logs in by an identity provider for the first time.
pub(super) const LOG_IN_WITH_FIELDS: Name = name!("UserLoginWithInput");

/// A mutation of a user's account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AccountVerb {
    /// Makes a user.
    SignUp,
    /// Starts a session with a password.
    LogIn,
    /// Starts a session with what an identity provider confirms.
    LogInWith,
    /// Ends the session.
    LogOut,
    /// Asks identity providers for what is needed to log in.
    Challenge,
    /// Mails a link with which a new password can be chosen.
    ResetPassword,
    /// Sets a new password with the token of a mail.
    ConfirmResetPassword,
    /// Mails a link that verifies an address.
    SendVerificationEmail,
    /// Verifies an address with the token of a mail.
    VerifyEmail,
}

impl AccountVerb {
    /// All of them, by the names of their mutations.
    pub(super) const ALL: [(Name, Self); 9] = [
        (name!("signUp"), Self::SignUp),
        (name!("logIn"), Self::LogIn),
        (name!("logInWith"), Self::LogInWith),
        (name!("logOut"), Self::LogOut),
        (name!("challenge"), Self::Challenge),
        (name!("resetPassword"), Self::ResetPassword),
        (name!("confirmResetPassword"), Self::ConfirmResetPassword),
        (name!("sendVerificationEmail"), Self::SendVerificationEmail),
        (name!("verifyEmail"), Self::VerifyEmail),
    ];
}

/// The input with the fields of a new user, of which an identity provider knows the rest: without name,
/// password and what the provider wants.
pub(super) fn log_in_with_type(create_fields: &Inputs) -> ExtendedType {
    let known = |field: &Name| ["username", "password", "authData"].contains(&field.as_str());
    let fields = create_fields.iter().filter(|(field, _)| !known(field));
    let fields = fields.map(|(field, input)| (field.clone(), input.clone())).collect();
    input_object(LOG_IN_WITH_FIELDS, fields)
}

/// Puts the types into the schema.
pub(super) fn put_in(schema: &mut Schema, fixed: &Fixed) {
    for fresh in fixed.user_types() {
        schema.types.insert(fresh.name().clone(), fresh.clone());
    }
}

/// Takes the types out of a schema that has no class of users any more.
pub(super) fn take_out(schema: &mut Schema, fixed: &Fixed) {
    for old in fixed.user_types() {
        schema.types.swap_remove(old.name());
    }
}

/// The fields of the query type and those of the mutation type.
pub(super) fn root_fields(fixed: &Fixed) -> [Fields; 2] {
    ["Query", "Mutation"].map(|root| {
        fixed.users.get_object(root).map(|root| root.fields.clone()).unwrap_or_default()
    })
}
