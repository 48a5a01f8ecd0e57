//! What cloud code hears, refuses and changes.

use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use super::*;
use crate::cloud::native::{Connecting, LiveEvent, Subscribing, Tell};

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Post {
    n: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

async fn hidden_secret(world: &World) {
    let open = json!({"*": true});
    world
        .class(
            "Post",
            json!({"find": open, "get": open, "protectedFields": {"*": ["secret"]}}),
            json!({"n": {"type": "Number"}, "secret": {"type": "String"}, "hint": {"type": "String"}}),
        )
        .await;
}

#[tokio::test]
async fn a_hook_decides_what_is_told() {
    let world = World::with(|server| {
        server.after_event("Post", async |event: LiveEvent<Post>| -> Result<Tell<Post>, Error> {
            let mut object = event.object;
            Ok(match object.n as i64 {
                1 => Tell::AsItIs,
                2 => Tell::Nothing,
                3 => return Err(Error::custom(777, "not this one")),
                _ => {
                    object.note = Some(format!("{} of {:?}", event.event, object.secret));
                    Tell::This { object, original: event.original }
                }
            })
        })
    })
    .await;
    hidden_secret(&world).await;
    let mut public = world.hears(&Who::Public, "Post", json!({})).await;
    let mut master = world.hears(&Who::Master, "Post", json!({})).await;
    for n in 1..=3 {
        world.create("Post", json!({"n": n, "secret": "s", "hint": "h"})).await;
    }
    let id = world.create("Post", json!({"n": 4, "secret": "s"})).await;
    world.update("Post", &id, json!({"n": 5})).await;
    for expected in [
        "create hint=h,n=1",
        "failed 777 not this one",
        "create n=4,note=create of Some(\"s\")",
        "update n=5,note=update of Some(\"s\") was n=4",
    ] {
        assert_eq!(public.told().await, expected);
    }
    for expected in [
        "create hint=h,n=1,secret=s",
        "failed 777 not this one",
        "create n=4,note=create of Some(\"s\"),secret=s",
    ] {
        assert_eq!(master.told().await, expected);
    }
}

#[tokio::test]
async fn a_changed_event_has_the_wanted_fields_alone() {
    let world = World::with(|server| {
        server.after_event("Post", async |event: LiveEvent<Post>| -> Result<Tell<Post>, Error> {
            let note = Some("added".to_owned());
            let secret = Some("shown by a hook".to_owned());
            Ok(Tell::This { object: Post { note, secret, ..event.object }, original: None })
        })
    })
    .await;
    hidden_secret(&world).await;
    for (keys, expected) in [
        (None, "create n=1,note=added"),
        (Some(vec!["n"]), "create n=1"),
        (Some(vec!["note"]), "create note=added"),
        (Some(vec!["secret"]), "create "),
    ] {
        let mut listener = world.listener(&Who::Public);
        let keys = keys.map(|keys| keys.into_iter().map(str::to_owned).collect());
        listener.subscribe(1, Terms { keys, ..terms("Post", json!({})) }).await.unwrap();
        world.create("Post", json!({"n": 1})).await;
        assert_eq!(listener.told().await, expected);
    }
}

#[tokio::test]
async fn what_nobody_changes_is_shared_though_a_hook_heard_of_it() {
    let world = World::with(|server| {
        server.after_event("Post", async |_: LiveEvent<Post>| -> Result<Tell<Post>, Error> {
            Ok(Tell::AsItIs)
        })
    })
    .await;
    let mut one = world.hears(&Who::Public, "Post", json!({})).await;
    let mut other = world.hears(&Who::Public, "Post", json!({})).await;
    world.create("Post", json!({"n": 1})).await;
    match (one.delivery().await.told, other.delivery().await.told) {
        (Told::Event(one, _), Told::Event(other, _)) => assert!(Arc::ptr_eq(&one, &other)),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_hook_changes_what_is_subscribed_to() {
    let world = World::with(|server| {
        server.before_subscribe("Post", async |asked: Subscribing| {
            let Some(user) = asked.caller.user() else {
                return Err(Error::custom(778, "who are you?"));
            };
            Ok(asked.query.filter(json!({"owner": user.id()})))
        })
    })
    .await;
    let (anna, as_anna) = world.user("anna").await;
    let refused =
        world.listener(&Who::Public).subscribe(1, terms("Post", json!({}))).await.unwrap_err();
    assert_eq!((refused.number(), refused.text()), (778, "who are you?"));
    let mut listener = world.listener(&as_anna);
    let watch = Some(vec!["n".to_owned()]);
    listener.subscribe(1, Terms { watch, ..terms("Post", json!({"n": 1})) }).await.unwrap();
    world.create("Post", json!({"n": 1, "owner": "somebody"})).await;
    let id = world.create("Post", json!({"n": 2, "owner": anna})).await;
    world.update("Post", &id, json!({"m": 2})).await;
    world.update("Post", &id, json!({"n": 3})).await;
    assert_eq!(listener.told().await, format!("create n=2,owner={anna}"));
    let expected = format!("update m=2,n=3,owner={anna} was m=2,n=2,owner={anna}");
    assert_eq!(listener.told().await, expected, "the watch stayed");
}

#[tokio::test]
async fn a_hook_can_not_open_what_the_caller_may_not_ask() {
    let world = World::with(|server| {
        server.before_subscribe("Post", async |asked: Subscribing| -> Result<_, Error> {
            Ok(asked.query.filter(json!({"secret": {"$exists": true}})))
        })
    })
    .await;
    hidden_secret(&world).await;
    let refused =
        world.listener(&Who::Public).subscribe(1, terms("Post", json!({}))).await.unwrap_err();
    assert_eq!(refused.number(), 119);
}

#[tokio::test]
async fn connections_are_refused_and_told_of() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let telling = Arc::clone(&told);
    let world = World::with(|server| {
        let server = server.before_connect(async |who: Connecting| match who.caller.user() {
            None if !who.caller.is_master() => Err(Error::custom(779, "not you")),
            _ => Ok(()),
        });
        server.on_live_query_event(move |name, clients, subscriptions| {
            telling.lock().unwrap().push(format!("{name} {clients} {subscriptions}"));
        })
    })
    .await;
    let (_, as_anna) = world.user("anna").await;
    world.live.opened();
    let listener = world.listener(&Who::Public);
    let refused = listener.client.admitted(&Who::Public).await.unwrap_err();
    assert_eq!((refused.number(), refused.text()), (779, "not you"));
    let nobody = Who::Session(Arc::from("r:none"));
    assert_eq!(listener.client.admitted(&nobody).await.unwrap_err().number(), 779);
    drop(listener);
    world.live.lost();

    let listener = world.listener(&as_anna);
    listener.client.admitted(&as_anna).await.unwrap();
    listener.subscribe(1, terms("Post", json!({}))).await.unwrap();
    listener.subscribe(2, terms("Post", json!({}))).await.unwrap();
    listener.client.unsubscribe(1);
    listener.client.unsubscribe(7);
    drop(listener);
    world.listener(&Who::Master).client.admitted(&Who::Master).await.unwrap();
    assert_eq!(
        *told.lock().unwrap(),
        [
            "ws_connect 0 0",
            "ws_disconnect_error 0 0",
            "connect 0 0",
            "subscribe 1 1",
            "subscribe 1 2",
            "unsubscribe 1 1",
            "ws_disconnect 0 0",
            "connect 0 0",
            "ws_disconnect 0 0",
        ]
    );
}
