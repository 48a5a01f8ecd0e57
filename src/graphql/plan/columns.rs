//! Which columns a question needs, and which pointers are followed.

use super::{ArraySelection, Content, ObjectSelection, Reach};
use crate::query::FindRequest;

/// Columns and followed pointers of a question, as dotted paths.
#[derive(Clone, Debug, Default)]
pub(crate) struct Columns {
    keys: Vec<String>,
    include: Vec<String>,
    reach: Reach,
    /// Whether something is wanted that no column holds.
    wants_response: bool,
}

impl Columns {
    /// What these selections of objects of one class need.
    pub(crate) fn of(selections: &[ObjectSelection]) -> Self {
        let mut columns = Self::default();
        columns.add_key("", "objectId");
        for selection in selections {
            columns.add(selection, "");
            if selection.reach == Reach::Beyond {
                columns.reach = Reach::Beyond;
            }
        }
        columns
    }

    /// A question for these columns.
    pub(crate) fn request(&self) -> FindRequest {
        FindRequest {
            keys: Some(self.keys.clone()),
            include: self.include.clone(),
            lean: true,
            ..FindRequest::default()
        }
    }

    /// Whether nothing but the id is needed.
    pub(crate) fn only_id(&self) -> bool {
        self.stays_in_row() && !self.wants_response && self.keys == ["objectId"]
    }

    /// Whether columns of the objects themselves are all that is needed.
    pub(crate) fn stays_in_row(&self) -> bool {
        self.reach == Reach::Row && self.include.is_empty()
    }

    fn add(&mut self, selection: &ObjectSelection, prefix: &str) {
        for slot in &selection.slots {
            match &slot.content {
                Content::TypeName(_)
                | Content::Nothing
                | Content::Relation(..)
                | Content::Custom(None, _) => {}
                Content::AuthDataResponse => self.wants_response = true,
                Content::GlobalId | Content::ObjectId => self.add_key(prefix, "objectId"),
                Content::Acl(_) => self.add_key(prefix, "ACL"),
                Content::Custom(Some(field), _)
                | Content::Scalar(field)
                | Content::File(field, _)
                | Content::Point(field, _)
                | Content::Polygon(field, _) => {
                    self.add_key(prefix, field);
                }
                Content::Pointer(field, target) => {
                    let path = joined(prefix, field);
                    self.follow(&path);
                    self.add_key(&path, "objectId");
                    self.add(target, &path);
                }
                Content::Array(field, elements) => {
                    let path = joined(prefix, field);
                    self.follow(&path);
                    self.add_elements(elements, &path);
                }
            }
        }
    }

    /// Elements may be objects of several classes; which, only the rows say.
    fn add_elements(&mut self, elements: &ArraySelection, path: &str) {
        self.add_key(path, "objectId");
        for selection in elements.classes() {
            self.add(selection, path);
        }
    }

    fn add_key(&mut self, prefix: &str, field: &str) {
        let key = joined(prefix, field);
        if !self.keys.contains(&key) {
            self.keys.push(key);
        }
    }

    fn follow(&mut self, path: &str) {
        if !self.include.iter().any(|known| known == path) {
            self.include.push(path.to_owned());
        }
    }
}

fn joined(prefix: &str, field: &str) -> String {
    if prefix.is_empty() { field.to_owned() } else { format!("{prefix}.{field}") }
}
