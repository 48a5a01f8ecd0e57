//! Mail adapters and their options: npm modules with well-known names, and our own short names. Any other module
//! is an adapter written in JavaScript.

use std::path::PathBuf;

use serde_json::{Map, Value};

use super::adapters::{Named, short_name};
use super::host::{HostModule, HostReference};
use super::nearest;
use super::secret::Secret;

/// Who a mail is from if the options do not say it; only adapters that never leave the machine do without.
const NOBODY: &str = "parsimony@localhost";

/// How mail is sent.
#[derive(Debug, Clone, PartialEq)]
pub enum MailAdapter {
    /// Through an SMTP server.
    Smtp(SmtpOptions),
    /// Through the service Mailgun.
    Mailgun(MailgunOptions),
    /// Into a directory, one file for each mail.
    File(MailFiles),
    /// Nowhere: the latest mails are kept in memory.
    Memory,
    /// By an adapter written in JavaScript.
    Host(HostReference),
}

/// An SMTP server.
#[derive(Debug, Clone, PartialEq)]
pub struct SmtpOptions {
    /// Name or address of the server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// User and password, if the server wants them.
    pub credentials: Option<(String, Secret)>,
    /// How the connection is encrypted.
    pub security: SmtpSecurity,
    /// Who mails are from: an address, or a name and an address.
    pub from: String,
}

/// How the connection to an SMTP server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpSecurity {
    /// From its first byte.
    Tls,
    /// With `STARTTLS`, or there is no connection.
    StartTls,
    /// With `STARTTLS` if the server offers it.
    StartTlsIfOffered,
    /// Never.
    Plain,
}

/// An account at Mailgun.
#[derive(Debug, Clone, PartialEq)]
pub struct MailgunOptions {
    /// The key of the account.
    pub api_key: Secret,
    /// The domain that mails are sent for.
    pub domain: String,
    /// Who mails are from.
    pub from: String,
    /// Address of the service, without a slash at its end.
    pub api_url: String,
}

/// A directory of mails.
#[derive(Debug, Clone, PartialEq)]
pub struct MailFiles {
    /// The directory; made when it is missing.
    pub directory: PathBuf,
    /// Who mails are from.
    pub from: String,
}

impl MailAdapter {
    /// Who mails are from.
    pub fn from(&self) -> &str {
        match self {
            Self::Smtp(smtp) => &smtp.from,
            Self::Mailgun(mailgun) => &mailgun.from,
            Self::File(files) => &files.from,
            // An adapter written in JavaScript knows itself who its mails are from.
            Self::Memory | Self::Host(_) => NOBODY,
        }
    }
}

/// The adapter for mail.
pub(super) fn mail(value: Value, modules: &mut Vec<HostModule>) -> Result<MailAdapter, String> {
    let named = match Named::read(value)? {
        Named::Host(reference) => return Ok(MailAdapter::Host(reference)),
        Named::Module(named) => named,
    };
    match short_name(&named.module) {
        "smtp" | "parse-smtp-template" => smtp(Given(named.options.into_fields())),
        "@parse/simple-mailgun-adapter" | "parse-server-simple-mailgun-adapter" => {
            mailgun(Given(named.options.into_fields()))
        }
        "file" => files(Given(named.options.into_fields())),
        "memory" => Given(named.options.into_fields()).end(&[]).map(|()| MailAdapter::Memory),
        _ => Ok(MailAdapter::Host(named.load("emailAdapter", modules))),
    }
}

/// The names are those of `parse-smtp-template`; `secure`, `requireTLS` and `ignoreTLS` mean what they mean
/// to nodemailer, which is below it.
fn smtp(mut given: Given) -> Result<MailAdapter, String> {
    const NAMES: &[&str] = &[
        "host",
        "port",
        "user",
        "password",
        "fromAddress",
        "isSSL",
        "secure",
        "requireTLS",
        "ignoreTLS",
    ];
    let host = given.required("host")?;
    let credentials = match (given.text("user")?, given.text("password")?) {
        (Some(user), Some(password)) => Some((user, Secret::new(password))),
        (None, None) => None,
        _ => return Err("`user` and `password` come together".to_owned()),
    };
    let secure = match given.flag("isSSL")? {
        Some(secure) => Some(secure),
        None => given.flag("secure")?,
    };
    let port = given.port("port")?;
    let secure = secure.unwrap_or(port == Some(465));
    let stays_here = ["localhost", "127.0.0.1", "::1"].contains(&host.as_str());
    let required = given.flag("requireTLS")?.unwrap_or(credentials.is_some() && !stays_here);
    let security = match (secure, given.flag("ignoreTLS")?.unwrap_or(false), required) {
        (true, _, _) => SmtpSecurity::Tls,
        (false, true, _) => SmtpSecurity::Plain,
        (false, false, true) => SmtpSecurity::StartTls,
        (false, false, false) => SmtpSecurity::StartTlsIfOffered,
    };
    let from = given.required("fromAddress")?;
    given.end(NAMES)?;
    let port = port.unwrap_or(if secure { 465 } else { 587 });
    Ok(MailAdapter::Smtp(SmtpOptions { host, port, credentials, security, from }))
}

