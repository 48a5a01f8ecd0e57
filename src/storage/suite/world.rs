//! A database with the means to fill it and to ask it, in few words.

use std::any::Any;
use std::sync::Arc;

use crate::access::{Allowed, Plan, WriteAccess};
use crate::error::Result;
use crate::query::{FindRequest, Query, Where, parse_filter, resolve, resolve_order};
use crate::schema::{ClassChange, ClassSchema, Row, SchemaRequest};
use crate::storage::{Change, ClassChanged, Delete, Insert, Storage, Update, Written};
use crate::value::{Date, FieldName, Fields, Json, ObjectId, Stored, wire};

/// A fresh database.
pub(crate) struct Opened {
    pub(crate) storage: Arc<dyn Storage>,
    /// What must live as long as the database.
    pub(crate) keep: Option<Box<dyn Any + Send>>,
}

/// A database under test.
pub(crate) struct World {
    pub(crate) storage: Arc<dyn Storage>,
    _keep: Option<Box<dyn Any + Send>>,
}

pub(in crate::storage) fn json(text: &str) -> Json {
    Json::parse(text.as_bytes()).unwrap_or_else(|cause| panic!("{text}: {cause}"))
}

pub(in crate::storage) fn now() -> Date {
    Date::parse("2024-05-06T07:08:09.010Z").unwrap()
}

/// The fields of a class that has one of each type.
pub(in crate::storage) const PERSON: &str = r#"{"name":{"type":"String"},"age":{"type":"Number"},"born":{"type":"Date"},
    "tags":{"type":"Array"},"nums":{"type":"Array"},"info":{"type":"Object"},"happy":{"type":"Boolean"},
    "loc":{"type":"GeoPoint"},"area":{"type":"Polygon"},"photo":{"type":"File"},"raw":{"type":"Bytes"},
    "city":{"type":"Pointer","targetClass":"City"},"friends":{"type":"Relation","targetClass":"Person"}}"#;

impl World {
    pub(crate) async fn new(opened: Opened) -> Self {
        Self { storage: opened.storage, _keep: opened.keep }
    }

    /// The class as it is stored.
    pub(in crate::storage) async fn class(&self, name: &str) -> Arc<ClassSchema> {
        let snapshot = self.storage.load().await.unwrap();
        Arc::clone(snapshot.class(name).unwrap_or_else(|| panic!("no class {name}")))
    }

    /// Makes a class with these fields.
    pub(in crate::storage) async fn create_class(
        &self,
        name: &str,
        fields: &str,
    ) -> Arc<ClassSchema> {
        let body = Json::from([("fields", json(fields))]);
        let request = SchemaRequest::read(body.as_object().unwrap()).unwrap();
        self.change(ClassChange::create(name, &request).unwrap()).await;
        self.class(name).await
    }

    /// Changes a class as a schema request asks.
    pub(in crate::storage) async fn change_class(
        &self,
        name: &str,
        request: &str,
    ) -> Arc<ClassSchema> {
        let request = SchemaRequest::read(json(request).as_object().unwrap()).unwrap();
        self.change(ClassChange::update(&self.class(name).await, &request).unwrap()).await;
        self.class(name).await
    }

    pub(in crate::storage) async fn change(&self, change: ClassChange) {
        let version = self.storage.load().await.unwrap().version();
        let changed = self.storage.change_class(version, Arc::new(change)).await.unwrap();
        assert_eq!(changed, ClassChanged::To(version + 1));
    }

    /// Makes an object; the id is the first word of the name of the test's cast.
    pub(in crate::storage) async fn insert(
        &self,
        class: &Arc<ClassSchema>,
        id: &str,
        fields: &str,
    ) {
        self.try_insert(class, id, fields).await.unwrap();
    }

    pub(in crate::storage) async fn try_insert(
        &self,
        class: &Arc<ClassSchema>,
        id: &str,
        fields: &str,
    ) -> Result<()> {
        self.storage.write(vec![insert(class, id, fields)]).await.map(|_| ())
    }

    /// Changes an object.
    pub(in crate::storage) async fn update(
        &self,
        class: &Arc<ClassSchema>,
        id: &str,
        fields: &str,
    ) -> Written {
        self.storage.write(vec![update(class, id, fields, &[])]).await.unwrap().remove(0)
    }

    /// The ids of the objects that meet a condition, with a space between them.
    pub(in crate::storage) async fn ids(&self, class: &Arc<ClassSchema>, filter: &str) -> Words {
        Words(ids(&self.storage.find(query(class, filter, "")).await.unwrap()))
    }

    /// The ids of the objects that meet a condition, in some order.
    pub(in crate::storage) async fn sorted(
        &self,
        class: &Arc<ClassSchema>,
        filter: &str,
        order: &str,
    ) -> String {
        ids(&self.storage.find(query(class, filter, order)).await.unwrap())
    }

