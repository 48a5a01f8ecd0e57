//! What a hook put in the place of found objects, as found objects: its JSON becomes rows again, so that every door
//! writes it like any other answer. Fields that the class does not have become columns of their own.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Branch, Found, Targets};
use crate::access::Objects;
use crate::schema::{ClassSchema, FieldType, Snapshot};
use crate::value::wire::{self, FileUrls};
use crate::value::{
    Cell, ClassName, Column, Date, FieldName, Form, GeoPoint, Json, Layout, Members, ObjectId,
    StoredBuilder,
};

/// What is needed to make rows of JSON.
pub(in crate::ops) struct Replacer<'a> {
    /// Where files are found: only of others the URL is kept.
    pub files: &'a FileUrls,
    /// The classes in force.
    pub snapshot: &'a Snapshot,
    /// Whether every object says its class, as it does in an answer that passed a hook.
    pub names_class: bool,
}

impl Replacer<'_> {
    /// Other objects in the place of those that were found.
    pub(in crate::ops) fn replace(&self, found: &Found, objects: &[Members]) -> Found {
        let replaced = self.rows(&found.class, &found.branches, objects, self.names_class);
        Found { count: found.count, ..replaced }
    }

    fn rows(
        &self,
        class: &Arc<ClassSchema>,
        followed: &[Branch],
        objects: &[Members],
        names_class: bool,
    ) -> Found {
        let columns = columns(class, objects, names_class);
        let branches = followed.iter().map(|branch| self.branch(branch, objects)).collect();
        let mut rows = StoredBuilder::new(Arc::new(Layout {
            class: class.name.clone(),
            columns: columns.clone(),
        }));
        for object in objects {
            for column in &columns {
                match object.get(column.name.as_str()) {
                    None if column.name == *"className" => {
                        rows.push(Cell::Text(class.name.as_str()));
                    }
                    None => rows.push(Cell::Null),
                    // GraphQL has one null; REST shows one that was said.
                    Some(Json::Null) if !self.names_class => rows.push(Cell::Null),
                    Some(json) => {
                        let is_followed = followed.iter().any(|one| one.field == column.name);
                        self.push(json, &column.form, is_followed, &mut rows);
                    }
                }
            }
        }
        Found {
            class: Arc::clone(class),
            objects: Objects::of_hook(rows.finish()),
            branches,
            count: None,
            relations: Vec::new(),
            redirected: false,
            is_replaced: true,
        }
    }

    /// One value. What does not fit the type of its field is written as it is.
    fn push(&self, json: &Json, form: &Form, is_followed: bool, rows: &mut StoredBuilder) {
        let text = |key: &str| json.get(key).and_then(Json::as_str);
        let is = |kind: &str| text("__type") == Some(kind);
        match form {
            Form::Timestamp | Form::Date => {
                let bare = json.as_str().filter(|_| *form == Form::Timestamp);
                let iso = bare.or_else(|| text("iso").filter(|_| is("Date")));
                match iso.and_then(Date::parse) {
                    Some(date) => rows.push(Cell::Date(date)),
                    None => push_plain(json, rows),
                }
            }
            Form::Pointer(class) => {
                let is_whole = is("Object");
                let id = text("objectId").filter(|_| text("className") == Some(class.as_str()));
                match id.filter(|_| is_whole == is_followed && (is_whole || is("Pointer"))) {
                    Some(id) => rows.push(Cell::Text(id)),
                    None => push_plain(json, rows),
                }
            }
            Form::File => {
                let name = text("name").filter(|_| is("File"));
                let is_ours =
                    |name: &&str| text("url").is_none_or(|url| url == self.files.url(name));
                match name.filter(is_ours) {
                    Some(name) => rows.push(Cell::Text(name)),
                    None => push_plain(json, rows),
                }
            }
            Form::Bytes => push_inner(json, "Bytes", "base64", rows),
            Form::Polygon => push_inner(json, "Polygon", "coordinates", rows),
            Form::GeoPoint => {
                let number = |key: &str| json.get(key).and_then(Json::as_number);
                match (number("latitude"), number("longitude")) {
                    (Some(latitude), Some(longitude)) if is("GeoPoint") => {
                        rows.push(Cell::Point(GeoPoint { latitude, longitude }));
                    }
                    _ => push_plain(json, rows),
                }
            }
            Form::Plain => push_plain(json, rows),
        }
    }

    /// The objects behind a field that was followed, as they stand in the JSON.
    fn branch(&self, branch: &Branch, objects: &[Members]) -> Branch {
        let values: Vec<&Json> =
            objects.iter().filter_map(|object| object.get(branch.field.as_str())).collect();
        let members = |inner: &Branch| {
            let members: Vec<Members> = values
                .iter()
                .filter_map(|value| value.as_object())
                .filter_map(|value| {
                    let name = inner.field.as_str();
                    Some(Members::from([(name.to_owned(), value.get(name)?.clone())]))
                })
                .collect();
            self.branch(inner, &members)
        };
        let mut whole = Vec::new();
        values.iter().for_each(|value| collect_whole(value, &mut whole));
        Branch {
            field: branch.field.clone(),
            targets: self.targets(&branch.targets, whole),
            inside: branch.inside.iter().map(members).collect(),
        }
    }

    fn targets(&self, known: &Targets, whole: Vec<(ClassName, ObjectId, Members)>) -> Targets {
        let mut by_class: Vec<(ClassName, Vec<Members>, HashMap<ObjectId, usize>)> = Vec::new();
        for (class, id, members) in whole {
            let at = by_class.iter().position(|(known, ..)| *known == class).unwrap_or_else(|| {
                by_class.push((class, Vec::new(), HashMap::new()));
                by_class.len() - 1
            });
            let (_, rows, places) = &mut by_class[at];
            match places.get(&id) {
                Some(&place) => rows[place] = members,
                None => {
                    places.insert(id, rows.len());
                    rows.push(members);
                }
            }
        }
        let mut targets = Targets::default();
        for (name, rows, _) in by_class {
            let found = known.found().iter().find(|found| found.class.name == name);
            let class = found.map(|found| &found.class).or_else(|| self.snapshot.class(&name));
            let class = class.cloned().unwrap_or_else(|| Arc::new(ClassSchema::new(name)));
            let followed = found.map_or(&[] as &[Branch], |found| &found.branches);
            targets.add(self.rows(&class, followed, &rows, false));
        }
        targets
    }
}

