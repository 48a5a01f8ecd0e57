//! Limits on one request hold on every path to it: for lists, batches, nested queries and GraphQL.

use serde_json::{Value, json};

use crate::support::{Answer, TestServer, pointer};

/// A class whose objects point to themselves.
fn server(options: &Value) -> TestServer {
    let server = TestServer::with(options);
    let fields = json!({
        "s": {"type": "String"}, "p": {"type": "Pointer", "targetClass": "Link"},
        "r": {"type": "Relation", "targetClass": "Link"}, "o": {"type": "Object"}, "l": {"type": "Array"},
    });
    server.class("Link", &fields);
    server
}

fn refused_by_limit(answer: &Answer) {
    assert!(answer.is_refusal(), "not refused: {answer}");
    assert!(
        answer.text().contains("xceed")
            || answer.text().contains("deep")
            || answer.text().contains("not allowed"),
        "{answer}"
    );
}

fn repeated(part: &str, times: usize, between: &str) -> String {
    vec![part; times].join(between)
}

/// `$inQuery` inside of `$inQuery`, so many times.
fn nested_queries(depth: usize) -> Value {
    (0..depth).fold(
        json!({"s": "x"}),
        |inner, _| json!({"p": {"$inQuery": {"className": "Link", "where": inner}}}),
    )
}

#[test]
fn entries_of_a_batch() {
    let server = server(&json!({}));
    let requests = |count: usize| json!({"requests": vec![json!({"method": "GET", "path": "/parse/classes/Link"}); count]});
    server.public().post("/batch", &requests(100)).is(200);
    refused_by_limit(&server.public().post("/batch", &requests(101)));
    let mut in_transaction = requests(101);
    in_transaction["transaction"] = json!(true);
    refused_by_limit(&server.public().post("/batch", &in_transaction));
    server.master().post("/batch", &requests(150)).is(200);
}

#[test]
fn depth_and_number_of_includes() {
    let server = server(&json!({}));
    let (deep, too_deep) = (repeated("p", 10, "."), repeated("p", 11, "."));
    let public = server.public();
    public.find("Link", &json!({"include": deep})).is(200);
    refused_by_limit(&public.find("Link", &json!({"include": too_deep})));
    refused_by_limit(&public.find_by_post("Link", &json!({"include": too_deep})));
    refused_by_limit(&public.find("Link", &json!({"include": format!("s,{too_deep}")})));
    refused_by_limit(&public.ask("/classes/Link/x", &json!({"include": too_deep})));
    let many: Vec<String> = (0..101).map(|at| format!("f{at}")).collect();
    refused_by_limit(&public.find("Link", &json!({"include": many.join(",")})));
    let batch = json!({"requests": [{"method": "GET", "path": "/parse/classes/Link", "body": {"include": too_deep}}]});
    assert_eq!(public.post("/batch", &batch).is(200).json()[0]["error"]["code"], 102);
    server.master().find("Link", &json!({"include": too_deep})).is(200);
}

#[test]
fn keys_that_include_count_as_includes() {
    let server = server(&json!({}));
    let too_deep = repeated("p", 12, ".");
    refused_by_limit(&server.public().find("Link", &json!({"keys": too_deep})));
    refused_by_limit(&server.public().ask("/classes/Link/x", &json!({"keys": too_deep})));
    let many: Vec<String> = (0..150).map(|at| format!("f{at}.x")).collect();
    refused_by_limit(&server.public().find("Link", &json!({"keys": many.join(",")})));
}

#[test]
fn depth_of_conditions() {
    let server = server(&json!({}));
    for operator in ["$or", "$and", "$nor"] {
        let nested = |depth: usize| {
            (0..depth).fold(json!({"s": "x"}), |inner, _| json!({operator: [inner, {"s": "y"}]}))
        };
        server.public().find("Link", &json!({"where": nested(9)})).is(200);
        for filter in
            [nested(12), json!({"p": {"$inQuery": {"className": "Link", "where": nested(12)}}})]
        {
            refused_by_limit(&server.public().find("Link", &json!({"where": filter})));
            refused_by_limit(
                &server.public().find("Link", &json!({"where": filter, "count": 1, "limit": 0})),
            );
        }
        server.master().find("Link", &json!({"where": nested(12)})).is(200);
    }
}

