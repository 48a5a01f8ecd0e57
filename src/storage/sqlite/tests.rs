//! What only this back end promises: indexes that are used, threads that survive, files that are shared.

use std::path::Path;
use std::sync::Arc;

use super::runs::Runs;
use super::{Location, SqliteOptions, SqliteStorage, Synchronous};
use crate::error::Result;
use crate::schema::{ClassChange, ClassSchema, server_fields};
use crate::storage::suite::world::{PERSON, World, ids, insert, query, update};
use crate::storage::suite::{Opened, run};
use crate::storage::{ClassChanged, Storage, Verbs};
use crate::value::ClassName;

fn open(file: &Path) -> Arc<SqliteStorage> {
    let location = Location::File(file.to_owned());
    SqliteStorage::open(SqliteOptions { location, readers: 2, synchronous: Synchronous::Normal })
        .unwrap()
}

async fn memory() -> World {
    let options =
        SqliteOptions { location: Location::Memory, readers: 1, synchronous: Synchronous::Normal };
    World::new(Opened { storage: SqliteStorage::open(options).unwrap(), keep: None }).await
}

async fn check_plan(
    world: &World,
    class: &Arc<ClassSchema>,
    filter: &str,
    order: &str,
    expected: &str,
) {
    let plan = world.storage.explain(query(class, filter, order)).await.unwrap();
    let steps: Vec<&str> =
        plan.as_array().unwrap().iter().filter_map(|step| step.get("detail")?.as_str()).collect();
    assert!(steps.join("; ").contains(expected), "{filter}: {steps:?}");
    assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE")), "{filter}: {steps:?}");
}

