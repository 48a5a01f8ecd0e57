//! Triggers around questions: they may refuse them, ask other ones and change the answers, and never show a caller
//! what he may not ask for.

use serde_json::{Value, json};

use crate::support::{TestServer, add_relation, open_but_hiding, pointer, private};

const CODE: &str = r#"
let ids = [];
Parse.Cloud.define('remember', request => { ids = request.params.ids; });
Parse.Cloud.beforeFind('Thing', request => {
  const where = request.query.toJSON().where;
  switch (where.mode) {
    case 'refuse': throw new Parse.Error(9001, 'no');
    case 'info': throw new Parse.Error(9002, JSON.stringify({ get: request.isGet, count: request.count, master: request.master, limit: request.query.toJSON().limit }));
    case 'other': { const query = new Parse.Query('Thing'); query.equalTo('name', 'b'); query.limit(1); query.select('name'); return query; }
    case 'all': return new Parse.Query('Thing');
    case 'secret': request.query = new Parse.Query('Thing').equalTo('secret', 's'); return;
    case 'order': { const query = new Parse.Query('Thing'); query.descending('name'); query.limit(2); query.skip(1); return query; }
    case 'given': return [new Parse.Object('Thing', { name: 'new', n: 7 })];
    case 'stored': return request.master || !ids.length ? [] : ids.map(id => Parse.Object.fromJSON({ className: 'Thing', objectId: id }));
    case 'include': { const query = new Parse.Query('Thing'); query.equalTo('name', 'a'); query.include('child'); return query; }
  }
});
Parse.Cloud.afterFind('Thing', request => {
  const kept = request.objects.filter(object => object.get('name') !== 'dropped');
  for (const object of kept) {
    object.set('virtual', object.get('name') + '!');
    if (object.get('date')) object.set('date', new Date('2001-02-03T04:05:06.789Z'));
    if (object.get('name') === 'unset') object.unset('n');
  }
  if (kept.some(object => object.get('name') === 'throw')) throw new Parse.Error(9003, 'not this');
  return kept;
});
Parse.Cloud.beforeFind('Child', request => { request.query.notEqualTo('hidden', true); });
Parse.Cloud.afterFind('Child', request => { for (const object of request.objects) object.set('label', 'child ' + object.get('n')); return request.objects; });
Parse.Cloud.beforeFind('Closed', () => { throw new Parse.Error(9004, 'closed'); });
"#;

fn start() -> Option<TestServer> {
    let server = TestServer::with_cloud(CODE, &json!({}))?;
    let fields = json!({
        "name": {"type": "String"}, "n": {"type": "Number"}, "mode": {"type": "String"},
        "date": {"type": "Date"}, "secret": {"type": "String"},
        "child": {"type": "Pointer", "targetClass": "Child"},
        "children": {"type": "Array"}, "related": {"type": "Relation", "targetClass": "Child"},
    });
    server.class_with("Thing", &fields, &open_but_hiding(&["secret"]));
    server.class("Child", &json!({"n": {"type": "Number"}, "hidden": {"type": "Boolean"}}));
    Some(server)
}

fn names(server: &TestServer, parameters: &Value) -> Vec<Value> {
    server.public().find("Thing", parameters).is(200).each("name")
}