#[test]
fn depth_of_queries_inside_of_queries() {
    let server = server(&json!({}));
    let public = server.public();
    public.find("Link", &json!({"where": nested_queries(10)})).is(200);
    refused_by_limit(&public.find("Link", &json!({"where": nested_queries(11)})));
    refused_by_limit(&public.find("Link", &json!({"where": {"$or": [nested_queries(11)]}})));
    server.master().find("Link", &json!({"where": nested_queries(11)})).is(200);
    let strict = self::server(&json!({"requestComplexity": {"subqueryDepth": 1}}));
    let select = |query: Value| json!({"s": {"$select": {"query": {"className": "Link", "where": query}, "key": "s"}}});
    let select = select(select(json!({})));
    refused_by_limit(&strict.public().find("Link", &json!({"where": select})));
}

#[test]
fn a_negation_does_not_hide_depth() {
    let server = server(&json!({"requestComplexity": {"subqueryDepth": 2}}));
    let nested = |depth: usize| {
        (0..depth).fold(
            json!({"s": "x"}),
            |inner, _| json!({"p": {"$not": {"$inQuery": {"className": "Link", "where": inner}}}}),
        )
    };
    server.public().find("Link", &json!({"where": nested(2)})).is(200);
    refused_by_limit(&server.public().find("Link", &json!({"where": nested(3)})));
}

#[test]
fn nested_queries_of_graphql() {
    let server = server(&json!({"requestComplexity": {"subqueryDepth": 2}}));
    let nested = |operator: &str, depth: usize| {
        (0..depth).fold("{s: {equalTo: \"x\"}}".to_owned(), |inner, _| {
            format!("{{p: {{{operator}: {inner}}}}}")
        })
    };
    for operator in ["have", "haveNot"] {
        let ask = |depth: usize| {
            server
                .public()
                .graphql(&format!("{{ links(where: {}) {{ count }} }}", nested(operator, depth)))
        };
        ask(2).data("/links/count");
        refused_by_limit(&ask(3));
        let in_relation = format!(
            "{{ links {{ edges {{ node {{ r(where: {}) {{ count }} }} }} }} }}",
            nested(operator, 3)
        );
        server.master().create("Link", &json!({"s": "x"}));
        refused_by_limit(&server.public().graphql(&in_relation));
    }
    let conditions =
        (0..12).fold("{s: {equalTo: \"x\"}}".to_owned(), |inner, _| format!("{{OR: [{inner}]}}"));
    refused_by_limit(
        &server.public().graphql(&format!("{{ links(where: {conditions}) {{ count }} }}")),
    );
}

#[test]
fn depth_and_fields_of_graphql() {
    let server = server(&json!({}));
    let nested =
        |depth: usize| (0..depth).fold("s".to_owned(), |inner, _| format!("p {{ {inner} }}"));
    let query =
        |depth: usize| format!("{{ links {{ edges {{ node {{ {} }} }} }} }}", nested(depth));
    server.public().graphql(&query(10)).data("/links");
    refused_by_limit(&server.public().graphql(&query(18)));
    server.master().graphql(&query(18)).data("/links");
    let fields =
        |count: usize| (0..count).map(|at| format!("a{at}: health")).collect::<Vec<_>>().join(" ");
    server.public().graphql(&format!("{{ {} }}", fields(200))).data("/a199");
    refused_by_limit(&server.public().graphql(&format!("{{ {} }}", fields(201))));
    let spread = format!(
        "query {{ ...A ...B }} fragment A on Query {{ {} }} fragment B on Query {{ ...A }}",
        fields(101)
    );
    refused_by_limit(&server.public().graphql(&spread));
    let inline = format!("{{ {} }}", repeated("... on Query { health }", 201, " "));
    refused_by_limit(&server.public().graphql(&inline));
}

