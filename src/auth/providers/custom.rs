//! Providers that the app brings itself: adapters written in JavaScript (`parse-server:src/Adapters/Auth/AuthAdapter.js`
//! says what they may define). They are asked in the host of the cloud code.
//!
//! An adapter of the older kind has `validateAuthData` and perhaps `validateAppId`; one of the newer kind has
//! `validateSetUp`, `validateLogin` and `validateUpdate`, and learns in which of these situations it is asked. What an
//! account keeps is for the adapter to say; unless it does, that is what the client sent.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::cloud::hook::plain;
use crate::cloud::{Callbacks, Within};
use crate::error::{Code, Error, Result};
use crate::options::{HostDescription, HostReference};
use crate::value::{Json, Members};

use super::{Policy, Purpose, Told};

/// What is said of an adapter that can not be asked.
const NOT_CONFIGURED: &str = "Adapter is not configured. Implement either validateAuthData or all of the following: validateSetUp, validateLogin and validateUpdate";
const BAD_POLICY: &str = "AuthAdapter policy is not configured correctly. The value must be either \"solo\", \"additional\", \"default\" or undefined (will be handled as \"default\")";
const STEPS: [&str; 3] = ["validateSetUp", "validateLogin", "validateUpdate"];

/// A provider that an adapter written in JavaScript verifies.
#[derive(Debug)]
pub(super) struct Custom {
    name: String,
    adapter: HostReference,
    host: Arc<dyn Callbacks>,
    /// The settings of the provider as the adapter gets them.
    options: Json,
    app_ids: Option<Json>,
}

/// What an adapter said of data that it accepted.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Said {
    /// What the account keeps; nothing if what it has stays as it is.
    pub(super) store: Option<Members>,
    /// What the client is told.
    pub(super) response: Option<Json>,
}

impl Custom {
    /// The provider of some settings, if they name an adapter.
    pub(super) fn read(
        name: &str,
        settings: &Map<String, Value>,
        host: &Arc<dyn Callbacks>,
    ) -> Option<Self> {
        let whole = HostReference::read(&Value::Object(settings.clone()));
        let adapter = match (whole, settings.get("module")) {
            (Some(reference), _) => reference,
            (None, Some(Value::String(_))) => HostReference::of_module(format!("auth.{name}")),
            (None, Some(module)) => HostReference::read(module)?,
            (None, None) => return None,
        };
        let options = given(&Value::Object(settings.clone()));
        let app_ids = options
            .get("appIds")
            .or_else(|| adapter.described().and_then(|described| described.data.get("appIds")));
        let app_ids = app_ids.filter(|ids| ids.is_truthy()).cloned();
        let (name, host) = (name.to_owned(), Arc::clone(host));
        Some(Self { name, adapter, host, options, app_ids })
    }

    /// When the adapter must have its say. An adapter that says something else is asked like any other, and
    /// then refused.
    pub(super) fn policy(&self) -> Policy {
        match self.declared_policy().as_ref().and_then(Json::as_str) {
            Some("additional") => Policy::Additional,
            Some("solo") => Policy::Solo,
            Some(_) | None => Policy::Default,
        }
    }

    fn declared_policy(&self) -> Option<Json> {
        let description = self.host.describe(&self.adapter)?;
        description.data.get("policy").filter(|policy| policy.is_truthy()).cloned()
    }

    /// Has the adapter look at its settings (`validateOptions`), if it wants to. The error is for the operator.
    pub(super) async fn check_options(&self) -> Result<()> {
        match self.has("validateOptions", &self.host.describe(&self.adapter)) {
            true => {
                let args = vec![self.options.clone()];
                self.call("validateOptions", args, None).await.map(|_| ())
            }
            false => Ok(()),
        }
    }

