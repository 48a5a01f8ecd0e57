//! What is told to whom.

use std::sync::atomic::{AtomicI64, Ordering};

use super::*;
use crate::adapters::clock::Clock;
use crate::live::Fate;

#[tokio::test]
async fn every_transition_is_told_as_what_it_is() {
    let world = World::new().await;
    let mut all = world.hears(&Who::Public, "Post", json!({})).await;
    let mut some = world.hears(&Who::Public, "Post", json!({"n": {"$gt": 1}})).await;
    let id = world.create("Post", json!({"n": 2})).await;
    world.update("Post", &id, json!({"n": 3})).await;
    world.update("Post", &id, json!({"n": 1})).await;
    world.update("Post", &id, json!({"n": 0})).await;
    world.update("Post", &id, json!({"n": 5})).await;
    world.delete("Post", &id).await;
    for expected in [
        "create n=2",
        "update n=3 was n=2",
        "update n=1 was n=3",
        "update n=0 was n=1",
        "update n=5 was n=0",
        "delete n=5",
    ] {
        assert_eq!(all.told().await, expected);
    }
    for expected in
        ["create n=2", "update n=3 was n=2", "leave n=1 was n=3", "enter n=5 was n=0", "delete n=5"]
    {
        assert_eq!(some.told().await, expected);
    }
}

#[tokio::test]
async fn who_may_not_see_an_object_is_told_nothing_of_what_it_became() {
    let world = World::new().await;
    let ((anna, as_anna), (_, as_ben)) = (world.user("anna").await, world.user("ben").await);
    let mut anna_hears = world.hears(&as_anna, "Post", json!({})).await;
    let mut ben_hears = world.hears(&as_ben, "Post", json!({})).await;
    let mut master_hears = world.hears(&Who::Master, "Post", json!({})).await;
    let hers = json!({anna.as_str(): {"read": true, "write": true}});
    let id = world.create("Post", json!({"n": 1, "ACL": hers})).await;
    world.update("Post", &id, json!({"n": 2, "ACL": {"*": {"read": true}}})).await;
    world.update("Post", &id, json!({"n": 3, "ACL": hers})).await;
    world.update("Post", &id, json!({"n": 4, "ACL": {}})).await;
    world.update("Post", &id, json!({"n": 5})).await;
    world.create("Post", json!({"n": 6})).await;
    for expected in [
        "create n=1",
        "update n=2 was n=1",
        "update n=3 was n=2",
        "leave n=3 was n=3",
        "create n=6",
    ] {
        assert_eq!(anna_hears.told().await, expected);
    }
    for expected in ["enter n=2", "leave n=2 was n=2", "create n=6"] {
        assert_eq!(ben_hears.told().await, expected);
    }
    for expected in ["create n=1", "update n=2 was n=1", "update n=3 was n=2", "update n=4 was n=3"]
    {
        assert_eq!(master_hears.told().await, expected);
    }
}

#[tokio::test]
async fn all_who_see_the_same_are_shown_the_same_once() {
    let world = World::new().await;
    let ((anna, as_anna), (_, as_ben)) = (world.user("anna").await, world.user("ben").await);
    let open = json!({"*": true});
    world
        .class(
            "Post",
            json!({"find": open, "get": open, "protectedFields": {"*": ["secret"], "userField:owner": []}}),
            json!({
                "secret": {"type": "String"}, "n": {"type": "Number"},
                "owner": {"type": "Pointer", "targetClass": "_User"},
            }),
        )
        .await;
    let mut listeners = Vec::new();
    for who in [&Who::Public, &Who::Public, &as_ben, &as_anna, &Who::Master] {
        listeners.push(world.hears(who, "Post", json!({"n": 1})).await);
    }
    let owner = json!({"__type": "Pointer", "className": "_User", "objectId": anna});
    world.create("Post", json!({"n": 1, "secret": "s", "owner": owner})).await;
    let mut shown = Vec::new();
    for listener in &mut listeners {
        let Told::Event(event, _) = listener.delivery().await.told else { panic!("no event") };
        shown.push(event);
    }
    let [public, public_too, ben, anna_sees, master] = &shown[..] else { panic!() };
    assert!(Arc::ptr_eq(public, public_too) && Arc::ptr_eq(public, ben));
    assert!(!Arc::ptr_eq(public, anna_sees));
    assert!(!shown_as(&public.object).contains("secret"), "{}", shown_as(&public.object));
    assert!(shown_as(&anna_sees.object).contains("secret=s"));
    assert!(shown_as(&master.object).contains("secret=s"));
    let mut encodings = 0;
    for event in [public, public_too, ben] {
        event.encoded(7, |_| {
            encodings += 1;
            bytes::Bytes::new()
        });
    }
    assert_eq!(encodings, 1);
}

