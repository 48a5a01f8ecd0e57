//! Guessing hidden values: a field that a caller may not read can not be used in a question, at any nesting.

use serde_json::{Value, json};

use crate::support::{Caller, TestServer, add_relation, open_but_hiding, pointer};

const SECRET: &str = "s3cret-value";
const HIDDEN: [&str; 6] = ["secret", "inside", "many", "points", "related", "number"];

/// Three documents whose hidden fields hold the secret; `Open` points to them.
struct Vault {
    server: TestServer,
    id: String,
}

impl Vault {
    fn new() -> Self {
        Self::with(&json!({}))
    }

    fn with(options: &Value) -> Self {
        let server = TestServer::with(options);
        let fields = json!({
            "title": {"type": "String"}, "secret": {"type": "String"}, "inside": {"type": "Object"},
            "many": {"type": "Array"}, "points": {"type": "Pointer", "targetClass": "Doc"},
            "related": {"type": "Relation", "targetClass": "Doc"}, "number": {"type": "Number"},
            "next": {"type": "Pointer", "targetClass": "Doc"}, "list": {"type": "Array"},
        });
        server.class_with("Doc", &fields, &open_but_hiding(&HIDDEN));
        let master = server.master();
        let first = master.create("Doc", &json!({"title": "one", "secret": "one", "number": 1}));
        let secrets = json!({
            "title": "two", "secret": SECRET, "inside": {"key": SECRET}, "many": [SECRET], "number": 424_242,
            "points": pointer("Doc", &first), "related": add_relation("Doc", &[&first]),
            "next": pointer("Doc", &first), "list": [pointer("Doc", &first)],
        });
        let id = master.create("Doc", &secrets);
        master.create("Doc", &json!({"title": SECRET, "number": 3}));
        server.class(
            "Open",
            &json!({"doc": {"type": "Pointer", "targetClass": "Doc"}, "word": {"type": "String"}}),
        );
        master.create("Open", &json!({"doc": pointer("Doc", &id), "word": SECRET}));
        Self { server, id }
    }

    fn public(&self) -> Caller {
        self.server.public()
    }

    /// Conditions that would tell something of a hidden field.
    fn guesses(&self) -> Vec<Value> {
        let direct = json!({"secret": {"$regex": "^s3"}});
        vec![
            json!({"secret": SECRET}),
            json!({"secret": {"$gt": "s3"}}),
            json!({"secret": {"$exists": true}}),
            json!({"secret": {"$ne": null}}),
            json!({"secret": null}),
            json!({"secret": {"$in": [SECRET]}}),
            json!({"secret": {"$nin": [SECRET]}}),
            json!({"secret": {"$text": {"$search": {"$term": SECRET}}}}),
            json!({"secret": {"$not": {"$regex": "^s3"}}}),
            json!({"secret": {"$select": {"query": {"className": "Open", "where": {}}, "key": "word"}}}),
            json!({"inside.key": SECRET}),
            json!({"inside.key": {"$exists": true}}),
            json!({"many": SECRET}),
            json!({"many.0": SECRET}),
            json!({"many": {"$all": [SECRET]}}),
            json!({"points": pointer("Doc", &self.id)}),
            json!({"points": {"$inQuery": {"className": "Doc", "where": {"title": "one"}}}}),
            json!({"related": pointer("Doc", &self.id)}),
            json!({"related": {"$inQuery": {"className": "Doc", "where": {"title": "one"}}}}),
            json!({"$or": [{"title": "one"}, direct]}),
            json!({"$and": [{"title": "one"}, direct]}),
            json!({"$nor": [direct]}),
            json!({"$or": [{"$and": [{"$nor": [{"inside.key": {"$gt": "s"}}]}]}]}),
            json!({"title": "no such title", "secret": SECRET}),
        ]
    }
}

#[test]
fn where_on_a_hidden_field() {
    let vault = Vault::new();
    for guess in vault.guesses() {
        vault.public().find("Doc", &json!({"where": guess})).is_refused_with(&[119]);
        vault.public().find_by_post("Doc", &json!({"where": guess})).is_refused_with(&[119]);
    }
}

#[test]
fn counting_by_a_hidden_field() {
    let vault = Vault::new();
    for guess in vault.guesses() {
        vault
            .public()
            .find("Doc", &json!({"where": guess, "count": 1, "limit": 0}))
            .is_refused_with(&[119]);
    }
}

#[test]
fn a_hidden_field_in_a_query_inside_a_query() {
    let vault = Vault::new();
    for guess in vault.guesses() {
        let query = json!({"className": "Doc", "where": guess});
        for outer in [
            json!({"doc": {"$inQuery": query}}),
            json!({"doc": {"$notInQuery": query}}),
            json!({"word": {"$select": {"query": query, "key": "title"}}}),
            json!({"word": {"$dontSelect": {"query": query, "key": "title"}}}),
            json!({"$or": [{"doc": {"$inQuery": query}}]}),
            json!({"doc": {"$inQuery": {"className": "Doc", "where": {"next": {"$inQuery": query}}}}}),
            json!({"doc": {"$not": {"$inQuery": query}}}),
        ] {
            vault.public().find("Open", &json!({"where": outer})).is_refused_with(&[119]);
        }
    }
}

