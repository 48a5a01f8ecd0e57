//! What is asked of the server, and what the floor answers to the same end.

use crate::driver::data::{self, CATEGORIES, Ids, VIEWS};
use crate::driver::load::Requests;
use crate::driver::requests::{self, requests};
use crate::driver::wire::{Caller, request};
use crate::fixture::Fixture;

/// The names of all scenarios, by which they are chosen.
pub(crate) const NAMES: [&str; 10] = [
    "get",
    "find20",
    "find100",
    "include100",
    "create",
    "update",
    "batch",
    "graphql-get",
    "graphql-find100",
    "graphql-create",
];

/// A kind of request.
#[derive(Debug)]
pub(crate) struct Scenario {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it is.
    pub(crate) title: &'static str,
    /// The requests to the server.
    pub(crate) server: Requests,
    /// The requests to the floor; each is the counterpart of the server's at the same place.
    pub(crate) floor: Requests,
    /// How many times the floor's CPU time it may cost.
    pub(crate) wanted: Option<f64>,
    /// What must be true of the first answers.
    pub(crate) check: Check,
}

/// How the first answers are checked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Check {
    /// Server and floor say the same.
    Same,
    /// Answers hold new ids and times; their status is enough.
    Good,
    /// The server's GraphQL answer has this at a JSON pointer below `data`, and no errors.
    GraphQl(&'static str),
}

/// All scenarios.
pub(crate) fn all(fixture: &Fixture) -> Vec<Scenario> {
    let mut all = reads(&fixture.ids);
    all.extend(writes(&fixture.ids));
    all.extend(over_graphql(&fixture.ids));
    all
}

fn reads(ids: &Ids) -> Vec<Scenario> {
    let [floor_20, floor_100, floor_include] = floor_finds();
    let scenario = |name, title, server, floor, wanted| Scenario {
        name,
        title,
        server,
        floor,
        wanted,
        check: Check::Same,
    };
    vec![
        scenario("get", "REST get by id", requests::gets(ids), floor_gets(ids), Some(2.0)),
        scenario(
            "find20",
            "REST find 20",
            requests::finds(Some(VIEWS / 2), 20, ""),
            floor_20,
            None,
        ),
        scenario("find100", "REST find 100", requests::finds(None, 100, ""), floor_100, Some(2.0)),
        scenario(
            "include100",
            "REST find 100 with include",
            requests::finds(None, 100, "&include=author"),
            floor_include,
            None,
        ),
    ]
}

fn floor_gets(ids: &Ids) -> Requests {
    requests(ids.posts.iter().map(|id| request(Caller::Public, "GET", &format!("/posts/{id}"), "")))
}

/// Find 20, find 100, find 100 with authors.
fn floor_finds() -> [Requests; 3] {
    let find = |views: usize, limit: usize, include: &'static str| {
        requests((0..CATEGORIES).map(move |at| {
            let category = data::category(at);
            request(
                Caller::Public,
                "GET",
                &format!("/posts?category={category}&views={views}&limit={limit}{include}"),
                "",
            )
        }))
    };
    [find(VIEWS / 2, 20, ""), find(0, 100, ""), find(0, 100, "&include=author")]
}

fn writes(ids: &Ids) -> Vec<Scenario> {
    let scenario = |name, title, server, floor| Scenario {
        name,
        title,
        server,
        floor,
        wanted: None,
        check: Check::Good,
    };
    vec![
        scenario(
            "create",
            "REST create",
            requests::creates("/parse/classes/Entry"),
            requests::creates("/entries"),
        ),
        scenario(
            "update",
            "REST update, Increment",
            requests::updates(ids, "/parse/classes/Counter"),
            requests::updates(ids, "/counters"),
        ),
        scenario(
            "batch",
            "REST batch of 50 creates",
            requests::batches("/parse/batch"),
            requests::batches("/entries/batch"),
        ),
    ]
}

fn over_graphql(ids: &Ids) -> Vec<Scenario> {
    let [_, _, floor_include] = floor_finds();
    let scenario = |name, title, server, floor| Scenario {
        name,
        title,
        server,
        floor,
        wanted: None,
        check: Check::GraphQl(""),
    };
    let get =
        scenario("graphql-get", "GraphQL get by id", requests::graphql_gets(ids), floor_gets(ids));
    let find = scenario(
        "graphql-find100",
        "GraphQL find 100 with author",
        requests::graphql_finds(),
        floor_include,
    );
    let create = scenario(
        "graphql-create",
        "GraphQL create",
        requests::graphql_creates(),
        requests::creates("/entries"),
    );
    vec![
        Scenario { wanted: Some(3.0), check: Check::GraphQl("/post/objectId"), ..get },
        Scenario { check: Check::GraphQl("/posts/edges/99/node/author/name"), ..find },
        Scenario { check: Check::GraphQl("/createEntry/entry/objectId"), ..create },
    ]
}
