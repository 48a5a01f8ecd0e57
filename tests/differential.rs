//! The same generated requests to parse-server 9.10.0 and to this server; the answers must be alike.
//!
//! A scene is a kind of use: it starts both servers on empty databases, throws dice for requests, sends each to both
//! and compares status, body and the headers that matter. Generated ids and session tokens have names (`<id:3>`: the
//! third new value on either side), times of now are `<time>`. What differs is a mistake of ours unless a rule in
//! `differential/differences.json` says why; where the original answers with an internal error, any result or refusal
//! of ours is taken.
//!
//! `PARSIMONY_TEST_PARSE_SERVER` names the directory in which the original is installed (`tests/parse-server`),
//! `PARSIMONY_TEST_POSTGRES` the database server. `PARSIMONY_TEST_DIFFERENTIAL=seed:count` chooses other numbers and
//! how many of them, in all scenes together; `seed:count:sqlite` has ours on SQLite.

#[path = "differential/client.rs"]
mod client;
#[path = "differential/dice.rs"]
mod dice;
#[path = "differential/explained.rs"]
mod explained;
#[path = "differential/names.rs"]
mod names;
#[path = "postgres/mod.rs"]
mod postgres;
#[path = "process/mod.rs"]
mod process;
#[path = "differential/request.rs"]
mod request;
#[path = "differential/scenes/mod.rs"]
mod scenes;
#[path = "differential/servers.rs"]
mod servers;
#[path = "differential/twins.rs"]
mod twins;
#[path = "differential/values.rs"]
mod values;

use serde_json::{Value, json};

use dice::Dice;
use servers::Servers;
use twins::Twins;

const SEED: u64 = 9;
const REQUESTS: usize = 5_000;

/// Plays a scene with its share of all requests, in percent.
fn play(
    scene: &'static str,
    percent: usize,
    options: &Value,
    run: impl FnOnce(&mut Twins, &mut Dice, usize),
) {
    let chosen = std::env::var("PARSIMONY_TEST_DIFFERENTIAL").unwrap_or_default();
    let mut parts = chosen.split(':').filter(|part| !part.is_empty());
    let seed = parts.next().map_or(SEED, |seed| seed.parse().expect("the seed is a number"));
    let requests =
        parts.next().map_or(REQUESTS, |count| count.parse().expect("the count is a number"));
    let on_sqlite = parts.next() == Some("sqlite");
    let Some(servers) = Servers::start(options, on_sqlite) else { return };
    let mut twins = Twins::new(scene, seed, servers);
    run(&mut twins, &mut Dice::new(seed, scene), requests * percent / 100);
    twins.finish(seed == SEED && requests == REQUESTS);
}

#[test]
fn objects() {
    play("objects", 22, &json!({}), scenes::objects::run);
}

#[test]
fn queries() {
    play("queries", 26, &json!({}), scenes::queries::run);
}

#[test]
fn permissions() {
    play("permissions", 18, &json!({}), scenes::permissions::run);
}

#[test]
fn graphql() {
    let options = json!({"mountGraphQL": true, "graphQLPublicIntrospection": true});
    play("graphql", 14, &options, scenes::graphql::run);
}

#[test]
fn users() {
    play("users", 8, &json!({}), scenes::users::run);
}

#[test]
fn schemas() {
    play("schemas", 8, &json!({}), scenes::schemas::run);
}

#[test]
fn aggregates() {
    play("aggregates", 4, &json!({}), scenes::aggregates::run);
}
