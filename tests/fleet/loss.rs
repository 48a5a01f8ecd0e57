//! Redis that is not there, goes away, or does not answer.

use std::time::{Duration, Instant};

use parsimony::adapters::pubsub::Notice;
use serde_json::json;

use crate::bus::{Running, number};
use crate::redis::RedisServer;

/// Tells of new objects until the other one hears of one. Its number.
async fn until_heard(teller: &Running, hearer: &mut Running) -> u64 {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        assert!(Instant::now() < deadline, "nothing comes through");
        teller.create("again", "x");
        let heard = tokio::time::timeout(Duration::from_millis(50), hearer.message()).await;
        if let Ok(message) = heard {
            return number(&message);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_is_not_there_yet_is_waited_for() {
    let Some(mut redis) = RedisServer::prepare(&[]) else { return };
    let (a, mut b) = (Running::start("a", &redis), Running::start("b", &redis));
    a.create("1", "one");
    assert_eq!(a.bus.traffic().connections(), 0);
    redis.run();
    until_heard(&a, &mut b).await;
    redis.await_listeners("appafterSave", 2);
    a.finish().await;
    b.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_is_killed_comes_back() {
    let Some(mut redis) = RedisServer::start(&[]) else { return };
    let (a, mut b) = (Running::start("a", &redis), Running::start("b", &redis));
    redis.await_listeners("appafterSave", 2);
    a.create("1", "one");
    assert_eq!(number(&b.message().await), 1);
    for round in 0..2 {
        redis.kill();
        for at in 0..100 {
            a.create(&at.to_string(), "nobody waits for this");
        }
        redis.run();
        let mut last = number_after_loss(&a, &mut b, round).await;
        // From now on nothing is missing, and nothing comes twice.
        let told = a.bus.traffic().dropped_total();
        a.create("end", "end");
        loop {
            let message = b.message().await;
            assert_eq!(number(&message), last + 1);
            last += 1;
            if message.after.unwrap()["objectId"].as_str() == Some("end") {
                break;
            }
        }
        assert_eq!(a.bus.traffic().dropped_total(), told);
    }
    a.finish().await;
    b.finish().await;
}

/// The number of the first event that is heard after a loss; before it, the news that some may be missing.
async fn number_after_loss(a: &Running, b: &mut Running, round: u32) -> u64 {
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut is_told = false;
    loop {
        assert!(Instant::now() < deadline, "nothing comes through, round {round}");
        a.create("again", "x");
        match tokio::time::timeout(Duration::from_millis(50), b.notices.next()).await {
            Ok(Some(Notice::Missed)) => is_told = true,
            Ok(Some(Notice::Message(message))) => {
                assert!(is_told, "an event may be missing before {message:?}");
                return number(&message);
            }
            Ok(other) => panic!("{other:?}"),
            Err(_) => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_does_not_answer_is_left() {
    let Some(redis) = RedisServer::start(&[]) else { return };
    let options =
        json!({"commandTimeout": 300, "pingInterval": 100, "socket": {"connectTimeout": 300}});
    let a = Running::with("a", &redis.url(), &options);
    let mut b = Running::with("b", &redis.url(), &options);
    redis.await_listeners("appafterSave", 2);
    redis.signal("STOP");
    a.create("1", "nobody waits for this");
    let deadline = Instant::now() + Duration::from_secs(60);
    while a.bus.traffic().connections() + b.bus.traffic().connections() > 0 {
        assert!(Instant::now() < deadline, "{:?}", a.bus.traffic());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    redis.signal("CONT");
    until_heard(&a, &mut b).await;
    a.finish().await;
    b.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_has_an_end() {
    let Some(mut redis) = RedisServer::prepare(&[]) else { return };
    let (a, mut b) = (Running::start("a", &redis), Running::start("b", &redis));
    let megabyte = "x".repeat(1 << 20);
    for at in 0..100 {
        a.create(&at.to_string(), &megabyte);
        // Somebody follows the events of this process, so that they do not wait here.
        tokio::task::yield_now().await;
    }
    let deadline = Instant::now() + Duration::from_secs(60);
    while a.bus.traffic().dropped_total() < 30 {
        assert!(Instant::now() < deadline, "{:?}", a.bus.traffic());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    redis.run();
    until_heard(&a, &mut b).await;
    a.finish().await;
    b.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_does_not_wait_for_a_redis_that_is_away() {
    let Some(redis) = RedisServer::prepare(&[]) else { return };
    let a = Running::start("a", &redis);
    a.create("1", "one");
    a.finish().await;
}