/// The columns of rows that hold all fields of some objects. The first is the id.
fn columns(class: &ClassSchema, objects: &[Members], names_class: bool) -> Vec<Column> {
    let column = |name: FieldName| {
        let form = form_of(class, &name);
        Column { name, form }
    };
    let mut columns = vec![column(FieldName::from("objectId"))];
    let mut known: std::collections::HashSet<&str> =
        ["objectId", "__type", "className"].into_iter().collect();
    for name in objects.iter().flat_map(Members::keys) {
        if known.insert(name) {
            columns.push(column(FieldName::from(name.as_str())));
        }
    }
    if names_class {
        columns.push(Column { name: FieldName::from("className"), form: Form::Plain });
    }
    columns
}

fn form_of(class: &ClassSchema, name: &str) -> Form {
    match class.kind(name) {
        Some(FieldType::Date) if ["createdAt", "updatedAt"].contains(&name) => Form::Timestamp,
        Some(FieldType::Relation(_)) | None => Form::Plain,
        Some(kind) => kind.form(),
    }
}

fn push_plain(json: &Json, rows: &mut StoredBuilder) {
    match json {
        Json::Bool(flag) => rows.push(Cell::Bool(*flag)),
        Json::Number(number) => rows.push(Cell::Number(*number)),
        Json::String(text) => rows.push(Cell::Text(text)),
        Json::Null | Json::Array(_) | Json::Object(_) => rows.push(Cell::Json(&json.to_text())),
    }
}

/// A typed value of which the column holds only what is inside.
fn push_inner(json: &Json, kind: &str, key: &str, rows: &mut StoredBuilder) {
    let is_typed = json.get("__type").and_then(Json::as_str) == Some(kind);
    match json.get(key).filter(|_| is_typed) {
        Some(inner) => rows.push(Cell::Json(&inner.to_text())),
        None => push_plain(json, rows),
    }
}

/// Objects that stand in a value in full, also inside arrays.
fn collect_whole(json: &Json, whole: &mut Vec<(ClassName, ObjectId, Members)>) {
    if let Json::Object(members) = json
        && members.get("__type").and_then(Json::as_str) == Some("Object")
        && let Some(pointer) = wire::read_pointer(json)
    {
        whole.push((pointer.class, pointer.id, members.clone()));
        return;
    }
    json.as_array().unwrap_or_default().iter().for_each(|element| collect_whole(element, whole));
}
