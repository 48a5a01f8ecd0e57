//! What a reading verb returns: objects, and the objects that their pointers lead to.

use std::collections::HashMap;
use std::sync::Arc;

use crate::access::{ObjectView, Objects};
use crate::schema::ClassSchema;
use crate::value::{ClassName, FieldName, ObjectId};

/// Objects of one class that a caller found.
#[derive(Clone, Debug)]
pub struct Found {
    /// Their class, as it was in force for the request.
    pub class: Arc<ClassSchema>,
    /// The objects.
    pub objects: Objects,
    /// For each field that was followed, the objects behind it.
    pub branches: Vec<Branch>,
    /// How many there are in all, if that was asked.
    pub count: Option<u64>,
    /// The relation fields that the caller may know of, with the classes they lead to.
    pub relations: Vec<(FieldName, ClassName)>,
    /// Whether the class may differ from the one that was asked, so that the answer should name it.
    pub redirected: bool,
    /// Whether a hook put the objects in the place of those that were found: they may lack an id and have fields that
    /// the class does not have.
    pub is_replaced: bool,
}

/// A field that was followed. Pointers to objects that are not among the targets lead to nothing that the
/// caller may see.
#[derive(Clone, Debug)]
pub struct Branch {
    /// The field: a pointer, an array or an object that holds pointers.
    pub field: FieldName,
    /// The objects behind it.
    pub targets: Targets,
    /// For an object field, the members that were followed further (`info.owner`).
    pub inside: Vec<Branch>,
}

/// Included objects of one or (behind an array) several classes.
#[derive(Clone, Debug, Default)]
pub struct Targets {
    found: Vec<Found>,
    /// Of each class, where its objects stand.
    positions: Vec<(ClassName, Positions)>,
}

/// Of each object, the result that it stands in and its place there.
type Positions = HashMap<ObjectId, (usize, usize)>;

impl Targets {
    /// Adds the objects of a class.
    pub fn add(&mut self, found: Found) {
        let at = self.found.len();
        let class = &found.class.name;
        let known = self.positions.iter().position(|(known, _)| known == class);
        let known = known.unwrap_or_else(|| {
            let room = Positions::with_capacity(found.objects.len());
            self.positions.push((class.clone(), room));
            self.positions.len() - 1
        });
        let positions = &mut self.positions[known].1;
        for (row, object) in found.objects.iter().enumerate() {
            positions.insert(ObjectId::from(object.id()), (at, row));
        }
        self.found.push(found);
    }

    /// The object that a pointer leads to, and the result that it stands in.
    pub fn get(&self, class: &ClassName, id: &str) -> Option<(&Found, ObjectView<'_>)> {
        let (_, positions) = self.positions.iter().find(|(known, _)| known == class)?;
        let (at, row) = positions.get(id)?;
        let found = &self.found[*at];
        Some((found, found.objects.object(*row)))
    }

    /// The results, one per class.
    pub fn found(&self) -> &[Found] {
        &self.found
    }
}

impl Found {
    /// The branch of a field, if it was followed.
    pub fn branch(&self, field: &str) -> Option<&Branch> {
        self.branches.iter().find(|branch| branch.field == *field)
    }
}
