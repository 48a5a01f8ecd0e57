//! The contract: what parse-server 9.10.0 answered, asked of this server.
//!
//! `contract/transcripts` holds recorded scenarios, one file each. A test per scenario starts a fresh
//! server process with the recorded options and replays all exchanges in order; every one that is not
//! answered as expected is shown. Nothing is recorded here and nothing is ever corrected in the
//! recordings. The same is done on SQLite and on PostgreSQL. Three lists stand beside them:
//!
//! - `left-out.json`: scenarios and exchanges that wait for a feature. It may only shrink.
//! - `differences.json`: exchanges to which this server has a better answer, with the reason and the
//!   answer, which is asserted in place of the recorded one.
//! - `multisets.json`: arrays whose recorded order says nothing.
//!
//! `<objectId:1>` and its like stand for generated values: bound when they first appear in an answer,
//! put into later requests. With the environment variable `PARSIMONY_TEST_CONTRACT_REPORT` set to a file
//! name, every scenario adds a line of JSON with its counts to that file.

#[path = "contract/compare.rs"]
mod compare;
#[path = "contract/http.rs"]
mod http;
#[path = "contract/placeholders.rs"]
mod placeholders;
mod postgres;
mod process;
#[path = "contract/replay.rs"]
mod replay;
#[path = "contract/request.rs"]
mod request;
#[path = "contract/server.rs"]
mod server;
#[path = "contract/transcript.rs"]
mod transcript;
mod web;
#[path = "contract/webhooks.rs"]
mod webhooks;

use std::collections::BTreeSet;

use transcript::{Difference, LeftOut, Multiset, Place, Transcript, read_json};

/// How many exchanges of replayed scenarios may be left out. Lower it with every one that is taken in.
const LEFT_OUT_EXCHANGES_MAX: usize = 3;
/// How many scenarios may be left out.
const LEFT_OUT_SCENARIOS_MAX: usize = 6;

macro_rules! scenarios {
    ($($test:ident => $name:literal,)+) => {
        const REPLAYED: &[&str] = &[$($name),+];

        mod on_sqlite {
            $(
                #[test]
                fn $test() {
                    super::replay::run($name, "sqlite::memory:");
                }
            )+
        }

        mod on_postgres {
            use super::postgres::TestDatabase;

            $(
                #[test]
                fn $test() {
                    if let Some(database) = TestDatabase::create() {
                        super::replay::run($name, &database.uri());
                    }
                }
            )+
        }
    };
}

scenarios! {
    account_lockout => "account-lockout",
    acl_default_clp => "acl-default-clp",
    aggregate_distinct => "aggregate-distinct",
    atomic_ops => "atomic-ops",
    batch => "batch",
    clp_basic => "clp-basic",
    clp_detailed_errors => "clp-detailed-errors",
    clp_pointer_permissions => "clp-pointer-permissions",
    clp_protected_fields => "clp-protected-fields",
    config => "config",
    cors => "cors",
    cors_default => "cors-default",
    files => "files",
    files_options => "files-options",
    files_postgres_default => "files-postgres-default",
    functions => "functions",
    graphql_complexity => "graphql-complexity",
    graphql_config => "graphql-config",
    graphql_custom_schema => "graphql-custom-schema",
    graphql_errors => "graphql-errors",
    graphql_errors_detailed => "graphql-errors-detailed",
    graphql_files => "graphql-files",
    graphql_files_default_url => "graphql-files-default-url",
    graphql_find => "graphql-find",
    graphql_functions => "graphql-functions",
    graphql_introspection => "graphql-introspection",
    graphql_introspection_cli => "graphql-introspection-cli",
    graphql_introspection_public => "graphql-introspection-public",
    graphql_keys => "graphql-keys",
    graphql_mutations => "graphql-mutations",
    graphql_schema => "graphql-schema",
    graphql_types => "graphql-types",
    graphql_users => "graphql-users",
    graphql_users_email => "graphql-users-email",
    hooks_api => "hooks-api",
    hooks_webhooks => "hooks-webhooks",
    jobs => "jobs",
    keys_and_modes => "keys-and-modes",
    master_key_ips => "master-key-ips",
    objects_crud => "objects-crud",
    objects_custom_id => "objects-custom-id",
    objects_errors => "objects-errors",
    objects_no_class_creation => "objects-no-class-creation",
    objects_types => "objects-types",
    password_policy => "password-policy",
    query_geo => "query-geo",
    query_limits => "query-limits",
    query_operators => "query-operators",
    query_options => "query-options",
    query_regex_text => "query-regex-text",
    query_subqueries => "query-subqueries",
    rate_limit => "rate-limit",
    relations => "relations",
    request_complexity => "request-complexity",
    roles_acl => "roles-acl",
    route_allow_list => "route-allow-list",
    schemas_crud => "schemas-crud",
    schemas_defined => "schemas-defined",
    schemas_required_defaults => "schemas-required-defaults",
    sessions => "sessions",
    sessions_expired => "sessions-expired",
    triggers => "triggers",
    users_anonymous_disabled => "users-anonymous-disabled",
    users_auth_data => "users-auth-data",
    users_custom_auth => "users-custom-auth",
    users_email => "users-email",
    users_email_adapter => "users-email-adapter",
    users_options => "users-options",
    users_signup_login => "users-signup-login",
}