fn mailgun(mut given: Given) -> Result<MailAdapter, String> {
    let api_url = match given.text("apiUrl")? {
        Some(url) => url,
        None => match given.text("host")? {
            Some(host) => format!("https://{host}"),
            None => "https://api.mailgun.net".to_owned(),
        },
    };
    if !api_url.starts_with("https://") && !api_url.starts_with("http://") {
        return Err("`apiUrl` is an address that begins with `https://`".to_owned());
    }
    let options = MailgunOptions {
        api_key: Secret::new(given.required("apiKey")?),
        domain: given.required("domain")?,
        from: given.required("fromAddress")?,
        api_url: api_url.trim_end_matches('/').to_owned(),
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
    if !options.domain.chars().all(is_name) {
        return Err("`domain` is the name of a domain".to_owned());
    }
    given.end(&["apiKey", "domain", "fromAddress", "apiUrl", "host"])?;
    Ok(MailAdapter::Mailgun(options))
}

fn files(mut given: Given) -> Result<MailAdapter, String> {
    let directory = PathBuf::from(given.required("directory")?);
    let from = given.text("fromAddress")?.unwrap_or_else(|| NOBODY.to_owned());
    given.end(&["directory", "fromAddress"])?;
    Ok(MailAdapter::File(MailFiles { directory, from }))
}

/// The options of an adapter that were not read yet.
struct Given(Map<String, Value>);

impl Given {
    fn text(&mut self, name: &str) -> Result<Option<String>, String> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
            Some(_) => Err(format!("expected a text as `{name}` of the adapter")),
        }
    }

    fn required(&mut self, name: &str) -> Result<String, String> {
        self.text(name)?.ok_or_else(|| format!("the adapter needs `{name}`"))
    }

    fn flag(&mut self, name: &str) -> Result<Option<bool>, String> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(format!("expected true or false as `{name}` of the adapter")),
        }
    }

    /// A port may be written as a text: it often comes out of an environment variable.
    fn port(&mut self, name: &str) -> Result<Option<u16>, String> {
        let port = match self.0.remove(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Number(number)) => {
                number.as_u64().and_then(|number| u16::try_from(number).ok())
            }
            Some(Value::String(text)) => text.parse().ok(),
            Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => None,
        };
        match port {
            Some(port) if port > 0 => Ok(Some(port)),
            Some(_) | None => Err(format!("expected a port as `{name}` of the adapter")),
        }
    }

    /// Nothing is left: what the adapter does not know is said, not ignored.
    fn end(self, names: &[&str]) -> Result<(), String> {
        let Some(name) = self.0.keys().next() else { return Ok(()) };
        let hint = match nearest::word(name, names) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None if names.is_empty() => "it has none".to_owned(),
            None => format!("known are {}", names.join(", ")),
        };
        Err(format!("unknown option `{name}` of the adapter; {hint}"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mail(value: Value) -> Result<MailAdapter, String> {
        super::mail(value, &mut Vec::new())
    }

    fn smtp_of(options: &Value) -> SmtpOptions {
        match mail(json!({"module": "smtp", "options": options})) {
            Ok(MailAdapter::Smtp(smtp)) => smtp,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn well_known_modules() {
        let mailgun = json!({"apiKey": "k", "domain": "m.example", "fromAddress": "a@m.example"});
        let mailgun = mail(json!({"module": "@parse/simple-mailgun-adapter", "options": mailgun}));
        let expected = MailgunOptions {
            api_key: Secret::new("k"),
            domain: "m.example".to_owned(),
            from: "a@m.example".to_owned(),
            api_url: "https://api.mailgun.net".to_owned(),
        };
        assert_eq!(mailgun, Ok(MailAdapter::Mailgun(expected)));
        let template = json!({"host": "h", "port": "25", "isSSL": false, "fromAddress": "a@b.c"});
        let template = mail(json!({"module": "parse-smtp-template", "options": template}));
        let expected = SmtpOptions {
            host: "h".to_owned(),
            port: 25,
            credentials: None,
            security: SmtpSecurity::StartTlsIfOffered,
            from: "a@b.c".to_owned(),
        };
        assert_eq!(template, Ok(MailAdapter::Smtp(expected)));
        let files = mail(json!({"module": "file", "options": {"directory": "mails"}}));
        let expected = MailFiles { directory: "mails".into(), from: NOBODY.to_owned() };
        assert_eq!(files, Ok(MailAdapter::File(expected)));
        assert_eq!(mail(json!("memory")), Ok(MailAdapter::Memory));
    }

    #[test]
    fn a_password_does_not_travel_in_the_clear() {
        let check = |more: &Value, security: SmtpSecurity, port: u16| {
            let mut options = json!({"host": "h", "fromAddress": "a@b.c"});
            for (name, value) in more.as_object().unwrap() {
                options[name] = value.clone();
            }
            let smtp = smtp_of(&options);
            assert_eq!((smtp.security, smtp.port), (security, port), "{more}");
        };
        check(&json!({}), SmtpSecurity::StartTlsIfOffered, 587);
        check(&json!({"user": "u", "password": "p"}), SmtpSecurity::StartTls, 587);
        let here = json!({"user": "u", "password": "p", "host": "127.0.0.1"});
        check(&here, SmtpSecurity::StartTlsIfOffered, 587);
        check(&json!({"secure": true}), SmtpSecurity::Tls, 465);
        check(&json!({"port": 465}), SmtpSecurity::Tls, 465);
        check(&json!({"ignoreTLS": true}), SmtpSecurity::Plain, 587);
        check(&json!({"requireTLS": true}), SmtpSecurity::StartTls, 587);
    }

    #[test]
    fn bad_options_are_problems() {
        let check = |module: &str, options: Value, expected: &str| {
            let problem = mail(json!({"module": module, "options": options})).unwrap_err();
            assert!(problem.contains(expected), "{module}: {problem}");
        };
        check("smtp", json!({"fromAddress": "a@b.c"}), "the adapter needs `host`");
        check("smtp", json!({"host": "h"}), "the adapter needs `fromAddress`");
        check("smtp", json!({"host": 1}), "expected a text as `host`");
        check("smtp", json!({"host": "h", "user": "u"}), "come together");
        check("smtp", json!({"host": "h", "port": 70000}), "expected a port");
        check("smtp", json!({"host": "h", "secure": "yes"}), "true or false");
        let typing_error = json!({"host": "h", "fromAddress": "a@b.c", "usr": "u"});
        check("smtp", typing_error, "unknown option `usr` of the adapter; did you mean `user`?");
        check("memory", json!({"size": 1}), "it has none");
        check("file", json!({}), "needs `directory`");
        let mailgun = json!({"apiKey": "k", "domain": "a/b", "fromAddress": "a@b.c"});
        check("@parse/simple-mailgun-adapter", mailgun, "`domain`");
        assert!(mail(json!({"options": {}})).is_err());
    }

    #[test]
    fn other_modules_are_adapters_in_javascript() {
        let mut modules = Vec::new();
        let own =
            json!({"module": "parse-server-api-mail-adapter", "options": {"sender": "a@b.c"}});
        let own = super::mail(own, &mut modules).unwrap();
        assert_eq!(own, MailAdapter::Host(HostReference::of_module("emailAdapter")));
        assert_eq!(modules.len(), 1);
        let made = json!({"$host": "emailAdapter", "kind": "object", "methods": ["sendMail"]});
        assert!(matches!(mail(made), Ok(MailAdapter::Host(_))));
    }

    #[test]
    fn secrets_do_not_print() {
        let smtp = json!({"host": "h", "fromAddress": "a@b.c", "user": "u", "password": "hunter2"});
        assert!(!format!("{:?}", smtp_of(&smtp)).contains("hunter2"));
    }
}
