//! Who calls: keys from headers, from basic authentication, or from the body, where the JavaScript SDK puts
//! them (`parse-server:src/middlewares.js`, `handleParseHeaders`).

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::HeaderMap;
use base64::Engine;

use crate::access::Principal;
use crate::cloud::Within;
use crate::cloud::hook::plain;
use crate::error::{Code, Error, Result};
use crate::ops::{App, Ctx, Origin, users};
use crate::options::{IpRange, Keys, Secret};
use crate::value::{Json, Members};

use super::Reply;

/// A request as it came in.
#[derive(Debug)]
pub struct Incoming {
    /// The method, after `_method` had its say.
    pub method: String,
    /// The path below the mount path, still escaped.
    pub path: String,
    /// The query string.
    pub query: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The address of the peer, or of the client behind a trusted proxy.
    pub address: IpAddr,
    /// Names the request in the log.
    pub request_id: String,
    /// Whether cloud code of this server asks, and within which hook if that is known.
    pub inside: Inside,
}

/// Whether a request comes from cloud code of this server.
#[derive(Debug, Default)]
pub enum Inside {
    /// It comes over HTTP.
    #[default]
    No,
    /// It comes from cloud code. Its keys are good from wherever the options allow them.
    Cloud(Option<Within>),
}

/// Headers and address of a request, for hooks.
struct HttpOrigin {
    headers: HeaderMap,
    address: IpAddr,
}

impl Origin for HttpOrigin {
    fn headers(&self) -> Members {
        let mut members = Members::new();
        for (name, value) in &self.headers {
            let value = String::from_utf8_lossy(value.as_bytes());
            match members.get_mut(name.as_str()) {
                // As Node joins headers that come more than once.
                Some(Json::String(known)) => {
                    known.push_str(", ");
                    known.push_str(&value);
                }
                Some(_) | None => {
                    members.insert(name.as_str().to_owned(), Json::from(value.into_owned()));
                }
            }
        }
        members
    }

    fn address(&self) -> IpAddr {
        self.address
    }
}

/// Headers and address of the request that opened a connection, for hooks.
pub fn origin_of(headers: HeaderMap, address: IpAddr) -> Arc<dyn Origin> {
    Arc::new(HttpOrigin { headers, address })
}

/// What the keys of a request say.
#[derive(Debug, Default)]
pub struct Caller {
    app_id: Option<String>,
    master_key: Option<String>,
    maintenance_key: Option<String>,
    client_keys: [Option<String>; 4],
    session_token: Option<String>,
    context: Option<Json>,
    installation_id: Option<String>,
    /// Something in the body that must be a text is none.
    is_malformed: bool,
}

/// Keys that the body may carry, and what becomes of them.
const EMBEDDED: [&str; 12] = [
    "_ApplicationId",
    "_JavaScriptKey",
    "_ClientKey",
    "_RestAPIKey",
    "_MasterKey",
    "_SessionToken",
    "_InstallationId",
    "_ClientVersion",
    "_RevocableSession",
    "_ContentType",
    "_context",
    "_noBody",
];

impl Caller {
    /// Reads the keys, and takes them out of the body.
    pub fn read(headers: &HeaderMap, body: &mut Json, app: &App) -> Self {
        let header =
            |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let mut caller = Self {
            app_id: header("x-parse-application-id"),
            master_key: header("x-parse-master-key"),
            maintenance_key: header("x-parse-maintenance-key"),
            client_keys: [
                header("x-parse-client-key"),
                header("x-parse-javascript-key"),
                header("x-parse-windows-key"),
                header("x-parse-rest-api-key"),
            ],
            session_token: header("x-parse-session-token"),
            context: header("x-parse-cloud-context").map(Json::String),
            installation_id: header("x-parse-installation-id"),
            is_malformed: false,
        };
        if let Some((user, password)) = header("authorization").as_deref().and_then(basic) {
            caller.read_basic(user, &password, app);
        }
        if let Json::Object(members) = body {
            if caller.app_id.as_deref() != Some(&app.config.keys.app_id) {
                caller.read_embedded(members);
            }
            members.retain(|key, _| !EMBEDDED.contains(&key.as_str()));
        }
        caller
    }

