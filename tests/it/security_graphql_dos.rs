//! Documents that cost more than they look like: each is refused or answered, and the next request too.

use serde_json::json;

use crate::support::TestServer;

fn server() -> TestServer {
    let server = TestServer::start();
    let fields = json!({
        "s": {"type": "String"}, "n": {"type": "Number"}, "p": {"type": "Pointer", "targetClass": "Load"},
        "o": {"type": "Object"}, "a": {"type": "Array"},
    });
    server.class("Load", &fields);
    server.master().create("Load", &json!({"s": "x"}));
    server
}

/// Both may send it; both get an answer that is not data.
fn check_refused(server: &TestServer, document: &str) {
    for caller in [server.public(), server.master()] {
        caller.graphql(document).is_refused();
        assert_eq!(caller.graphql("{ health }").data("/health"), true);
    }
}

/// Fragments that each spread the next one so many times.
fn fragments(levels: usize, spreads: usize, last: &str) -> String {
    let mut text = format!(
        "query {{ loads {{ edges {{ node {{ ...F0 }} }} }} }} fragment F{levels} on Load {{ {last} }}"
    );
    for level in 0..levels {
        let spread = format!("...F{} ", level + 1).repeat(spreads);
        text.push_str(&format!(" fragment F{level} on Load {{ {spread} }}"));
    }
    text
}

#[test]
fn fragment_bomb() {
    let server = server();
    check_refused(&server, &fragments(60, 2, "s n p { s }"));
    check_refused(&server, &fragments(30, 10, "s"));
    check_refused(&server, &fragments(200, 3, "nope"));
    let chain = fragments(40, 1, "s");
    assert_eq!(server.master().graphql(&chain).data("/loads/edges/0/node/s"), "x");
}

#[test]
fn fragment_bomb_through_fields() {
    let server = server();
    let mut text =
        "query { loads { edges { node { ...F0 } } } } fragment F25 on Load { s }".to_owned();
    for level in 0..25 {
        text.push_str(&format!(
            " fragment F{level} on Load {{ a: p {{ ...F{0} }} b: p {{ ...F{0} }} }}",
            level + 1
        ));
    }
    check_refused(&server, &text);
}

#[test]
fn fragments_in_a_circle() {
    let server = server();
    check_refused(
        &server,
        "query { loads { edges { node { ...A } } } } fragment A on Load { p { ...A } }",
    );
    check_refused(
        &server,
        "query { ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
    );
    check_refused(&server, "query { health } fragment A on Query { ...A }");
}

#[test]
fn alias_flood() {
    let server = server();
    let aliases: Vec<String> = (0..5_000).map(|at| format!("a{at}: loads {{ count }}")).collect();
    check_refused(&server, &format!("{{ {} }}", aliases.join(" ")));
    let writes: Vec<String> = (0..2_000)
        .map(|at| format!("a{at}: createLoad(input: {{}}) {{ load {{ id }} }}"))
        .collect();
    check_refused(&server, &format!("mutation {{ {} }}", writes.join(" ")));
    assert_eq!(
        server.master().graphql("{ loads { count } }").data("/loads/count"),
        1,
        "nothing was written"
    );
}

#[test]
fn the_same_field_many_times() {
    let server = server();
    let same = "loads { edges { node { s } } } ".repeat(100);
    server.master().graphql(&format!("{{ {same} }}")).data("/loads/edges/0/node/s");
    let fields = "s ".repeat(3_000);
    for caller in [server.public(), server.master()] {
        caller.graphql(&format!("{{ loads {{ edges {{ node {{ {fields} }} }} }} }}"));
    }
}

#[test]
fn overlapping_fields_are_compared_in_linear_time() {
    let server = server();
    let inner: Vec<String> = (0..300).map(|at| format!("x: s f{at}: n")).collect();
    let fragments: Vec<String> =
        (0..40).map(|at| format!("fragment G{at} on Load {{ {} }}", inner.join(" "))).collect();
    let spreads: Vec<String> = (0..40).map(|at| format!("...G{at}")).collect();
    let text = format!(
        "{{ loads {{ edges {{ node {{ {} }} }} }} }} {}",
        spreads.join(" "),
        fragments.join(" ")
    );
    for caller in [server.public(), server.master()] {
        caller.graphql(&text);
        assert_eq!(caller.graphql("{ health }").data("/health"), true);
    }
}