#[test]
fn regular_expressions_where_they_are_switched_off() {
    let server = server(&json!({"requestComplexity": {"allowRegex": false}}));
    let regex = json!({"s": {"$regex": "^x"}});
    for filter in [
        regex.clone(),
        json!({"$or": [regex]}),
        json!({"$and": [{"$nor": [regex]}]}),
        json!({"p": {"$inQuery": {"className": "Link", "where": regex}}}),
        json!({"s": {"$select": {"query": {"className": "Link", "where": regex}, "key": "s"}}}),
        json!({"s": {"$not": {"$regex": "^x"}}}),
        json!({"s": {"$not": {"$not": {"$regex": "^x"}}}}),
        json!({"p": {"$not": {"$inQuery": {"className": "Link", "where": regex}}}}),
        json!({"l": {"$all": [{"$regex": "^x"}]}}),
        json!({"s": {"$regex": "^x", "$options": "i"}}),
    ] {
        refused_by_limit(&server.public().find("Link", &json!({"where": filter})));
        refused_by_limit(
            &server.public().find("Link", &json!({"where": filter, "count": 1, "limit": 0})),
        );
        server.master().find("Link", &json!({"where": filter})).is(200);
    }
    refused_by_limit(
        &server.public().graphql("{ links(where: {s: {matchesRegex: \"^x\"}}) { count } }"),
    );
    refused_by_limit(
        &server
            .public()
            .graphql("{ links(where: {p: {haveNot: {s: {matchesRegex: \"^x\"}}}}) { count } }"),
    );
}

#[test]
fn the_largest_limit_holds_everywhere() {
    let server = server(&json!({"maxLimit": 2}));
    let public = server.public();
    let ids: Vec<String> =
        (0..4).map(|at| public.create("Link", &json!({"s": format!("{at}")}))).collect();
    let objects: Vec<Value> = ids.iter().map(|id| pointer("Link", id)).collect();
    public
        .put(
            &format!("/classes/Link/{}", ids[0]),
            &json!({"r": {"__op": "AddRelation", "objects": objects}}),
        )
        .is(200);
    assert_eq!(public.find("Link", &json!({"limit": 1000})).results().len(), 2);
    assert_eq!(public.find("Link", &json!({})).results().len(), 2);
    assert_eq!(public.find_by_post("Link", &json!({"limit": 3})).results().len(), 2);
    let batch = json!({"requests": [{"method": "GET", "path": "/parse/classes/Link", "body": {"limit": 4}}]});
    assert_eq!(
        public.post("/batch", &batch).json()[0]["success"]["results"].as_array().unwrap().len(),
        2
    );
    let edges = |answer: Value| answer.as_array().map_or(0, Vec::len);
    assert_eq!(
        edges(public.graphql("{ links(first: 4) { edges { node { id } } } }").data("/links/edges")),
        2
    );
    let related = format!(
        "{{ link: links(where: {{objectId: {{equalTo: \"{}\"}}}}) {{ edges {{ node {{ r(first: 4) {{ edges {{ node {{ id }} }} }} }} }} }} }}",
        ids[0]
    );
    assert_eq!(edges(public.graphql(&related).data("/link/edges/0/node/r/edges")), 2);
}

#[test]
fn rows_of_a_query_inside_a_query() {
    let server = server(&json!({"requestComplexity": {"subqueryLimit": 1}}));
    let public = server.public();
    for _ in 0..3 {
        let id = public.create("Link", &json!({"s": "x"}));
        public.create("Link", &json!({"p": pointer("Link", &id)}));
    }
    let filter =
        json!({"p": {"$inQuery": {"className": "Link", "where": {"s": "x"}, "limit": 1000}}});
    assert_eq!(public.find("Link", &json!({"where": filter})).results().len(), 1);
    assert_eq!(server.master().find("Link", &json!({"where": filter})).results().len(), 3);
}
