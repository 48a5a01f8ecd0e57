//! What is asked of all servers, and what is wanted.

use serde_json::json;

use crate::driver::data::{self, CATEGORIES, VIEWS};
use crate::driver::load::Requests;
use crate::driver::requests::{self, requests};
use crate::driver::wire::{Caller, escape, request, with_session};
use crate::fixture::{self, Fixture, PASSWORD, TOPICS, USER};

/// The names of all scenarios, by which they are chosen.
pub(crate) const NAMES: [&str; 12] = [
    "get",
    "find20",
    "include100",
    "create",
    "update",
    "batch",
    "login",
    "roles",
    "graphql-get",
    "graphql-find100",
    "graphql-create",
    "aggregate",
];

/// A kind of request.
#[derive(Debug)]
pub(crate) struct Scenario {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it is.
    pub(crate) title: &'static str,
    /// The requests to both servers.
    pub(crate) requests: Requests,
    /// The requests to the floor, if it can do that.
    pub(crate) floor: Option<Requests>,
    /// How many times this server's CPU time the original must need.
    pub(crate) wanted: f64,
    /// How many times this server's CPU time in the database the original must need.
    pub(crate) wanted_of_database: Option<f64>,
    /// What must be true of the first answers.
    pub(crate) check: Check,
}

/// How the first answers are checked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Check {
    /// All say the same, rows in any order.
    Same,
    /// Answers hold new ids and times; their status is enough.
    Good,
    /// The answer has this at a JSON pointer below `data`, and no errors.
    GraphQl(&'static str),
}

/// All scenarios.
pub(crate) fn all(fixture: &Fixture) -> Vec<Scenario> {
    let mut all = over_rest(fixture);
    all.extend(as_somebody(fixture));
    all.extend(over_graphql(fixture));
    all.push(aggregate());
    all
}

fn over_rest(fixture: &Fixture) -> Vec<Scenario> {
    let ids = &fixture.ids;
    let [floor_get, floor_find, floor_include] = floor_reads(fixture);
    let read = |name, title, requests, floor, wanted| Scenario {
        name,
        title,
        requests,
        floor: Some(floor),
        wanted,
        wanted_of_database: None,
        check: Check::Same,
    };
    let write = |name, title, requests, floor, wanted| Scenario {
        check: Check::Good,
        ..read(name, title, requests, floor, wanted)
    };
    let least = Some(VIEWS / 2);
    let [create, batch] = ["/parse/classes/Entry", "/parse/batch"];
    let update = requests::updates(ids, "/parse/classes/Counter");
    let batch = write(
        "batch",
        "batch of 50 creates",
        requests::batches(batch),
        requests::batches("/entries/batch"),
        15.0,
    );
    vec![
        read("get", "get by id", requests::gets(ids), floor_get, 20.0),
        read("find20", "find 20", requests::finds(least, 20, ""), floor_find, 15.0),
        read(
            "include100",
            "find 100 with include",
            requests::finds(None, 100, "&include=author"),
            floor_include,
            15.0,
        ),
        write("create", "create", requests::creates(create), requests::creates("/entries"), 12.0),
        write("update", "update, Increment", update, requests::updates(ids, "/counters"), 12.0),
        Scenario { wanted_of_database: Some(5.0), ..batch },
    ]
}

/// By id, find 20, find 100 with authors.
fn floor_reads(fixture: &Fixture) -> [Requests; 3] {
    let get = |id: &String| request(Caller::Public, "GET", &format!("/posts/{id}"), "");
    let find = |views: usize, limit: usize, include: &'static str| {
        requests((0..CATEGORIES).map(move |at| {
            let category = data::category(at);
            let target = format!("/posts?category={category}&views={views}&limit={limit}{include}");
            request(Caller::Public, "GET", &target, "")
        }))
    };
    [
        requests(fixture.ids.posts.iter().map(get)),
        find(VIEWS / 2, 20, ""),
        find(0, 100, "&include=author"),
    ]
}

fn as_somebody(fixture: &Fixture) -> Vec<Scenario> {
    let log_in = json!({ "username": USER, "password": PASSWORD }).to_string();
    let find = |at: usize| {
        let filter = escape(&json!({ "topic": fixture::topic(at) }).to_string());
        let target = format!("/parse/classes/Note?where={filter}&order=-size&limit=20");
        with_session(&request(Caller::Public, "GET", &target, ""), &fixture.session)
    };
    let scenario = |name, title, requests, wanted, check| Scenario {
        name,
        title,
        requests,
        floor: None,
        wanted,
        wanted_of_database: None,
        check,
    };
    let log_in = std::iter::once(request(Caller::Public, "POST", "/parse/login", &log_in));
    let finds = requests((0..TOPICS).map(find));
    vec![
        scenario("login", "log in", requests(log_in), 1.2, Check::Good),
        scenario("roles", "find 20 as a user in 3 roles", finds, 10.0, Check::Same),
    ]
}

fn over_graphql(fixture: &Fixture) -> Vec<Scenario> {
    let scenario = |name, title, requests, wanted, check| Scenario {
        name,
        title,
        requests,
        floor: None,
        wanted,
        wanted_of_database: None,
        check,
    };
    let (gets, finds) = (requests::graphql_gets(&fixture.ids), requests::graphql_finds());
    let creates = requests::graphql_creates();
    let created = Check::GraphQl("/createEntry/entry/objectId");
    vec![
        scenario("graphql-get", "GraphQL get by id", gets, 20.0, Check::Same),
        scenario("graphql-find100", "GraphQL find 100 with author", finds, 15.0, Check::Same),
        scenario("graphql-create", "GraphQL create", creates, 12.0, created),
    ]
}

fn aggregate() -> Scenario {
    let group = |at: usize| {
        let sums =
            json!({ "_id": "$published", "count": { "$sum": 1 }, "views": { "$sum": "$views" } });
        let pipeline =
            json!([{ "$match": { "category": data::category(at) } }, { "$group": sums }]);
        let target = format!("/parse/aggregate/Post?pipeline={}", escape(&pipeline.to_string()));
        request(Caller::Master, "GET", &target, "")
    };
    Scenario {
        name: "aggregate",
        title: "aggregate, group by",
        requests: requests((0..CATEGORIES).map(group)),
        floor: None,
        wanted: 5.0,
        wanted_of_database: None,
        check: Check::Same,
    }
}
