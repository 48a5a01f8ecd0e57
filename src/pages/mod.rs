//! The pages behind the links in mails: verifying an address, choosing a new password. They need no script
//! and work with any browser.
//!
//! Nothing here decides whether a token is good, and nothing that a client sends names a file: the pages are
//! part of the program, and every text in them is escaped.

mod flows;
mod page;
mod template;

use std::sync::Arc;

use crate::access::Principal;
use crate::error::Error;
use crate::http::guard::rate;
use crate::http::{Incoming, Reply, parse_body, unescape_segment};
use crate::ops::{App, Ctx};
use crate::value::{Json, Members};

use self::flows::Visit;
use self::page::Page;

const FORM: &str = "application/x-www-form-urlencoded";

/// Answers a request below the pages' path segment; `path` is what follows that, with its slash.
pub async fn answer(app: &Arc<App>, incoming: &Incoming, path: &str, body: &[u8]) -> Reply {
    let segments: Vec<String> = path.split('/').skip(1).map(unescape_segment).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let request_id = Arc::from(incoming.request_id.as_str());
    let mut ctx = Ctx::new(Arc::clone(app), Principal::Public, request_id);
    ctx.address = Some(incoming.address);
    let whole = format!("/{}{path}", app.config.pages.endpoint);
    if let Err(error) = rate::charge(&ctx, &incoming.method, &whole) {
        return Reply::of_error(&error, &app.config, &incoming.request_id);
    }
    let visit = Visit {
        ctx: &ctx,
        query: fields(FORM, incoming.query.as_bytes()),
        form: form(incoming, body),
        is_script: is_script(incoming),
    };
    let of_app = |id: &str| id == app.config.keys.app_id;
    match (incoming.method.as_str(), segments.as_slice()) {
        // Mail programs look at links before anybody follows them.
        ("HEAD", _) => page::nothing(app),
        ("GET", ["choose_password"]) if visit.asked("appId").is_some_and(of_app) => {
            visit.choose_password(&below(app, "request_password_reset")).await
        }
        ("GET", [id, "verify_email"]) if of_app(id) => visit.verify_email().await,
        ("POST", [id, "resend_verification_email"]) if of_app(id) => {
            visit.resend_verification_email().await
        }
        ("GET", [id, "request_password_reset"]) if of_app(id) => {
            visit.choose_password("./request_password_reset").await
        }
        ("POST", [id, "request_password_reset"]) if of_app(id) => visit.reset_password().await,
        ("GET", ["choose_password"])
        | ("GET" | "POST", [_, "request_password_reset"])
        | ("GET", [_, "verify_email"])
        | ("POST", [_, "resend_verification_email"]) => {
            let error = Error::plain(403, "unauthorized");
            Reply::of_error(&error, &app.config, &incoming.request_id)
        }
        ("GET", [name]) => match Page::named(name) {
            Some(page) => {
                let action = below(app, "resend_verification_email");
                let parameters = page::Parameters { action: &action, ..Default::default() };
                page::show(app, page, &parameters)
            }
            None => page::not_found(),
        },
        _ => page::not_found(),
    }
}

/// The address of a form of the application, seen from a page that is not below its id.
fn below(app: &App, form: &str) -> String {
    format!("./{}/{form}", page::percent_encoded(&app.config.keys.app_id))
}

/// The fields of a form. Other bodies are as good as none (`parse-server:src/Routers/PagesRouter.js` reads
/// forms only).
fn form(incoming: &Incoming, body: &[u8]) -> Members {
    let content_type = incoming.headers.get("content-type").and_then(|value| value.to_str().ok());
    let kind = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    match kind.eq_ignore_ascii_case(FORM) {
        true => fields(FORM, body),
        false => Members::new(),
    }
}

/// Names and texts; a value is never more than a text.
fn fields(content_type: &str, text: &[u8]) -> Members {
    match parse_body(Some(content_type), text) {
        Ok(Json::Object(fields)) => fields,
        Ok(_) | Err(_) => Members::new(),
    }
}

/// Whether a script asks, which wants JSON.
fn is_script(incoming: &Incoming) -> bool {
    let header = incoming.headers.get("x-requested-with").and_then(|value| value.to_str().ok());
    header.is_some_and(|value| value.eq_ignore_ascii_case("xmlhttprequest"))
}