#[tokio::test]
async fn keys_and_watch_narrow_what_is_told() {
    let world = World::new().await;
    let mut listener = world.listener(&Who::Public);
    let keys = Some(vec!["a".to_owned()]);
    let watch = Some(vec!["b".to_owned()]);
    listener.subscribe(1, Terms { keys, watch, ..terms("Post", json!({})) }).await.unwrap();
    let id = world.create("Post", json!({"a": 1, "b": 1, "c": 1})).await;
    world.update("Post", &id, json!({"a": 2})).await;
    world.update("Post", &id, json!({"b": 1})).await;
    world.update("Post", &id, json!({"b": 2})).await;
    world.create("Post", json!({"c": 5})).await;
    world.delete("Post", &id).await;
    for expected in ["create a=1", "update a=2 was a=2", "delete a=2"] {
        assert_eq!(listener.told().await, expected);
    }
}

#[tokio::test]
async fn only_the_wanted_transitions_are_told() {
    let world = World::new().await;
    let mut listener = world.listener(&Who::Public);
    let kinds = Kinds::NONE.with(crate::live::Kind::Delete).with(crate::live::Kind::Leave);
    listener.subscribe(1, Terms { kinds, ..terms("Post", json!({"n": 1})) }).await.unwrap();
    let id = world.create("Post", json!({"n": 1})).await;
    world.update("Post", &id, json!({"n": 2})).await;
    world.update("Post", &id, json!({"n": 1})).await;
    world.delete("Post", &id).await;
    assert_eq!(listener.told().await, "leave n=2 was n=1");
    assert_eq!(listener.told().await, "delete n=1");
}

#[tokio::test]
async fn roles_that_come_and_go_count_at_the_next_event() {
    let world = World::new().await;
    let (anna, as_anna) = world.user("anna").await;
    let role = |name: &str| json!({"name": name, "ACL": {"*": {"read": true}}});
    let inner = world.master("POST", "/roles", role("inner")).await;
    let outer = world.master("POST", "/roles", role("outer")).await;
    let path = |role: &Value| format!("/roles/{}", role["objectId"].as_str().unwrap());
    let relate = |op: &str, class: &str, id: &str| json!({"__op": op, "objects": [{"__type": "Pointer", "className": class, "objectId": id}]});
    let inner_id = inner["objectId"].as_str().unwrap().to_owned();
    let mut listener = world.hears(&as_anna, "Post", json!({})).await;
    // Who is told is decided when an event is told, so each has to be told before the next change.
    let mut master = world.hears(&Who::Master, "Post", json!({})).await;
    let secret = json!({"role:outer": {"read": true}});
    let id = world.create("Post", json!({"n": 0, "ACL": secret})).await;
    master.told().await;
    world
        .master("PUT", &path(&outer), json!({"roles": relate("AddRelation", "_Role", &inner_id)}))
        .await;
    world.update("Post", &id, json!({"n": 1})).await;
    master.told().await;
    world
        .master("PUT", &path(&inner), json!({"users": relate("AddRelation", "_User", &anna)}))
        .await;
    world.update("Post", &id, json!({"n": 2})).await;
    master.told().await;
    world
        .master("PUT", &path(&inner), json!({"users": relate("RemoveRelation", "_User", &anna)}))
        .await;
    world.update("Post", &id, json!({"n": 3})).await;
    master.told().await;
    world
        .master("PUT", &path(&inner), json!({"users": relate("AddRelation", "_User", &anna)}))
        .await;
    world.update("Post", &id, json!({"n": 4})).await;
    master.told().await;
    let _: IgnoredAny = world
        .master_of(world.server.api().master().request::<(), _>("DELETE", &path(&outer), None))
        .await;
    world.update("Post", &id, json!({"n": 5})).await;
    master.told().await;
    world.create("Post", json!({"n": 6})).await;
    master.told().await;
    for expected in ["update n=2 was n=1", "update n=4 was n=3", "create n=6"] {
        assert_eq!(listener.told().await, expected);
    }
}

#[tokio::test]
async fn nobody_hears_of_what_was_over_before_he_subscribed() {
    let world = World::new().await;
    for n in 0..50 {
        world.create("Post", json!({"n": n})).await;
        let mut listener = world.hears(&Who::Public, "Post", json!({})).await;
        world.create("Post", json!({"n": 100 + n})).await;
        assert_eq!(listener.told().await, format!("create n={}", 100 + n));
    }
}

#[tokio::test]
async fn a_session_ends_by_itself_when_its_time_is_over() {
    let now = Arc::new(AtomicI64::new(1_800_000_000_000));
    let clock = Clock::Mock(Arc::clone(&now));
    let world = World::with(|server| server.clock(clock).option("sessionLength", 60)).await;
    let (_, as_anna) = world.user("anna").await;
    let mut anna_hears = world.hears(&as_anna, "Post", json!({})).await;
    let mut all_hear = world.hears(&Who::Public, "Post", json!({})).await;
    world.create("Post", json!({"n": 1})).await;
    assert_eq!(anna_hears.told().await, "create n=1");
    now.fetch_add(61_000, Ordering::Relaxed);
    world.create("Post", json!({"n": 2})).await;
    assert_eq!(anna_hears.told().await, "ended 209 Session token is expired.");
    for expected in ["create n=1", "create n=2"] {
        assert_eq!(all_hear.told().await, expected);
    }
    assert!(!anna_hears.client.unsubscribe(1), "there is nothing left of it");
}

