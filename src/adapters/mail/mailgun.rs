//! Mail through Mailgun (`https://documentation.mailgun.com/docs/mailgun/api-reference`, messages).

use std::time::Duration;

use lettre::message::Mailbox;

use super::{Failure, Mail, message};
use crate::options::MailgunOptions;

/// Nobody waits longer for the service.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// An account at Mailgun.
#[derive(Debug)]
pub struct Mailgun {
    options: MailgunOptions,
    from: Mailbox,
    http: reqwest::Client,
}

impl Mailgun {
    pub(super) fn new(options: MailgunOptions, from: Mailbox, http: reqwest::Client) -> Self {
        Self { options, from, http }
    }

    pub(super) async fn send(&self, mail: &Mail) -> Result<(), Failure> {
        // The service reads lists of names and addresses: what is not one plain address must not get there.
        message::message(mail, &self.from)?;
        let url = format!("{}/v3/{}/messages", self.options.api_url, self.options.domain);
        let from = self.from.to_string();
        let mut form = vec![
            ("from", from.as_str()),
            ("to", &mail.to),
            ("subject", &mail.subject),
            ("text", &mail.text),
        ];
        if let Some(html) = &mail.html {
            form.push(("html", html));
        }
        let request = self.http.post(url).basic_auth("api", Some(self.options.api_key.expose()));
        let answer = request.form(&form).timeout(ANSWER_MAX).send().await?;
        match answer.status() {
            status if status.is_success() => Ok(()),
            status => Err(format!("the service answered {status}").into()),
        }
    }
}
