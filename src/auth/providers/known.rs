//! From the option `auth` to providers.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::error::Code;
use crate::options::Config;

use super::anonymous::Anonymous;
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
pub(super) fn read(config: &Config) -> Result<IndexMap<String, Provider>, Vec<String>> {
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
        Value::Object(values) => Some(values.clone()),
        Value::Bool(true) => Some(Map::new()),
        Value::Bool(false) => Some(Map::from_iter([("enabled".to_owned(), Value::Bool(false))])),
        Value::Null => None,
        Value::Number(_) | Value::String(_) | Value::Array(_) => {
            problems.push(format!("option `auth.{name}`: expected an object of settings"));
            None
        }
    }
}

fn provider(
    name: &str,
    values: &Map<String, Value>,
    is_insecure_enabled: bool,
    problems: &mut Vec<String>,
) -> Option<Provider> {
    let mut settings = Settings::new(name, values, is_insecure_enabled, problems);
    if !is_name(name) {
        settings.problem(
            "the name of a provider is made of letters, digits and _, and starts with a letter",
        );
        return None;
    }
    if values.contains_key("module") {
        settings.problem(
            "`module` names an adapter written in JavaScript; this server does not run those yet",
        );
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
            "this provider is unknown; known are anonymous, mfa, {}, and any name with `oauth2: true`",
            names.join(", ")
        );
        settings.problem(&text);
        return None;
    };
    settings.finish();
    Some(provider)
}

/// Whether a name can stand in the path of a field, as the database keeps accounts unique by it.
fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}