#[tokio::test]
async fn an_ended_session_ends_what_it_subscribed_to() {
    let world = World::new().await;
    let (id, token) = world.user("anna").await;
    // The words depend on whether the database had to be asked.
    let ends = "ended 209 ";
    let mut listener = world.hears(&token, "Post", json!({})).await;
    world.create("Post", json!({"n": 1})).await;
    assert_eq!(listener.told().await, "create n=1");
    world.update("_User", &id, json!({"password": "another"})).await;
    assert!(listener.told().await.starts_with(ends));
    assert!(!listener.client.unsubscribe(1), "it is gone");
    let refused = listener.subscribe(1, terms("Post", json!({}))).await.unwrap_err();
    assert_eq!(refused.number(), 209);

    let (id, token) = world.user("ben").await;
    let mut listener = world.hears(&token, "Post", json!({})).await;
    world.delete("_User", &id).await;
    world.create("Post", json!({"n": 2})).await;
    assert!(listener.told().await.starts_with(ends));

    let (_, token) = world.user("carl").await;
    let mut listener = world.hears(&token, "Post", json!({})).await;
    let Who::Session(text) = &token else { panic!() };
    let _: IgnoredAny = world
        .server
        .api()
        .session(text)
        .request("POST", "/logout", Some(&json!({})))
        .await
        .unwrap();
    assert!(listener.told().await.starts_with(ends));
}

#[tokio::test]
async fn permissions_that_are_taken_away_count_at_the_next_event() {
    let world = World::new().await;
    let open = json!({"*": true});
    world.class("Post", json!({"find": open, "get": open}), json!({"n": {"type": "Number"}})).await;
    let mut listener = world.hears(&Who::Public, "Post", json!({})).await;
    let mut master = world.hears(&Who::Master, "Post", json!({})).await;
    world.create("Post", json!({"n": 1})).await;
    master.told().await;
    let closed = json!({"classLevelPermissions": {"find": {}, "get": {}}});
    world.master("PUT", "/schemas/Post", closed).await;
    world.create("Post", json!({"n": 2})).await;
    master.told().await;
    let opened = json!({"classLevelPermissions": {"find": open, "get": open}});
    world.master("PUT", "/schemas/Post", opened).await;
    world.create("Post", json!({"n": 3})).await;
    master.told().await;
    assert_eq!(listener.told().await, "create n=1");
    assert_eq!(listener.told().await, "create n=3");
}

#[tokio::test]
async fn who_does_not_read_is_cut_off_and_harms_nobody() {
    let world = World::new().await;
    let mut slow = world.hears(&Who::Public, "Post", json!({})).await;
    let mut other = world.hears(&Who::Public, "Post", json!({})).await;
    let most = world.live.app().config.live.limits.queue_length;
    for n in 0..=most {
        world.create("Post", json!({"n": n})).await;
        assert_eq!(other.told().await, format!("create n={n}"));
    }
    assert_eq!(slow.inbox.next().await.unwrap_err(), Fate::TooSlow);
    world.create("Post", json!({"n": -1})).await;
    assert_eq!(other.told().await, "create n=-1");
}

#[tokio::test]
async fn who_comes_back_is_told_what_he_missed() {
    let world = World::new().await;
    let listener = world.listener(&Who::Public);
    let first = listener.subscribe(1, terms("Post", json!({"n": {"$gt": 1}}))).await.unwrap();
    drop(listener);
    let id = world.create("Post", json!({"n": 2})).await;
    world.create("Post", json!({"n": 1})).await;
    world.create("Other", json!({"n": 7})).await;
    world.update("Post", &id, json!({"n": 0})).await;
    let sentinel = world.hears(&Who::Public, "Post", json!({})).await;
    drop(sentinel);

    let mut again = world.listener(&Who::Public);
    let after = Some(first.sequence.to_string());
    let back = again
        .subscribe(1, Terms { after: after.clone(), ..terms("Post", json!({"n": {"$gt": 1}})) })
        .await
        .unwrap();
    assert!(back.is_resumed);
    assert_eq!(again.told().await, "create n=2");
    assert_eq!(again.told().await, "leave n=0 was n=2");
    for unknown in ["elsewhere.7", "no sequence"] {
        let after = Some(unknown.to_owned());
        let fresh = again.subscribe(2, Terms { after, ..terms("Post", json!({})) }).await.unwrap();
        assert!(!fresh.is_resumed, "{unknown}");
    }
}

#[tokio::test]
async fn what_a_connection_may_ask_is_bounded() {
    let world = World::new().await;
    let listener = world.listener(&Who::Public);
    let most = world.live.app().config.live.limits.subscriptions_per_connection;
    for name in 0..most as u64 {
        listener.subscribe(name, terms("Post", json!({"n": name}))).await.unwrap();
    }
    let refused = listener.subscribe(most as u64, terms("Post", json!({}))).await.unwrap_err();
    assert_eq!(refused.number(), 119);
    listener.subscribe(0, terms("Post", json!({"n": "another"}))).await.unwrap();
    assert!(listener.client.unsubscribe(1));
    listener.subscribe(most as u64, terms("Post", json!({}))).await.unwrap();
}