    /// An object in wire form, without its times.
    pub(in crate::storage) async fn object(&self, class: &Arc<ClassSchema>, id: &str) -> Shown {
        let stored = self
            .storage
            .find(query(class, &format!(r#"{{"objectId":"{id}"}}"#), ""))
            .await
            .unwrap();
        if stored.is_empty() { Shown("missing".to_owned()) } else { object(&stored, 0) }
    }

    /// Checks which objects meet conditions, and that counting agrees.
    pub(in crate::storage) async fn check(&self, class: &Arc<ClassSchema>, cases: &[(&str, &str)]) {
        for (filter, expected) in cases {
            assert_eq!(self.ids(class, filter).await, *expected, "{filter}");
            let count = self.storage.count(query(class, filter, "")).await.unwrap();
            assert_eq!(count as usize, expected.split_whitespace().count(), "{filter}");
        }
    }
}

/// The objects of a question, by id.
pub(in crate::storage) fn ids(stored: &Stored) -> String {
    stored.rows().map(|row| row.id()).collect::<Vec<_>>().join(" ")
}

/// A row in wire form, without its times and empty fields.
pub(in crate::storage) fn object(stored: &Stored, at: usize) -> Shown {
    let mut out = vec![b'{'];
    let row = stored.row(at);
    for (position, column) in stored.layout().columns.iter().enumerate() {
        let cell = row.cell(position);
        if cell == crate::value::Cell::Null
            || column.name == "createdAt"
            || column.name == "updatedAt"
        {
            continue;
        }
        if out.len() > 1 {
            out.push(b',');
        }
        crate::value::json::write_string(&column.name, &mut out);
        out.push(b':');
        wire::write_cell(cell, &column.form, &wire::FileUrls::default(), &mut out);
    }
    out.push(b'}');
    Shown(String::from_utf8(out).unwrap())
}

/// Words whose order does not matter: without an order, a database may give rows as it likes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::storage) struct Words(pub(in crate::storage) String);

impl PartialEq<&str> for Words {
    fn eq(&self, other: &&str) -> bool {
        let sorted = |text: &str| {
            let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
            words.sort_unstable();
            words
        };
        sorted(&self.0) == sorted(other)
    }
}

impl PartialEq<String> for Words {
    fn eq(&self, other: &String) -> bool {
        *self == other.as_str()
    }
}

/// Objects in wire form with a space between them. The order of members does not matter: a database may keep objects in
/// a form that has none.
#[derive(Clone, Debug)]
pub(in crate::storage) struct Shown(pub(in crate::storage) String);

impl PartialEq<&str> for Shown {
    fn eq(&self, other: &&str) -> bool {
        let values = |text: &str| {
            let values = serde_json::Deserializer::from_str(text).into_iter::<serde_json::Value>();
            values.collect::<std::result::Result<Vec<_>, _>>().ok()
        };
        self.0 == *other || values(&self.0).is_some_and(|own| Some(own) == values(other))
    }
}

impl std::ops::Deref for Shown {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A question for all columns of a class, allowed to the server.
pub(in crate::storage) fn query(
    class: &Arc<ClassSchema>,
    filter: &str,
    order: &str,
) -> Allowed<Query> {
    Plan::server(class).allow(question(class, filter, order)).unwrap()
}

pub(in crate::storage) fn question(class: &Arc<ClassSchema>, filter: &str, order: &str) -> Query {
    let filter = resolve(&parse_filter(&json(filter)).unwrap(), class).unwrap();
    Query {
        class: Arc::clone(class),
        filter,
        order: resolve_order(&FindRequest::parse_order(order), class).unwrap(),
        skip: 0,
        limit: None,
        columns: class.fields.keys().cloned().collect(),
        hint: None,
    }
}

pub(in crate::storage) fn fields(text: &str) -> Fields {
    let mut fields = Fields::default();
    for (name, json) in json(text).as_object().unwrap() {
        let (key, op) = wire::read_entry(name, json.clone()).unwrap();
        fields.put(key, op);
    }
    fields
}

fn allowed<T>(class: &Arc<ClassSchema>, change: T) -> Allowed<T> {
    Plan::server(class).allow_change(change, WriteAccess::of_server())
}

pub(in crate::storage) fn insert(class: &Arc<ClassSchema>, id: &str, text: &str) -> Change {
    let row = Row::of_new(class, fields(text)).unwrap();
    Change::Insert(allowed(
        class,
        Insert { class: Arc::clone(class), id: ObjectId::from(id), now: now(), row },
    ))
}

pub(in crate::storage) fn update(
    class: &Arc<ClassSchema>,
    id: &str,
    text: &str,
    returning: &[&str],
) -> Change {
    Change::Update(allowed(class, update_of(class, id, text, returning)))
}

pub(in crate::storage) fn update_of(
    class: &Arc<ClassSchema>,
    id: &str,
    text: &str,
    returning: &[&str],
) -> Update {
    Update {
        class: Arc::clone(class),
        id: ObjectId::from(id),
        guard: Where::Everything,
        now: Some(now()),
        row: Row::of_change(class, fields(text)),
        returning: returning.iter().map(|&name| FieldName::from(name)).collect(),
    }
}

pub(in crate::storage) fn delete(class: &Arc<ClassSchema>, id: &str) -> Change {
    Change::Delete(allowed(class, Delete { class: Arc::clone(class), id: ObjectId::from(id) }))
}