#[test]
fn indexes_are_used() {
    run(|| async {
        let world = memory().await;
        world.create_class("Person", PERSON).await;
        let indexes = r#"{"indexes":{"n":{"name":1},"c":{"_p_city":1},"l":{"loc":"2dsphere"},"a":{"age":-1},"t":{"name":"text"}}}"#;
        let class = world.change_class("Person", indexes).await;
        check_plan(&world, &class, r#"{"objectId":"x"}"#, "", "SEARCH o USING INDEX").await;
        check_plan(&world, &class, r#"{"name":"x"}"#, "", "Person:n (name=?)").await;
        check_plan(&world, &class, r#"{"name":{"$regex":"^Ab"}}"#, "name", "(name>? AND name<?)")
            .await;
        check_plan(&world, &class, r#"{"city":"x"}"#, "", "(city=?)").await;
        check_plan(&world, &class, r#"{"age":{"$gt":5,"$lt":9}}"#, "-age", "(age>? AND age<?)")
            .await;
        check_plan(&world, &class, "{}", "", "SCAN o").await;
        check_plan(&world, &class, "{}", "-age", "USING INDEX Person:a").await;
        let near = r#"{"loc":{"$within":{"$box":[{"__type":"GeoPoint","latitude":1,"longitude":2},{"__type":"GeoPoint","latitude":3,"longitude":4}]}}}"#;
        let plan = world.storage.explain(query(&class, near, "")).await.unwrap();
        assert!(plan.to_text().contains("(loc:lat>? AND loc:lat<?)"), "{plan}");
    });
}

#[test]
fn a_panic_ends_nothing_but_its_job() {
    run(|| async {
        let folder = tempfile::tempdir().unwrap();
        for storage in [open(&folder.path().join("a.db")), memory_storage()] {
            for _ in 0..4 {
                let answer: Result<()> = storage.read(|_| panic!("a bug")).await;
                assert_eq!(answer.unwrap_err().code() as i32, 1);
                let answer: Result<()> = storage.writer.run(|_| panic!("a bug")).await;
                assert_eq!(answer.unwrap_err().code() as i32, 1);
            }
            storage.ping().await.unwrap();
            let world = World::new(Opened { storage, keep: None }).await;
            let class = world.create_class("City", "{}").await;
            world.insert(&class, "a", "{}").await;
            assert_eq!(world.ids(&class, "{}").await, "a");
        }
    });
}

fn memory_storage() -> Arc<SqliteStorage> {
    let options =
        SqliteOptions { location: Location::Memory, readers: 1, synchronous: Synchronous::Normal };
    SqliteStorage::open(options).unwrap()
}

#[test]
fn a_refused_write_does_not_harm_its_group() {
    run(|| async {
        let world = memory().await;
        let class = world.create_class("Item", r#"{"n":{"type":"Number"}}"#).await;
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..200 {
            let (storage, class) = (Arc::clone(&world.storage), Arc::clone(&class));
            tasks.spawn(async move {
                // Every second id is taken by the write before; every write brings a second row.
                let ids = (format!("i{}", number / 2), format!("twin{number}"));
                let changes = vec![insert(&class, &ids.1, "{}"), insert(&class, &ids.0, "{}")];
                storage.write(changes).await.is_ok()
            });
        }
        let made = tasks.join_all().await.into_iter().filter(|made| *made).count();
        assert_eq!(made, 100);
        assert_eq!(world.storage.count(query(&class, "{}", "")).await.unwrap(), 200);
    });
}

#[test]
fn a_file_keeps_everything() {
    run(|| async {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.db");
        let world = World::new(Opened { storage: open(&file), keep: None }).await;
        let class = world.create_class("Person", PERSON).await;
        world.insert(&class, "ann", r#"{"name":"Ann","tags":[1],"ACL":{}}"#).await;
        let before = world.storage.load().await.unwrap();
        world.storage.close().await.unwrap();
        assert!(!folder.path().join("a.db-wal").exists(), "the log was taken in");
        let world = World::new(Opened { storage: open(&file), keep: None }).await;
        let after = world.storage.load().await.unwrap();
        assert_eq!(
            (before.version(), before.class("Person")),
            (after.version(), after.class("Person"))
        );
        assert_eq!(
            world.object(&class, "ann").await,
            r#"{"objectId":"ann","ACL":{},"name":"Ann","tags":[1]}"#
        );
        world.storage.close().await.unwrap();
        rusqlite::Connection::open(&file).unwrap().pragma_update(None, "user_version", 99).unwrap();
        let location = Location::File(file);
        let options = SqliteOptions { location, readers: 1, synchronous: Synchronous::Full };
        assert!(SqliteStorage::open(options).err().unwrap().log_text().contains("layout 99"));
    });
}

#[test]
fn two_servers_share_a_file() {
    run(|| async {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.db");
        let one = World::new(Opened { storage: open(&file), keep: None }).await;
        let other = World::new(Opened { storage: open(&file), keep: None }).await;
        let class = one.create_class("Item", r#"{"n":{"type":"Number"}}"#).await;
        one.insert(&class, "a", "{}").await;
        assert_eq!(other.ids(&other.class("Item").await, "{}").await, "a");
        let mut tasks = tokio::task::JoinSet::new();
        for storage in [&one.storage, &other.storage] {
            for _ in 0..4 {
                let (storage, class) = (Arc::clone(storage), Arc::clone(&class));
                tasks.spawn(async move {
                    for _ in 0..25 {
                        let change =
                            update(&class, "a", r#"{"n":{"__op":"Increment","amount":1}}"#, &[]);
                        storage.write(vec![change]).await.unwrap();
                    }
                });
            }
        }
        tasks.join_all().await;
        assert_eq!(one.ids(&class, r#"{"n":200}"#).await, "a");
        let version = other.storage.load().await.unwrap().version();
        let class = one.change_class("Item", r#"{"fields":{"s":{"type":"String"}}}"#).await;
        one.insert(&class, "b", r#"{"s":"x"}"#).await;
        let make = Arc::new(ClassChange::create_with(&ClassName::from("Late"), Vec::new()));
        let changed = other.storage.change_class(version, Arc::clone(&make)).await.unwrap();
        assert_eq!(changed, ClassChanged::Stale);
        assert_eq!(
            ids(&other
                .storage
                .find(query(&other.class("Item").await, r#"{"s":"x"}"#, ""))
                .await
                .unwrap()),
            "b"
        );
        let changed = other.storage.change_class(version + 1, make).await.unwrap();
        assert_eq!(changed, ClassChanged::To(version + 2));
        assert!(one.class("Late").await.fields.contains_key("objectId"));
    });
}

#[test]
fn the_same_question_is_the_same_statement() {
    run(|| async {
        let world = memory().await;
        let class = world.create_class("Person", PERSON).await;
        let text = |filter: &str| {
            crate::storage::sql::find(&crate::storage::sql::Sqlite, &query(&class, filter, ""))
                .0
                .text
        };
        for (one, other) in [
            (r#"{"name":"a"}"#, r#"{"name":"b\"c"}"#),
            (r#"{"age":{"$in":[1,2,3]}}"#, r#"{"age":{"$in":[4,5,6,7]}}"#),
            (r#"{"info.a.b":1}"#, r#"{"info.c.d":2}"#),
            (r#"{"name":{"$regex":"^ab"}}"#, r#"{"name":{"$regex":"^other"}}"#),
            (r#"{"name":{"$regex":"ab"}}"#, r#"{"name":{"$regex":"(x|y)","$options":"i"}}"#),
        ] {
            assert_eq!(text(one), text(other));
        }
    });
}

#[test]
fn what_is_too_large_is_refused_in_words() {
    run(|| async {
        let world = memory().await;
        let class = world.create_class("Person", PERSON).await;
        for (part, count) in
            [(r#"{"age":1}"#, 40_000), (r#"{"name":{"$regex":"x","$options":"i"}}"#, 30_000)]
        {
            let filter = format!(r#"{{"$or":[{}]}}"#, vec![part; count].join(","));
            match world.storage.find(query(&class, &filter, "")).await {
                Ok(found) => assert!(found.is_empty()),
                Err(refused) => assert_eq!(refused.code() as i32, 102, "{}", refused.log_text()),
            }
        }
    });
}

/// A database as the first layout had it gets the columns and indexes of users that it lacks, and keeps its users.
#[test]
fn the_first_layout_is_brought_up_to_date() {
    run(|| async {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("old.db");
        open(&file).close().await.unwrap();
        let class = ClassSchema::new(ClassName::from("_User"));
        let raw = rusqlite::Connection::open(&file).unwrap();
        raw.execute_batch(
            "DROP INDEX \"_User:username:unique\"; DROP INDEX \"_User:email:unique\"; \
             DROP INDEX \"_User:_email_verify_token\"; DROP INDEX \"_User:_perishable_token\"; \
             ALTER TABLE \"_User\" DROP COLUMN \"_folded_username\"; \
             ALTER TABLE \"_User\" DROP COLUMN \"_folded_email\"; \
             CREATE UNIQUE INDEX \"_User:username:unique\" ON \"_User\" (\"username\" COLLATE NOCASE); \
             INSERT INTO \"_User\" (\"objectId\", \"createdAt\", \"updatedAt\", \"username\") VALUES ('u1', 0, 0, 'Änn'); \
             PRAGMA user_version = 1;",
        )
        .unwrap();
        for (name, _) in server_fields(&class.name) {
            raw.execute_batch(&format!("ALTER TABLE \"_User\" DROP COLUMN \"{name}\"")).unwrap();
        }
        drop(raw);
        let storage = open(&file);
        let class = Arc::new(class);
        let found = storage.find(query(&class, r#"{"username":"Änn"}"#, "")).await.unwrap();
        assert_eq!(ids(&found), "u1");
        let taken = storage.write(vec![insert(&class, "u2", r#"{"username":"änn"}"#)]).await;
        assert_eq!(taken.unwrap_err().duplicate_field(), Some("username"));
        storage.close().await.unwrap();
    });
}
