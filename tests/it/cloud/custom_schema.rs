//! GraphQL definitions of the user's own, resolved by cloud functions.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::app::App;
use crate::support::{Caller, MASTER_KEY, TestServer, run};

const MAIN: &str = r#"
const define = Parse.Cloud.define;
const all = name => new Parse.Query(name).ascending('name').find({ useMasterKey: true });
define('params', request => JSON.stringify(request.params));
define('who', request => JSON.stringify({ name: request.functionName, user: request.user && request.user.id, master: request.master }));
define('thing', () => ({
  text: 5, whole: '7', half: '1.5', truth: 1, day: new Date(0), color: 'RED', list: [1, null, '3'],
  json: { a: [1] }, inner: { x: 'deep' },
  pet: { __typename: 'Dog', name: 'Rex', barks: true }, either: { __typename: 'Cat', lives: 9 },
}));
define('value', request => ({
  list: [1, 2, 3], nothing: null, text: 'PURPLE', number: 3.7, big: 3000000000, truth: true, object: { a: 1 },
  date: new Date(0), mixed: [1, 'x', null],
}[request.params.of]));
define('undefinedValue', () => undefined);
define('parseError', () => { throw new Parse.Error(101, 'not there'); });
define('text', () => { throw 'plain'; });
define('needsUser', request => request.user.id, { requireUser: true });
define('teams', () => all('Team'));
define('pointers', async () => (await all('Team')).map(team => team.toPointer()));
define('ids', async () => (await all('Team')).map(team => ({ objectId: team.id, name: 'said ' + team.get('name') })));
define('draft', () => ({ name: 'a draft', city: 'nowhere' }));
define('duel', async () => { const teams = await all('Team'); return { home: teams[0], away: teams[1].toPointer(), both: teams.map(team => team.toPointer()) }; });
define('mixed', async () => { const [team] = await all('Team'); const [player] = await all('Player'); return [team, player, { __typename: 'Dog', name: 'Rex' }]; });
define('arrayed', async () => { const [team] = await all('Team'); const [player] = await all('Player'); return [1, 'x', team.toPointer(), player, null, { a: 1 }]; });
define('missing', () => ({ __type: 'Pointer', className: 'Team', objectId: 'missing' }));
define('wrongClass', async () => (await all('Player'))[0]);
define('secret', async () => (await all('Secret'))[0].toPointer());
define('later', async request => { await new Promise(done => setTimeout(done, 20)); return (global.order = (global.order || '') + request.params.mark); });
define('settingsLabel', () => 'a label');
define('upper', request => request.params.text.toUpperCase());
"#;

const SCHEMA: &str = r#"
extend type Query {
  params(a: Int, b: [String!] = ["x"], c: Color, paint: Paint, id: ID, day: Date, any: Any): String @resolve
  who: String @resolve
  thing: Thing! @resolve
  list: [Int] @mock(with: [1, 2])
  listOfNumber(of: String = "number"): [Int] @resolve(to: "value")
  int(of: String!): Int @resolve(to: "value")
  ints(of: String!): [Int!] @resolve(to: "value")
  float(of: String!): Float @resolve(to: "value")
  text(of: String!): String @resolve(to: "value")
  sure(of: String!): String! @resolve(to: "value")
  color(of: String!): Color @resolve(to: "value")
  date: Date @resolve(to: "value")
  undefinedValue: String @resolve
  parseError: String @resolve
  thrown: String! @resolve(to: "text")
  needsUser: String @resolve
  both: String @mock(with: "a mock") @resolve(to: "who")
  pair: Thing @mock(with: { text: "x", inner: { x: "y" }, pet: { __typename: "Cat", lives: 3 } })
  ourTeams: [Team!] @resolve(to: "teams")
  pointers: [Team] @resolve
  ids: [Team] @resolve
  draft: Team @resolve
  duel: Duel @resolve
  mixed: [Anyone] @resolve
  nodes: [Node] @resolve(to: "teams")
  elements: [ArrayResult] @resolve(to: "arrayed")
  missing: Team @resolve
  wrongClass: Team @resolve
  secret: Secret @resolve
  nobody: String @resolve(to: "noSuchFunction")
  noType: Anyone @mock(with: { name: "x" })
  badType: Anyone @mock(with: { __typename: "Color" })
}
extend type Mutation {
  mark(mark: String!): String @resolve(to: "later")
  shout(input: ShoutInput!): String @resolve(to: "params")
}
input ShoutInput { text: String! times: Int = 2 }
input Paint { x: Int! y: String = "dflt" more: [Paint!] }
enum Color { RED GREEN }
scalar JSON
interface Pet { name: String }
type Dog implements Pet { name: String barks: Boolean bark: String @resolve(to: "params") }
type Cat implements Pet { name: String lives: Int }
union Either = Dog | Cat
union Anyone = Dog | Team | Player
type Thing {
  text: String whole: Int half: Float truth: Boolean day: Date color: Color list: [Int] json: JSON
  inner: Inner pet: Pet either: Either
  asked(p: Int): String @resolve(to: "params")
  mocked: String @mock(with: "mm")
}
type Inner { x: String again: String @resolve(to: "params") thing: Thing @resolve(to: "thing") }
type Duel { home: Team! away: Team both: [Team!] }
type Settings { color: Color size: Int label: String @resolve(to: "settingsLabel") }
extend type Team {
  motto: String @mock(with: "always forward")
  shout(text: String = "go"): String @resolve(to: "upper")
  settings: Settings
  never: String
  duel: Duel @resolve
}
extend type Comet { tail: String @mock(with: "long") }
extend type Query { comet1: Comet @resolve(to: "draft") }
"#;

