//! Triggers inside transactions: what they write before belongs to it, what comes after waits until it is lasting.

use serde_json::{Value, json};

use crate::support::{Answer, TestServer, open_but_hiding};

const CODE: &str = r#"
const note = text => new Parse.Object('Note').save({ text });
Parse.Cloud.beforeSave('Entry', async request => {
  const mode = request.object.get('mode');
  await note('before ' + mode);
  if (mode === 'refuse') throw new Parse.Error(9001, 'no');
  if (mode === 'read') request.object.set('notes', await new Parse.Query('Note').count());
  if (mode === 'fresh') request.object.set('neverSeen', 5);
  if (mode === 'swallow') await new Parse.Object('Note').save({ newField: 1 }).catch(() => {});
  if (mode === 'hang') await new Promise(() => {});
});
Parse.Cloud.afterSave('Entry', async request => { await note('after ' + request.object.get('mode') + ' ' + request.object.get('notes')); });
Parse.Cloud.beforeDelete('Entry', () => note('beforeDelete'));
Parse.Cloud.afterDelete('Entry', () => note('afterDelete'));
"#;

fn start(options: &Value) -> Option<TestServer> {
    let server = TestServer::with_cloud(CODE, options)?;
    server.class_with("Note", &json!({"text": {"type": "String"}}), &open_but_hiding(&[]));
    let fields = json!({"mode": {"type": "String"}, "notes": {"type": "Number"}});
    server.class_with("Entry", &fields, &open_but_hiding(&[]));
    Some(server)
}

fn create(mode: &str) -> Value {
    json!({"method": "POST", "path": "/parse/classes/Entry", "body": {"mode": mode}})
}

fn transaction(server: &TestServer, requests: &[Value]) -> Answer {
    server.public().post("/batch", &json!({"requests": requests, "transaction": true}))
}

fn notes(server: &TestServer) -> Vec<Value> {
    server.master().find("Note", &json!({"order": "createdAt,objectId"})).is(200).each("text")
}

#[test]
fn what_hooks_write_before_is_a_part_of_it() {
    let Some(server) = start(&json!({})) else { return };
    transaction(&server, &[create("a"), create("refuse")]).is(400).is_refused_with(&[9001]);
    assert_eq!(notes(&server), Vec::<Value>::new(), "all of it is rolled back");
    assert_eq!(server.master().find("Entry", &json!({})).results(), Vec::<Value>::new());

    let answer = transaction(&server, &[create("a"), create("read")]).is(200).json();
    assert_eq!(answer[1]["success"]["notes"], 2, "hooks read what was written before them");
    let expected = ["before a", "before read", "after a undefined", "after read 2"];
    assert_eq!(notes(&server), expected, "the hooks after it wait for the end");
    let id = answer[0]["success"]["objectId"].as_str().unwrap();
    let delete =
        json!({"method": "DELETE", "path": format!("/parse/classes/Entry/{id}"), "body": {}});
    transaction(&server, &[delete]).is(200);
    assert_eq!(notes(&server)[4..], ["beforeDelete", "afterDelete"]);
}

#[test]
fn fields_that_only_hooks_know_of_are_made() {
    let Some(server) = start(&json!({})) else { return };
    let answer = transaction(&server, &[create("a"), create("fresh")]).is(200).json();
    assert_eq!(answer[1]["success"]["neverSeen"], 5);
    let expected = ["before a", "before fresh", "after a undefined", "after fresh undefined"];
    assert_eq!(notes(&server), expected, "what was begun first is rolled back");
    transaction(&server, &[create("swallow")]).is(200);
    let found = server.master().find("Note", &json!({"where": {"newField": 1}})).is(200).results();
    assert_eq!(found.len(), 1);
}

#[test]
fn a_hook_that_hangs_ends_the_transaction_and_nothing_else() {
    let Some(server) = start(&json!({"transactionTimeoutMs": 300})) else { return };
    transaction(&server, &[create("a"), create("hang")]).is(400).is_refused_with(&[124]);
    assert_eq!(notes(&server), Vec::<Value>::new());
    transaction(&server, &[create("b")]).is(200);
    assert_eq!(notes(&server), ["before b", "after b undefined"]);
}
