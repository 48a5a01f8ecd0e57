//! From a [`Mail`] to the bytes of a message.

use std::time::{Duration, UNIX_EPOCH};

use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, Message};

use super::{Failure, Mail};

/// Reads who mails are from: an address, or a name and an address in angle brackets.
pub(super) fn sender(text: &str) -> Result<Mailbox, Failure> {
    text.parse().map_err(|cause| format!("`fromAddress` is no mail address: {cause}").into())
}

/// The message. Only one plain address is a recipient: no list, no name, no line break.
pub(super) fn message(mail: &Mail, from: &Mailbox) -> Result<Message, Failure> {
    let to: Address = mail.to.parse().map_err(|cause| format!("no mail address: {cause}"))?;
    let written_at = UNIX_EPOCH + Duration::from_millis(mail.written_at.millis().unsigned_abs());
    let builder = Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(mail.subject.as_str())
        .date(written_at)
        .message_id(Some(format!("<{}@{}>", mail.id, from.email.domain())));
    Ok(match &mail.html {
        Some(html) => {
            builder.multipart(MultiPart::alternative_plain_html(mail.text.clone(), html.clone()))?
        }
        None => builder
            .header(lettre::message::header::ContentType::TEXT_PLAIN)
            .body(mail.text.clone())?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Date;

    fn mail(to: &str, subject: &str) -> Mail {
        Mail {
            to: to.to_owned(),
            subject: subject.to_owned(),
            text: "Hello\nthere".to_owned(),
            html: None,
            id: "abc".to_owned(),
            written_at: Date::parse("2024-01-02T03:04:05.678Z").unwrap(),
        }
    }

    fn formatted(mail: &Mail) -> String {
        let from = sender("App <noreply@app.example>").unwrap();
        String::from_utf8(message(mail, &from).unwrap().formatted()).unwrap()
    }

    #[test]
    fn a_message_has_what_it_needs() {
        let text = formatted(&mail("ann@example.com", "Hi"));
        for line in [
            "From: App <noreply@app.example>\r\n",
            "To: ann@example.com\r\n",
            "Subject: Hi\r\n",
            "Date: Tue, 02 Jan 2024 03:04:05 +0000\r\n",
            "Message-ID: <abc@app.example>\r\n",
            "\r\n\r\nHello\r\nthere",
        ] {
            assert!(text.contains(line), "{line:?} in {text}");
        }
        let html = Some("<p>Hello</p>".to_owned());
        let text = formatted(&Mail { html, ..mail("ann@example.com", "Hi") });
        assert!(text.contains("multipart/alternative") && text.contains("<p>Hello</p>"), "{text}");
    }

    #[test]
    fn no_header_is_smuggled_in() {
        let from = sender("noreply@app.example").unwrap();
        for to in [
            "ann@example.com\r\nBcc: eve@example.com",
            "ann@example.com, eve@example.com",
            "Ann <ann@example.com>",
            "ann@example.com>\r\nRCPT TO:<eve@example.com",
            "ann",
            "",
        ] {
            assert!(message(&mail(to, "Hi"), &from).is_err(), "{to:?}");
        }
        let text = formatted(&mail("ann@example.com", "Hi\r\nBcc: eve@example.com\r\n\r\nbody"));
        assert!(!text.contains("\r\nBcc:") && !text.contains("\nBcc:"), "{text}");
        assert!(sender("noreply@app.example\r\nBcc: eve@example.com").is_err());
    }
}
