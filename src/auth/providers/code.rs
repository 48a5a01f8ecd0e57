//! Authorization codes (OAuth 2, RFC 6749, section 4.1): a client sends the code that the provider gave it, the
//! server exchanges it with its own secret for a token, and asks whose token that is.
//!
//! Because the exchange is bound to the app's own id, a token of another app can not be passed off. The old
//! form, where a client sends the token, lacks this and is off unless `enableInsecureAuth` says otherwise.

use async_trait::async_trait;

use crate::error::{Code, Error, Result};
use crate::options::Secret;
use crate::value::Json;

use super::identity::{Account, Identity, Sent, World, refused};
use super::outbound::Request;
use super::settings::Settings;

/// The app as the provider knows it.
#[derive(Debug)]
pub(super) struct Client {
    /// Its id.
    pub(super) id: String,
    /// Its secret; a public client has none.
    pub(super) secret: Option<Secret>,
}

impl Client {
    /// The secret, or nothing.
    pub(super) fn secret(&self) -> &str {
        self.secret.as_ref().map_or("", Secret::expose)
    }
}

/// An access token of an account.
#[derive(Debug)]
pub(super) struct Token {
    /// The token.
    pub(super) access: Secret,
    /// The account, if whoever gave the token named it.
    pub(super) account: Option<String>,
}

impl Token {
    /// A token alone.
    pub(super) fn new(access: &str) -> Self {
        Self { access: Secret::new(access), account: None }
    }
}

/// What differs between providers.
#[async_trait]
pub(super) trait Flow: Send + Sync + std::fmt::Debug {
    /// The provider's name in texts for clients (`parse-server:src/Adapters/Auth/BaseCodeAuthAdapter.js`).
    const TITLE: &'static str;
    /// Whether the app needs a secret.
    const NEEDS_SECRET: bool = true;

    /// Exchanges a code.
    async fn exchange(
        client: &Client,
        code: &str,
        sent: &Sent<'_>,
        world: &World<'_>,
    ) -> Result<Token>;

    /// Asks whose token it is. `client` is the app, if it has settings.
    async fn account(
        token: &Token,
        client: Option<&Client>,
        sent: &Sent<'_>,
        world: &World<'_>,
    ) -> Result<String>;
}

/// A provider with authorization codes.
#[derive(Debug)]
struct ByCode<F> {
    client: Option<Client>,
    takes_tokens: bool,
    flow: std::marker::PhantomData<F>,
}

/// Reads the settings.
pub(super) fn make<F: Flow + 'static>(settings: &mut Settings<'_>) -> Box<dyn Identity> {
    let takes_tokens = settings.flag("enableInsecureAuth");
    let (id, secret) = if takes_tokens {
        (settings.text("clientId"), settings.text("clientSecret"))
    } else if F::NEEDS_SECRET {
        (Some(settings.required("clientId")), Some(settings.required("clientSecret")))
    } else {
        (Some(settings.required("clientId")), settings.text("clientSecret"))
    };
    let client = id.map(|id| Client { id, secret: secret.map(Secret::new) });
    Box::new(ByCode::<F> { client, takes_tokens, flow: std::marker::PhantomData })
}

#[async_trait]
impl<F: Flow> Identity for ByCode<F> {
    fn needs_id(&self) -> bool {
        false
    }

    async fn prove(&self, sent: &Sent<'_>, world: &World<'_>) -> Result<Account> {
        let token = match (sent.text("code"), &self.client) {
            (Some(code), Some(client)) => F::exchange(client, code, sent, world).await?,
            (None, _) if self.takes_tokens => {
                let (Some(access), Some(id)) = (sent.text("access_token"), sent.id()) else {
                    return Err(invalid::<F>());
                };
                Token { access: Secret::new(access), account: Some(id.to_owned()) }
            }
            (Some(_), None) => return Err(invalid::<F>()),
            (None, _) => {
                let text = format!("{} code is required.", F::TITLE);
                return Err(Error::new(Code::ValidationError, text));
            }
        };
        let id = F::account(&token, self.client.as_ref(), sent, world).await?;
        Account::claimed(sent, &id, invalid::<F>)
    }
}

/// Exchanges a code as the standard has it (RFC 6749, section 4.1.3).
pub(super) async fn exchange_as_standard(
    url: &str,
    client: &Client,
    code: &str,
    sent: &Sent<'_>,
    world: &World<'_>,
    refusal: impl Fn() -> Error,
) -> Result<Token> {
    let request = Request::post(url).form(&[
        ("client_id", &client.id),
        ("client_secret", client.secret()),
        ("grant_type", "authorization_code"),
        ("redirect_uri", sent.text("redirect_uri").unwrap_or_default()),
        ("code", code),
    ]);
    token_of(&ask(world, request, &refusal).await?, refusal)
}

/// The refusal of an account that is not the sender's.
pub(super) fn invalid<F: Flow>() -> Error {
    refused(format!("{} auth is invalid for this user.", F::TITLE))
}

/// Sends a request and reads JSON. Whatever goes wrong is this refusal, with the cause in the log.
pub(super) async fn ask(
    world: &World<'_>,
    request: Request,
    refusal: impl Fn() -> Error,
) -> Result<Json> {
    let answer = world.outbound.send(request).await;
    let answer = answer.map_err(|cause| refusal().with_cause(cause))?;
    if !answer.is_ok() {
        return Err(refusal().with_cause(format!("status {}", answer.status)));
    }
    answer.json().map_err(|cause| refusal().with_cause(cause))
}

/// The token of a token endpoint's answer. An error there may come with status 200.
pub(super) fn token_of(answer: &Json, refusal: impl Fn() -> Error) -> Result<Token> {
    if let Some(error) = text_of(answer, "error") {
        return Err(refused(text_of(answer, "error_description").unwrap_or(error).to_owned()));
    }
    text_of(answer, "access_token").map(Token::new).ok_or_else(refusal)
}

/// A text of an answer that is there and not empty.
pub(super) fn text_of<'a>(answer: &'a Json, key: &str) -> Option<&'a str> {
    answer.get(key).and_then(Json::as_str).filter(|text| !text.is_empty())
}

/// An id of an answer as text: some providers number their accounts.
pub(super) fn id_of(answer: &Json, key: &str) -> Option<String> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match answer.get(key)? {
        Json::String(text) if !text.is_empty() => Some(text.clone()),
        number @ Json::Number(value) if value.fract() == 0.0 && value.abs() < EXACT => {
            Some(number.to_text())
        }
        Json::String(_)
        | Json::Number(_)
        | Json::Null
        | Json::Bool(_)
        | Json::Array(_)
        | Json::Object(_) => None,
    }
}