/// A server with these definitions and functions, and a few objects.
fn start() -> Option<TestServer> {
    let app = App::with(MAIN)?;
    app.write("schema.graphql", SCHEMA);
    let team = json!({
        "name": {"type": "String"}, "city": {"type": "String"}, "settings": {"type": "Object"},
        "rival": {"type": "Pointer", "targetClass": "Team"}, "when": {"type": "Date"},
        "fans": {"type": "Relation", "targetClass": "Team"}, "at": {"type": "GeoPoint"},
        "captain": {"type": "Pointer", "targetClass": "Player"}, "tags": {"type": "Array"},
        "logo": {"type": "File"}, "area": {"type": "Polygon"}, "raw": {"type": "Bytes"},
    });
    let open = json!({
        "find": {"*": true}, "get": {"*": true}, "count": {"*": true}, "create": {"*": true}, "update": {"*": true},
    });
    let word = json!({"word": {"type": "String"}});
    let name = json!({"name": {"type": "String"}});
    let server = app.start(&json!({
        "graphQLPublicIntrospection": true,
        "schema": {"definitions": [
            {"className": "Player", "fields": name, "classLevelPermissions": open},
            {"className": "Secret", "fields": word, "classLevelPermissions": {"get": {}, "find": {}}},
            {"className": "Team", "fields": team, "classLevelPermissions": open},
        ]},
    }));
    let master = server.master();
    let ann = master.create("Player", &json!({"name": "Ann"}));
    let red = master.create(
        "Team",
        &json!({
            "name": "Red", "city": "Rome", "settings": {"color": "RED", "size": 3, "odd": 1},
            "when": {"__type": "Date", "iso": "2020-01-02T03:04:05.678Z"},
            "at": {"__type": "GeoPoint", "latitude": 1, "longitude": 2},
            "captain": pointer("Player", &ann),
            "tags": ["a", pointer("Player", &ann)],
            "logo": {"__type": "File", "name": "a.png"},
            "area": {"__type": "Polygon", "coordinates": [[0, 0], [0, 1], [1, 1]]},
            "raw": {"__type": "Bytes", "base64": "aGk="},
        }),
    );
    let blue = json!({"name": "Blue", "rival": pointer("Team", &red), "fans": {"__op": "AddRelation", "objects": [pointer("Team", &red)]}});
    master.create("Team", &blue);
    master.create("Secret", &json!({"word": "hidden"}));
    Some(server)
}

fn pointer(class: &str, id: &str) -> Value {
    crate::support::pointer(class, id)
}

/// Asks, and returns the data; there are no errors.
fn data(caller: &Caller, query: &str) -> Value {
    let answer = caller.graphql(query).is(200).json();
    assert_eq!(answer.get("errors"), None, "{query}: {answer}");
    answer["data"].clone()
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "what is expected is written where it is expected"
)]
fn check(caller: &Caller, query: &str, expected: Value) {
    assert_eq!(data(caller, query), expected, "{query}");
}

