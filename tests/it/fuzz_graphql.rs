//! Random GraphQL documents, the same in every run: none makes the server fail or drop the connection.

use serde_json::json;

use crate::support::arbitrary::value;
use crate::support::{Random, things};

/// A literal of GraphQL.
fn literal(random: &mut Random, depth: usize) -> String {
    match random.below(if depth == 0 { 7 } else { 10 }) {
        0 => "null".to_owned(),
        1 => "true".to_owned(),
        2 => format!("{}", random.pick(&[0, 1, -1, 100, 2_147_483_647, -2_147_483_648])),
        3 => "1.5e3".to_owned(),
        4 => random.pick(&["s_ASC", "nope", "PRIMARY"]).to_owned(),
        5 => "$v".to_owned(),
        6 => format!(
            "\"{}\"",
            random.pick(&["", "x", "text", "\\u0000", "VGhpbmc6eA==", "2020-01-01T00:00:00.000Z"])
        ),
        7 => format!(
            "[{}]",
            (0..random.below(3)).map(|_| literal(random, depth - 1)).collect::<Vec<_>>().join(", ")
        ),
        _ => {
            let names = [
                "s",
                "n",
                "o",
                "p",
                "r",
                "a",
                "g",
                "equalTo",
                "in",
                "have",
                "exists",
                "OR",
                "AND",
                "link",
                "add",
                "createAndLink",
                "key",
                "value",
                "latitude",
                "fields",
                "id",
            ];
            let members = (0..=random.below(2))
                .map(|_| format!("{}: {}", random.pick(&names), literal(random, depth - 1)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
    }
}

fn selection(random: &mut Random, depth: usize) -> String {
    let mut fields = Vec::new();
    for _ in 0..=random.below(3) {
        let inner = |random: &mut Random| {
            if depth == 0 { "{ id }".to_owned() } else { selection(random, depth - 1) }
        };
        fields.push(match random.below(10) {
            0 => format!("p {}", inner(random)),
            1 => format!(
                "r(first: {}) {{ count edges {{ node {} }} }}",
                literal(random, 0),
                inner(random)
            ),
            2 => format!("x{}: s", random.below(3)),
            3 => format!("... on Thing {}", inner(random)),
            4 => "...F".to_owned(),
            5 => "a { ... on Element { value } }".to_owned(),
            6 => "g { latitude } ACL { public { read } }".to_owned(),
            _ => random
                .pick(&[
                    "id",
                    "objectId",
                    "s",
                    "n",
                    "b",
                    "d",
                    "o",
                    "z",
                    "f { url }",
                    "y { latitude }",
                    "__typename",
                    "nope",
                ])
                .to_owned(),
        });
    }
    format!("{{ {} }}", fields.join(" "))
}

fn document(random: &mut Random, id: &str) -> String {
    let chosen = selection(random, 3);
    let operation = match random.below(8) {
        0 => format!("things(where: {}) {{ count edges {{ node {chosen} }} }}", literal(random, 4)),
        1 => format!(
            "things(first: {}, skip: {}, order: [s_ASC, n_DESC]) {{ edges {{ cursor node {chosen} }} }}",
            literal(random, 0),
            literal(random, 0)
        ),
        2 => format!(
            "things(last: 2, before: {}) {{ pageInfo {{ hasNextPage }} }}",
            literal(random, 0)
        ),
        3 => format!("thing(id: \"{id}\") {chosen}"),
        4 => format!("node(id: {}) {{ id ... on Thing {chosen} }}", literal(random, 0)),
        5 => format!("createThing(input: {{fields: {}}}) {{ thing {chosen} }}", literal(random, 4)),
        6 => format!(
            "updateThing(input: {{id: \"{id}\", fields: {}}}) {{ thing {chosen} }}",
            literal(random, 4)
        ),
        _ => format!(
            "{}(id: {}) {chosen}",
            random.pick(&["things", "thing", "class", "nope"]),
            literal(random, 2)
        ),
    };
    let kind = if operation.contains("Thing(") { "mutation" } else { "query" };
    let kinds =
        ["Int", "String", "ID!", "ThingWhereInput", "CreateThingFieldsInput", "[Any]", "Nope"];
    let mut text = format!(
        "{kind} Q($v: {} = {}) {{ {operation} }} fragment F on Thing {{ s p {{ id }} }}",
        random.pick(&kinds),
        literal(random, 1)
    );
    if random.once_in(6) {
        let at = random.below(text.len());
        text.replace_range(
            at..=at,
            random.pick(&["{", "}", "(", "$", "\"", "@", "...", "", " ", "0"]),
        );
    }
    text
}

#[test]
fn random_documents() {
    let (server, id) = things();
    let mut random = Random::new(5);
    let callers = [server.public(), server.master()];
    for round in 0..2_000 {
        let text = document(&mut random, &id);
        let variables = if random.once_in(2) {
            json!({"v": value(&mut random, 3)})
        } else {
            value(&mut random, 1)
        };
        let body = json!({"query": text, "variables": variables});
        callers[usize::from(round % 4 == 0)].send(
            "POST",
            "/graphql",
            Some(body.to_string().as_bytes()),
        );
    }
    callers[1].get("/schemas").is(200);
}
