//! Two buses and a Redis between them.

use std::sync::Arc;
use std::time::Duration;

use parsimony::adapters::pubsub::{Bus, Fleet, Message, Notice, Notices};
use parsimony::options::RedisConfig;
use parsimony::value::wire::FileUrls;
use parsimony::value::{
    Cell, ClassName, Column, FieldName, Form, Json, Layout, ObjectId, Stored, StoredBuilder,
};
use serde_json::{Map, Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::redis::RedisServer;

/// Nobody waits longer; a bus that hangs fails its test.
const WAIT_MAX: Duration = Duration::from_secs(60);
pub(crate) const APP_ID: &str = "app";

/// A bus that runs.
pub(crate) struct Running {
    pub(crate) bus: Arc<Bus>,
    pub(crate) notices: Notices,
    relay: JoinHandle<()>,
    stop: oneshot::Sender<()>,
    end: oneshot::Sender<()>,
}

impl Running {
    pub(crate) fn start(name: &str, redis: &RedisServer) -> Self {
        Self::with(name, &redis.url(), &json!({"commandTimeout": 500}))
    }

    pub(crate) fn with(name: &str, url: &str, options: &Value) -> Self {
        let options: Map<String, Value> = options.as_object().cloned().unwrap();
        let fleet = Fleet {
            app_id: APP_ID,
            files: FileUrls { prefix: "http://h/files/".to_owned() },
            redis: &RedisConfig::at(url, options).unwrap(),
            dice: || 128,
        };
        let (bus, notices, relay) = Bus::connected(Arc::from(name), fleet).unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let (end, ended) = oneshot::channel::<()>();
        let running = relay.run(async { stopped.await.unwrap_or_default() }, async {
            ended.await.unwrap_or_default()
        });
        Self { bus: Arc::new(bus), notices, relay: tokio::spawn(running), stop, end }
    }

    /// Tells of a new object.
    pub(crate) fn create(&self, id: &str, title: &str) {
        let key = (ClassName::from("Post"), ObjectId::from(id));
        self.bus.publish(key, (None, Some(row(id, title))), Json::empty);
    }

    /// What comes next.
    pub(crate) async fn next(&mut self) -> Notice {
        tokio::time::timeout(WAIT_MAX, self.notices.next()).await.unwrap().unwrap()
    }

    /// What comes next from another process, whatever happens here.
    pub(crate) async fn message(&mut self) -> Message {
        loop {
            if let Notice::Message(message) = self.next().await {
                return message;
            }
        }
    }

    /// Ends after a while in which it should not have come through: what it told is dropped.
    pub(crate) async fn finish_unconnected(self) {
        let bus = Arc::clone(&self.bus);
        let deadline = tokio::time::Instant::now() + WAIT_MAX;
        while bus.traffic().failed_total() < 2 {
            assert!(tokio::time::Instant::now() < deadline, "nobody was refused");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(bus.traffic().connections(), 0);
        self.finish().await;
        assert_eq!((bus.traffic().published_total(), bus.traffic().dropped_total()), (0, 1));
    }

    /// Ends as a server does.
    pub(crate) async fn finish(self) {
        let Self { bus, notices, relay, stop, end } = self;
        drop((stop, end, notices));
        tokio::time::timeout(WAIT_MAX, relay).await.unwrap().unwrap();
        drop(bus);
    }
}

pub(crate) fn row(id: &str, title: &str) -> Stored {
    let column = |name: &str| Column { name: FieldName::from(name), form: Form::Plain };
    let layout = Arc::new(Layout {
        class: ClassName::from("Post"),
        columns: vec![column("objectId"), column("title")],
    });
    let mut row = StoredBuilder::new(layout);
    row.push(Cell::Text(id));
    row.push(Cell::Text(title));
    row.finish()
}

pub(crate) fn number(message: &Message) -> u64 {
    message.position.as_ref().unwrap().number
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happens_in_one_process_is_heard_in_the_other() {
    let Some(redis) = RedisServer::start(&[]) else { return };
    let (mut a, mut b) = (Running::start("a", &redis), Running::start("b", &redis));
    redis.await_listeners("appafterSave", 2);
    a.create("1", "one");
    let key = || (ClassName::from("Post"), ObjectId::from("1"));
    a.bus.publish(key(), (Some(row("1", "one")), Some(row("1", "two"))), Json::empty);
    a.bus.publish(key(), (Some(row("1", "two")), None), Json::empty);
    a.bus.forget(&ObjectId::from("u1"));
    b.create("2", "of b");

    let expected = [(None, Some("one")), (Some("one"), Some("two")), (Some("two"), None)];
    for (at, (before, after)) in expected.into_iter().enumerate() {
        let message = loop {
            match b.next().await {
                Notice::Message(message) => break message,
                Notice::Event(event) => assert_eq!(event.position.server.as_ref(), "b"),
                other @ (Notice::Forget(_) | Notice::Missed) => panic!("{other:?}"),
            }
        };
        let title = |members: &Option<parsimony::value::Members>| {
            members.as_ref().map(|members| members["title"].as_str().unwrap().to_owned())
        };
        assert_eq!(message.class, "Post");
        assert_eq!(
            (title(&message.before).as_deref(), title(&message.after).as_deref()),
            (before, after)
        );
        assert_eq!(message.position.as_ref().unwrap().server.as_ref(), "a");
        assert_eq!(number(&message), at as u64 + 1);
    }
    loop {
        match b.next().await {
            Notice::Forget(user) => break assert_eq!(user, "u1"),
            Notice::Event(event) => assert_eq!(event.position.server.as_ref(), "b"),
            other @ (Notice::Message(_) | Notice::Missed) => panic!("{other:?}"),
        }
    }
    // A process hears what happens in it once, from itself.
    for _ in 0..3 {
        assert!(matches!(a.next().await, Notice::Event(_)));
    }
    assert_eq!(number(&a.message().await), 1);
    assert_eq!((a.bus.traffic().connections(), a.bus.traffic().received_total()), (2, 1));
    a.finish().await;
    b.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_told_last_is_published_before_the_end() {
    let Some(redis) = RedisServer::start(&[]) else { return };
    let (a, mut b) = (Running::start("a", &redis), Running::start("b", &redis));
    redis.await_listeners("appafterSave", 2);
    for at in 0..1_000 {
        a.create(&at.to_string(), "x");
    }
    a.finish().await;
    for at in 1..=1_000 {
        assert_eq!(number(&b.message().await), at);
    }
    b.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_hurts_nobody() {
    let Some(redis) = RedisServer::start(&[]) else { return };
    let mut b = Running::start("b", &redis);
    redis.await_listeners("appafterSave", 1);
    let mut stranger = redis.connect();
    let deep = "[".repeat(200_000);
    let deep_object = format!("{{\"currentParseObject\":{}", "{\"a\":".repeat(100_000));
    let long = vec![b'['; 65 << 20];
    let garbage: [&[u8]; 11] = [
        b"",
        b"null",
        b"{",
        b"\xff\xfe\x00",
        b"{\"currentParseObject\":{}}",
        b"{\"currentParseObject\":{\"className\":\"Post\",\"objectId\":{\"$ne\":null}}}",
        b"{\"currentParseObject\":{\"className\":[],\"objectId\":\"x\"}}",
        b"{\"parsimony\":[],\"currentParseObject\":{\"className\":\"Post\",\"objectId\":\"x\"}}",
        b"{\"userId\":7}",
        deep.as_bytes(),
        deep_object.as_bytes(),
    ];
    for text in garbage {
        for channel in ["appafterSave", "appafterDelete", "appclearCache"] {
            assert_eq!(stranger.publish(channel, text), 1);
        }
        assert_eq!(stranger.publish("otherafterSave", text), 0, "another application");
    }
    let good = br#"{"currentParseObject":{"__type":"Object","className":"Post","objectId":"x","title":"t"}}"#;
    stranger.publish("appafterSave", good);
    let Notice::Message(message) = b.next().await else { panic!("no message") };
    assert_eq!((message.class.as_str(), message.position.is_none()), ("Post", true));
    assert_eq!(b.bus.traffic().refused_total(), 11 * 3, "{:?}", b.bus.traffic());
    // Redis itself cuts off whoever is to hear this; he comes back, and knows that something is missing.
    stranger.publish("appafterSave", &long);
    while b.bus.traffic().failed_total() == 0 && b.bus.traffic().refused_total() == 33 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    redis.await_listeners("appafterSave", 1);
    if b.bus.traffic().failed_total() > 0 {
        assert!(matches!(b.next().await, Notice::Missed));
    }
    // Who publishes twice, because he can not know, is heard once.
    let numbered = br#"{"parsimony":{"server":"c","number":5},"currentParseObject":{"className":"Post","objectId":"x"}}"#;
    let later = br#"{"parsimony":{"server":"c","number":6},"currentParseObject":{"className":"Post","objectId":"x"}}"#;
    for text in [&numbered[..], numbered, later, numbered, later] {
        stranger.publish("appafterSave", text);
    }
    stranger.publish("appclearCache", b"{\"userId\":\"end\"}");
    assert_eq!(number(&b.message().await), 5);
    assert_eq!(number(&b.message().await), 6);
    assert!(matches!(b.next().await, Notice::Forget(_)));
    b.finish().await;
}