    /// Has the adapter verify what a client sent. What it throws is the refusal: error 141 unless it is a Parse error with a code of its own.
    pub(super) async fn prove(
        &self,
        data: &Members,
        purpose: Purpose,
        told: &Told,
    ) -> Result<Said> {
        let described = self.host.describe(&self.adapter);
        let within = Some(&told.within);
        let args = |request: Members| {
            vec![plain(Json::Object(data.clone())), self.options.clone(), Json::Object(request)]
        };
        if let Some(ids) = self.app_ids.as_ref().filter(|_| self.has("validateAppId", &described)) {
            let args = std::iter::once(ids.clone()).chain(args(told.request.clone())).collect();
            self.call("validateAppId", args, within).await?;
        }
        self.check_policy()?;
        if self.has("validateAuthData", &described) {
            let args = args(told.request.clone());
            return self.said(data, self.call("validateAuthData", args, within).await?);
        }
        if !STEPS.iter().all(|step| self.has(step, &described)) {
            return Err(Error::new(Code::Other, NOT_CONFIGURED));
        }
        let step = match purpose {
            Purpose::SetUp => "validateSetUp",
            Purpose::LogIn => "validateLogin",
            Purpose::Update => "validateUpdate",
        };
        let mut request = told.request.clone();
        request.insert("triggerName".to_owned(), Json::from(step));
        self.said(data, self.call(step, args(request), within).await?)
    }

    /// What the adapter asks a client before it logs in; nothing if it has no challenge.
    pub(super) async fn challenge(
        &self,
        challenge: &Json,
        data: Option<&Json>,
        told: &Told,
    ) -> Result<Option<Json>> {
        if !self.has("challenge", &self.host.describe(&self.adapter)) {
            return Ok(None);
        }
        let data = data.map_or_else(undefined, |data| plain(data.clone()));
        let request = Json::Object(told.request.clone());
        let args = vec![plain(challenge.clone()), data, self.options.clone(), request];
        Ok(self.call("challenge", args, Some(&told.within)).await?.filter(Json::is_truthy))
    }

    /// Whether the adapter shows other data than what an account has.
    pub(super) fn shows(&self) -> bool {
        self.has("afterFind", &self.host.describe(&self.adapter))
    }

    /// What somebody sees of what an account has; nothing if he sees all of it.
    pub(super) async fn shown(&self, stored: &Json, told: &Told) -> Result<Option<Json>> {
        let request = Json::Object(told.request.clone());
        let args = vec![plain(stored.clone()), self.options.clone(), request];
        Ok(self.call("afterFind", args, Some(&told.within)).await?.filter(Json::is_truthy))
    }

    /// An adapter of which nothing is known has what every adapter should have.
    fn has(&self, method: &str, described: &Option<Arc<HostDescription>>) -> bool {
        match described {
            Some(described) => described.has(method),
            None => method == "validateAuthData",
        }
    }

    fn check_policy(&self) -> Result<()> {
        match self.declared_policy() {
            None => Ok(()),
            Some(Json::String(policy))
                if ["default", "solo", "additional"].contains(&policy.as_str()) =>
            {
                Ok(())
            }
            Some(_) => Err(Error::new(Code::Other, BAD_POLICY)),
        }
    }

    async fn call(
        &self,
        method: &str,
        args: Vec<Json>,
        within: Option<&Within>,
    ) -> Result<Option<Json>> {
        let answer = self.host.call(&self.adapter, Some(method), args, within).await;
        if let Err(error) = &answer {
            tracing::debug!(provider = self.name, method, "refused: {}", error.log_text());
        }
        answer
    }

    /// Reads `{ doNotSave, save, response }`; anything else means that the data is fine as it is.
    fn said(&self, data: &Members, answer: Option<Json>) -> Result<Said> {
        let kept = || Some(data.clone());
        let Some(Json::Object(mut answer)) = answer else {
            return Ok(Said { store: kept(), response: None });
        };
        let is_set = |json: &Json| json.is_truthy();
        let response = answer.shift_remove("response").filter(is_set);
        if answer.get("doNotSave").is_some_and(is_set) {
            return Ok(Said { store: None, response });
        }
        let store = match answer.shift_remove("save").filter(is_set) {
            None => kept(),
            Some(Json::Object(save)) => Some(save),
            Some(_) => {
                let text = format!("the auth adapter {} saves what is no object", self.name);
                return Err(Error::internal(text));
            }
        };
        Ok(Said { store, response })
    }
}

/// Settings as an adapter gets them: what they refer to in JavaScript is what the host has there.
fn given(settings: &Value) -> Json {
    if let Some(reference) = HostReference::read(settings) {
        return Json::from([("$host", Json::from(reference.path()))]);
    }
    match settings {
        Value::Array(entries) => Json::Array(entries.iter().map(given).collect()),
        Value::Object(fields) => {
            Json::Object(fields.iter().map(|(name, value)| (name.clone(), given(value))).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            Json::from(settings.clone())
        }
    }
}

fn undefined() -> Json {
    Json::from([("$undefined", Json::Bool(true))])
}