#[test]
fn a_question_is_refused_or_replaced() {
    let Some(server) = start() else { return };
    for name in ["a", "b", "c", "d"] {
        server.public().create("Thing", &json!({"name": name, "n": 1}));
    }
    let caller = server.public();
    let ask = |mode: &str| caller.find("Thing", &json!({"where": {"mode": mode}}));
    assert_eq!(ask("refuse").is(400).json(), json!({"code": 9001, "error": "no"}));
    let other = ask("other").is(200).results();
    assert_eq!((other.len(), &other[0]["name"]), (1, &json!("b")));
    assert_eq!(other[0].get("n"), None, "the hook selects");
    assert_eq!(other[0]["className"], "Thing");
    assert_eq!(names(&server, &json!({"where": {"mode": "order"}})), ["c", "b"]);
    let info = |parameters: Value| {
        let text = caller.find("Thing", &parameters).is(400).json()["error"].clone();
        serde_json::from_str::<Value>(text.as_str().unwrap()).unwrap()
    };
    let asked = info(json!({"where": {"mode": "info"}, "count": 1, "limit": 0}));
    assert_eq!(asked, json!({"get": false, "count": true, "master": false}));
    let asked = info(json!({"where": {"mode": "info"}}));
    assert_eq!(asked, json!({"get": false, "count": false, "master": false, "limit": 100}));
    caller.find("Closed", &json!({})).is(400).is_refused_with(&[9004]);
    let explained = server.master().find("Closed", &json!({"explain": true}));
    explained.is_refused_with(&[9004]);
    server.master().get("/aggregate/Closed?distinct=x").is_refused_with(&[9004]);
    server
        .master()
        .get("/aggregate/Closed?%24group=%7B%22_id%22%3Anull%7D")
        .is_refused_with(&[9004]);
}

#[test]
fn a_hook_never_shows_more_than_the_caller_may_see() {
    let Some(server) = start() else { return };
    server.master().create("Thing", &json!({"name": "private", "ACL": private(), "secret": "s"}));
    server.master().create("Thing", &json!({"name": "open", "secret": "s"}));
    assert_eq!(names(&server, &json!({"where": {"mode": "all"}})), ["open"]);
    let refused = server.public().find("Thing", &json!({"where": {"mode": "secret"}}));
    assert_eq!(refused.is(400).code(), Some(119));
    let found = server.master().find("Thing", &json!({"where": {"mode": "secret"}}));
    assert_eq!(found.is(200).results().len(), 2);
    let open = server.public().find("Thing", &json!({"where": {"mode": "all"}})).is(200).results();
    assert_eq!(open[0].get("secret"), None);
}

#[test]
fn a_hook_answers_in_place_of_the_database() {
    let Some(server) = start() else { return };
    let open = server.master().create("Thing", &json!({"name": "open", "secret": "s"}));
    let closed = server.master().create("Thing", &json!({"name": "closed", "ACL": private()}));
    let ids = json!({"ids": [open, closed]});
    server.public().post("/functions/remember", &ids).is(200);
    let stored = server.public().find("Thing", &json!({"where": {"mode": "stored"}})).is(200);
    assert_eq!(stored.each("name"), ["open"], "as far as the caller may see them");
    assert_eq!(stored.results()[0].get("secret"), None);
    let none = server.master().find("Thing", &json!({"where": {"mode": "stored"}})).is(200);
    assert_eq!(none.results(), Vec::<Value>::new());
    let given = server.public().find("Thing", &json!({"where": {"mode": "given"}})).is(200);
    let expected = json!({"name": "new", "n": 7, "virtual": "new!", "className": "Thing"});
    assert_eq!(given.results(), [expected]);
}

#[test]
fn answers_are_changed() {
    let Some(server) = start() else { return };
    let date = json!({"__type": "Date", "iso": "2020-01-01T00:00:00.000Z"});
    let child = server.public().create("Child", &json!({"n": 1}));
    let hidden = server.public().create("Child", &json!({"n": 2, "hidden": true}));
    let id = server.public().create(
        "Thing",
        &json!({
            "name": "a", "n": 1, "date": date, "child": pointer("Child", &child),
            "children": [pointer("Child", &child), pointer("Child", &hidden)],
            "related": add_relation("Child", &[&child, &hidden]),
        }),
    );
    let dropped = server.public().create("Thing", &json!({"name": "dropped"}));
    let found = server.public().find("Thing", &json!({"count": 1})).is(200).json();
    assert_eq!(found["count"], 2);
    let objects = found["results"].as_array().unwrap();
    assert_eq!(objects.len(), 1);
    let changed = json!({"__type": "Date", "iso": "2001-02-03T04:05:06.789Z"});
    assert_eq!((&objects[0]["virtual"], &objects[0]["date"]), (&json!("a!"), &changed));
    assert_eq!(objects[0]["child"], pointer("Child", &child));
    assert_eq!(objects[0]["related"], json!({"__type": "Relation", "className": "Child"}));
    server.public().get(&format!("/classes/Thing/{dropped}")).is(404);
    let got =
        server.public().get(&format!("/classes/Thing/{id}?include=child,children")).is(200).json();
    assert_eq!((&got["virtual"], &got["className"]), (&json!("a!"), &json!("Thing")));
    assert_eq!(
        (&got["child"]["label"], &got["child"]["__type"]),
        (&json!("child 1"), &json!("Object"))
    );
    let children = got["children"].as_array().unwrap();
    assert_eq!(children.len(), 1, "hooks of the class hide the other one");
    assert_eq!(children[0]["label"], "child 1");
    let included = server.public().find("Thing", &json!({"where": {"mode": "include"}})).results();
    assert_eq!(included[0]["child"]["label"], "child 1");
    server.public().create("Thing", &json!({"name": "throw"}));
    server.public().find("Thing", &json!({})).is(400).is_refused_with(&[9003]);
}