    /// The user name is the application id; the password is the master key or `javascript-key=<key>`.
    fn read_basic(&mut self, user: String, password: &str, app: &App) {
        if user != app.config.keys.app_id {
            self.app_id = self.app_id.take().or(Some(user));
            return;
        }
        self.app_id = Some(user);
        match password.strip_prefix("javascript-key=") {
            Some(key) => self.client_keys[1] = Some(key.to_owned()),
            None => self.master_key = Some(password.to_owned()),
        }
    }

    fn read_embedded(&mut self, members: &Members) {
        let text = |key: &str| members.get(key).and_then(Json::as_str).map(str::to_owned);
        let Some(app_id) = text("_ApplicationId") else { return };
        let is_text = |key: &&str| {
            members.get(*key).is_none_or(|json| json.as_str().is_some() || !json.is_truthy())
        };
        self.is_malformed = !["_SessionToken", "_InstallationId"].iter().all(is_text);
        self.app_id = Some(app_id);
        self.master_key = text("_MasterKey").or(self.master_key.take());
        self.session_token = text("_SessionToken").or(self.session_token.take());
        self.installation_id = text("_InstallationId").or(self.installation_id.take());
        self.client_keys[0] = text("_ClientKey").or(self.client_keys[0].take());
        self.client_keys[1] = text("_JavaScriptKey").or(self.client_keys[1].take());
        self.client_keys[3] = text("_RestAPIKey").or(self.client_keys[3].take());
        self.context = members.get("_context").cloned().or(self.context.take());
    }

    /// Whether the caller names the application.
    pub fn names(&self, app: &App) -> bool {
        self.app_id.as_deref() == Some(&app.config.keys.app_id)
    }

    /// The context of the request, if its keys are good and its session token is; else the refusal.
    pub async fn admit(
        self,
        app: &Arc<App>,
        incoming: &Incoming,
    ) -> std::result::Result<Ctx, Reply> {
        if !self.names(app) || self.is_malformed {
            return Err(Reply::unauthorized());
        }
        let refuse = |error: Error| Reply::of_error(&error, &app.config, &incoming.request_id);
        self.check_context().map_err(refuse)?;
        let privileged = self.privileged(&app.config.keys, incoming).map_err(refuse)?;
        if privileged.is_none() && !self.has_client_key(&app.config.keys) {
            return Err(Reply::unauthorized());
        }
        self.let_in(app, incoming, privileged).await
    }

    /// The same for whoever reads files: a browser that shows a picture has no keys. A session token or a privileged key
    /// counts if there is one, and must be good.
    pub async fn admit_to_files(
        self,
        app: &Arc<App>,
        incoming: &Incoming,
    ) -> std::result::Result<Ctx, Reply> {
        let refuse = |error: Error| Reply::of_error(&error, &app.config, &incoming.request_id);
        self.check_context().map_err(refuse)?;
        let privileged = self.privileged(&app.config.keys, incoming).map_err(refuse)?;
        self.let_in(app, incoming, privileged).await
    }

    async fn let_in(
        self,
        app: &Arc<App>,
        incoming: &Incoming,
        privileged: Option<Principal>,
    ) -> std::result::Result<Ctx, Reply> {
        let refuse = |error: Error| Reply::of_error(&error, &app.config, &incoming.request_id);
        let principal = privileged.unwrap_or(Principal::Public);
        let request_id = Arc::from(incoming.request_id.as_str());
        let mut ctx = Ctx::new(Arc::clone(app), principal, request_id);
        ctx.installation_id = self.installation_id.filter(|id| !id.is_empty()).map(Arc::from);
        ctx.address = Some(incoming.address);
        if !app.cloud.is_silent() || app.config.javascript.is_used() {
            let headers = incoming.headers.clone();
            ctx.origin = Some(Arc::new(HttpOrigin { headers, address: incoming.address }));
            ctx.context = self.context.and_then(context_object);
        }
        if let Inside::Cloud(Some(within)) = &incoming.inside {
            ctx = ctx.joined(within.clone());
        }
        let token = self.session_token.filter(|token| !token.is_empty());
        match (token, TokenUse::of(incoming)) {
            (None, _) | (Some(_), TokenUse::Ignored) => Ok(ctx),
            (Some(token), TokenUse::Identifies) => {
                Box::pin(users::with_session(ctx, &token)).await.map_err(refuse)
            }
            (Some(token), TokenUse::ForTheRoute) => {
                ctx.session_token = Some(Arc::from(token));
                Ok(ctx)
            }
        }
    }

