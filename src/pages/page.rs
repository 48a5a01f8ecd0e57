//! The pages: what each is called, what it says, and the headers that all of them have.

use axum::http::{HeaderName, Uri, header};

use super::template;
use crate::http::{HTML, Reply};
use crate::ops::App;

const LAYOUT: &str = include_str!("html/layout.html");
/// Where the content of a page stands in the layout.
const CONTENT: &str = "[[content]]";

/// A page. The names are those of the original (`parse-server:src/Routers/PagesRouter.js`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    PasswordReset,
    PasswordResetSuccess,
    PasswordResetLinkInvalid,
    EmailVerificationSuccess,
    EmailVerificationSendFail,
    EmailVerificationSendSuccess,
    EmailVerificationLinkInvalid,
    EmailVerificationLinkExpired,
}

impl Page {
    /// The pages that may be asked for by their names.
    const NAMED: [Self; 7] = [
        Self::PasswordResetSuccess,
        Self::PasswordResetLinkInvalid,
        Self::EmailVerificationSuccess,
        Self::EmailVerificationSendFail,
        Self::EmailVerificationSendSuccess,
        Self::EmailVerificationLinkInvalid,
        Self::EmailVerificationLinkExpired,
    ];

    /// The page with this file name.
    pub(super) fn named(name: &str) -> Option<Self> {
        if name == Self::PasswordReset.file() {
            // Without a token in the way to it there is nothing to reset.
            return Some(Self::PasswordResetLinkInvalid);
        }
        Self::NAMED.into_iter().find(|page| page.file() == name)
    }

    /// What the page is called in addresses.
    pub(super) fn file(self) -> &'static str {
        match self {
            Self::PasswordReset => "password_reset.html",
            Self::PasswordResetSuccess => "password_reset_success.html",
            Self::PasswordResetLinkInvalid => "password_reset_link_invalid.html",
            Self::EmailVerificationSuccess => "email_verification_success.html",
            Self::EmailVerificationSendFail => "email_verification_send_fail.html",
            Self::EmailVerificationSendSuccess => "email_verification_send_success.html",
            Self::EmailVerificationLinkInvalid => "email_verification_link_invalid.html",
            Self::EmailVerificationLinkExpired => "email_verification_link_expired.html",
        }
    }

    /// What the window of the browser is called, as the original calls it.
    fn title(self) -> &'static str {
        match self {
            Self::PasswordReset | Self::PasswordResetSuccess | Self::PasswordResetLinkInvalid => {
                "Password Reset"
            }
            Self::EmailVerificationSuccess
            | Self::EmailVerificationSendFail
            | Self::EmailVerificationSendSuccess
            | Self::EmailVerificationLinkInvalid
            | Self::EmailVerificationLinkExpired => "Email Verification",
        }
    }

    fn heading(self) -> &'static str {
        match self {
            Self::PasswordReset => "Choose a new password",
            Self::PasswordResetSuccess => "Your password is changed",
            Self::PasswordResetLinkInvalid | Self::EmailVerificationLinkInvalid => {
                "This link does not work"
            }
            Self::EmailVerificationSuccess => "E-mail address confirmed",
            Self::EmailVerificationSendFail => "No mail was sent",
            Self::EmailVerificationSendSuccess => "Please look for a mail",
            Self::EmailVerificationLinkExpired => "This link is too old",
        }
    }

    fn content(self) -> &'static str {
        match self {
            Self::PasswordReset => include_str!("html/password_reset.html"),
            Self::PasswordResetSuccess => include_str!("html/password_reset_success.html"),
            Self::PasswordResetLinkInvalid => include_str!("html/password_reset_link_invalid.html"),
            Self::EmailVerificationSuccess => include_str!("html/email_verification_success.html"),
            Self::EmailVerificationSendFail => {
                include_str!("html/email_verification_send_fail.html")
            }
            Self::EmailVerificationSendSuccess => {
                include_str!("html/email_verification_send_success.html")
            }
            Self::EmailVerificationLinkInvalid | Self::EmailVerificationLinkExpired => {
                include_str!("html/email_verification_link_invalid.html")
            }
        }
    }
}

/// What is filled into a page besides the name of the application; what is empty is left out.
#[derive(Clone, Debug, Default)]
pub(super) struct Parameters<'a> {
    /// The token of a link.
    pub(super) token: &'a str,
    /// Whose account it is.
    pub(super) username: &'a str,
    /// What went wrong.
    pub(super) error: &'a str,
    /// Where the form of the page goes, relative to the address of the page.
    pub(super) action: &'a str,
}

/// The answer with a page. Without a name and an address of the application there are no pages.
pub(super) fn show(app: &App, page: Page, parameters: &Parameters<'_>) -> Reply {
    let config = &app.config;
    let names = (&config.keys.app_name, &config.public_server_url);
    let (Some(app_name), Some(public_url)) = names else { return not_found() };
    let texts = [
        ("title", page.title()),
        ("heading", page.heading()),
        ("appName", app_name.as_str()),
        ("token", parameters.token),
        ("username", parameters.username),
        ("error", parameters.error),
        ("action", parameters.action),
    ];
    let html = template::fill(&LAYOUT.replacen(CONTENT, page.content(), 1), &texts);
    let reply = with_headers(app, app_name, public_url, Reply::text(200, HTML, html));
    let reply = with_header(app, reply, "x-parse-page-param-token", parameters.token);
    with_header(app, reply, "x-parse-page-param-error", parameters.error)
}

