//! Transactions that are held open.

use std::sync::Arc;

use super::world::{Words, World, ids, insert, query, update};
use crate::error::Error;
use crate::schema::ClassSchema;

const LONG_MS: u64 = 60_000;

async fn class(world: &World) -> Arc<ClassSchema> {
    let fields = r#"{"n":{"type":"Number"},"friends":{"type":"Relation","targetClass":"Item"}}"#;
    let class = world.create_class("Item", fields).await;
    world.insert(&class, "a", r#"{"n":1}"#).await;
    class
}

fn code(error: &Error) -> i32 {
    error.code() as i32
}

pub(in crate::storage) async fn a_transaction_sees_itself_only(world: World) {
    let class = class(&world).await;
    let all = || query(&class, "{}", "");
    let transaction = world.storage.begin(LONG_MS).await.unwrap();
    transaction
        .write(vec![insert(&class, "b", r#"{"n":2}"#), update(&class, "a", r#"{"n":5}"#, &[])])
        .await
        .unwrap();
    assert_eq!(Words(ids(&transaction.find(all()).await.unwrap())), "a b");
    assert_eq!(transaction.count(query(&class, r#"{"n":5}"#, "")).await.unwrap(), 1);
    assert_eq!(Words(ids(&world.storage.find(all()).await.unwrap())), "a", "nobody else sees it");
    assert_eq!(world.ids(&class, r#"{"n":1}"#).await, "a");
    transaction.commit().await.unwrap();
    assert_eq!(Words(ids(&world.storage.find(all()).await.unwrap())), "a b");
    assert!(transaction.write(vec![insert(&class, "c", "{}")]).await.is_err(), "it is over");
    assert!(transaction.commit().await.is_err());
    let transaction = world.storage.begin(LONG_MS).await.unwrap();
    transaction.write(vec![insert(&class, "c", "{}")]).await.unwrap();
    transaction.rollback().await.unwrap();
    assert_eq!(Words(ids(&world.storage.find(all()).await.unwrap())), "a b");
}

pub(in crate::storage) async fn a_dropped_transaction_is_undone(world: World) {
    let class = class(&world).await;
    let transaction = world.storage.begin(LONG_MS).await.unwrap();
    transaction.write(vec![insert(&class, "b", "{}")]).await.unwrap();
    drop(transaction);
    world.insert(&class, "c", "{}").await;
    assert_eq!(world.ids(&class, "{}").await, "a c");
}

pub(in crate::storage) async fn a_late_transaction_is_undone(world: World) {
    let class = class(&world).await;
    let transaction = world.storage.begin(20).await.unwrap();
    transaction
        .write(vec![insert(&class, "b", "{}"), update(&class, "a", r#"{"n":2}"#, &[])])
        .await
        .unwrap();
    // The write to the same object waits until the transaction has been undone.
    world.update(&class, "a", r#"{"n":{"__op":"Increment","amount":10}}"#).await;
    world.insert(&class, "c", "{}").await;
    assert_eq!(code(&transaction.write(vec![insert(&class, "d", "{}")]).await.unwrap_err()), 124);
    assert_eq!(code(&transaction.find(query(&class, "{}", "")).await.unwrap_err()), 124);
    assert_eq!(code(&transaction.commit().await.unwrap_err()), 124);
    assert_eq!(world.ids(&class, "{}").await, "a c");
    assert_eq!(world.ids(&class, r#"{"n":11}"#).await, "a");
}

pub(in crate::storage) async fn a_failed_write_leaves_the_transaction_usable(world: World) {
    let class = class(&world).await;
    let transaction = world.storage.begin(LONG_MS).await.unwrap();
    transaction.write(vec![insert(&class, "b", "{}")]).await.unwrap();
    let friends = r#"{"friends":{"__op":"AddRelation","objects":[{"__type":"Pointer","className":"Item","objectId":"a"}]}}"#;
    for changes in [
        vec![insert(&class, "a", "{}")],
        vec![insert(&class, "c", friends), insert(&class, "a", "{}")],
    ] {
        assert_eq!(code(&transaction.write(changes).await.unwrap_err()), 137);
    }
    transaction.write(vec![insert(&class, "d", "{}")]).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(world.ids(&class, "{}").await, "a b d");
}

pub(in crate::storage) async fn writes_wait_for_a_transaction(world: World) {
    let class = class(&world).await;
    let transaction = world.storage.begin(LONG_MS).await.unwrap();
    transaction
        .write(vec![update(&class, "a", r#"{"n":{"__op":"Increment","amount":10}}"#, &[])])
        .await
        .unwrap();
    let waiting = {
        let (storage, class) = (Arc::clone(&world.storage), Arc::clone(&class));
        let fields = r#"{"n":{"__op":"Increment","amount":100}}"#;
        tokio::spawn(async move {
            storage.write(vec![update(&class, "a", fields, &[])]).await.map(|_| ())
        })
    };
    tokio::task::yield_now().await;
    transaction
        .write(vec![update(&class, "a", r#"{"n":{"__op":"Increment","amount":10}}"#, &[])])
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    waiting.await.unwrap().unwrap();
    world.check(&class, &[(r#"{"n":121}"#, "a")]).await;
    world.storage.close().await.unwrap();
    assert!(world.storage.ping().await.is_err());
    assert!(world.storage.write(vec![insert(&class, "z", "{}")]).await.is_err());
}
