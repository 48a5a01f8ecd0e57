//! What a witness is told of changes.

use std::sync::{Arc, Mutex};

use super::world::{
    PERSON, World, delete, ids, insert, json, now, query, question, update, update_of,
};
use crate::access::{Plan, Principal, Protection, WriteAccess};
use crate::query::{parse_filter, resolve};
use crate::schema::{Assign, ClassOperation, ClassSchema, is_write_only};
use crate::storage::{Change, Delete, Seen, Witness, Written};
use crate::value::{Cell, ClassName, FieldName, ObjectId, Stored, Value};

/// Watches all classes but `Quiet`.
#[derive(Default)]
struct Eye(Mutex<Vec<Seen>>);

impl Witness for Eye {
    fn watches(&self, class: &ClassName) -> bool {
        *class != "Quiet"
    }

    fn saw(&self, seen: Seen) {
        self.0.lock().unwrap().push(seen);
    }
}

impl Eye {
    fn of(world: &World) -> Arc<Self> {
        let eye = Arc::new(Self::default());
        world.storage.watch(Arc::clone(&eye) as Arc<dyn Witness>);
        eye
    }

    /// What was seen since the last look.
    fn look(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    /// The one thing that was seen since the last look.
    fn one(&self) -> Seen {
        let mut seen = self.look();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen.remove(0)
    }

    /// What was seen since the last look, in few words: `id:n>n`.
    fn words(&self) -> String {
        let n = |row: &Option<Stored>| match row.as_ref().map(|row| row.row(0).field("n")) {
            Some(Some(Cell::Number(n))) => n.to_string(),
            Some(_) => "?".to_owned(),
            None => String::new(),
        };
        let word = |seen: Seen| {
            let id = ids(seen.after.as_ref().or(seen.before.as_ref()).unwrap());
            format!("{id}:{}>{}", n(&seen.before), n(&seen.after))
        };
        self.look().into_iter().map(word).collect::<Vec<_>>().join(" ")
    }
}

/// A row, cell by cell, in the order of its columns.
fn cells(stored: &Stored) -> Vec<(FieldName, String)> {
    assert_eq!(stored.len(), 1);
    let row = stored.row(0);
    let columns = stored.layout().columns.iter().enumerate();
    columns.map(|(at, column)| (column.name.clone(), format!("{:?}", row.cell(at)))).collect()
}

/// The row as a find of all fields delivers it.
async fn found(world: &World, class: &Arc<ClassSchema>, id: &str) -> Vec<(FieldName, String)> {
    let mut question = question(class, &format!(r#"{{"objectId":"{id}"}}"#), "");
    question.columns.retain(|column| !is_write_only(&class.name, column));
    let stored = world.storage.find(Plan::server(class).allow(question).unwrap()).await.unwrap();
    cells(&stored)
}

const ANN: &str = r#"{"name":"Änn 😀\"","age":1.5,"born":{"__type":"Date","iso":"1999-12-31T23:59:59.999Z"},
    "tags":["a",{"b":[1,null]},"ü"],"nums":[1,2.5,-3e21],"info":{"x":{"y":1},"z":null},"happy":false,
    "loc":{"__type":"GeoPoint","latitude":-40.25,"longitude":30.5},
    "area":{"__type":"Polygon","coordinates":[[0,0],[0,1],[1.5,1],[0,0]]},
    "photo":{"__type":"File","name":"p.png"},"raw":{"__type":"Bytes","base64":"AAEC"},
    "city":{"__type":"Pointer","className":"City","objectId":"c1"},
    "ACL":{"*":{"read":true},"u1":{"read":true,"write":true},"role:r":{"write":true}}}"#;

pub(in crate::storage) async fn rows_are_seen_as_they_are_found(world: World) {
    let class = world.create_class("Person", PERSON).await;
    let eye = Eye::of(&world);
    for fields in ["{}", ANN, r#"{"age":0,"ACL":{},"tags":[],"info":{},"name":""}"#] {
        world.insert(&class, "ann", fields).await;
        let seen = eye.one();
        assert!(seen.before.is_none());
        assert_eq!(seen.class.name, class.name);
        let mut known = found(&world, &class, "ann").await;
        assert_eq!(cells(&seen.after.unwrap()), known, "{fields}");
        for change in [
            ANN,
            r#"{"age":{"__op":"Increment","amount":0.25},"tags":{"__op":"AddUnique","objects":["a","n"]}}"#,
            r#"{"nums":{"__op":"Remove","objects":[1,2.5]},"info.x.y":{"__op":"Increment","amount":2},"info.new.deep":"v"}"#,
            r#"{"tags":{"__op":"Add","objects":[1,2]},"info.x":{"__op":"Delete"}}"#,
            r#"{"name":null,"age":null,"born":null,"tags":null,"info":null,"happy":null,"loc":null,"area":null,"photo":null,"raw":null,"city":null,"ACL":null}"#,
            "{}",
            r#"{"friends":{"__op":"AddRelation","objects":[{"__type":"Pointer","className":"Person","objectId":"bob"}]}}"#,
        ] {
            for asked in [&[][..], &["age", "tags", "loc", "ACL", "info"]] {
                let change = update(&class, "ann", change, asked);
                let written = world.storage.write(vec![change]).await.unwrap().remove(0);
                let seen = eye.one();
                assert_eq!(cells(&seen.before.unwrap()), known);
                known = found(&world, &class, "ann").await;
                assert_eq!(cells(&seen.after.unwrap()), known);
                check_returned(&written, asked, &known);
            }
        }
        world.storage.write(vec![delete(&class, "ann")]).await.unwrap();
        let seen = eye.one();
        assert!(seen.after.is_none());
        assert_eq!(cells(&seen.before.unwrap()), known);
    }
}

/// What whoever made the change asked for, and nothing else.
fn check_returned(written: &Written, asked: &[&str], known: &[(FieldName, String)]) {
    let Written::Done(returned) = written else { panic!("nothing was changed") };
    assert_eq!(returned.is_some(), !asked.is_empty());
    let Some(returned) = returned else { return };
    let names = std::iter::once("objectId").chain(asked.iter().copied());
    let expected = names.map(|name| known.iter().find(|(known, _)| *known == *name).cloned());
    assert_eq!(cells(returned), expected.collect::<Option<Vec<_>>>().unwrap());
}

pub(in crate::storage) async fn nothing_is_seen_where_nothing_happens(world: World) {
    let class = world.create_class("Person", PERSON).await;
    let quiet = world.create_class("Quiet", PERSON).await;
    let statements = world.storage.statements();
    let fields = r#"{"age":1,"ACL":{"*":{"read":true},"uAnn":{"write":true}}}"#;
    let changes = async |class: &Arc<ClassSchema>| {
        world.insert(class, "ann", fields).await;
        world.update(class, "ann", r#"{"age":1}"#).await;
        world.storage.write(vec![delete(class, "nobody")]).await.unwrap();
    };
    changes(&quiet).await;
    let unwatched = world.storage.statements() - statements;
    let eye = Eye::of(&world);
    let quietly = world.create_class("Still", PERSON).await;
    drop(eye.look());
    world.storage.write(vec![delete(&quiet, "ann")]).await.unwrap();
    let statements = world.storage.statements();
    changes(&quiet).await;
    assert_eq!(world.storage.statements() - statements, unwatched);
    assert!(eye.look().is_empty());
    changes(&quietly).await;
    assert_eq!(eye.look().len(), 2);

    world.insert(&class, "ann", fields).await;
    drop(eye.look());
    assert!(matches!(world.update(&class, "nobody", r#"{"age":2}"#).await, Written::Missing));
    let mut guarded = update_of(&class, "ann", r#"{"age":5}"#, &["age"]);
    guarded.guard = resolve(&parse_filter(&json(r#"{"age":2}"#)).unwrap(), &class).unwrap();
    let server = Plan::server(&class);
    let guarded = Change::Update(server.allow_change(guarded, WriteAccess::of_server()));
    let public =
        Plan::compile(&class, ClassOperation::Update, &Principal::Public, &Protection::default());
    let public = public.unwrap();
    let foreign = update_of(&class, "ann", r#"{"age":6}"#, &[]);
    let foreign = Change::Update(public.allow_change(foreign, WriteAccess::of_server()));
    let gone = Delete { class: Arc::clone(&class), id: ObjectId::from("ann") };
    let gone = Change::Delete(public.allow_change(gone, WriteAccess::of_server()));
    for change in [guarded, foreign, gone, delete(&class, "nobody")] {
        let written = world.storage.write(vec![change]).await.unwrap().remove(0);
        assert!(matches!(written, Written::Missing));
    }
    assert!(world.try_insert(&class, "ann", "{}").await.is_err(), "the id is taken");
    assert!(eye.look().is_empty());
}

pub(in crate::storage) async fn a_renamed_object_is_seen(world: World) {
    let class = world.create_class("Person", PERSON).await;
    world.insert(&class, "ann", ANN).await;
    let eye = Eye::of(&world);
    let mut change = update_of(&class, "ann", "{}", &[]);
    let id = Assign::Set(Value::String("anna".to_owned()));
    change.row.columns.push((FieldName::from("objectId"), id));
    let change = Plan::server(&class).allow_change(change, WriteAccess::of_server());
    world.storage.write(vec![Change::Update(change)]).await.unwrap();
    let seen = eye.one();
    assert_eq!(
        (ids(&seen.before.unwrap()), ids(seen.after.as_ref().unwrap())),
        ("ann".into(), "anna".into())
    );
    assert_eq!(cells(&seen.after.unwrap()), found(&world, &class, "anna").await);
}

async fn items(world: &World) -> Arc<ClassSchema> {
    let fields = r#"{"n":{"type":"Number"},"friends":{"type":"Relation","targetClass":"Item"}}"#;
    let class = world.create_class("Item", fields).await;
    world.insert(&class, "a", r#"{"n":1}"#).await;
    class
}

pub(in crate::storage) async fn only_what_lasts_is_seen(world: World) {
    const LONG_MS: u64 = 60_000;
    let class = items(&world).await;
    let eye = Eye::of(&world);
    let set = |id: &str, n: i32| update(&class, id, &format!(r#"{{"n":{n}}}"#), &[]);
    let make = |id: &str| insert(&class, id, r#"{"n":0}"#);

    world
        .storage
        .write(vec![make("b"), set("a", 2), set("a", 3), delete(&class, "b")])
        .await
        .unwrap();
    assert_eq!(eye.words(), "b:>0 a:1>2 a:2>3 b:0>");
    assert!(world.storage.write(vec![make("b"), set("a", 9), make("a")]).await.is_err());
    assert_eq!(eye.words(), "", "all or none");

    let transaction = world.storage.begin(LONG_MS).await.unwrap();
    transaction.write(vec![make("b"), set("a", 4)]).await.unwrap();
    assert!(transaction.write(vec![set("b", 9), make("a")]).await.is_err());
    assert!(transaction.write(vec![make("a")]).await.is_err());
    transaction.write(vec![set("b", 5)]).await.unwrap();
    assert_eq!(eye.words(), "", "nothing is lasting yet");
    transaction.commit().await.unwrap();
    assert_eq!(eye.words(), "b:>0 a:3>4 b:0>5");

    let transaction = world.storage.begin(LONG_MS).await.unwrap();
    transaction.write(vec![set("a", 9)]).await.unwrap();
    transaction.rollback().await.unwrap();
    let transaction = world.storage.begin(LONG_MS).await.unwrap();
    transaction.write(vec![set("a", 9)]).await.unwrap();
    drop(transaction);
    let transaction = world.storage.begin(20).await.unwrap();
    transaction.write(vec![set("a", 9)]).await.unwrap();
    world.storage.write(vec![set("a", 5)]).await.unwrap();
    assert!(transaction.commit().await.is_err(), "it was too late");
    assert_eq!(eye.words(), "a:4>5");
}

/// Where changes of an object meet, each is seen after the one that it follows, and with what that left behind.
pub(in crate::storage) async fn changes_that_meet_are_seen_in_their_order(world: World) {
    let class = items(&world).await;
    let eye = Eye::of(&world);
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..16 {
        let (storage, class) = (Arc::clone(&world.storage), Arc::clone(&class));
        tasks.spawn(async move {
            let more = r#"{"n":{"__op":"Increment","amount":1}}"#;
            for round in 0..16 {
                let change = update(&class, "a", more, &[]);
                match (task + round) % 4 {
                    // A part of several changes that are lasting together.
                    0 => {
                        let own = insert(&class, &format!("t{task}x{round}"), r#"{"n":0}"#);
                        storage.write(vec![own, change]).await.unwrap();
                    }
                    1 => {
                        let transaction = storage.begin(60_000).await.unwrap();
                        transaction.write(vec![change]).await.unwrap();
                        transaction.commit().await.unwrap();
                    }
                    _ => drop(storage.write(vec![change]).await.unwrap()),
                }
            }
        });
    }
    tasks.join_all().await;
    let seen: Vec<Seen> = eye.look().into_iter().filter(|seen| seen.before.is_some()).collect();
    assert_eq!(seen.len(), 256);
    let mut known = cells(seen[0].before.as_ref().unwrap());
    for seen in &seen {
        assert_eq!(cells(seen.before.as_ref().unwrap()), known);
        known = cells(seen.after.as_ref().unwrap());
    }
    assert_eq!(known, found(&world, &class, "a").await);
    world.check(&class, &[(r#"{"n":257}"#, "a")]).await;
}

pub(in crate::storage) async fn new_objects_that_meet_are_seen(world: World) {
    let class = world.create_class("Person", PERSON).await;
    let eye = Eye::of(&world);
    let made = (0..90).map(|at| {
        let fields = format!(r#"{{"age":{at},"name":"n{at}"}}"#);
        // Every id twice.
        world.storage.write(vec![insert(&class, &format!("i{}", at / 2), &fields)])
    });
    futures_util::future::join_all(made).await;
    let mut seen = eye.look();
    assert_eq!(seen.len(), 45);
    seen.sort_by_key(|seen| ids(seen.after.as_ref().unwrap()));
    seen.dedup_by_key(|seen| ids(seen.after.as_ref().unwrap()));
    assert_eq!(seen.len(), 45);
    for seen in seen {
        let after = seen.after.unwrap();
        assert_eq!(cells(&after), found(&world, &class, &ids(&after)).await);
    }
}

struct Blind;

impl Witness for Blind {
    fn watches(&self, _: &ClassName) -> bool {
        true
    }

    fn saw(&self, _: Seen) {
        panic!("a witness that can not bear it")
    }
}

/// Whatever becomes of who hears of them, changes are made and answered.
pub(in crate::storage) async fn a_witness_that_panics_harms_nobody(world: World) {
    let class = items(&world).await;
    world.storage.watch(Arc::new(Blind));
    world.update(&class, "a", r#"{"n":2}"#).await;
    let transaction = world.storage.begin(60_000).await.unwrap();
    transaction.write(vec![update(&class, "a", r#"{"n":3}"#, &[])]).await.unwrap();
    transaction.commit().await.unwrap();
    world.insert(&class, "b", "{}").await;
    world.storage.write(vec![delete(&class, "b")]).await.unwrap();
    world.check(&class, &[(r#"{"n":3}"#, "a"), ("{}", "a")]).await;
}

/// What only the server reads is in no row, and of a second factor nobody sees the secret.
pub(in crate::storage) async fn secrets_are_not_seen(world: World) {
    let class = world.class("_User").await;
    let eye = Eye::of(&world);
    let fields = r#"{"username":"ann","password":"hash","authData":{"mfa":{"secret":"s"},"x":{"id":"1"}},"ACL":{"*":{"read":true}}}"#;
    world.insert(&class, "ann", fields).await;
    let mut change = update_of(&class, "ann", "{}", &["_failed_login_count"]);
    let failed = Assign::Increment(1.0);
    change.row.columns.push((FieldName::from("_failed_login_count"), failed));
    change.now = None;
    let change = Plan::server(&class).allow_change(change, WriteAccess::of_server());
    let written = world.storage.write(vec![Change::Update(change)]).await.unwrap().remove(0);
    let Written::Done(Some(returned)) = written else { panic!("{written:?}") };
    assert_eq!(returned.row(0).field("_failed_login_count"), Some(Cell::Number(1.0)));
    assert_eq!(returned.layout().columns.len(), 2);
    world.storage.write(vec![delete(&class, "ann")]).await.unwrap();
    let seen = eye.look();
    assert_eq!(seen.len(), 2, "nobody sees how often a log-in failed");
    for row in seen.iter().flat_map(|seen| [&seen.before, &seen.after]).flatten() {
        let columns = &row.layout().columns;
        assert!(
            columns.iter().all(|column| column.name != "password" && !column.name.starts_with('_'))
        );
        assert!(
            columns[0].name == "objectId"
                && row.row(0).field("username") == Some(Cell::Text("ann"))
        );
        let Some(Cell::Json(data)) = row.row(0).field("authData") else { panic!("no authData") };
        assert_eq!(json(data), json(r#"{"x":{"id":"1"},"mfa":{"status":"enabled"}}"#));
        assert_eq!(row.row(0).field("updatedAt"), Some(Cell::Date(now())));
    }
    assert_eq!(world.storage.count(query(&class, "{}", "")).await.unwrap(), 0);
}
