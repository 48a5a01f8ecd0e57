//! Identity providers: each proves that whoever holds a token or a signature is the account he says he is.
//!
//! A provider is a file of this folder; what they share is the way out ([`Outbound`]), signed tokens, the
//! exchange of authorization codes and the reading of settings. A provider keeps nothing between two requests
//! but public keys, never lets a token say how it is to be checked, and never gives a credential to the
//! database: what an account keeps is its id and what the provider itself said about it.

mod known;
mod settings;

mod identity;
mod outbound;
mod signed;

mod anonymous;
mod apple;
mod code;
mod custom;
mod facebook;
mod gcenter;
mod github;
mod google;
mod gpgames;
mod instagram;
mod janraincapture;
mod janrainengage;
mod keycloak;
mod ldap;
mod line;
mod linkedin;
mod meetup;
mod mfa;
mod microsoft;
mod oauth2;
mod phantauth;
mod qq;
mod spotify;
mod twitter;
mod vkontakte;
mod wechat;
mod weibo;

use std::sync::Arc;

use indexmap::IndexMap;

pub use outbound::Outbound;

use crate::cloud::{Callbacks, Nobody, Within};
use crate::error::{Code, Error, Result};
use crate::options::Config;
use crate::value::{Date, Json, Members};

use custom::{Custom, Said};
use identity::{Identity, Sent, World};
use mfa::Mfa;

/// The providers that the options enable.
#[derive(Debug)]
pub struct Providers {
    known: IndexMap<String, Provider>,
    outbound: Outbound,
}

#[derive(Debug)]
enum Provider {
    /// Proves an identity.
    Identity(Box<dyn Identity>),
    /// The second factor.
    Mfa(Mfa),
    /// An adapter of the app.
    Custom(Box<Custom>),
    /// A provider that lacks its settings, and how it says so.
    NotConfigured(Code, &'static str),
}

/// When a provider must have its say (`parse-server:src/Adapters/Auth/AuthAdapter.js`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// It proves an identity by itself; any one of these is enough.
    Default,
    /// It proves an identity and needs nothing else, not even a second factor.
    Solo,
    /// It proves nothing by itself but is demanded besides whatever else proves the identity, once the
    /// user has set it up.
    Additional,
}

/// What a user wants with a provider's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Sign up with it, or link it to an account that has none of this provider.
    SetUp,
    /// Log in with it; `stored` is what the account has.
    LogIn,
    /// Replace what the account has.
    Update,
}

/// What adapters of the app are told of a request.
#[derive(Clone, Debug)]
pub struct Told {
    /// The request, in the form of the host protocol.
    pub request: Members,
    /// What they run within.
    pub within: Within,
}

/// What a provider accepted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Accepted {
    /// What the account keeps from now on (never a credential); nothing if what it has stays as it is.
    pub store: Option<Members>,
    /// What the client is told under `authDataResponse`.
    pub response: Option<Json>,
}

/// Authentication data after its provider had its say, and before the account is known. Only
/// [`Providers::identify`] makes one.
#[derive(Clone, Debug)]
pub struct Claim {
    provider: String,
    data: Claimed,
    /// Whether it names an account, rather than being demanded besides what does.
    is_naming: bool,
}

#[derive(Clone, Debug)]
enum Claimed {
    /// The provider confirmed the account; this is what may be kept of it.
    Account(Members),
    /// What the client sent for a second factor, which nobody has looked at yet.
    Factor(Members),
    /// What the client sent for an adapter of the app, and what that said of it once it was asked.
    Custom(Members, Option<Said>),
}

impl Claim {
    /// The provider.
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// The id of the account at the provider, which the provider confirmed unless the claim is open. A second
    /// factor has none.
    pub fn id(&self) -> Option<&str> {
        match &self.data {
            Claimed::Account(members) | Claimed::Custom(members, _) if self.is_naming => {
                members.get("id")?.as_str().filter(|id| !id.is_empty())
            }
            Claimed::Account(_) | Claimed::Custom(..) | Claimed::Factor(_) => None,
        }
    }