#[test]
fn a_hidden_field_as_the_key_of_a_select() {
    let vault = Vault::new();
    for key in ["secret", "inside.key", "many"] {
        let query = json!({"query": {"className": "Doc", "where": {}}, "key": key});
        let found = vault.public().find("Open", &json!({"where": {"word": {"$select": query}}}));
        assert!(found.code() == Some(119) || found.results().is_empty(), "{found}");
        let found =
            vault.public().find("Open", &json!({"where": {"word": {"$dontSelect": query}}}));
        assert!(found.code() == Some(119) || found.results().len() == 1, "{found}");
    }
}

#[test]
fn order_by_a_hidden_field() {
    let vault = Vault::new();
    for order in [
        "secret",
        "-secret",
        "title,secret",
        "inside.key",
        "-inside.key",
        "number",
        "points",
        "many",
    ] {
        vault.public().find("Doc", &json!({"order": order})).is_refused_with(&[119]);
        let query = json!({"className": "Doc", "where": {}, "order": order, "limit": 1});
        vault
            .public()
            .find("Open", &json!({"where": {"doc": {"$inQuery": query}}}))
            .is_refused_with(&[119]);
    }
}

#[test]
fn hidden_fields_are_in_no_answer() {
    let vault = Vault::new();
    let public = vault.public();
    let two = json!({"title": "two"});
    for keys in [
        "secret",
        "inside",
        "inside.key",
        "many",
        "number",
        "points",
        "title,secret",
        "next.secret",
        "list.secret",
    ] {
        public
            .find("Doc", &json!({"where": two, "keys": keys}))
            .is(200)
            .hides(SECRET)
            .hides("424242")
            .hides("points");
        public
            .ask(&format!("/classes/Doc/{}", vault.id), &json!({"keys": keys}))
            .is(200)
            .hides(SECRET)
            .hides("424242");
        public.find("Open", &json!({"keys": format!("doc.{keys}")})).is(200).hides("424242");
    }
    for parameters in [
        json!({}),
        json!({"excludeKeys": "title"}),
        json!({"includeAll": true}),
        json!({"include": "*"}),
    ] {
        let mut asked = parameters;
        asked["where"] = two.clone();
        public.find("Doc", &asked).is(200).hides(SECRET).hides("424242").hides("related");
    }
}

#[test]
fn hidden_pointers_are_not_followed() {
    let vault = Vault::new();
    for include in ["points", "points.points", "next.points", "list.points"] {
        let found = vault
            .public()
            .find("Doc", &json!({"where": {"title": "two"}, "include": include}))
            .is(200);
        found.hides(SECRET).hides("points").hides("424242");
    }
    let found = vault
        .public()
        .find("Open", &json!({"include": "doc.next,doc.points", "keys": "doc"}))
        .is(200);
    assert_eq!(found.results()[0]["doc"]["next"]["title"], "one");
    found.hides(SECRET).hides("points").hides("424242");
}

#[test]
fn answers_of_writes_hide_them_too() {
    let vault = Vault::new();
    let path = format!("/classes/Doc/{}", vault.id);
    for change in [
        json!({"number": {"__op": "Increment", "amount": 0}}),
        json!({"many": {"__op": "AddUnique", "objects": []}}),
        json!({"many": {"__op": "Add", "objects": ["x"]}}),
        json!({"many": {"__op": "Remove", "objects": ["x"]}}),
        json!({"title": "two"}),
    ] {
        vault.public().put(&path, &change).is(200).hides(SECRET).hides("424242");
    }
}

#[test]
fn answers_of_creates_hide_defaults() {
    for (options, is_told) in
        [(json!({}), false), (json!({"protectedFieldsSaveResponseExempt": true}), true)]
    {
        let server = TestServer::with(&options);
        let fields = json!({
            "open": {"type": "String", "defaultValue": "open"},
            "secret": {"type": "String", "defaultValue": "hidden"},
        });
        server.class_with("Plan", &fields, &open_but_hiding(&["secret"]));
        let body = server.public().post("/classes/Plan", &json!({})).is(201).json();
        assert_eq!(body["open"], "open");
        assert_eq!(body.get("secret").is_some(), is_told, "{options}");
    }
}