/// Asks, and checks data and errors: message, path and code of each.
#[expect(
    clippy::needless_pass_by_value,
    reason = "what is expected is written where it is expected"
)]
fn check_errors(caller: &Caller, query: &str, expected: Value, errors: &[(&str, Value, Value)]) {
    let answer = caller.graphql(query).is(200).json();
    assert_eq!(answer["data"], expected, "{query}: {answer}");
    let told = answer["errors"].as_array().cloned().unwrap_or_default();
    let told: Vec<Value> = told
        .iter()
        .map(|error| json!([error["message"], error["path"], error["extensions"]["code"]]))
        .collect();
    let errors: Vec<Value> =
        errors.iter().map(|(text, path, code)| json!([text, path, code])).collect();
    assert_eq!(told, errors, "{query}");
}

#[test]
fn functions_get_arguments_and_give_values() {
    let Some(server) = start() else { return };
    let public = server.public();
    check(&public, "{ params }", json!({"params": r#"{"b":["x"]}"#}));
    check(
        &public,
        r#"{ params(a: 5, b: [], c: RED, paint: {x: 1, more: {x: 2}}, id: 5, day: "2020-01-01T00:00:00.000Z", any: {a: {b: 1}}) }"#,
        json!({"params": r#"{"a":5,"b":[],"c":"RED","paint":{"x":1,"y":"dflt","more":[{"x":2,"y":"dflt"}]},"id":"5","day":"2020-01-01T00:00:00.000Z","any":{"a":{"b":1}}}"#}),
    );
    let answer = public
        .graphql_with("query($a: Int, $c: Color) { params(a: $a, c: $c) }", &json!({"c": "GREEN"}));
    assert_eq!(answer.json()["data"]["params"], r#"{"b":["x"],"c":"GREEN"}"#);
    check(
        &public,
        r#"mutation { shout(input: {text: "hi"}) }"#,
        json!({"shout": r#"{"input":{"text":"hi","times":2}}"#}),
    );
    let who = data(&server.master(), "{ who }");
    assert_eq!(who["who"], r#"{"name":"who","master":true}"#);
    check(&public, "{ both list }", json!({"both": "a mock", "list": [1, 2]}));
    for query in [
        "{ params(a: \"x\") }",
        "{ params(c: BLUE) }",
        "{ params(paint: {y: \"1\"}) }",
        "{ int }",
        "{ thing }",
        "{ thing { nope } }",
    ] {
        let refused = public.graphql(query).is(400).json();
        assert_eq!(
            refused["errors"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED",
            "{query}"
        );
    }
}

#[test]
fn values_are_written_as_their_types_want_them() {
    let Some(server) = start() else { return };
    let public = server.public();
    check(
        &public,
        "{ thing { text whole half truth day color list json inner { x again } asked(p: 3) mocked again: asked __typename pet { __typename name ... on Dog { barks bark } ... on Cat { lives } } either { ... on Cat { lives } ... on Dog { name } } } }",
        json!({"thing": {
            "text": "5", "whole": 7, "half": 1.5, "truth": true, "day": "1970-01-01T00:00:00.000Z", "color": "RED",
            "list": [1, null, 3], "json": {"a": [1]}, "inner": {"x": "deep", "again": "{}"}, "asked": r#"{"p":3}"#,
            "mocked": "mm", "again": "{}", "__typename": "Thing",
            "pet": {"__typename": "Dog", "name": "Rex", "barks": true, "bark": "{}"}, "either": {"lives": 9},
        }}),
    );
    check(
        &public,
        "{ pair { text inner { x thing { color inner { thing { text } } } } pet { ... on Cat { lives } } whole } }",
        json!({"pair": {
            "text": "x", "inner": {"x": "y", "thing": {"color": "RED", "inner": {"thing": {"text": "5"}}}},
            "pet": {"lives": 3}, "whole": null,
        }}),
    );
    check(
        &public,
        r#"query { ints(of: "list") text(of: "number") a: text(of: "truth") int(of: "truth") float(of: "number") undefinedValue }"#,
        json!({"ints": [1, 2, 3], "text": "3.7", "a": "true", "int": 1, "float": 3.7, "undefinedValue": null}),
    );
}

#[test]
fn what_does_not_fit_is_told_with_its_path() {
    let Some(server) = start() else { return };
    let public = server.public();
    let internal = || json!("INTERNAL_SERVER_ERROR");
    for (query, key, text) in [
        (r#"{ int(of: "list") }"#, "int", "Int cannot represent non-integer value: [1, 2, 3]"),
        (r#"{ int(of: "number") }"#, "int", "Int cannot represent non-integer value: 3.7"),
        (
            r#"{ int(of: "big") }"#,
            "int",
            "Int cannot represent non 32-bit signed integer value: 3000000000",
        ),
        (r#"{ text(of: "object") }"#, "text", "String cannot represent value: { a: 1 }"),
        (r#"{ color(of: "text") }"#, "color", r#"Enum "Color" cannot represent value: "PURPLE""#),
        (
            "{ listOfNumber }",
            "listOfNumber",
            r#"Expected Iterable, but did not find one for field "Query.listOfNumber"."#,
        ),
        ("{ wrongClass { name } }", "wrongClass", ""),
        ("{ noType { __typename } }", "noType", ""),
        (
            "{ badType { __typename } }",
            "badType",
            r#"Runtime Object type "Color" is not a possible type for "Anyone"."#,
        ),
    ] {
        let answer = public.graphql(query).is(200).json();
        assert_eq!(answer["data"][key], Value::Null, "{query}: {answer}");
        let error = &answer["errors"][0];
        assert_eq!(error["path"], json!([key]), "{query}");
        assert_eq!(error["extensions"]["code"], internal(), "{query}");
        assert!(text.is_empty() || error["message"] == text, "{query}: {error}");
    }
    check_errors(
        &public,
        r#"{ sure(of: "nothing") }"#,
        Value::Null,
        &[("Cannot return null for non-nullable field Query.sure.", json!(["sure"]), internal())],
    );
    check_errors(
        &public,
        r#"{ ints(of: "mixed") who2: both }"#,
        json!({"ints": null, "who2": "a mock"}),
        &[(r#"Int cannot represent non-integer value: "x""#, json!(["ints", 1]), internal())],
    );
    check_errors(
        &public,
        "{ a: parseError b: needsUser c: nobody }",
        json!({"a": null, "b": null, "c": null}),
        &[
            ("not there", json!(["a"]), json!(101)),
            ("Validation failed. Please login to continue.", json!(["b"]), json!(142)),
            (r#"Invalid function: "noSuchFunction""#, json!(["c"]), json!(141)),
        ],
    );
    check_errors(&public, "{ thrown }", Value::Null, &[("plain", json!(["thrown"]), json!(141))]);
}

#[test]
fn objects_of_classes_are_what_was_given_and_the_rest_is_read() {
    let Some(server) = start() else { return };
    let public = server.public();
    let fields = "name city when at { latitude longitude } captain { name } tags { ... on Element { value } ... on Player { name } } logo { name } area { latitude } raw motto shout(text: \"hey\") settings { color size label } never ACL { public { read } } __typename";
    let red = json!({
        "name": "Red", "city": "Rome", "when": "2020-01-02T03:04:05.678Z", "at": {"latitude": 1, "longitude": 2},
        "captain": {"name": "Ann"}, "tags": [{"value": "a"}, {"name": "Ann"}], "logo": {"name": "a.png"},
        "area": [{"latitude": 0}, {"latitude": 0}, {"latitude": 1}, {"latitude": 0}], "raw": "aGk=", "motto": "always forward", "shout": "HEY",
        "settings": {"color": "RED", "size": 3, "label": "a label"}, "never": null,
        "ACL": {"public": {"read": true}}, "__typename": "Team",
    });
    for root in ["ourTeams", "pointers", "nodes"] {
        let query = format!("{{ {root} {{ ... on Team {{ {fields} }} }} }}");
        assert_eq!(data(&public, &query)[root][1], red, "{root}");
    }
    let found = data(
        &public,
        &format!("{{ teams(order: name_DESC) {{ edges {{ node {{ {fields} }} }} }} }}"),
    );
    assert_eq!(found["teams"]["edges"][0]["node"], red);

    let below = "name rival { name motto } fans { count edges { node { name shout } } }";
    let blue = json!({
        "name": "Blue", "rival": {"name": "Red", "motto": "always forward"},
        "fans": {"count": 1, "edges": [{"node": {"name": "Red", "shout": "GO"}}]},
    });
    for root in ["ourTeams", "pointers"] {
        assert_eq!(data(&public, &format!("{{ {root} {{ {below} }} }}"))[root][0], blue, "{root}");
    }
    let said = data(&public, "{ ids { id objectId name city motto createdAt } }");
    assert_eq!(said["ids"][1]["name"], "said Red");
    assert_eq!(said["ids"][1]["city"], "Rome");
    assert!(said["ids"][1]["createdAt"].is_string() && said["ids"][1]["id"].is_string());
    check(
        &public,
        "{ draft { name city motto captain { name } settings { label } } comet1: missing { name } }",
        json!({
            "draft": {"name": "a draft", "city": "nowhere", "motto": "always forward", "captain": null, "settings": null},
            "comet1": null,
        }),
    );
    check(
        &public,
        "{ duel { home { name duel { away { name } } } away { name } both { name } } mixed { __typename ... on Team { name motto } ... on Player { name } ... on Dog { name } } }",
        json!({
            "duel": {"home": {"name": "Blue", "duel": {"away": {"name": "Red"}}}, "away": {"name": "Red"}, "both": [{"name": "Blue"}, {"name": "Red"}]},
            "mixed": [
                {"__typename": "Team", "name": "Blue", "motto": "always forward"},
                {"__typename": "Player", "name": "Ann"},
                {"__typename": "Dog", "name": "Rex"},
            ],
        }),
    );
    check(
        &public,
        "{ elements { __typename ... on Team { name } ... on Element { value } } }",
        json!({"elements": [
            {"__typename": "Element", "value": 1}, {"__typename": "Element", "value": "x"}, {"__typename": "Team", "name": "Blue"},
            {"__typename": "Player"}, null, {"__typename": "Element", "value": {"a": 1}},
        ]}),
    );
    let draft = public.graphql("{ draft { id } }").is(200).json();
    assert_eq!(draft["errors"][0]["message"], "Cannot return null for non-nullable field Team.id.");
}

/// A function that hands out a pointer hands out nothing behind it that the caller may not see.
#[test]
fn what_is_read_is_read_as_the_caller() {
    let Some(server) = start() else { return };
    check_errors(
        &server.public(),
        "{ secret { word } }",
        json!({"secret": null}),
        &[("Permission denied", json!(["secret"]), json!(119))],
    );
    check(&server.master(), "{ secret { word } }", json!({"secret": {"word": "hidden"}}));
    let hidden = server.master().create("Team", &json!({"name": "Zz", "ACL": {}}));
    let listed = data(&server.public(), "{ pointers { name } }");
    assert_eq!(listed["pointers"], json!([{"name": "Blue"}, {"name": "Red"}, null]), "{hidden}");
}

/// One question for all objects of a level, however many there are.
#[test]
fn statements_do_not_grow_with_objects() {
    let Some(server) = start() else { return };
    let public = server.public();
    let query =
        "{ pointers { name rival { name } fans { edges { node { name } } } captain { name } } }";
    let few = server.statements_of(|| data(&public, query));
    for at in 0..20 {
        server.master().create("Team", &json!({"name": format!("team {at}")}));
    }
    assert_eq!(server.statements_of(|| data(&public, query)), few);
}

#[test]
fn mutations_run_one_after_another() {
    let Some(server) = start() else { return };
    check(
        &server.public(),
        r#"mutation { c: mark(mark: "1") b: mark(mark: "2") a: mark(mark: "3") }"#,
        json!({"c": "1", "b": "12", "a": "123"}),
    );
}

#[test]
fn what_was_written_shows_its_own_fields() {
    let Some(server) = start() else { return };
    let public = server.public();
    check(
        &public,
        r#"mutation { createTeam(input: {fields: {name: "New", settings: {size: 1}}}) { team { name motto shout settings { size label } } } }"#,
        json!({"createTeam": {"team": {"name": "New", "motto": "always forward", "shout": "GO", "settings": {"size": 1, "label": "a label"}}}}),
    );
}

#[test]
fn the_schema_tells_of_the_definitions() {
    let Some(server) = start() else { return };
    let public = server.public();
    let names = |list: &Value| -> Vec<String> {
        let list = list.as_array().cloned().unwrap_or_default();
        list.iter().map(|one| one["name"].as_str().unwrap_or_default().to_owned()).collect()
    };
    let told = data(
        &public,
        r#"{ __schema { directives { name } } thing: __type(name: "Thing") { fields { name type { name } } } team: __type(name: "Team") { fields { name } } color: __type(name: "Color") { enumValues { name } } either: __type(name: "Either") { possibleTypes { name } } comet: __type(name: "Comet") { name } query: __type(name: "Query") { fields { name } } }"#,
    );
    assert!(names(&told["__schema"]["directives"]).contains(&"resolve".to_owned()));
    assert_eq!(names(&told["color"]["enumValues"]), ["RED", "GREEN"]);
    assert_eq!(names(&told["either"]["possibleTypes"]), ["Dog", "Cat"]);
    let team = names(&told["team"]["fields"]);
    assert!(["name", "motto", "duel"].iter().all(|field| team.contains(&(*field).to_owned())));
    // What counts on a class that is not there is left out until the class is there.
    assert_eq!(told["comet"], Value::Null);
    assert!(!names(&told["query"]["fields"]).contains(&"comet1".to_owned()));
    server.class("Comet", &json!({"speed": {"type": "Number"}}));
    let told = data(&public, r#"{ __type(name: "Comet") { fields { name } } comet1 { tail } }"#);
    assert!(names(&told["__type"]["fields"]).contains(&"tail".to_owned()));
    assert_eq!(told["comet1"], json!({"tail": "long"}));
}

#[test]
fn callers_who_may_not_see_the_schema_learn_nothing_of_it() {
    let Some(app) = App::with(MAIN) else { return };
    app.write("schema.graphql", "extend type Query { thingamajig(x: Int): Hidden @resolve(to: \"who\") } type Hidden { a: Int }");
    let server = app.start(&json!({"schema": {"definitions": [{"className": "Team"}]}}));
    for query in ["{ thingamajik }", "{ thingamajig { b } }", "{ thingamajig }"] {
        let refused = server.public().graphql(query).is(400).text();
        assert!(!refused.contains("Hidden") && !refused.contains("Did you mean"), "{refused}");
    }
    server.public().graphql("{ __type(name: \"Hidden\") { name } }").is(403);
}

/// The limits of the options count the fields of definitions too.
#[test]
fn limits_hold_for_fields_of_definitions() {
    let Some(app) = App::with(MAIN) else { return };
    app.write("schema.graphql", "extend type Query { thing: Thing @mock(with: {}) } type Thing { a: Int thing: Thing @mock(with: {}) }");
    let server = app.start(&json!({"requestComplexity": {"graphQLDepth": 3, "graphQLFields": 10}}));
    check(&server.public(), "{ thing { thing { a } } }", json!({"thing": {"thing": {"a": null}}}));
    server.public().graphql("{ thing { thing { thing { a } } } }").is(400);
    let many: String = (0..11).map(|at| format!("a{at}: thing {{ a }} ")).collect();
    server.public().graphql(&format!("{{ {many} }}")).is(400);
}

/// A field that is named like what every JavaScript object has finds nothing that the function did not put there; what
/// could change other objects is left out on the way.
#[test]
fn members_with_odd_names_are_no_members() {
    let main = r#"Parse.Cloud.define('odd', () => JSON.parse('{"__proto__": {"a": 1}, "constructor": {"a": 2}, "a": 3}'));"#;
    let Some(app) = App::with(main) else { return };
    app.write("schema.graphql", "extend type Query { odd: Odd @resolve raw: Any @resolve(to: \"odd\") } type Odd { a: Int constructor: Odd toString: String hasOwnProperty: String }");
    let server = app.start(&json!({}));
    let told = data(&server.public(), "{ odd { a constructor { a } toString hasOwnProperty } }");
    assert_eq!(
        told["odd"],
        json!({"a": 3, "constructor": null, "toString": null, "hasOwnProperty": null})
    );
}

#[test]
fn bad_definitions_are_an_error_at_start() {
    let directory = TempDir::new().expect("a temporary directory");
    let file = directory.path().join("schema.graphql");
    for (text, expected) in [
        ("type A {\n  b: Nothing\n}\n", "schema.graphql:2:6: there is no type Nothing"),
        ("type A { a: Int }\ntype A { a: Int }\n", "schema.graphql:2:6: "),
        ("type User { a: Int }", "schema.graphql:1:6: the name User is taken"),
        ("extend type Query { a Int }", "schema.graphql:1:"),
        ("extend type Query {\n  a: Int\n}", "schema.graphql:2:3: the field Query.a has no value"),
    ] {
        fs::write(&file, text).expect("the file is written");
        let (code, _, told) = start_with(&file.display().to_string());
        assert_eq!(code, Some(1), "{text}: {told}");
        assert!(told.contains(expected), "{text}: {told}");
    }
    let (code, _, told) = start_with("/nowhere/schema.graphql");
    assert!(code == Some(1) && told.contains("/nowhere/schema.graphql: can not be read"), "{told}");
}

fn start_with(schema: &str) -> (Option<i32>, String, String) {
    let arguments = [
        "--appId",
        "a",
        "--masterKey",
        MASTER_KEY,
        "--databaseURI",
        "sqlite::memory:",
        "--port",
        "0",
        "--graphQLSchema",
        schema,
    ];
    run(&arguments, &[])
}