#[test]
fn every_scenario_is_replayed_or_listed() {
    let left_out: LeftOut = read_json("left-out.json");
    let replayed: BTreeSet<String> = REPLAYED.iter().map(|name| (*name).to_owned()).collect();
    let listed: BTreeSet<String> = left_out.scenarios.keys().cloned().collect();
    assert_eq!(replayed.intersection(&listed).collect::<Vec<_>>(), Vec::<&String>::new());
    assert_eq!(replayed.union(&listed).cloned().collect::<BTreeSet<_>>(), Transcript::names());
}

#[test]
fn what_is_left_out_only_shrinks() {
    let left_out: LeftOut = read_json("left-out.json");
    assert!(left_out.scenarios.len() <= LEFT_OUT_SCENARIOS_MAX);
    assert!(left_out.exchanges.len() <= LEFT_OUT_EXCHANGES_MAX);
    let reasons = left_out.exchanges.iter().map(|left| &left.waits_for);
    assert!(left_out.scenarios.values().chain(reasons).all(|feature| !feature.is_empty()));
}

#[test]
fn lists_name_exchanges_that_are_replayed() {
    let left_out: LeftOut = read_json("left-out.json");
    let differences: Vec<Difference> = read_json("differences.json");
    let multisets: Vec<Multiset> = read_json("multisets.json");
    let left: Vec<&Place> = left_out.exchanges.iter().map(|left| &left.place).collect();
    let ours: Vec<&Place> = differences.iter().map(|ours| &ours.place).collect();
    let sets: Vec<&Place> = multisets.iter().map(|set| &set.place).collect();
    for list in [&left, &ours, &sets] {
        for (at, place) in list.iter().enumerate() {
            check_place(place);
            assert!(!list[..at].contains(place), "listed twice: {place:?}");
        }
    }
    for place in ours.iter().chain(&sets) {
        assert!(!left.contains(place), "left out and listed: {place:?}");
    }
}

#[test]
fn every_difference_differs_and_says_why() {
    let differences: Vec<Difference> = read_json("differences.json");
    let multisets: Vec<Multiset> = read_json("multisets.json");
    assert!(multisets.iter().all(|set| !set.reason.is_empty() && !set.pointers.is_empty()));
    for ours in &differences {
        assert!(!ours.reason.is_empty(), "no reason: {:?}", ours.place);
        let transcript = Transcript::read(&ours.place.scenario);
        let recorded = transcript
            .exchanges
            .iter()
            .enumerate()
            .find(|(index, exchange)| ours.place.is(&ours.place.scenario, *index, exchange))
            .map(|(_, exchange)| &exchange.response)
            .expect("the exchange exists");
        let same = recorded.status == ours.response.status && recorded.body == ours.response.body;
        assert!(!same, "as recorded: {:?}", ours.place);
    }
}

/// A place names exactly one exchange of a replayed scenario.
fn check_place(place: &Place) {
    assert!(REPLAYED.contains(&place.scenario.as_str()), "not replayed: {place:?}");
    let transcript = Transcript::read(&place.scenario);
    let exchanges = transcript.exchanges.iter().enumerate();
    let named = exchanges.filter(|(index, exchange)| place.is(&place.scenario, *index, exchange));
    assert_eq!(named.count(), 1, "exchanges named by {place:?}");
}
