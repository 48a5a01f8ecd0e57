//! What is asked of a server.

use std::sync::Arc;

use serde_json::{Value, json};

use super::data::{self, CATEGORIES, Ids};
use super::load::Requests;
use super::wire::{Caller, escape, graphql, request};

const GRAPHQL_GET: &str = "query Get($id: ID!) { post(id: $id) { \
    objectId createdAt updatedAt title text category views published publishedAt tags { ... on Element { value } } } }";
const GRAPHQL_FIND: &str = "query Find($category: String!) { \
    posts(where: { category: { equalTo: $category } }, order: [views_DESC], first: 100) { edges { node { \
    objectId createdAt updatedAt title text category views published publishedAt tags { ... on Element { value } } \
    author { objectId name city age } } } } }";
const GRAPHQL_CREATE: &str = "mutation Create($input: CreateEntryInput!) { createEntry(input: $input) { entry { objectId createdAt } } }";

/// Requests that are sent in turn.
pub(crate) fn requests(all: impl Iterator<Item = Vec<u8>>) -> Requests {
    Arc::from(all.collect::<Vec<_>>())
}

/// Reads a post by its id.
pub(crate) fn gets(ids: &Ids) -> Requests {
    let target = |id: &String| format!("/parse/classes/Post/{id}");
    requests(ids.posts.iter().map(|id| request(Caller::Public, "GET", &target(id), "")))
}

/// Finds posts of a category with at least so many views.
pub(crate) fn finds(least: Option<usize>, limit: usize, include: &'static str) -> Requests {
    requests((0..CATEGORIES).map(move |at| {
        let mut filter = json!({ "category": data::category(at) });
        if let Some(least) = least {
            filter["views"] = json!({ "$gte": least });
        }
        let filter = escape(&filter.to_string());
        let target =
            format!("/parse/classes/Post?where={filter}&order=-views&limit={limit}{include}");
        request(Caller::Public, "GET", &target, "")
    }))
}

/// Creates an entry.
pub(crate) fn creates(target: &str) -> Requests {
    requests((0..100).map(|at| request(Caller::Public, "POST", target, &entry(at).to_string())))
}

/// Creates fifty entries in a batch.
pub(crate) fn batches(target: &str) -> Requests {
    let batch = data::batch("Entry", (0..50).map(entry)).to_string();
    requests(std::iter::once(request(Caller::Public, "POST", target, &batch)))
}

/// Increments a counter.
pub(crate) fn updates(ids: &Ids, base: &str) -> Requests {
    let body = json!({ "n": { "__op": "Increment", "amount": 1 } }).to_string();
    let target = |id: &String| format!("{base}/{id}");
    requests(ids.counters.iter().map(|id| request(Caller::Public, "PUT", &target(id), &body)))
}

/// Reads a post by its id over GraphQL.
pub(crate) fn graphql_gets(ids: &Ids) -> Requests {
    let get = |id: &String| graphql(Caller::Public, GRAPHQL_GET, &json!({ "id": id }));
    requests(ids.posts.iter().map(get))
}

/// Finds 100 posts with their authors over GraphQL.
pub(crate) fn graphql_finds() -> Requests {
    let find = |at: usize| {
        graphql(Caller::Public, GRAPHQL_FIND, &json!({ "category": data::category(at) }))
    };
    requests((0..CATEGORIES).map(find))
}

/// Creates an entry over GraphQL.
pub(crate) fn graphql_creates() -> Requests {
    let create = |at: usize| {
        let input = json!({ "input": { "fields": graphql_fields(entry(at)) } });
        graphql(Caller::Public, GRAPHQL_CREATE, &input)
    };
    requests((0..100).map(create))
}

fn entry(at: usize) -> Value {
    data::post(at, &["unknown001".to_owned(), "unknown002".to_owned()])
}

/// The fields of a post as GraphQL takes them.
fn graphql_fields(mut post: Value) -> Value {
    post["publishedAt"] = post["publishedAt"]["iso"].take();
    post["author"] = json!({ "link": post["author"]["objectId"].take() });
    post
}