    /// Whether an adapter of the app is still to be asked, by [`Providers::prove`].
    pub fn is_open(&self) -> bool {
        matches!(self.data, Claimed::Custom(_, None))
    }
}

impl Providers {
    /// The providers of the options, or what is wrong with the options.
    pub fn new(config: &Config) -> std::result::Result<Self, Vec<String>> {
        Self::with_outbound(config, Outbound::direct())
    }

    /// The same with somebody who answers for adapters written in JavaScript.
    pub fn with_host(
        config: &Config,
        host: &Arc<dyn Callbacks>,
    ) -> std::result::Result<Self, Vec<String>> {
        Ok(Self { known: known::read(config, host)?, outbound: Outbound::direct() })
    }

    /// The same with a way out of one's own: tests lead the hosts of the providers to a server of theirs.
    pub fn with_outbound(
        config: &Config,
        outbound: Outbound,
    ) -> std::result::Result<Self, Vec<String>> {
        let nobody: Arc<dyn Callbacks> = Arc::new(Nobody);
        Ok(Self { known: known::read(config, &nobody)?, outbound })
    }

    /// Has the adapters of the app look at their settings, once they are loaded.
    pub async fn check_options(&self) -> Result<()> {
        for (name, provider) in &self.known {
            if let Provider::Custom(custom) = provider {
                custom.check_options().await.map_err(|error| {
                    Error::internal(format!("option `auth.{name}`: {}", error.log_text()))
                })?;
            }
        }
        Ok(())
    }

    /// Whether authentication data under this name is accepted at all.
    pub fn knows(&self, name: &str) -> bool {
        self.known.contains_key(name)
    }

    /// When this provider must have its say. Who has set up a second factor is not let in without one, even
    /// if the settings no longer know it.
    pub fn policy(&self, name: &str) -> Policy {
        match self.known.get(name) {
            Some(Provider::Mfa(_)) => Policy::Additional,
            Some(Provider::Custom(custom)) => custom.policy(),
            None if name == mfa::NAME => Policy::Additional,
            Some(Provider::Identity(_) | Provider::NotConfigured(..)) | None => Policy::Default,
        }
    }

    /// Names of all providers that are accepted: each has a unique id per account.
    pub fn names(&self) -> Vec<&str> {
        let names = |provider: &Provider| match provider {
            Provider::Identity(_) | Provider::Custom(_) => true,
            Provider::Mfa(_) | Provider::NotConfigured(..) => false,
        };
        let identities = self.known.iter().filter(|(_, provider)| names(provider));
        identities.map(|(name, _)| name.as_str()).collect()
    }

    /// Lets the provider confirm what a client sent, which tells the id of the account: a client that sends
    /// an authorization code does not know it. Error 252 if the provider is not accepted here or the id is
    /// missing, 162 if the id is no string, 101 if the provider refuses.
    pub async fn identify(&self, name: &str, data: &Members, now: Date) -> Result<Claim> {
        let claimed = match self.known.get(name) {
            None => return Err(unsupported()),
            Some(Provider::NotConfigured(code, text)) => return Err(Error::new(*code, *text)),
            Some(Provider::Mfa(_)) => Claimed::Factor(data.clone()),
            Some(Provider::Custom(custom)) => {
                let sent = Sent::new(name, data)?;
                if sent.id().is_none() && custom.policy() != Policy::Additional {
                    return Err(unsupported());
                }
                Claimed::Custom(data.clone(), None)
            }
            Some(Provider::Identity(provider)) => {
                let sent = Sent::new(name, data)?;
                if sent.id().is_none() && provider.needs_id() {
                    return Err(unsupported());
                }
                let world = World { outbound: &self.outbound, now };
                Claimed::Account(provider.prove(&sent, &world).await?.into_members())
            }
        };
        let is_naming = self.policy(name) != Policy::Additional;
        Ok(Claim { provider: name.to_owned(), data: claimed, is_naming })
    }

