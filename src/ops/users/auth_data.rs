//! Authentication data: accounts of identity providers and second factors, as they come in and as they are
//! kept.

use super::account::{self, Account};
use super::told;
use crate::auth::providers::{Claim, Policy, Purpose};
use crate::error::{Code, Error, Result};
use crate::ops::Ctx;
use crate::query::{Comparison, Test, Where};
use crate::schema::{Assign, ClassSchema};
use crate::value::{Json, Members, Value};

/// What providers confirmed, and what the account has to keep for it.
#[derive(Clone, Debug, Default)]
pub(in crate::ops) struct Proven {
    changes: Vec<ProviderChange>,
    /// What the client is told, by provider.
    pub response: Members,
}

#[derive(Clone, Debug)]
struct ProviderChange {
    provider: String,
    old: Option<Json>,
    new: Option<Members>,
}

impl Proven {
    /// Whether the account changes.
    pub(in crate::ops) fn is_change(&self) -> bool {
        !self.changes.is_empty()
    }

    /// What must still hold for the account to change: that nobody else changed it, or used up what it is
    /// good for, in between.
    pub(in crate::ops) fn guard(&self, class: &ClassSchema) -> Where {
        let guards = self.changes.iter().map(|change| {
            let test = match &change.old {
                None => Test::Exists(false),
                Some(old) => Test::Compare(Comparison::Equal, Value::plain(old)),
            };
            account::test(class, "authData", &[&change.provider], test)
        });
        Where::All(guards.collect())
    }

    /// The changes of the account.
    pub(in crate::ops) fn assigns(&self) -> Vec<(&'static str, Assign)> {
        let assign = |change: &ProviderChange| {
            let path = vec![change.provider.clone()];
            match &change.new {
                Some(new) => ("authData", Assign::SetPath(path, Json::Object(new.clone()))),
                None => ("authData", Assign::UnsetPath(path)),
            }
        };
        self.changes.iter().map(assign).collect()
    }

    /// What a new account keeps.
    pub(in crate::ops) fn kept(&self) -> Members {
        let new = |change: &ProviderChange| {
            Some((change.provider.clone(), Json::Object(change.new.clone()?)))
        };
        self.changes.iter().filter_map(new).collect()
    }
}

/// Whether there is data that a provider could make something of.
pub(super) fn claims_anything(given: &Members) -> bool {
    given.values().any(|data| data.as_object().is_some_and(|data| !data.is_empty()))
}

/// Lets every provider confirm what was given for it. What a user has already (`known`) needs no proof from
/// himself: clients send it back with every save. `null` asks nobody.
pub(super) async fn identify(
    ctx: &Ctx,
    given: &Members,
    known: Option<&Account>,
) -> Result<Vec<Claim>> {
    let mut claims = Vec::new();
    for (provider, data) in given.iter().filter(|(_, data)| !data.is_null()) {
        let Json::Object(data) = data else { return Err(unsupported()) };
        let stored = known.and_then(|account| account.auth_data.get(provider));
        if stored.is_some_and(|stored| is_part_of(data, stored)) {
            continue;
        }
        let now = ctx.app.clock.now();
        let mut claim = ctx.app.auth.providers.identify(provider, data, now).await?;
        if claim.is_open() && claim.id().is_some() {
            // Whose account it is decides what the adapter of the app is asked.
            let owner = match known {
                Some(_) => None,
                None => owners(ctx, std::slice::from_ref(&claim)).await?.pop(),
            };
            let occasion = if known.is_some() { Occasion::Link } else { Occasion::LogIn };
            prove_one(ctx, given, &mut claim, known.or(owner.as_ref()), occasion).await?;
        }
        claims.push(claim);
    }
    Ok(claims)
}

/// Asks the adapters of the app that were not asked yet: those that demand something of an account besides
/// what names it.
pub(super) async fn prove(
    ctx: &Ctx,
    given: &Members,
    claims: &mut [Claim],
    account: Option<&Account>,
    occasion: Occasion,
) -> Result<()> {
    for claim in claims.iter_mut().filter(|claim| claim.is_open()) {
        prove_one(ctx, given, claim, account, occasion).await?;
    }
    Ok(())
}

async fn prove_one(
    ctx: &Ctx,
    given: &Members,
    claim: &mut Claim,
    account: Option<&Account>,
    occasion: Occasion,
) -> Result<()> {
    let stored = account.and_then(|account| account.auth_data.get(claim.provider()));
    let purpose = occasion.purpose(stored.and_then(Json::as_object));
    let request = told::provider_request(ctx, given, account.map(|account| &account.id)).await?;
    ctx.app.auth.providers.prove(claim, purpose, &request).await
}

