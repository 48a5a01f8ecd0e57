//! What is written of the elements of an array.

use apollo_compiler::Node;
use apollo_compiler::executable::Field;

use super::{Collector, ObjectSelection, RecordSelection};
use crate::value::ClassName;

/// What is written of the elements of an array: an element is an object of some class, or anything else.
pub(crate) struct ArraySelection {
    by_class: Vec<ObjectSelection>,
    /// What is written of an element that is no object.
    pub(crate) element: RecordSelection,
    /// What is written of an object of a class that no fragment names: its type at most.
    pub(crate) rest: RecordSelection,
}

impl ArraySelection {
    /// What these fields, which lead to arrays, select.
    pub(super) fn of(collector: &Collector<'_>, fields: &[&Node<Field>]) -> Self {
        let schema = collector.schema();
        let mut classes = Vec::new();
        for condition in collector.conditions(fields) {
            match schema.class_of_type(&condition) {
                Some(types) => classes.push(types.class.name.clone()),
                None if schema.types().get_interface(&condition).is_some() => {
                    classes.extend(schema.classes().map(|types| types.class.name.clone()));
                }
                None => {}
            }
        }
        classes.sort_unstable();
        classes.dedup();
        let by_class = classes
            .iter()
            .filter_map(|class| ObjectSelection::of(class, collector, fields))
            .collect();
        let element = RecordSelection::of_type("Element", collector, fields);
        let rest = RecordSelection::of_type("ArrayResult", collector, fields);
        Self { by_class, element, rest }
    }

    /// What is written of objects, one selection per class that a fragment names.
    pub(crate) fn classes(&self) -> impl Iterator<Item = &ObjectSelection> {
        self.by_class.iter()
    }

    /// What is written of objects of a class.
    pub(crate) fn class(&self, class: &ClassName) -> Option<&ObjectSelection> {
        self.by_class.iter().find(|selection| selection.types.class.name == *class)
    }
}
