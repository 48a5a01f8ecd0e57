//! Found objects as JSON trees, with the objects behind followed pointers in their places: what a hook is shown.

use super::{Branch, Found, Targets};
use crate::access::ObjectView;
use crate::value::wire::{self, FileUrls};
use crate::value::{Cell, ClassName, Form, Json, Members};

/// The fields of one of the objects, without its class.
pub(in crate::ops) fn members_of(found: &Found, at: usize, files: &FileUrls) -> Members {
    Shown { files }.object(found, found.objects.object(at))
}

struct Shown<'a> {
    files: &'a FileUrls,
}

impl Shown<'_> {
    fn object(&self, found: &Found, object: ObjectView<'_>) -> Members {
        let mut members = Members::new();
        for (_, column, cell) in object.cells() {
            if matches!(cell, Cell::Null) {
                continue;
            }
            let json = match found.branch(&column.name) {
                Some(branch) => self.followed(branch, cell, &column.form),
                None => Some(self.plain(cell, &column.form)),
            };
            members.extend(json.map(|json| (column.name.to_string(), json)));
        }
        for (name, target) in &found.relations {
            members.insert(name.to_string(), relation(target));
        }
        members
    }

    fn plain(&self, cell: Cell<'_>, form: &Form) -> Json {
        cell_to_json(cell, form, self.files)
    }

    /// A field that was followed; nothing if what it leads to may not be seen.
    fn followed(&self, branch: &Branch, cell: Cell<'_>, form: &Form) -> Option<Json> {
        match (form, cell) {
            (Form::Pointer(class), Cell::Text(id)) => self.target(&branch.targets, class, id),
            (Form::Plain, Cell::Json(text)) => {
                let json = Json::parse(text.as_bytes()).unwrap_or(Json::Null);
                match branch.inside.is_empty() {
                    true => self.nested(&branch.targets, json),
                    false => Some(self.inside(branch, json)),
                }
            }
            (_, cell) => Some(self.plain(cell, form)),
        }
    }

    fn target(&self, targets: &Targets, class: &ClassName, id: &str) -> Option<Json> {
        let (found, object) = targets.get(class, id)?;
        let mut members = self.object(found, object);
        members.insert("__type".to_owned(), Json::from("Object"));
        members.insert("className".to_owned(), Json::from(class.as_str()));
        Some(Json::Object(members))
    }

    fn nested(&self, targets: &Targets, json: Json) -> Option<Json> {
        if let Some(pointer) = wire::read_pointer(&json) {
            return self.target(targets, &pointer.class, &pointer.id);
        }
        let Json::Array(elements) = json else { return Some(json) };
        let elements = elements.into_iter().filter_map(|element| self.nested(targets, element));
        Some(Json::Array(elements.collect()))
    }

    fn inside(&self, branch: &Branch, json: Json) -> Json {
        let Json::Object(members) = json else { return json };
        let member = |(name, member): (String, Json)| {
            let inner = branch.inside.iter().find(|inner| inner.field == *name.as_str());
            let member = match inner {
                Some(inner) => self.nested(&inner.targets, member)?,
                None => member,
            };
            Some((name, member))
        };
        Json::Object(members.into_iter().filter_map(member).collect())
    }
}

/// A relation field on the wire.
pub(in crate::ops) fn relation(target: &ClassName) -> Json {
    Json::from([("__type", Json::from("Relation")), ("className", Json::from(target.as_str()))])
}

/// A cell on the wire.
pub(in crate::ops) fn cell_to_json(cell: Cell<'_>, form: &Form, files: &FileUrls) -> Json {
    match (form, cell) {
        (Form::Timestamp, Cell::Date(date)) => Json::from(date.to_iso()),
        (form, cell) => wire::shown_value(&wire::cell_to_value(cell, form), files),
    }
}