fn is_part_of(data: &Members, stored: &Json) -> bool {
    data.contains_key("id") && data.iter().all(|(key, value)| stored.get(key) == Some(value))
}

/// The users who have one of the accounts that were confirmed; two at most.
pub(super) async fn owners(ctx: &Ctx, claims: &[Claim]) -> Result<Vec<Account>> {
    let class = account::class(ctx)?;
    let parts: Vec<Where> = claims
        .iter()
        .filter_map(|claim| {
            let id = Value::String(claim.id()?.to_owned());
            Some(account::has(&class, "authData", &[claim.provider(), "id"], id))
        })
        .collect();
    match parts.is_empty() {
        true => Ok(Vec::new()),
        false => account::find(ctx, Where::Any(parts)).await,
    }
}

/// Why data was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occasion {
    /// Somebody signs up or logs in with it.
    LogIn,
    /// A user who is logged in adds, replaces or removes it.
    Link,
}

impl Occasion {
    /// What a user wants with the data of a provider of which he has this.
    fn purpose(self, kept: Option<&Members>) -> Purpose {
        match (kept, self) {
            (None, _) => Purpose::SetUp,
            (Some(_), Self::LogIn) => Purpose::LogIn,
            (Some(_), Self::Link) => Purpose::Update,
        }
    }
}

/// Lets every provider accept its claim for an account, or for a new one; `null` removes what the account has.
pub(super) fn accept(
    ctx: &Ctx,
    given: &Members,
    claims: &[Claim],
    account: Option<&Account>,
    occasion: Occasion,
) -> Result<Proven> {
    let mut proven = Proven::default();
    let stored = |provider: &str| account.and_then(|account| account.auth_data.get(provider));
    for (provider, _) in given.iter().filter(|(_, data)| data.is_null()) {
        if let Some(old) = stored(provider).filter(|_| occasion == Occasion::Link) {
            let (provider, old) = (provider.clone(), Some(old.clone()));
            proven.changes.push(ProviderChange { provider, old, new: None });
        }
    }
    for claim in claims {
        let old = stored(claim.provider());
        let kept = old.and_then(Json::as_object);
        let now = ctx.app.clock.now();
        let accepted = ctx.app.auth.providers.accept(claim, occasion.purpose(kept), kept, now)?;
        if let Some(response) = accepted.response {
            proven.response.insert(claim.provider().to_owned(), response);
        }
        if let Some(new) = accepted.store.filter(|new| kept != Some(new)) {
            let (provider, old) = (claim.provider().to_owned(), old.cloned());
            proven.changes.push(ProviderChange { provider, old, new: Some(new) });
        }
    }
    Ok(proven)
}

/// Whether an account has something that a log-in must show besides the password.
pub(super) fn has_second_factor(ctx: &Ctx, account: &Account) -> bool {
    account.auth_data.keys().any(|name| ctx.app.auth.providers.policy(name) == Policy::Additional)
}

/// Refuses a log-in without the second factor that the account has. Error -1.
pub(super) fn demand_second_factor(ctx: &Ctx, account: &Account, given: &Members) -> Result<()> {
    let policy = |name: &String| ctx.app.auth.providers.policy(name);
    let is_given = |name: &String| given.get(name).is_some_and(|data| !data.is_null());
    // Only an identity that the account has already stands for itself, not one that comes with this log-in.
    let is_own = |name: &String| account.auth_data.contains_key(name);
    if given.keys().any(|name| is_own(name) && is_given(name) && policy(name) == Policy::Solo) {
        return Ok(());
    }
    let missing: Vec<&str> = account
        .auth_data
        .keys()
        .filter(|name| policy(name) == Policy::Additional && !is_given(name))
        .map(String::as_str)
        .collect();
    match missing.is_empty() {
        true => Ok(()),
        false => Err(Error::new(
            Code::Other,
            format!("Missing additional authData {}", missing.join(",")),
        )),
    }
}

/// The refusal of data that no provider confirms.
pub(super) fn unsupported() -> Error {
    Error::new(Code::UnsupportedService, "This authentication method is unsupported.")
}

/// Refuses an account of a provider that another user has.
pub(super) fn taken() -> Error {
    Error::new(Code::AccountAlreadyLinked, "this auth is already used")
}
