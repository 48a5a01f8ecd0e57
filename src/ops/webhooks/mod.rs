//! Webhooks: how holders of the master key register web servers that answer functions and triggers
//! (`parse-server:src/Routers/HooksRouter.js`).
//!
//! A webhook comes before a function of the same name in cloud code. Triggers run both: those of cloud code first, then
//! the webhook, on what they made of the object.

mod store;

use std::sync::Arc;

use tokio::sync::Mutex;

use self::store::Stored;
use crate::cloud::{TriggerKind, Webhook, WebhookLine, WebhookOf};
use crate::error::{Code, Error, Result};
use crate::ops::{App, Ctx};
use crate::options::WebhookConfig;
use crate::schema::{is_class_name, is_internal_class};
use crate::value::{ClassName, Json, Members};

/// The classes under which triggers of files and of the configuration are registered, and that of LiveQuery connections.
const SPECIAL: [&str; 3] = ["@File", "@Config", "@Connect"];
/// A longer address is none that a web server takes.
const URL_BYTES_MAX: usize = 8_192;
/// A longer name is that of no function.
const NAME_BYTES_MAX: usize = 1_024;

/// The webhooks in force, and the way to them.
#[derive(Debug)]
pub struct Webhooks {
    line: Arc<WebhookLine>,
    /// Those that are registered, as they were stored when they were read last. Whoever reads them again has his turn.
    known: Mutex<Vec<(WebhookOf, String)>>,
    /// Whoever changes them has his turn: what is there twice is there once.
    changing: Mutex<()>,
}

impl Webhooks {
    /// None yet.
    pub fn new(config: WebhookConfig) -> Self {
        let line = Arc::new(WebhookLine::new(config));
        Self { line, known: Mutex::default(), changing: Mutex::default() }
    }
}

/// Reads the webhooks and puts them in force: at start, after a change, and from time to time, because other servers on
/// the same database change them, too.
pub async fn load(app: &App) -> Result<()> {
    let mut known = app.webhooks.known.lock().await;
    let mut hooks: Vec<(WebhookOf, String)> = Vec::new();
    for Stored { of, url, .. } in store::all(app).await? {
        // Of several for the same the last one counts: the original makes another one of every change.
        hooks.retain(|(other, _)| *other != of);
        hooks.push((of, url));
    }
    if *known != hooks {
        let line = &app.webhooks.line;
        let webhook =
            |(of, url): &(WebhookOf, String)| Arc::new(Webhook::new(of.clone(), url, line));
        let webhooks = hooks.iter().map(webhook).collect();
        app.cloud.register(|sources| sources.webhooks = webhooks);
        *known = hooks;
    }
    Ok(())
}

/// All webhooks of functions, or all of triggers.
pub async fn list(ctx: &Ctx, kind: HookKind) -> Result<Vec<Members>> {
    ctx.demand_master()?;
    let mut found: Vec<Stored> = Vec::new();
    for hook in store::all(&ctx.app).await?.into_iter().filter(|hook| kind == kind_of(&hook.of)) {
        found.retain(|other| other.of != hook.of);
        found.push(hook);
    }
    Ok(found.iter().map(|hook| shown(&hook.of, &hook.url)).collect())
}

/// What webhooks answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookKind {
    /// Functions.
    Function,
    /// Triggers.
    Trigger,
}

fn kind_of(of: &WebhookOf) -> HookKind {
    match of {
        WebhookOf::Function(_) => HookKind::Function,
        WebhookOf::Trigger(..) => HookKind::Trigger,
    }
}

/// A webhook.
pub async fn get(ctx: &Ctx, of: &HookName) -> Result<Members> {
    ctx.demand_master()?;
    let Some(of) = of.known() else { return Err(of.missing()) };
    let stored = store::all(&ctx.app).await?.into_iter().rfind(|hook| hook.of == of);
    stored.map(|hook| shown(&of, &hook.url)).ok_or_else(|| HookName::from(of).missing())
}

/// Registers a webhook, which the members describe.
pub async fn create(ctx: &Ctx, members: &Members) -> Result<Members> {
    let access = ctx.demand_master_writer()?;
    ctx.demand_no_transaction()?;
    let _turn = ctx.app.webhooks.changing.lock().await;
    let text = |name: &str| members.get(name).and_then(Json::as_str);
    let of = match (text("functionName"), text("className"), text("triggerName")) {
        (Some(name), _, _) => HookName::Function(name.to_owned()),
        (None, Some(class), Some(kind)) => HookName::Trigger(class.to_owned(), kind.to_owned()),
        _ => return Err(invalid()),
    };
    let of = of.known().ok_or_else(invalid)?;
    let url = address(members)?;
    if store::all(&ctx.app).await?.iter().any(|hook| hook.of == of) {
        return Err(taken(&of));
    }
    store::insert(ctx, access, &of, &url).await?;
    load(&ctx.app).await?;
    Ok(shown(&of, &url))
}

/// Moves a webhook to the address that the members name.
pub async fn update(ctx: &Ctx, name: &HookName, members: &Members) -> Result<Members> {
    let access = ctx.demand_master_writer()?;
    ctx.demand_no_transaction()?;
    let _turn = ctx.app.webhooks.changing.lock().await;
    let Some(of) = name.known() else { return Err(name.missing()) };
    let mut stored = store::all(&ctx.app).await?;
    stored.retain(|hook| hook.of == of);
    let Some(last) = stored.pop() else { return Err(name.missing()) };
    let url = address(members)?;
    store::update(ctx, access, &last, &url).await?;
    store::delete(ctx, access, &stored).await?;
    load(&ctx.app).await?;
    Ok(shown(&of, &url))
}

