//! What every store does, asked of each of them.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, stream};

use super::{Content, DatabaseFiles, DiskFiles, FileStore, NewFile, Seal};
use crate::adapters::random::Random;
use crate::error::{Error, Result};
use crate::storage::Blob;
use crate::storage::sqlite::{Location, SqliteOptions, SqliteStorage, Synchronous};
use crate::value::{Json, Members};

/// Every store, plain and encrypted, with what must live as long.
fn stores() -> Vec<(&'static str, Arc<dyn FileStore>, Option<tempfile::TempDir>)> {
    let mut stores: Vec<(&'static str, Arc<dyn FileStore>, Option<tempfile::TempDir>)> = Vec::new();
    for seal in [None, Some(Seal::new("a key", Random))] {
        let options = SqliteOptions {
            location: Location::Memory,
            readers: 1,
            synchronous: Synchronous::Normal,
        };
        let blobs = SqliteStorage::open(options).unwrap();
        stores.push(("database", Arc::new(DatabaseFiles::new(blobs, seal.clone())), None));
        let directory = tempfile::tempdir().unwrap();
        let disk = DiskFiles::open(&directory.path().join("a/b"), seal, Random).unwrap();
        stores.push(("disk", Arc::new(disk), Some(directory)));
    }
    stores
}

fn named(name: &str) -> NewFile {
    NewFile { name: name.to_owned(), ..NewFile::default() }
}

/// Content in pieces of a length; all bytes differ from their neighbours.
fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at % 251) as u8).collect()
}

fn content(bytes: &[u8], piece: usize) -> Content {
    let pieces: Vec<Bytes> = bytes.chunks(piece).map(Bytes::copy_from_slice).collect();
    Box::pin(stream::iter(pieces.into_iter().map(Ok)))
}

async fn all(content: Content) -> Result<Vec<u8>> {
    let pieces: Vec<Result<Bytes>> = content.collect().await;
    Ok(pieces.into_iter().collect::<Result<Vec<Bytes>>>()?.concat())
}

async fn read(store: &dyn FileStore, name: &str, from: u64, to: u64) -> Vec<u8> {
    let file = store.open(name).await.unwrap().unwrap();
    all(file.read(from, to)).await.unwrap()
}

#[tokio::test]
async fn files_come_back() {
    let chunk = Blob::CHUNK_BYTES;
    for (what, store, _keep) in stores() {
        for length in [0, 1, chunk - 1, chunk, chunk + 1, 5 * chunk, 7 * chunk + 5] {
            let written = bytes(length);
            for piece in [1_000, chunk, 3 * chunk + 1] {
                let name = format!("{length} of {piece}");
                store.create(named(&name), content(&written, piece)).await.unwrap();
                let file = store.open(&name).await.unwrap().unwrap();
                assert_eq!(file.bytes() as usize, length, "{what} {name}");
                let got = all(file.read(0, file.bytes())).await.unwrap();
                assert!(got == written, "{what} {name}");
            }
        }
        assert!(store.open("unknown").await.unwrap().is_none());
    }
}

#[tokio::test]
async fn any_part_can_be_read() {
    let written = bytes(3 * Blob::CHUNK_BYTES);
    let end = written.len();
    for (what, store, _keep) in stores() {
        store.create(named("a"), content(&written, 9_999)).await.unwrap();
        let chunk = Blob::CHUNK_BYTES;
        for (from, to) in
            [(0, 1), (5, 5), (chunk - 1, chunk + 1), (1, end), (end - 1, end), (17, 4_000)]
        {
            let got = read(&*store, "a", from as u64, to as u64).await;
            assert!(got == written[from..to], "{what} {from}..{to}");
        }
    }
}

#[tokio::test]
async fn a_failed_upload_leaves_nothing() {
    for (what, store, keep) in stores() {
        store.create(named("kept"), content(b"before", 10)).await.unwrap();
        for name in ["new", "kept"] {
            let begun = content(&bytes(8 * Blob::CHUNK_BYTES), 50_000);
            let failing = begun.chain(stream::iter([Err(Error::internal("hung up"))]));
            store.create(named(name), Box::pin(failing)).await.unwrap_err();
        }
        assert!(store.open("new").await.unwrap().is_none(), "{what}");
        assert_eq!(read(&*store, "kept", 0, 6).await, b"before", "{what}");
        if let Some(directory) = keep {
            let left = std::fs::read_dir(directory.path().join("a/b")).unwrap();
            let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
            assert_eq!(left, ["kept"]);
        }
    }
}

#[tokio::test]
async fn a_file_is_replaced_and_deleted() {
    for (what, store, _keep) in stores() {
        store.create(named("a"), content(b"first", 10)).await.unwrap();
        let first = store.open("a").await.unwrap().unwrap().version();
        store.create(named("a"), content(b"second", 10)).await.unwrap();
        let second = store.open("a").await.unwrap().unwrap();
        assert_ne!(first, second.version(), "{what}");
        assert_eq!(read(&*store, "a", 0, 6).await, b"second", "{what}");
        assert!(store.delete("a").await.unwrap(), "{what}");
        assert!(!store.delete("a").await.unwrap(), "{what}");
        assert!(store.open("a").await.unwrap().is_none(), "{what}");
    }
}

#[tokio::test]
async fn the_database_keeps_what_is_said_of_a_file() {
    let members = |key: &str| Members::from([(key.to_owned(), Json::from("v"))]);
    for (what, store, _keep) in stores() {
        let file = NewFile { metadata: members("m"), tags: members("t"), ..named("a") };
        store.create(file, content(b"x", 1)).await.unwrap();
        store.create(named("b"), content(b"x", 1)).await.unwrap();
        let expected = match what {
            "database" => r#"{"metadata":{"m":"v"},"tags":{"t":"v"}}"#,
            _ => "{}",
        };
        assert_eq!(store.details("a").await.unwrap().to_text(), expected, "{what}");
        assert_eq!(store.details("b").await.unwrap().to_text(), "{}", "{what}");
        assert_eq!(store.details("c").await.unwrap().to_text(), "{}", "{what}");
    }
}

#[tokio::test]
async fn no_name_leads_out_of_the_directory() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("outside.txt"), "secret").unwrap();
    let disk = DiskFiles::open(&directory.path().join("files"), None, Random).unwrap();
    let long = "l".repeat(4_000);
    for name in
        ["", ".", "..", "../outside.txt", "a/../../outside.txt", "/etc/passwd", "a\0b", &long]
    {
        assert!(disk.open(name).await.unwrap().is_none(), "{name}");
        assert!(!disk.delete(name).await.unwrap(), "{name}");
    }
    for name in ["", ".", "..", "../outside.txt", ".hidden", &long] {
        let refused = disk.create(named(name), content(b"x", 1)).await.unwrap_err();
        assert_eq!(refused.code() as i32, 122, "{name}");
    }
    let climbing = "a/../../outside.txt";
    disk.create(named(climbing), content(b"inside", 10)).await.unwrap();
    assert_eq!(read(&disk, climbing, 0, 6).await, b"inside");
    let outside = std::fs::read_to_string(directory.path().join("outside.txt")).unwrap();
    assert_eq!(outside, "secret");
    assert!(directory.path().join("files/a%2F..%2F..%2Foutside.txt").exists());
    // Nor is what is not complete served, or a directory.
    std::fs::write(directory.path().join("files/.abc.upload"), "begun").unwrap();
    std::fs::create_dir(directory.path().join("files/folder")).unwrap();
    for name in [".abc.upload", "folder"] {
        assert!(disk.open(name).await.unwrap().is_none(), "{name}");
    }
}