#[test]
fn deep_selections_and_values() {
    let server = server();
    for depth in [300, 10_000, 50_000] {
        check_refused(&server, &format!("{}{}", "{ p ".repeat(depth), "}".repeat(depth)));
        check_refused(&server, &"{ p ".repeat(depth));
        check_refused(
            &server,
            &format!(
                "{{ loads {{ edges {{ node {{ {} s {} }} }} }} }}",
                "p { ".repeat(depth),
                "}".repeat(depth)
            ),
        );
        for (open, close) in [("{OR: [", "]}"), ("[", "]"), ("{p: {have: ", "}}")] {
            let value = format!("{}{{}}{}", open.repeat(depth), close.repeat(depth));
            check_refused(&server, &format!("{{ loads(where: {value}) {{ count }} }}"));
            check_refused(
                &server,
                &format!("query($w: LoadWhereInput = {value}) {{ loads(where: $w) {{ count }} }}"),
            );
        }
        check_refused(
            &server,
            &format!("query($v: {}Int{}) {{ health }}", "[".repeat(depth), "]".repeat(depth)),
        );
        check_refused(&server, &"... on Query { ".repeat(depth));
        check_refused(
            &server,
            &format!("{{ {} health {} }}", "... { ".repeat(depth), "}".repeat(depth)),
        );
    }
}

#[test]
fn deep_variables() {
    let server = server();
    let query = "query($w: LoadWhereInput) { loads(where: $w) { count } }";
    let filter = (0..55).fold(json!({"s": {"equalTo": "x"}}), |inner, _| json!({"OR": [inner]}));
    server.public().graphql_with(query, &json!({"w": filter})).is_refused();
    let filter =
        (0..40).fold(json!({"s": {"equalTo": "x"}}), |inner, _| json!({"p": {"have": inner}}));
    server.public().graphql_with(query, &json!({"w": filter})).is_refused();
    let wide: Vec<_> = (0..20_000).map(|at| json!({"n": {"equalTo": at}})).collect();
    server.public().graphql_with(query, &json!({"w": {"OR": wide}}));
}

#[test]
fn long_documents() {
    let server = server();
    check_refused(&server, &format!("{{ health }} #{}", "x".repeat(3_000_000)));
    check_refused(&server, &format!("{{ health {}}}", " ".repeat(3_000_000)));
    check_refused(&server, &format!("{{ {} }}", "health ".repeat(300_000)));
    check_refused(&server, &format!("{{ health {} }}", "@include(if: true) ".repeat(20_000)));
    check_refused(&server, &format!("{{ {} }}", "x".repeat(1_000_000)));
    check_refused(
        &server,
        &format!(
            "query({}) {{ health }}",
            (0..30_000).map(|at| format!("$v{at}: Int ")).collect::<String>()
        ),
    );
    check_refused(
        &server,
        &(0..20_000).map(|at| format!("query Q{at} {{ health }} ")).collect::<String>(),
    );
    check_refused(
        &server,
        &format!("{{ loads(where: {{s: {{equalTo: \"{}}}}}) {{ count }} }}", "x".repeat(400_000)),
    );
    check_refused(
        &server,
        &format!("{{ loads(where: {{s: {{in: [{}]}}}}) {{ count }} }}", "\"x\",".repeat(200_000)),
    );
    check_refused(&server, &format!("{{ loads(first: {}) {{ count }} }}", "9".repeat(100_000)));
    check_refused(&server, &"\"\"\"".repeat(50_001));
}

#[test]
fn introspection_that_multiplies() {
    let server = server();
    let nested =
        (0..12).fold("name".to_owned(), |inner, _| format!("fields {{ type {{ {inner} }} }}"));
    server.master().graphql(&format!("{{ __schema {{ types {{ {nested} }} }} }}")).is_refused();
    let aliases: Vec<String> =
        (0..400).map(|at| format!("a{at}: __schema {{ types {{ fields {{ name }} }} }}")).collect();
    let answer = server.master().graphql(&format!("{{ {} }}", aliases.join(" ")));
    assert!(answer.body.len() < 64 << 20, "{} bytes", answer.body.len());
    assert_eq!(server.master().graphql("{ health }").data("/health"), true);
}
