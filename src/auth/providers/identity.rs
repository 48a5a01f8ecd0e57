//! What every provider that proves an identity is given and gives back.

use async_trait::async_trait;

use crate::error::{Code, Error, Result};
use crate::value::{Date, Json, Members};

use super::outbound::Outbound;

/// A provider that proves an identity.
#[async_trait]
pub(super) trait Identity: Send + Sync + std::fmt::Debug {
    /// Whether a client must say which account it claims. One that sends an authorization code need not.
    fn needs_id(&self) -> bool {
        true
    }

    /// Proves that the sender holds the account. Error 101 if not.
    async fn prove(&self, sent: &Sent<'_>, world: &World<'_>) -> Result<Account>;
}

/// The world of a request, as far as providers need it.
#[derive(Clone, Copy)]
pub(super) struct World<'a> {
    /// The way to the provider's servers.
    pub(super) outbound: &'a Outbound,
    /// When the request began.
    pub(super) now: Date,
}

/// What a client sent under a provider's name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent<'a> {
    members: &'a Members,
}

impl<'a> Sent<'a> {
    /// Error 162 if there is an id that is no string: an object there could turn into a condition.
    pub(super) fn new(provider: &str, members: &'a Members) -> Result<Self> {
        match members.get("id") {
            None | Some(Json::Null | Json::String(_)) => Ok(Self { members }),
            Some(Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_)) => {
                let text = format!("Invalid authData id for provider '{provider}'.");
                Err(Error::new(Code::InvalidValue, text))
            }
        }
    }

    /// The account that the client claims.
    pub(super) fn id(&self) -> Option<&'a str> {
        self.text("id")
    }

    /// A text that is there and not empty. Anything else than a string counts as missing.
    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        self.members.get(key).and_then(Json::as_str).filter(|text| !text.is_empty())
    }

    /// Whatever stands under a key.
    pub(super) fn json(&self, key: &str) -> Option<&'a Json> {
        self.members.get(key)
    }
}

/// An account that a provider confirmed, with what may be kept of it.
#[derive(Debug)]
pub(super) struct Account(Members);

impl Account {
    /// The account of this id.
    pub(super) fn new(id: impl Into<String>) -> Self {
        Self(Members::from([("id".to_owned(), Json::String(id.into()))]))
    }

    /// The account of this id, if that is the one that the client claims.
    pub(super) fn claimed(
        sent: &Sent<'_>,
        id: &str,
        refusal: impl FnOnce() -> Error,
    ) -> Result<Self> {
        if id.is_empty() || sent.id().is_some_and(|claimed| claimed != id) {
            return Err(refusal());
        }
        Ok(Self::new(id))
    }

    /// The account that a verified token names.
    pub(super) fn of_subject(claims: &Json) -> Result<Self> {
        let subject =
            claims.get("sub").and_then(Json::as_str).filter(|subject| !subject.is_empty());
        subject.map(Self::new).ok_or_else(|| refused("auth data is invalid for this user."))
    }

    /// Keeps something else that the provider said.
    #[must_use]
    pub(super) fn with(mut self, key: &str, member: Json) -> Self {
        self.0.insert(key.to_owned(), member);
        self
    }

    pub(super) fn into_members(self) -> Members {
        self.0
    }
}

/// The refusal of most providers (`parse-server:src/Adapters/Auth`: `OBJECT_NOT_FOUND`).
pub(super) fn refused(text: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(Code::ObjectNotFound, text)
}
