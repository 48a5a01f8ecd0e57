//! What becomes of objects, and who is told.

use serde_json::json;

use crate::support::TestServer;

#[test]
fn the_five_events() {
    let server = TestServer::live(&["Post"], &json!({}));
    let writer = server.public();
    let mut client = server.live_client();
    client.subscribe(1, "Post", &json!({"score": {"$gt": 10}}));

    let id = writer.create("Post", &json!({"title": "one", "score": 11}));
    let event = client.expect("create", 1);
    assert_eq!(event["object"]["objectId"], json!(id));
    assert_eq!(event["object"]["className"], "Post");
    assert_eq!(event["object"]["score"], 11);
    assert_eq!(event.get("original"), None, "{event}");
    assert_eq!(event["object"].get("__type"), None, "{event}");

    let path = format!("/classes/Post/{id}");
    writer.put(&path, &json!({"title": "two"})).is(200);
    let event = client.expect("update", 1);
    assert_eq!(event["object"]["title"], "two");
    assert_eq!(event["original"]["title"], "one");

    writer.put(&path, &json!({"score": 1})).is(200);
    let event = client.expect("leave", 1);
    assert_eq!((&event["object"]["score"], &event["original"]["score"]), (&json!(1), &json!(11)));

    writer.put(&path, &json!({"title": "three"})).is(200);
    client.expect_silence(&writer);

    writer.put(&path, &json!({"score": 12})).is(200);
    let event = client.expect("enter", 1);
    assert_eq!((&event["object"]["score"], &event["original"]["score"]), (&json!(12), &json!(1)));

    writer.delete(&path).is(200);
    let event = client.expect("delete", 1);
    assert_eq!(event["object"]["objectId"], json!(id));
    assert_eq!(event.get("original"), None, "{event}");

    client.unsubscribe(1);
    writer.create("Post", &json!({"score": 20}));
    client.expect_silence(&writer);
}
