//! LDAP: whoever can bind as the user is the user. The password is used once and kept nowhere.

use std::time::Duration;

use async_trait::async_trait;
use ldap3::{Ldap as Connection, LdapConnAsync, LdapConnSettings, LdapError, Scope, SearchEntry};
use serde_json::Value;

use crate::error::{Code, Error, Result};

use super::identity::{Account, Identity, Sent, World, refused};
use super::settings::Settings;

/// What a whole conversation may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// What opening a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The result code of a wrong password or an unknown user (RFC 4511, appendix A).
const INVALID_CREDENTIALS: u32 = 49;
/// Stands for the id in the settings.
const PLACE_OF_ID: &str = "{{id}}";

/// LDAP (`parse-server:src/Adapters/Auth/ldap.js`).
#[derive(Debug)]
pub(super) struct Ldap {
    url: String,
    suffix: String,
    /// The name of a user's entry, with a place for the id.
    dn: String,
    group: Option<Group>,
    trusts_any_certificate: bool,
}

/// A group that users must be in.
#[derive(Debug)]
struct Group {
    cn: String,
    /// The filter that finds the groups of a user, with a place for the id.
    filter: String,
}

/// Reads the settings.
pub(super) fn make(settings: &mut Settings<'_>) -> Box<dyn Identity> {
    let url = settings.required("url");
    let is_encrypted = url.starts_with("ldaps://");
    if !url.is_empty() && !is_encrypted && !url.starts_with("ldap://") {
        settings.problem("`url`: expected ldap://… or ldaps://…");
    }
    let suffix = settings.required("suffix");
    let dn = settings.text("dn").unwrap_or_else(|| format!("uid={PLACE_OF_ID},{suffix}"));
    if !dn.contains(PLACE_OF_ID) {
        settings
            .problem("`dn`: expected {{id}} in it; without it everybody would be the same user");
    }
    let group = match (settings.text("groupCn"), settings.text("groupFilter")) {
        (Some(cn), Some(filter)) => Some(Group { cn, filter }),
        (None, None) => None,
        // parse-server checks no group then, which is not what somebody who names one wants.
        (_, _) => {
            settings.problem("`groupCn` and `groupFilter` belong together");
            None
        }
    };
    let mut trusts_any_certificate = false;
    for (key, value) in settings.object("tlsOptions").into_iter().flatten() {
        match (key.as_str(), value) {
            ("rejectUnauthorized", Value::Bool(rejects)) => trusts_any_certificate = !rejects,
            (_, _) => settings.problem("`tlsOptions`: only `rejectUnauthorized` is known here"),
        }
    }
    Box::new(Ldap { url, suffix, dn, group, trusts_any_certificate })
}

#[async_trait]
impl Identity for Ldap {
    async fn prove(&self, sent: &Sent<'_>, _world: &World<'_>) -> Result<Account> {
        // A bind without a password succeeds as nobody (RFC 4513, section 5.1.2).
        let (Some(id), Some(password)) = (sent.id(), sent.text("password")) else {
            return Err(wrong_password());
        };
        let asked = tokio::time::timeout(TIMEOUT, self.ask(id, password)).await;
        asked.map_err(|cause| failed("ETIMEDOUT").with_cause(cause))??;
        Ok(Account::new(id))
    }
}

impl Ldap {
    async fn ask(&self, id: &str, password: &str) -> Result<()> {
        let settings = LdapConnSettings::new()
            .set_conn_timeout(CONNECT_TIMEOUT)
            .set_no_tls_verify(self.trusts_any_certificate);
        let (driver, mut connection) =
            LdapConnAsync::with_settings(settings, &self.url).await.map_err(not_connected)?;
        // The connection is driven here, beside the questions, and ends with them.
        tokio::select! {
            answer = self.converse(&mut connection, id, password) => answer,
            ended = driver.drive() => {
                let error = failed("ECONNRESET");
                Err(match ended {
                    Ok(()) => error,
                    Err(cause) => error.with_cause(cause),
                })
            }
        }
    }

    async fn converse(&self, connection: &mut Connection, id: &str, password: &str) -> Result<()> {
        let dn = self.dn.replace(PLACE_OF_ID, &ldap3::dn_escape(id));
        let bound = connection.simple_bind(&dn, password).await;
        let bound = bound.map_err(|cause| failed("EIO").with_cause(cause))?;
        if bound.rc == INVALID_CREDENTIALS {
            return Err(wrong_password());
        }
        if bound.rc != 0 {
            return Err(failed(&bound.rc.to_string()).with_cause(bound.text));
        }
        match &self.group {
            Some(group) => self.check_group(connection, group, id).await,
            None => Ok(()),
        }
    }

    async fn check_group(
        &self,
        connection: &mut Connection,
        group: &Group,
        id: &str,
    ) -> Result<()> {
        let search_failed = |cause: LdapError| {
            Error::new(Code::Internal, "LDAP group search failed").with_cause(cause)
        };
        let filter = group.filter.replace(PLACE_OF_ID, &ldap3::ldap_escape(id));
        let found = connection.search(&self.suffix, Scope::Subtree, &filter, vec!["cn"]).await;
        let (entries, _) = found.and_then(|found| found.success()).map_err(search_failed)?;
        let is_group = |entry| {
            let entry = SearchEntry::construct(entry);
            let mut names = entry.attrs.iter().filter(|(key, _)| key.eq_ignore_ascii_case("cn"));
            names.any(|(_, names)| names.contains(&group.cn))
        };
        if entries.into_iter().any(is_group) {
            return Ok(());
        }
        Err(Error::new(Code::Internal, "LDAP: User not in group"))
    }
}

fn wrong_password() -> Error {
    refused("LDAP: Wrong username or password")
}

/// The text is the original's to the letter.
fn failed(what: &str) -> Error {
    refused(format!("LDAP: Somthing went wrong ({what})"))
}

fn not_connected(cause: LdapError) -> Error {
    let is_certificate = cause.to_string().to_ascii_lowercase().contains("certificate");
    let error = if is_certificate {
        refused("LDAPS: Certificate mismatch")
    } else {
        failed("ECONNREFUSED")
    };
    error.with_cause(cause)
}
