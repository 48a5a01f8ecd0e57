//! Mail that cloud code sends (`Parse.Cloud.sendEmail`).

use crate::adapters::mail::{Carrier, Mail};
use crate::error::{Code, Error, Result};
use crate::ops::App;
use crate::value::{Json, Members};

/// Letters and digits that tell messages apart.
const ID_LENGTH: usize = 25;

/// Sends a message through the adapter of the options. An adapter of the app gets it as it is, and what it returns
/// comes back; of those that come with the server the message has `to`, `subject`, `text` and perhaps `html`.
/// Error 125 if `to` is missing. Without any adapter nothing is sent, which the log tells, as the original's does
/// (`parse-server:src/cloud-code/Parse.Cloud.js`, `sendEmail`).
pub async fn send(app: &App, message: Json) -> Result<Option<Json>> {
    let Some(mailer) = &app.mailer else {
        tracing::error!("mail of cloud code not sent: no mail adapter is configured");
        return Ok(None);
    };
    if let Carrier::Courier(courier) = mailer.carrier() {
        return courier.take(message).await;
    }
    let Json::Object(message) = message else { return Err(bad("a mail is an object")) };
    let to = text(&message, "to")?;
    let to = to.ok_or_else(|| bad("a mail needs the address `to` as a text"))?;
    let mail = Mail {
        to,
        subject: text(&message, "subject")?.unwrap_or_default(),
        text: text(&message, "text")?.unwrap_or_default(),
        html: text(&message, "html")?,
        id: app.random.text(ID_LENGTH)?,
        written_at: app.clock.now(),
    };
    mailer
        .try_send(&mail)
        .await
        .map(|()| None)
        .map_err(|cause| Error::new(Code::ScriptFailed, "The mail was not sent.").with_cause(cause))
}

fn text(message: &Members, name: &str) -> Result<Option<String>> {
    match message.get(name) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
        Some(Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_)) => {
            Err(Error::new(Code::InvalidEmailAddress, format!("`{name}` of a mail is a text")))
        }
    }
}

fn bad(text: &'static str) -> Error {
    Error::new(Code::InvalidEmailAddress, text)
}