/// Takes a webhook away. Error 101 if there is none.
pub async fn delete(ctx: &Ctx, name: &HookName) -> Result<()> {
    let access = ctx.demand_master_writer()?;
    ctx.demand_no_transaction()?;
    let _turn = ctx.app.webhooks.changing.lock().await;
    let mut stored = store::all(&ctx.app).await?;
    let of = name.known();
    stored.retain(|hook| of.as_ref() == Some(&hook.of));
    if stored.is_empty() {
        return Err(Error::object_not_found());
    }
    store::delete(ctx, access, &stored).await?;
    load(&ctx.app).await
}

/// What a client calls a webhook by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookName {
    /// The name of a function.
    Function(String),
    /// A class and the name of a trigger.
    Trigger(String, String),
}

impl HookName {
    /// What it means, if it can mean anything.
    fn known(&self) -> Option<WebhookOf> {
        match self {
            Self::Function(name) => {
                let fits = !name.is_empty() && name.len() <= NAME_BYTES_MAX;
                fits.then(|| WebhookOf::Function(Arc::from(name.as_str())))
            }
            Self::Trigger(class, kind) => {
                let kind = TriggerKind::named(kind)?;
                let class = ClassName::from(class.as_str());
                is_possible(kind, &class).then_some(WebhookOf::Trigger(kind, class))
            }
        }
    }

    fn missing(&self) -> Error {
        Error::new(
            Code::WebhookError,
            match self {
                Self::Function(name) => format!("no function named: {name} is defined"),
                Self::Trigger(class, _) => format!("class {class} does not exist"),
            },
        )
    }
}

impl From<WebhookOf> for HookName {
    fn from(of: WebhookOf) -> Self {
        match of {
            WebhookOf::Function(name) => Self::Function(name.to_string()),
            WebhookOf::Trigger(kind, class) => {
                Self::Trigger(class.to_string(), kind.name().to_owned())
            }
        }
    }
}

/// Whether a class can have triggers of a kind (`parse-server:src/triggers.js`, `validateClassNameForTriggers`).
fn is_possible(kind: TriggerKind, class: &str) -> bool {
    match kind {
        TriggerKind::BeforeLogin
        | TriggerKind::AfterLogin
        | TriggerKind::BeforePasswordResetRequest => class == "_User",
        TriggerKind::AfterLogout => class == "_Session",
        TriggerKind::BeforeConnect => class == "@Connect",
        TriggerKind::AfterSave if class == "_PushStatus" => true,
        TriggerKind::BeforeSave
        | TriggerKind::AfterSave
        | TriggerKind::BeforeDelete
        | TriggerKind::AfterDelete
        | TriggerKind::BeforeFind
        | TriggerKind::AfterFind
        | TriggerKind::BeforeSubscribe
        | TriggerKind::AfterEvent => {
            let is_class = is_class_name(class) && !is_internal_class(class);
            (is_class || SPECIAL.contains(&class)) && class != "_Session" && class != "@Connect"
        }
    }
}

fn address(members: &Members) -> Result<String> {
    let url = members.get("url").and_then(Json::as_str).unwrap_or_default();
    let lower = url.get(..8).unwrap_or(url).to_ascii_lowercase();
    let is_web = lower.starts_with("http://") || lower.starts_with("https://");
    match is_web && url.len() <= URL_BYTES_MAX && !url.contains(char::is_whitespace) {
        true => Ok(url.to_owned()),
        false => Err(invalid()),
    }
}

fn invalid() -> Error {
    Error::new(Code::WebhookError, "invalid hook declaration")
}

fn taken(of: &WebhookOf) -> Error {
    Error::new(
        Code::WebhookError,
        match of {
            WebhookOf::Function(name) => format!("function name: {name} already exists"),
            WebhookOf::Trigger(kind, class) => {
                format!("class {class} already has trigger {}", kind.name())
            }
        },
    )
}

fn shown(of: &WebhookOf, url: &str) -> Members {
    let mut members = Members::new();
    let mut show = |name: &str, text: &str| members.insert(name.to_owned(), Json::from(text));
    match of {
        WebhookOf::Function(name) => {
            show("functionName", name);
        }
        WebhookOf::Trigger(kind, class) => {
            show("className", class);
            show("triggerName", kind.name());
        }
    }
    show("url", url);
    members
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn triggers_belong_to_classes() {
        for (class, kind, expected) in [
            ("Thing", "beforeSave", true),
            ("_User", "beforeSave", true),
            ("_User", "beforeLogin", true),
            ("Thing", "beforeLogin", false),
            ("_Session", "afterLogout", true),
            ("_Session", "beforeSave", false),
            ("@File", "beforeSave", true),
            ("@Connect", "beforeConnect", true),
            ("@Connect", "beforeSave", false),
            ("_Hooks", "beforeSave", false),
            ("_PushStatus", "afterSave", true),
            ("_PushStatus", "beforeSave", false),
            ("A B", "beforeSave", false),
            ("Thing", "nope", false),
        ] {
            let name = HookName::Trigger(class.to_owned(), kind.to_owned());
            assert_eq!(name.known().is_some(), expected, "{class} {kind}");
        }
    }

    #[test]
    fn addresses_are_those_of_web_servers() {
        let check = |url: Json, expected: bool| {
            let members = Members::from_iter([("url".to_owned(), url.clone())]);
            assert_eq!(address(&members).is_ok(), expected, "{url}");
        };
        check(Json::from("http://a"), true);
        check(Json::from("HTTPS://a/b?c"), true);
        for bad in ["", "a", "ftp://a", "file:///etc/passwd", "http://a b", "é"] {
            check(Json::from(bad), false);
        }
        check(Json::Number(5.0), false);
    }
}
