//! From the option `auth` to providers.

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::cloud::Callbacks;
use crate::error::Code;
use crate::options::{Config, HostReference};
use crate::value::Json;

use super::anonymous::Anonymous;
use super::custom::Custom;
use super::github::GitHub;
use super::gpgames::PlayGames;
use super::identity::Identity;
use super::instagram::Instagram;
use super::line::Line;
use super::linkedin::LinkedIn;
use super::mfa::{self, Mfa};
use super::microsoft::Microsoft;
use super::qq::Qq;
use super::settings::Settings;
use super::spotify::Spotify;
use super::wechat::WeChat;
use super::weibo::Weibo;
use super::{
    Provider, apple, code, facebook, gcenter, google, janraincapture, janrainengage, keycloak,
    ldap, meetup, oauth2, phantauth, twitter, vkontakte,
};

type Make = fn(&mut Settings<'_>) -> Box<dyn Identity>;

/// A provider that comes with the server.
struct Known {
    name: &'static str,
    make: Make,
    /// What a client is told while the provider has no settings; it is unknown if nothing stands here.
    unconfigured: Option<(Code, &'static str)>,
}

/// The providers that come with the server, besides `anonymous`, `mfa` and the general `oauth2`. What an
/// unconfigured one says is the original's text, where that has one (`parse-server:src/Adapters/Auth`).
const KNOWN: &[Known] = &[
    known("apple", apple::make).refuses("Apple auth is not configured."),
    known("facebook", facebook::make).refuses("Facebook auth is not configured."),
    known("gcenter", gcenter::make),
    known("github", code::make::<GitHub>),
    known("google", google::make).refuses("Google auth is not configured."),
    known("gpgames", code::make::<PlayGames>),
    known("instagram", code::make::<Instagram>),
    known("janraincapture", janraincapture::make),
    known("janrainengage", janrainengage::make)
        .fails("janrainengage adapter only works with enableInsecureAuth: true"),
    known("keycloak", keycloak::make).refuses("Missing keycloak configuration"),
    known("ldap", ldap::make).fails("LDAP auth configuration missing"),
    known("line", code::make::<Line>),
    known("linkedin", code::make::<LinkedIn>),
    known("meetup", meetup::make),
    known("microsoft", code::make::<Microsoft>),
    known("phantauth", phantauth::make).fails("PhantAuth only works with enableInsecureAuth: true"),
    known("qq", code::make::<Qq>),
    known("spotify", code::make::<Spotify>),
    known("twitter", twitter::make),
    known("vkontakte", vkontakte::make),
    known("wechat", code::make::<WeChat>),
    known("weibo", code::make::<Weibo>),
];

const fn known(name: &'static str, make: Make) -> Known {
    Known { name, make, unconfigured: None }
}

impl Known {
    const fn refuses(self, text: &'static str) -> Self {
        Self { unconfigured: Some((Code::ObjectNotFound, text)), ..self }
    }

    const fn fails(self, text: &'static str) -> Self {
        Self { unconfigured: Some((Code::Internal, text)), ..self }
    }
}

/// The providers of the options, or what is wrong with the options.
pub(super) fn read(
    config: &Config,
    host: &Arc<dyn Callbacks>,
) -> Result<IndexMap<String, Provider>, Vec<String>> {
    let mut problems = Vec::new();
    let mut known = IndexMap::new();
    for provider in KNOWN {
        if let Some((code, text)) = provider.unconfigured {
            known.insert(provider.name.to_owned(), Provider::NotConfigured(code, text));
        }
    }
    if config.raw.value("enableAnonymousUsers") == Value::Bool(true) {
        known.insert("anonymous".to_owned(), Provider::Identity(Box::new(Anonymous)));
    }
    let is_insecure_enabled = config.raw.value("enableInsecureAuthAdapters") == Value::Bool(true);
    let auth = config.raw.value("auth");
    for (name, settings) in auth.as_object().into_iter().flatten() {
        let Some(values) = values_of(name, settings, &mut problems) else { continue };
        if values.get("enabled") == Some(&Value::Bool(false)) {
            known.shift_remove(name);
        } else if let Some(custom) = Custom::read(name, &values, host) {
            if may_be_custom(name, &mut problems) {
                known.insert(name.clone(), Provider::Custom(Box::new(custom)));
            }
        } else if let Some(provider) = provider(name, &values, is_insecure_enabled, &mut problems) {
            known.insert(name.clone(), provider);
        }
    }
    if problems.is_empty() { Ok(known) } else { Err(problems) }
}

/// The settings of one provider: an object, or `true` for none and `false` for off.
fn values_of(
    name: &str,
    settings: &Value,
    problems: &mut Vec<String>,
) -> Option<Map<String, Value>> {
    match settings {
        Value::Object(values) => {
            Some(plain_values(name, settings).unwrap_or_else(|| values.clone()))
        }
        Value::Bool(true) => Some(Map::new()),
        Value::Bool(false) => Some(Map::from_iter([("enabled".to_owned(), Value::Bool(false))])),
        Value::Null => None,
        Value::Number(_) | Value::String(_) | Value::Array(_) => {
            problems.push(format!("option `auth.{name}`: expected an object of settings"));
            None
        }
    }
}

/// The settings of a provider that comes with the server where a configuration in JavaScript has a function among them:
/// the host takes the whole for an adapter.
fn plain_values(name: &str, settings: &Value) -> Option<Map<String, Value>> {
    const ADAPTER: [&str; 2] = ["validateAuthData", "validateSetUp"];
    let is_known = name == mfa::NAME || KNOWN.iter().any(|known| known.name == name);
    let reference = HostReference::read(settings).filter(|_| is_known)?;
    let described = reference.described()?;
    if ADAPTER.iter().any(|method| described.has(method)) {
        return None;
    }
    let data = Json::Object(described.data.clone()).to_text();
    serde_json::from_str(&data).ok()
}

fn provider(
    name: &str,
    values: &Map<String, Value>,
    is_insecure_enabled: bool,
    problems: &mut Vec<String>,
) -> Option<Provider> {
    let mut settings = Settings::new(name, values, is_insecure_enabled, problems);
    if !is_name(name) {
        settings.problem(BAD_NAME);
        return None;
    }
    if values.contains_key("module") {
        settings.problem("`module` is neither the name of a module nor made in JavaScript");
        return None;
    }
    let provider = if name == "anonymous" {
        // Whether it is on is said by `enableAnonymousUsers`.
        settings.finish();
        return None;
    } else if values.get("oauth2") == Some(&Value::Bool(true)) {
        Provider::Identity(oauth2::make(&mut settings))
    } else if name == mfa::NAME {
        Provider::Mfa(Mfa::new(&mut settings))
    } else if let Some(known) = KNOWN.iter().find(|known| known.name == name) {
        Provider::Identity((known.make)(&mut settings))
    } else {
        let names: Vec<&str> = KNOWN.iter().map(|known| known.name).collect();
        let text = format!(
            "this provider is unknown; known are anonymous, mfa, {}, any name with `oauth2: true`, and any name with a `module`",
            names.join(", ")
        );
        settings.problem(&text);
        return None;
    };
    settings.finish();
    Some(provider)
}

/// Whether an adapter of the app may have this name.
fn may_be_custom(name: &str, problems: &mut Vec<String>) -> bool {
    let problem = match name {
        "anonymous" => "anonymous users need no adapter",
        name if !is_name(name) => BAD_NAME,
        _ => return true,
    };
    problems.push(format!("option `auth.{name}`: {problem}"));
    false
}

const BAD_NAME: &str =
    "the name of a provider is made of letters, digits and _, and starts with a letter";

/// Whether a name can stand in the path of a field, as the database keeps accounts unique by it.
fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}