/// What all pages say of the application besides their text, for programs that read pages.
fn with_headers(app: &App, app_name: &str, public_url: &str, reply: Reply) -> Reply {
    let reply = guarded(reply, public_url);
    let reply = with_header(app, reply, "x-parse-page-param-appid", &app.config.keys.app_id);
    let reply = with_header(app, reply, "x-parse-page-param-appname", app_name);
    with_header(app, reply, "x-parse-page-param-publicserverurl", public_url)
}

fn with_header(app: &App, reply: Reply, name: &'static str, text: &str) -> Reply {
    let text = match app.config.pages.encode_page_param_headers {
        _ if text.is_empty() => return reply,
        true => percent_encoded(text),
        false => text.to_owned(),
    };
    reply.with(HeaderName::from_static(name), text)
}

/// The answer that sends the browser to a page by its name: reloading it does not send a form again.
pub(super) fn redirect(app: &App, page: Page) -> Reply {
    let config = &app.config;
    let names = (&config.keys.app_name, &config.public_server_url);
    let (Some(app_name), Some(public_url)) = names else { return not_found() };
    let place = format!(
        "{public_url}/{}/{}?appId={}&appName={}&publicServerUrl={}",
        config.pages.endpoint,
        page.file(),
        form_encoded(&config.keys.app_id),
        form_encoded(app_name),
        form_encoded(public_url),
    );
    with_headers(app, app_name, public_url, Reply::text(303, HTML, ""))
        .with(header::LOCATION, place)
}

/// The answer to somebody who only looks whether there is a page.
pub(super) fn nothing(app: &App) -> Reply {
    let public_url = app.config.public_server_url.as_deref();
    guarded(Reply::text(200, HTML, ""), public_url.unwrap_or_default())
}

/// The answer to a path that no page has.
pub(super) fn not_found() -> Reply {
    Reply::text(404, HTML, "Not found.")
        .with(header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned())
        .with(header::CONTENT_SECURITY_POLICY, "default-src 'none'".to_owned())
}

/// A page loads nothing, runs nothing, stands in no frame, is kept nowhere, and its address, in which a token may
/// stand, goes nowhere. A browser applies the rule for forms to where they lead at last, too, which is the
/// public address.
fn guarded(reply: Reply, public_url: &str) -> Reply {
    let origin = public_url.parse::<Uri>().ok().and_then(|url| {
        let (scheme, authority) = (url.scheme_str()?, url.authority()?);
        Some(format!(" {scheme}://{authority}"))
    });
    let policy = format!(
        "default-src 'none'; style-src 'self' 'unsafe-inline'; form-action 'self'{}; \
         base-uri 'none'; frame-ancestors 'none'",
        origin.unwrap_or_default()
    );
    reply
        .with(header::CONTENT_SECURITY_POLICY, policy)
        .with(header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned())
        .with(header::REFERRER_POLICY, "no-referrer".to_owned())
        .with(header::CACHE_CONTROL, "no-store".to_owned())
}

/// As `encodeURIComponent` writes it.
pub(super) fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => out.push(char::from(byte)),
            b'-' | b'_' | b'.' | b'!' | b'~' | b'*' | b'\'' | b'(' | b')' => {
                out.push(char::from(byte));
            }
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// As a browser writes a field of a form.
fn form_encoded(text: &str) -> String {
    let mut out = percent_encoded(text).replace("%20", "+");
    for (plain, encoded) in [("!", "%21"), ("~", "%7E"), ("'", "%27"), ("(", "%28"), (")", "%29")] {
        out = out.replace(plain, encoded);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_to_pages_and_nothing_else_does() {
        for page in Page::NAMED {
            assert_eq!(Page::named(page.file()), Some(page));
        }
        for name in ["layout.html", "../layout.html", "", "de/x.html"] {
            assert_eq!(Page::named(name), None, "{name}");
        }
    }

    #[test]
    fn every_template_can_be_filled() {
        for page in Page::NAMED.into_iter().chain([Page::PasswordReset]) {
            for text in ["", "x"] {
                let texts = ["title", "heading", "appName", "token", "username", "error", "action"];
                let texts = texts.map(|name| (name, text));
                let layout = LAYOUT.replacen(CONTENT, page.content(), 1);
                let html = template::fill(&layout, &texts);
                assert!(!html.contains("{{") && !html.contains("[["), "{page:?}");
            }
        }
    }

    #[test]
    fn parameters_are_encoded_as_javascript_does_it() {
        assert_eq!(percent_encoded("a b&c=ü'(!)~\r\n"), "a%20b%26c%3D%C3%BC'(!)~%0D%0A");
        assert_eq!(form_encoded("a b&c=ü'(!)~"), "a+b%26c%3D%C3%BC%27%28%21%29%7E");
    }
}
