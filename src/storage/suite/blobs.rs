//! Content of files.

use bytes::Bytes;

use super::world::World;
use crate::storage::{Blob, BlobLabel, BlobPart};
use crate::value::Json;

fn chunk(byte: u8, length: usize) -> Bytes {
    Bytes::from(vec![byte; length])
}

fn part(blob: Option<u64>, first: u32, chunks: &[Bytes]) -> BlobPart {
    BlobPart { blob, first, chunks: chunks.to_vec() }
}

fn label(name: &str, bytes: usize) -> BlobLabel {
    let details = Json::from([("type", Json::from("text/plain"))]);
    BlobLabel { name: name.to_owned(), bytes: bytes as u64, details }
}

async fn named(world: &World, name: &str) -> Option<Blob> {
    world.storage.blob(name).await.unwrap()
}

async fn content(world: &World, blob: &Blob) -> Vec<u8> {
    let mut content = Vec::new();
    for at in 0.. {
        let Some(chunk) = world.storage.chunk(blob.id, at).await.unwrap() else { break };
        content.extend_from_slice(&chunk);
    }
    assert_eq!(content.len() as u64, blob.bytes);
    content
}

/// Stores a blob of one chunk.
async fn store(world: &World, name: &str, byte: u8) -> Blob {
    let chunks = [chunk(byte, 3)];
    world.storage.publish(part(None, 0, &chunks), label(name, 3)).await.unwrap();
    named(world, name).await.unwrap()
}

pub(in crate::storage) async fn content_comes_back(world: World) {
    assert_eq!(named(&world, "a").await, None);
    assert!(!world.storage.remove("a").await.unwrap());
    assert_eq!(world.storage.chunk(1, 0).await.unwrap(), None);
    let parts = [chunk(1, Blob::CHUNK_BYTES), chunk(2, Blob::CHUNK_BYTES), chunk(3, 10)];
    let blob = world.storage.append(part(None, 0, &parts[..2])).await.unwrap();
    assert_eq!(named(&world, "a/é \"'.txt").await, None, "it is not published");
    let bytes = 2 * Blob::CHUNK_BYTES + 10;
    let label = label("a/é \"'.txt", bytes);
    world.storage.publish(part(Some(blob), 2, &parts[2..]), label.clone()).await.unwrap();
    let stored = named(&world, "a/é \"'.txt").await.unwrap();
    assert_eq!((stored.id, &stored.details), (blob, &label.details));
    assert!(content(&world, &stored).await == parts.concat());
    assert_eq!(world.storage.chunk(blob, 1).await.unwrap(), Some(parts[1].clone()));
    assert_eq!(world.storage.chunk(blob, 3).await.unwrap(), None);
    assert_eq!(named(&world, "A/É \"'.TXT").await, None, "names differ by case");
}

pub(in crate::storage) async fn empty_content_is_content(world: World) {
    world.storage.publish(part(None, 0, &[]), label("empty", 0)).await.unwrap();
    let blob = named(&world, "empty").await.unwrap();
    assert!(content(&world, &blob).await.is_empty());
}

pub(in crate::storage) async fn a_name_has_the_content_that_was_published_last(world: World) {
    let (first, other) = (store(&world, "a", 1).await, store(&world, "b", 2).await);
    let second = store(&world, "a", 3).await;
    assert_ne!(first.id, second.id);
    assert_eq!(content(&world, &second).await, [3, 3, 3]);
    assert_eq!(content(&world, &other).await, [2, 2, 2]);
    assert_eq!(world.storage.chunk(first.id, 0).await.unwrap(), None, "it left nothing behind");
}

pub(in crate::storage) async fn removed_content_is_gone(world: World) {
    let (blob, other) = (store(&world, "a", 1).await, store(&world, "b", 2).await);
    assert!(world.storage.remove("a").await.unwrap());
    assert_eq!(named(&world, "a").await, None);
    assert_eq!(world.storage.chunk(blob.id, 0).await.unwrap(), None);
    assert!(!world.storage.remove("a").await.unwrap());
    assert_eq!(content(&world, &other).await, [2, 2, 2]);
    let later = store(&world, "a", 4).await;
    assert!(later.id > other.id, "a number is never given twice");
}

pub(in crate::storage) async fn discarded_content_can_not_be_published(world: World) {
    let blob = world.storage.append(part(None, 0, &[chunk(1, 5)])).await.unwrap();
    world.storage.discard(blob).await.unwrap();
    assert_eq!(world.storage.chunk(blob, 0).await.unwrap(), None);
    let late = part(Some(blob), 1, &[chunk(2, 5)]);
    world.storage.append(late.clone()).await.unwrap_err();
    world.storage.publish(late, label("a", 10)).await.unwrap_err();
    assert_eq!(named(&world, "a").await, None);
    assert_eq!(world.storage.chunk(blob, 1).await.unwrap(), None);
    let kept = store(&world, "b", 1).await;
    world.storage.discard(kept.id).await.unwrap();
    let named = named(&world, "b").await.unwrap();
    assert_eq!(content(&world, &named).await, [1, 1, 1], "it has a name");
}

pub(in crate::storage) async fn uploads_under_one_name_do_not_mix(world: World) {
    let upload = |byte: u8| {
        let storage = world.storage.clone();
        async move {
            let blob = storage.append(part(None, 0, &[chunk(byte, 4)])).await.unwrap();
            storage.publish(part(Some(blob), 1, &[chunk(byte, 4)]), label("a", 8)).await.unwrap();
        }
    };
    futures_util::future::join_all((0..8).map(upload)).await;
    let blob = named(&world, "a").await.unwrap();
    let content = content(&world, &blob).await;
    assert!(content.windows(2).all(|pair| pair[0] == pair[1]), "{content:?}");
}

pub(in crate::storage) async fn files_are_no_classes(world: World) {
    let before = world.storage.load().await.unwrap().version();
    store(&world, "a", 1).await;
    assert_eq!(world.storage.load().await.unwrap().version(), before);
}
