//! LiveQuery as parse-server 9.10.0 speaks it.
//!
//! `live/conversations` holds what `tests/parse-server/record-live.mjs` wrote down: the scenarios of `live-scenarios.mjs`,
//! played against the original. A test per scenario starts a fresh server process with the recorded options and plays it
//! again, on SQLite and on PostgreSQL; whatever a socket is told that was not recorded, or is not told that was, is shown.
//!
//! A step opens a socket, sends a message, makes a request over HTTP, or closes a socket; `messages` is all that each
//! socket heard until the end of the step, nothing if it is not named. That nothing more comes is known without waiting:
//! after a request an object of the class `Marker` is made, to which every connected socket has a subscription, and events
//! come in the order of the writes; after a message another one follows that is refused at once. In which order the
//! subscriptions of one socket are told of one write says nothing: after a request messages are sorted by their `requestId`.
//!
//! Beside that, what subscribers are told is held against finds: see `live/agreement.rs`; and arbitrary questions are asked: see `live/fuzz.rs`.
//!
//! `<objectId:1>` and its like stand for generated values as in the contract. `differences.json` lists the steps in which
//! this server is better on purpose, with the reason and what is expected in place of what was recorded.

#[path = "live/agreement.rs"]
mod agreement;
#[path = "it/support/arbitrary.rs"]
mod arbitrary;
#[path = "contract/compare.rs"]
mod compare;
#[path = "live/conversation.rs"]
mod conversation;
#[path = "live/fuzz.rs"]
mod fuzz;
#[path = "contract/http.rs"]
mod http;
#[path = "contract/placeholders.rs"]
mod placeholders;
mod postgres;
mod process;
#[path = "it/support/random.rs"]
mod random;
#[path = "live/replay.rs"]
mod replay;
mod socket;

use std::collections::BTreeSet;

use conversation::{Conversation, Difference};
use random::Random;
use serde_json::{Value, json};

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
    acl_roles_sessions => "acl-roles-sessions",
    class_names => "class-names",
    connect_and_errors => "connect-and-errors",
    events => "events",
    hooks => "hooks",
    key_pairs => "key-pairs",
    keys_and_watch => "keys-and-watch",
    operators => "operators",
    operators_sparse => "operators-sparse",
    permissions => "permissions",
    users => "users",
}

#[test]
fn events_agree_with_finds_on_sqlite() {
    agreement::run("sqlite::memory:", &agreement::open());
    agreement::run("sqlite::memory:", &agreement::guarded());
}

#[test]
fn events_agree_with_finds_on_postgres() {
    for permissions in [agreement::open(), agreement::guarded()] {
        if let Some(database) = postgres::TestDatabase::create() {
            agreement::run(&database.uri(), &permissions);
        }
    }
}

#[test]
fn arbitrary_questions_hurt_nobody_on_sqlite() {
    fuzz::run("sqlite::memory:");
}

#[test]
fn arbitrary_questions_hurt_nobody_on_postgres() {
    if let Some(database) = postgres::TestDatabase::create() {
        fuzz::run(&database.uri());
    }
}

/// A pointer on the wire.
fn pointer(class: &str, id: &str) -> Value {
    json!({"__type": "Pointer", "className": class, "objectId": id})
}

#[test]
fn every_conversation_is_replayed() {
    let replayed: BTreeSet<String> = REPLAYED.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(replayed, Conversation::names());
}

#[test]
fn every_difference_differs_and_says_why() {
    let differences = Difference::all();
    for (at, ours) in differences.iter().enumerate() {
        let place = (&ours.scenario, &ours.step);
        assert!(!ours.reason.is_empty(), "no reason: {place:?}");
        let earlier = differences[..at].iter().map(|other| (&other.scenario, &other.step));
        assert!(!earlier.into_iter().any(|other| other == place), "listed twice: {place:?}");
        let recorded = Conversation::read(&ours.scenario);
        let step = recorded.steps.into_iter().find(|step| step.name == ours.step);
        let step = step.unwrap_or_else(|| panic!("there is no such step: {place:?}"));
        let (response, messages) = (step.response.clone(), step.messages.clone());
        let replaced = ours.applied_to(step);
        let same = replaced.response == response && replaced.messages == messages;
        assert!(!same, "as recorded: {place:?}");
    }
}