    /// A master key counts only from the addresses that the options allow; from elsewhere it is refused,
    /// so that a stolen key does not go unnoticed.
    fn privileged(&self, keys: &Keys, incoming: &Incoming) -> Result<Option<Principal>> {
        let read_only = keys.read_only_master_key.as_ref();
        let maintenance = keys.maintenance_key.as_ref();
        let candidates = [
            (
                self.maintenance_key.as_deref(),
                maintenance,
                &keys.maintenance_key_ips,
                Principal::Maintenance,
            ),
            (
                self.master_key.as_deref(),
                Some(&keys.master_key),
                &keys.master_key_ips,
                Principal::Master,
            ),
            (
                self.master_key.as_deref(),
                read_only,
                &keys.read_only_master_key_ips,
                Principal::ReadOnlyMaster,
            ),
        ];
        for (given, secret, ranges, principal) in candidates {
            if let (Some(given), Some(secret)) = (given, secret)
                && is_secret(given, secret)
            {
                let is_inside = matches!(incoming.inside, Inside::Cloud(_));
                return match is_inside || is_allowed(ranges, incoming.address) {
                    true => Ok(Some(principal)),
                    false => Err(Error::plain(403, "unauthorized")),
                };
            }
        }
        Ok(None)
    }

    fn has_client_key(&self, keys: &Keys) -> bool {
        let configured =
            [&keys.client_key, &keys.javascript_key, &keys.dot_net_key, &keys.rest_api_key];
        let fits =
            |(configured, given): (&Option<Secret>, &Option<String>)| match (configured, given) {
                (Some(secret), Some(given)) => is_secret(given, secret),
                _ => false,
            };
        configured.iter().all(|key| key.is_none())
            || configured.into_iter().zip(&self.client_keys).any(fits)
    }

    /// The context of cloud code is an object, or the text of one.
    fn check_context(&self) -> Result<()> {
        let is_object = match &self.context {
            None | Some(Json::Object(_)) => true,
            Some(Json::String(text)) => {
                Json::parse(text.as_bytes()).is_ok_and(|json| json.as_object().is_some())
            }
            Some(Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_)) => false,
        };
        if is_object {
            Ok(())
        } else {
            Err(Error::new(Code::InvalidJson, "Invalid object for context."))
        }
    }
}

/// The context as an object; it was checked to be one. A client can not forge what only a host may send.
fn context_object(context: Json) -> Option<Json> {
    let json = match context {
        Json::String(text) => Json::parse(text.as_bytes()).ok()?,
        other @ (Json::Null
        | Json::Bool(_)
        | Json::Number(_)
        | Json::Array(_)
        | Json::Object(_)) => other,
    };
    Some(plain(json))
}

/// What the session token of a request is for (`parse-server:src/middlewares.js`, `handleParseSession`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TokenUse {
    /// It says who calls.
    Identifies,
    /// It means nothing here: whoever logs in says who he is.
    Ignored,
    /// The route itself looks at it, and answers also if it names nobody.
    ForTheRoute,
}

impl TokenUse {
    fn of(incoming: &Incoming) -> Self {
        match (incoming.method.as_str(), incoming.path.trim_end_matches('/')) {
            (_, "/login") => Self::Ignored,
            ("GET", "/sessions/me") | ("POST", "/upgradeToRevocableSession") => Self::ForTheRoute,
            _ => Self::Identifies,
        }
    }
}

fn basic(authorization: &str) -> Option<(String, String)> {
    let encoded =
        authorization.strip_prefix("Basic ").or_else(|| authorization.strip_prefix("basic "))?;
    let bytes = base64::engine::general_purpose::STANDARD.decode(encoded.trim()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// Compares in a time that does not tell where two texts of equal length differ.
pub fn is_secret(given: &str, secret: &Secret) -> bool {
    let (given, secret) = (given.as_bytes(), secret.expose().as_bytes());
    given.len() == secret.len()
        && given.iter().zip(secret).fold(0, |differing, (a, b)| differing | (a ^ b)) == 0
}

fn is_allowed(ranges: &[IpRange], address: IpAddr) -> bool {
    ranges.iter().any(|range| range.contains(address))
}
