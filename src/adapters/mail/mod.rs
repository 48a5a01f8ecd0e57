//! Mail: what a message is, who takes it, and the queue between a request and the mail server.
//!
//! Nothing that a request does waits for a mail server, and no answer says anything about one: what can not be
//! sent is in the log. A recipient or a subject never becomes a header of its own, because messages are
//! made by a library that checks addresses and encodes texts.

mod files;
mod mailgun;
mod message;
mod outbox;
mod queue;
mod smtp;

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

pub use files::Files;
pub use mailgun::Mailgun;
pub use outbox::Outbox;
pub use queue::Errand;
pub use smtp::Smtp;

use self::queue::Queue;
use crate::options::MailAdapter;
use crate::value::{Date, Json};

/// What went wrong with a message or on the way; for the log only.
pub type Failure = Box<dyn Error + Send + Sync>;

/// A message to one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// The address; whoever writes one that is none gets no mail.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The message as plain text.
    pub text: String,
    /// The same message as HTML, for readers who prefer that.
    pub html: Option<String>,
    /// Letters and digits that no other message has.
    pub id: String,
    /// When it was written.
    pub written_at: Date,
}

impl Mail {
    /// The message as adapters written in JavaScript get it (`parse-server:src/Adapters/Email/MailAdapter.js`).
    fn to_json(&self) -> Json {
        let text = |text: &str| Json::from(text);
        let mut json = vec![
            ("to".to_owned(), text(&self.to)),
            ("subject".to_owned(), text(&self.subject)),
            ("text".to_owned(), text(&self.text)),
        ];
        json.extend(self.html.as_ref().map(|html| ("html".to_owned(), text(html))));
        Json::Object(json.into_iter().collect())
    }
}

/// A link that a user is sent, for whoever writes his own messages.
#[derive(Clone, Debug)]
pub struct Link {
    /// What it is for.
    pub purpose: LinkPurpose,
    /// The name of the application.
    pub app_name: String,
    /// The address that it leads to.
    pub url: String,
    /// The user, as cloud code sees objects.
    pub user: Json,
}

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkPurpose {
    /// To verify an address.
    Verification,
    /// To choose a new password.
    PasswordReset,
}

/// Whoever takes messages for the app, in place of this server.
#[async_trait]
pub trait Courier: Send + Sync + fmt::Debug {
    /// Takes a message as the app wrote it; what comes back is for the app.
    async fn take(&self, message: Json) -> crate::error::Result<Option<Json>>;

    /// Whether he writes the messages of such links himself.
    fn writes(&self, purpose: LinkPurpose) -> bool;

    /// Writes the message of a link and takes it.
    async fn write(&self, link: &Link) -> crate::error::Result<()>;
}

/// What takes messages.
#[derive(Debug)]
pub enum Carrier {
    /// An SMTP server.
    Smtp(Smtp),
    /// The service Mailgun.
    Mailgun(Mailgun),
    /// A directory.
    Files(Files),
    /// The memory of this process.
    Outbox(Outbox),
    /// The app itself.
    Courier(Arc<dyn Courier>),
}

/// Sends mail beside the requests that ask for it.
#[derive(Debug)]
pub struct Mailer {
    carrier: Carrier,
    queue: Queue,
}

impl Mailer {
    /// A mailer as the options say; `http` makes the client for services behind HTTP.
    pub fn new(
        adapter: &MailAdapter,
        http: impl FnOnce() -> reqwest::Result<reqwest::Client>,
    ) -> Result<Self, Failure> {
        let from = message::sender(adapter.from())?;
        let carrier = match adapter {
            MailAdapter::Smtp(options) => Carrier::Smtp(Smtp::new(options, from)?),
            MailAdapter::Mailgun(options) => {
                Carrier::Mailgun(Mailgun::new(options.clone(), from, http()?))
            }
            MailAdapter::File(options) => Carrier::Files(Files::new(&options.directory, from)?),
            MailAdapter::Memory => Carrier::Outbox(Outbox::default()),
            MailAdapter::Host(_) => return Err("an adapter of the app brings its courier".into()),
        };
        Ok(Self { carrier, queue: Queue::default() })
    }

    /// A mailer whose messages the app takes itself.
    pub fn of_app(courier: Arc<dyn Courier>) -> Self {
        Self { carrier: Carrier::Courier(courier), queue: Queue::default() }
    }

    /// Whoever writes the messages of such links himself, if it is the app.
    pub fn writer(&self, purpose: LinkPurpose) -> Option<&Arc<dyn Courier>> {
        match &self.carrier {
            Carrier::Courier(courier) => Some(courier).filter(|courier| courier.writes(purpose)),
            Carrier::Smtp(_) | Carrier::Mailgun(_) | Carrier::Files(_) | Carrier::Outbox(_) => None,
        }
    }

    /// What takes the messages.
    pub fn carrier(&self) -> &Carrier {
        &self.carrier
    }

    /// Has something done beside the request: looking for an account and writing to it, for example, so that
    /// the answer takes equally long whether there is one.
    pub fn later(&self, errand: Errand) {
        self.queue.put(errand);
    }

    /// Sends a message. What goes wrong is written to the log.
    pub async fn send(&self, mail: &Mail) {
        match self.try_send(mail).await {
            Ok(()) => tracing::debug!(id = mail.id, "mail sent"),
            Err(cause) => tracing::error!(id = mail.id, "mail not sent: {cause}"),
        }
    }

    /// Sends a message, and says what goes wrong.
    pub async fn try_send(&self, mail: &Mail) -> Result<(), Failure> {
        match &self.carrier {
            Carrier::Smtp(smtp) => smtp.send(mail).await,
            Carrier::Mailgun(mailgun) => mailgun.send(mail).await,
            Carrier::Files(files) => files.send(mail).await,
            Carrier::Outbox(outbox) => {
                outbox.send(mail);
                Ok(())
            }
            Carrier::Courier(courier) => {
                let taken = courier.take(mail.to_json()).await;
                taken.map(|_| ()).map_err(|error| error.log_text().into())
            }
        }
    }

    /// Does what was put off, a few at a time, until `end`; what waits then is still done.
    pub async fn run(&self, end: impl Future<Output = ()> + Send) {
        self.queue.run(end).await;
    }
}
