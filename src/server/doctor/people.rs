//! Users and sessions: who could not log in, and what can not be unique.

use super::report::{Finding, Section, Weight, counted};
use crate::auth::Providers;
use crate::options::Config;
use crate::storage::{Inspection, UserFacts};

/// What users and sessions say.
pub(super) fn section(inspection: &Inspection, config: &Config) -> Section {
    let mut section = Section::new("Users and sessions");
    if inspection.table("_User").is_none() {
        return section;
    }
    names(&inspection.users, &mut section);
    providers(&inspection.users, config, &mut section);
    let others = inspection.users.passwords_of_other_kinds;
    if others > 0 {
        let what = format!(
            "{} are not hashed by bcrypt: these users can not log in",
            counted(others, "password", "passwords")
        );
        section.add(
            Finding::new(Weight::First, what)
                .advice("let these users reset their passwords by mail"),
        );
    }
    sessions(inspection, &mut section);
    if section.findings.iter().all(|finding| finding.weight == Weight::Fine) {
        section.say(
            Weight::Fine,
            "names, addresses and accounts are unique, passwords are hashed by bcrypt",
        );
    }
    section
}

fn names(users: &UserFacts, section: &mut Section) {
    let kinds = [
        (
            "user name",
            "user names",
            "username",
            users.usernames_twice,
            users.usernames_twice_by_case,
        ),
        ("address", "addresses", "email", users.emails_twice, users.emails_twice_by_case),
    ];
    for (one, several, column, same, by_case) in kinds {
        let select = |value: &str| {
            format!(
                "SELECT {value}, array_agg(\"objectId\") FROM \"_User\" WHERE \"{column}\" IS NOT NULL \
                 GROUP BY {value} HAVING count(*) > 1;"
            )
        };
        if same > 0 {
            let what =
                format!("{} of several users: they must be unique", counted(same, one, several));
            let advice = format!("rename all but one: {}", select(&format!("\"{column}\"")));
            section.add(Finding::new(Weight::First, what).advice(advice));
        }
        let only_by_case = by_case.saturating_sub(same);
        if only_by_case > 0 {
            let what = format!(
                "{} of several users differ only in case: who is there keeps logging in, no new user gets such a name",
                counted(only_by_case, one, several)
            );
            let advice = select(&format!("lower(\"{column}\")"));
            section.add(Finding::new(Weight::Differs, what).advice(advice));
        }
    }
}

fn providers(users: &UserFacts, config: &Config, section: &mut Section) {
    // What is wrong with the options themselves is told with them.
    let known = Providers::new(config).ok();
    for provider in &users.providers {
        let name = &provider.name;
        if provider.accounts_twice > 0 {
            let what = format!(
                "{} at `{name}` of several users: each must belong to one",
                counted(provider.accounts_twice, "account", "accounts")
            );
            let advice = format!(
                "unlink all but one: SELECT \"authData\"->'{name}'->>'id', array_agg(\"objectId\") FROM \"_User\" \
                 GROUP BY 1 HAVING count(*) > 1;"
            );
            section.add(Finding::new(Weight::First, what).advice(advice));
        }
        if known.as_ref().is_some_and(|known| !known.knows(name)) {
            let what = format!(
                "{} log in through `{name}`, which the options do not name: they can not",
                counted(provider.users, "user", "users")
            );
            let advice = format!(
                "add the provider to the option `auth` (\"auth\": {{\"{name}\": …}}), if this server knows it"
            );
            section.add(Finding::new(Weight::First, what).advice(advice));
        }
    }
}

fn sessions(inspection: &Inspection, section: &mut Section) {
    let facts = &inspection.sessions;
    if facts.legacy > 0 {
        let what = format!(
            "{} with a token of the old kind, without `r:`",
            counted(facts.legacy, "session", "sessions")
        );
        let advice = "these users log in again, or their apps call POST /upgradeToRevocableSession";
        section.add(Finding::new(Weight::Differs, what).advice(advice));
    }
    if facts.orphaned > 0 {
        let what =
            format!("{} of users who are gone", counted(facts.orphaned, "session", "sessions"));
        let advice = "DELETE FROM \"_Session\" AS s WHERE NOT EXISTS (SELECT 1 FROM \"_User\" AS u WHERE u.\"objectId\" = s.\"user\");";
        section.add(Finding::new(Weight::Differs, what).advice(advice));
    }
    if facts.expired > 0 {
        let what = format!(
            "{} that have ended are still stored",
            counted(facts.expired, "session", "sessions")
        );
        let advice = "DELETE FROM \"_Session\" WHERE \"expiresAt\" < now();";
        section.add(Finding::new(Weight::Differs, what).advice(advice));
    }
    let live = counted(facts.live, "session stays", "sessions stay");
    section.say(Weight::Fine, format!("{live} in force"));
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;
    use crate::options::{Outside, Start, load};
    use crate::storage::{ProviderFacts, SessionFacts, Table};

    fn config() -> Config {
        let args = ["--appId", "a", "--masterKey", "m"].map(OsString::from);
        match load(&args, std::iter::empty(), &Outside::nobody()).unwrap() {
            Start::Run(config) => *config,
            Start::Examine(_) | Start::Help(_) | Start::Version => panic!("not a start"),
        }
    }

    fn check(users: UserFacts, sessions: SessionFacts, weight: Weight, text: &str) {
        let tables = vec![Table { name: "_User".to_owned(), ..Table::default() }];
        let inspection = Inspection { tables, users, sessions, ..Inspection::default() };
        let section = section(&inspection, &config());
        let fits = |finding: &Finding| finding.weight == weight && finding.what.contains(text);
        assert!(section.findings.iter().any(fits), "{text}: {section:#?}");
    }

    #[test]
    fn users() {
        let none = SessionFacts::default;
        check(UserFacts::default(), none(), Weight::Fine, "are unique");
        let twice =
            UserFacts { usernames_twice: 1, usernames_twice_by_case: 1, ..UserFacts::default() };
        check(twice, none(), Weight::First, "1 user name of several");
        let by_case = UserFacts { emails_twice_by_case: 2, ..UserFacts::default() };
        check(by_case, none(), Weight::Differs, "2 addresses of several users differ only in case");
        let passwords = UserFacts { passwords_of_other_kinds: 3, ..UserFacts::default() };
        check(passwords, none(), Weight::First, "3 passwords are not hashed by bcrypt");
        let provider = |name: &str, accounts_twice| {
            let providers = vec![ProviderFacts { name: name.to_owned(), users: 5, accounts_twice }];
            UserFacts { providers, ..UserFacts::default() }
        };
        check(provider("github", 0), none(), Weight::First, "5 users log in through `github`");
        check(provider("anonymous", 1), none(), Weight::First, "1 account at `anonymous`");
        check(provider("anonymous", 0), none(), Weight::Fine, "are unique");
    }

    #[test]
    fn sessions() {
        let facts = SessionFacts { live: 4, legacy: 1, expired: 2, orphaned: 3 };
        let check = |weight, text| check(UserFacts::default(), facts.clone(), weight, text);
        check(Weight::Fine, "4 sessions stay");
        check(Weight::Differs, "1 session with a token of the old kind");
        check(Weight::Differs, "2 sessions that have ended");
        check(Weight::Differs, "3 sessions of users who are gone");
    }
}