#[test]
fn aggregations_are_for_the_master_key() {
    let vault = Vault::new();
    vault.public().ask("/aggregate/Doc", &json!({"distinct": "secret"})).is(403).hides(SECRET);
    let pipeline = json!({"pipeline": [{"$group": {"_id": "$secret"}}]});
    vault.public().ask("/aggregate/Doc", &pipeline).is(403).hides(SECRET);
    vault
        .public()
        .post("/aggregate/Doc", &json!({"_method": "GET", "distinct": "secret"}))
        .is(403)
        .hides(SECRET);
}

#[test]
fn query_plans_are_no_oracle() {
    let vault = Vault::with(&json!({"databaseOptions": {"allowPublicExplain": true}}));
    for guess in vault.guesses() {
        vault
            .public()
            .find("Doc", &json!({"where": guess, "explain": true}))
            .is_refused_with(&[119]);
    }
    vault
        .public()
        .find("Doc", &json!({"order": "secret", "explain": true}))
        .is_refused_with(&[119]);
    let closed = Vault::new();
    closed.public().find("Doc", &json!({"explain": true})).is_refused_with(&[102]);
}

#[test]
fn the_options_hide_fields_as_classes_do() {
    let vault = Vault::with(&json!({"protectedFields": {"Open": {"*": ["word"]}}}));
    let public = vault.public();
    public.find("Open", &json!({})).is(200).hides(SECRET);
    public.find("Open", &json!({"where": {"word": {"$regex": "^s"}}})).is_refused_with(&[119]);
    public.find("Open", &json!({"order": "word"})).is_refused_with(&[119]);
    public.graphql("{ opens { edges { node { word } } } }").hides(SECRET);
}

#[test]
fn where_of_graphql_on_a_hidden_field() {
    let vault = Vault::new();
    for guess in [
        "{secret: {equalTo: \"x\"}}",
        "{secret: {matchesRegex: \"^s\"}}",
        "{secret: {exists: true}}",
        "{secret: {inQueryKey: {key: \"word\", query: {className: \"Open\", where: {}}}}}",
        "{inside: {equalTo: {key: \"key\", value: \"x\"}}}",
        "{many: {contains: [\"x\"]}}",
        "{points: {have: {title: {equalTo: \"one\"}}}}",
        "{points: {exists: true}}",
        "{related: {have: {title: {equalTo: \"one\"}}}}",
        "{related: {exists: true}}",
        "{OR: [{title: {equalTo: \"one\"}}, {secret: {equalTo: \"x\"}}]}",
        "{AND: [{NOR: [{OR: [{secret: {equalTo: \"x\"}}]}]}]}",
        "{next: {have: {secret: {equalTo: \"x\"}}}}",
        "{next: {haveNot: {next: {have: {secret: {equalTo: \"x\"}}}}}}",
        "{title: {inQueryKey: {key: \"title\", query: {className: \"Doc\", where: {secret: \"x\"}}}}}",
    ] {
        vault
            .public()
            .graphql(&format!("{{ docs(where: {guess}) {{ count }} }}"))
            .is_refused_with(&[119]);
        vault
            .public()
            .graphql(&format!("{{ docs(where: {guess}) {{ edges {{ node {{ id }} }} }} }}"))
            .is_refused_with(&[119]);
        let nested = format!("{{ opens(where: {{doc: {{have: {guess}}}}}) {{ count }} }}");
        vault.public().graphql(&nested).is_refused_with(&[119]);
    }
}

#[test]
fn order_of_graphql_by_a_hidden_field() {
    let vault = Vault::new();
    for order in ["[secret_ASC]", "[title_ASC, secret_DESC]", "[number_DESC]"] {
        vault
            .public()
            .graphql(&format!("{{ docs(order: {order}) {{ edges {{ node {{ id }} }} }} }}"))
            .is_refused_with(&[119]);
    }
}

#[test]
fn graphql_answers_hide_them() {
    let vault = Vault::new();
    let public = vault.public();
    let hidden = "secret inside number points { title } many { ... on Element { value } } related { count edges { node { title } } }";
    let of = |root: &str| public.graphql(&root.replace("HIDDEN", hidden));
    for answer in [
        of("{ docs { edges { node { title next { HIDDEN } HIDDEN } } } }"),
        of(&format!("{{ doc(id: \"{}\") {{ HIDDEN }} }}", vault.id)),
        of("{ opens { edges { node { doc { HIDDEN next { HIDDEN } } } } } }"),
        of(&format!(
            "mutation {{ updateDoc(input: {{id: \"{}\", fields: {{list: []}}}}) {{ doc {{ HIDDEN }} }} }}",
            vault.id
        )),
        of(&format!(
            "mutation {{ deleteDoc(input: {{id: \"{}\"}}) {{ doc {{ HIDDEN }} }} }}",
            vault.id
        )),
    ] {
        let text = answer.text().replace("\"title\":\"s3cret-value\"", "");
        assert!(
            !text.contains(SECRET) && !text.contains("424242") && !text.contains("\"count\":1"),
            "{answer}"
        );
    }
}