    /// Asks the adapter of the app that a claim is for, if it was not asked yet. What it throws is the refusal.
    pub async fn prove(&self, claim: &mut Claim, purpose: Purpose, told: &Told) -> Result<()> {
        if let (Claimed::Custom(data, said @ None), Some(Provider::Custom(custom))) =
            (&mut claim.data, self.known.get(&claim.provider))
        {
            *said = Some(custom.prove(data, purpose, told).await?);
        }
        Ok(())
    }

    /// Accepts a claim for an account, which has `stored` of this provider. Error 141 if a second factor is
    /// wrong.
    ///
    /// What is to be stored must replace exactly `stored`, in one guarded update: this is what makes a
    /// recovery code or a time step good for one request only.
    pub fn accept(
        &self,
        claim: &Claim,
        purpose: Purpose,
        stored: Option<&Members>,
        now: Date,
    ) -> Result<Accepted> {
        match (&claim.data, self.known.get(&claim.provider)) {
            (Claimed::Account(members), _) => {
                let is_new = stored != Some(members);
                Ok(Accepted { store: is_new.then(|| members.clone()), response: None })
            }
            (Claimed::Factor(data), Some(Provider::Mfa(mfa))) => match purpose {
                Purpose::SetUp => mfa.set_up(data, now),
                Purpose::LogIn => mfa.log_in(data, stored, now),
                Purpose::Update => mfa.update(data, stored, now),
            },
            (Claimed::Custom(_, Some(said)), _) => {
                let store = said.store.clone().filter(|store| stored != Some(store));
                Ok(Accepted { store, response: said.response.clone() })
            }
            // Nobody is let in by what nobody looked at.
            (Claimed::Custom(_, None), _)
            | (
                Claimed::Factor(_),
                Some(Provider::Identity(_) | Provider::Custom(_) | Provider::NotConfigured(..))
                | None,
            ) => Err(unsupported()),
        }
    }

    /// Proves the data that a client sent, in one step: [`Self::identify`] and [`Self::accept`].
    pub async fn validate(
        &self,
        name: &str,
        purpose: Purpose,
        data: &Members,
        stored: Option<&Members>,
        now: Date,
    ) -> Result<Accepted> {
        let claim = self.identify(name, data, now).await?;
        self.accept(&claim, purpose, stored, now)
    }

    /// What the provider asks a client before it logs in; nothing if it has no challenge. None of those that
    /// come with the server has one.
    pub async fn challenge(
        &self,
        name: &str,
        challenge: &Json,
        data: Option<&Json>,
        told: &Told,
    ) -> Result<Option<Json>> {
        match self.known.get(name) {
            Some(Provider::Custom(custom)) => custom.challenge(challenge, data, told).await,
            Some(Provider::Identity(_) | Provider::Mfa(_) | Provider::NotConfigured(..)) | None => {
                Ok(None)
            }
        }
    }

    /// Whether any adapter of the app shows other data than what accounts have.
    pub fn show_anything_else(&self) -> bool {
        self.known.values().any(|provider| match provider {
            Provider::Custom(custom) => custom.shows(),
            Provider::Identity(_) | Provider::Mfa(_) | Provider::NotConfigured(..) => false,
        })
    }

    /// What somebody sees of what an account has of a provider; nothing if he sees all of it.
    pub async fn shown(&self, name: &str, stored: &Json, told: &Told) -> Result<Option<Json>> {
        match self.known.get(name) {
            Some(Provider::Custom(custom)) if custom.shows() => custom.shown(stored, told).await,
            Some(
                Provider::Custom(_)
                | Provider::Identity(_)
                | Provider::Mfa(_)
                | Provider::NotConfigured(..),
            )
            | None => Ok(None),
        }
    }
}

/// The refusal of a provider that is unknown or switched off.
fn unsupported() -> Error {
    Error::new(Code::UnsupportedService, "This authentication method is unsupported.")
}
