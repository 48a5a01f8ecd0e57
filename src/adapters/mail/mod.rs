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

pub use files::Files;
pub use mailgun::Mailgun;
pub use outbox::Outbox;
pub use queue::Errand;
pub use smtp::Smtp;

use self::queue::Queue;
use crate::options::MailAdapter;
use crate::value::Date;

/// What went wrong with a message or on the way; for the log only.
type Failure = Box<dyn Error + Send + Sync>;

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
        };
        Ok(Self { carrier, queue: Queue::default() })
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
        let sent = match &self.carrier {
            Carrier::Smtp(smtp) => smtp.send(mail).await,
            Carrier::Mailgun(mailgun) => mailgun.send(mail).await,
            Carrier::Files(files) => files.send(mail).await,
            Carrier::Outbox(outbox) => {
                outbox.send(mail);
                Ok(())
            }
        };
        match sent {
            Ok(()) => tracing::debug!(id = mail.id, "mail sent"),
            Err(cause) => tracing::error!(id = mail.id, "mail not sent: {cause}"),
        }
    }

    /// Does what was put off, a few at a time, until `end`; what waits then is still done.
    pub async fn run(&self, end: impl Future<Output = ()> + Send) {
        self.queue.run(end).await;
    }
}
