//! What is asked of the server, and what the floor answers to the same end.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::fixture::{self, CATEGORIES, Fixture, VIEWS};
use crate::load::Requests;
use crate::wire::{Caller, escape, graphql, request};

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

const GRAPHQL_GET: &str = "query Get($id: ID!) { post(id: $id) { \
    objectId createdAt updatedAt title text category views published publishedAt tags { ... on Element { value } } } }";
const GRAPHQL_FIND: &str = "query Find($category: String!) { \
    posts(where: { category: { equalTo: $category } }, order: [views_DESC], first: 100) { edges { node { \
    objectId createdAt updatedAt title text category views published publishedAt tags { ... on Element { value } } \
    author { objectId name city age } } } } }";
const GRAPHQL_CREATE: &str = "mutation Create($input: CreateEntryInput!) { createEntry(input: $input) { entry { objectId createdAt } } }";

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

fn requests(all: impl Iterator<Item = Vec<u8>>) -> Requests {
    Arc::from(all.collect::<Vec<_>>())
}

/// The requests that read a post, over REST.
pub(crate) fn gets(fixture: &Fixture) -> Requests {
    requests(
        fixture
            .posts
            .iter()
            .map(|id| request(Caller::Public, "GET", &format!("/parse/classes/Post/{id}"), "")),
    )
}

/// The requests that read a post, over GraphQL.
pub(crate) fn graphql_gets(fixture: &Fixture) -> Requests {
    requests(
        fixture.posts.iter().map(|id| graphql(Caller::Public, GRAPHQL_GET, &json!({ "id": id }))),
    )
}

/// All scenarios.
pub(crate) fn all(fixture: &Fixture) -> Vec<Scenario> {
    let mut all = reads(fixture);
    all.extend(writes(fixture));
    all.extend(over_graphql(fixture));
    all
}

fn reads(fixture: &Fixture) -> Vec<Scenario> {
    let [floor_20, floor_100, floor_include] = floor_finds();
    let find = |least: Option<usize>, limit: usize, include: &'static str| {
        requests((0..CATEGORIES).map(move |at| {
            let mut filter = json!({ "category": fixture::category(at) });
            if let Some(least) = least {
                filter["views"] = json!({ "$gte": least });
            }
            let filter = escape(&filter.to_string());
            request(
                Caller::Public,
                "GET",
                &format!("/parse/classes/Post?where={filter}&order=-views&limit={limit}{include}"),
                "",
            )
        }))
    };
    let scenario = |name, title, server, floor, wanted| Scenario {
        name,
        title,
        server,
        floor,
        wanted,
        check: Check::Same,
    };
    vec![
        scenario("get", "REST get by id", gets(fixture), floor_gets(fixture), Some(2.0)),
        scenario("find20", "REST find 20", find(Some(VIEWS / 2), 20, ""), floor_20, None),
        scenario("find100", "REST find 100", find(None, 100, ""), floor_100, Some(2.0)),
        scenario(
            "include100",
            "REST find 100 with include",
            find(None, 100, "&include=author"),
            floor_include,
            None,
        ),
    ]
}

fn floor_gets(fixture: &Fixture) -> Requests {
    requests(
        fixture.posts.iter().map(|id| request(Caller::Public, "GET", &format!("/posts/{id}"), "")),
    )
}

/// Find 20, find 100, find 100 with authors.
fn floor_finds() -> [Requests; 3] {
    let find = |views: usize, limit: usize, include: &'static str| {
        requests((0..CATEGORIES).map(move |at| {
            let category = fixture::category(at);
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

fn writes(fixture: &Fixture) -> Vec<Scenario> {
    let authors = ["unknown001".to_owned(), "unknown002".to_owned()];
    let entry = |at: usize| fixture::post(at, &authors);
    let creates = |target: &str| {
        requests((0..100).map(|at| request(Caller::Public, "POST", target, &entry(at).to_string())))
    };
    let batch = fixture::batch("Entry", (0..50).map(entry)).to_string();
    let batches =
        |target: &str| requests(std::iter::once(request(Caller::Public, "POST", target, &batch)));
    let body = json!({ "n": { "__op": "Increment", "amount": 1 } }).to_string();
    let updates = |base: &str| {
        requests(
            fixture
                .counters
                .iter()
                .map(|id| request(Caller::Public, "PUT", &format!("{base}/{id}"), &body)),
        )
    };
    let scenario = |name, title, server, floor| Scenario {
        name,
        title,
        server,
        floor,
        wanted: None,
        check: Check::Good,
    };
    vec![
        scenario("create", "REST create", creates("/parse/classes/Entry"), creates("/entries")),
        scenario(
            "update",
            "REST update, Increment",
            updates("/parse/classes/Counter"),
            updates("/counters"),
        ),
        scenario(
            "batch",
            "REST batch of 50 creates",
            batches("/parse/batch"),
            batches("/entries/batch"),
        ),
    ]
}

fn over_graphql(fixture: &Fixture) -> Vec<Scenario> {
    let [_, _, floor_include] = floor_finds();
    let finds = (0..CATEGORIES).map(|at| {
        graphql(Caller::Public, GRAPHQL_FIND, &json!({ "category": fixture::category(at) }))
    });
    let authors = ["unknown001".to_owned(), "unknown002".to_owned()];
    let creates = (0..100).map(|at| {
        graphql(
            Caller::Public,
            GRAPHQL_CREATE,
            &json!({ "input": { "fields": graphql_fields(fixture::post(at, &authors)) } }),
        )
    });
    let floor_creates = (0..100).map(|at| {
        request(Caller::Public, "POST", "/entries", &fixture::post(at, &authors).to_string())
    });
    let scenario = |name, title, server, floor| Scenario {
        name,
        title,
        server,
        floor,
        wanted: None,
        check: Check::GraphQl(""),
    };
    let get =
        scenario("graphql-get", "GraphQL get by id", graphql_gets(fixture), floor_gets(fixture));
    let find =
        scenario("graphql-find100", "GraphQL find 100 with author", requests(finds), floor_include);
    let create =
        scenario("graphql-create", "GraphQL create", requests(creates), requests(floor_creates));
    vec![
        Scenario { wanted: Some(3.0), check: Check::GraphQl("/post/objectId"), ..get },
        Scenario { check: Check::GraphQl("/posts/edges/99/node/author/name"), ..find },
        Scenario { check: Check::GraphQl("/createEntry/entry/objectId"), ..create },
    ]
}

/// The fields of a post as GraphQL takes them.
fn graphql_fields(mut post: Value) -> Value {
    post["publishedAt"] = post["publishedAt"]["iso"].take();
    post["author"] = json!({ "link": post["author"]["objectId"].take() });
    post
}
