//! Rules about several options together.

use super::reader::Reader;
use super::{Config, Keys};
use crate::options::secret::Secret;

/// Notes every rule that the options break.
pub(super) fn check(config: &Config, reader: &mut Reader<'_>) {
    equal_keys(&config.keys, reader);
    equal_paths(config, reader);
    mails(config, reader);
    reused_tokens(config, reader);
    live_port(config, reader);
}

/// Two listeners need two ports.
fn live_port(config: &Config, reader: &mut Reader<'_>) {
    let live = &config.live.server;
    if live.is_served && config.port != 0 && live.port == Some(config.port) {
        reader.problems.add(format!(
            "options `port` and `liveQueryServerOptions.port` must differ, both are {}; without the second, LiveQuery is \
             served at the first",
            config.port
        ));
    }
}

/// A mail has a sender, names the application and leads back to this server
/// (`parse-server:src/Config.js`, `validateEmailConfiguration`).
fn mails(config: &Config, reader: &mut Reader<'_>) {
    if config.users.verify_user_emails.is_off() {
        return;
    }
    for (path, is_there) in [
        ("emailAdapter", reader.raw.is_given("emailAdapter")),
        ("appName", config.keys.app_name.is_some()),
        ("publicServerURL", config.public_server_url.is_some()),
    ] {
        if !is_there {
            reader.problems.add(format!("option `{path}` is required by `verifyUserEmails`"));
        }
    }
}

/// Only a token that ends has a time in which it can be sent again.
fn reused_tokens(config: &Config, reader: &mut Reader<'_>) {
    let users = &config.users;
    let policy = users.password_policy.as_ref();
    for (reuse, path, validity, validity_path) in [
        (
            users.email_verify_token_reuse_if_valid,
            "emailVerifyTokenReuseIfValid",
            users.email_verify_token_validity,
            "emailVerifyTokenValidityDuration",
        ),
        (
            policy.is_some_and(|policy| policy.reset_token_reuse_if_valid),
            "passwordPolicy.resetTokenReuseIfValid",
            users.reset_token_validity(),
            "passwordPolicy.resetTokenValidityDuration",
        ),
    ] {
        if reuse && validity.is_none() {
            reader.problems.add(format!("option `{path}` needs `{validity_path}`"));
        }
    }
}

/// A key that means two things would silently mean the stronger one.
fn equal_keys(keys: &Keys, reader: &mut Reader<'_>) {
    let keys: [(&str, Option<&Secret>); 3] = [
        ("masterKey", Some(&keys.master_key)),
        ("readOnlyMasterKey", keys.read_only_master_key.as_ref()),
        ("maintenanceKey", keys.maintenance_key.as_ref()),
    ];
    for (index, (name, key)) in keys.iter().enumerate() {
        for (other_name, other) in &keys[index + 1..] {
            if key.is_some() && key == other {
                reader.problems.add(format!("options `{name}` and `{other_name}` must differ"));
            }
        }
    }
}

fn equal_paths(config: &Config, reader: &mut Reader<'_>) {
    let mut paths = vec![("mountPath", &config.mount_path)];
    if config.graphql.mount {
        paths.push(("graphQLPath", &config.graphql.path));
    }
    if config.graphql.mount_playground {
        paths.push(("playgroundPath", &config.graphql.playground_path));
    }
    if config.metrics.mount {
        paths.push(("metricsPath", &config.metrics.path));
    }
    for (index, (name, path)) in paths.iter().enumerate() {
        for (other_name, other) in &paths[index + 1..] {
            if path == other {
                let problem =
                    format!("options `{name}` and `{other_name}` must differ, both are `{path}`");
                reader.problems.add(problem);
            }
        }
    }
}