#[test]
fn inner_questions_are_heard_too() {
    let Some(server) = start() else { return };
    let hidden = server.public().create("Child", &json!({"n": 2, "hidden": true}));
    let child = server.public().create("Child", &json!({"n": 1}));
    for (name, child) in [("shown", &child), ("not", &hidden)] {
        server
            .public()
            .create("Thing", &json!({"name": name, "n": 2, "child": pointer("Child", child)}));
    }
    let inner = |operator: &str| json!({"where": {"child": {operator: {"className": "Child", "where": {"n": {"$gt": 0}}}}}});
    assert_eq!(names(&server, &inner("$inQuery")), ["shown"]);
    assert_eq!(names(&server, &inner("$notInQuery")), ["not"]);
    let select = json!({"where": {"n": {"$select": {"query": {"className": "Child", "where": {}}, "key": "n"}}}});
    assert_eq!(names(&server, &select), Vec::<Value>::new(), "who has n: 2 is hidden");
    let closed = json!({"where": {"child": {"$inQuery": {"className": "Closed", "where": {}}}}});
    server.public().find("Thing", &closed).is(400).is_refused_with(&[9004]);
}

#[test]
fn graphql_shows_what_hooks_show() {
    let Some(server) = start() else { return };
    let date = json!({"__type": "Date", "iso": "2020-01-01T00:00:00.000Z"});
    let (child, hidden) = (
        server.public().create("Child", &json!({"n": 1})),
        server.public().create("Child", &json!({"n": 2, "hidden": true})),
    );
    let body = json!({
        "name": "a", "n": 1, "date": date, "child": pointer("Child", &child),
        "related": add_relation("Child", &[&child, &hidden]),
    });
    let id = server.public().create("Thing", &body);
    server.public().create("Thing", &json!({"name": "dropped"}));
    server.public().create("Thing", &json!({"name": "unset", "n": 5}));
    let answer = server.public().graphql(
        r#"{ things(order: [name_ASC]) { count edges { node { objectId name n date child { objectId n }
             related { edges { node { objectId n } } } } } } }"#,
    );
    let edges = answer.data("/things/edges");
    let nodes: Vec<&Value> = edges.as_array().unwrap().iter().map(|edge| &edge["node"]).collect();
    assert_eq!(nodes.len(), 2);
    assert_eq!(nodes[0]["objectId"], json!(id));
    assert_eq!(nodes[0]["date"], "2001-02-03T04:05:06.789Z");
    assert_eq!(nodes[0]["child"], json!({"objectId": child, "n": 1}));
    let related = json!({"edges": [{"node": {"objectId": child, "n": 1}}]});
    assert_eq!(nodes[0]["related"], related);
    assert_eq!((&nodes[1]["name"], &nodes[1]["n"]), (&json!("unset"), &Value::Null));
    let refused =
        server.public().graphql(r#"{ things(where: {mode: {equalTo: "refuse"}}) { count } }"#);
    assert_eq!(refused.json()["errors"][0]["extensions"]["code"], 9001);
}
