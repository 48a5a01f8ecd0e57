//! Holds values against the selection, and notes what has to be asked for what is missing.

use apollo_compiler::ast::Type;

use super::{Knot, KnotId, Member, Tree};
use crate::graphql::custom::Source;
use crate::graphql::plan::{
    ArraySelection, Content, CustomField, Kind, ObjectSelection, Shape, ShapeContent,
};
use crate::graphql::values::inspect;
use crate::value::{FieldName, Json, Members, ObjectId};

/// A tree that is being made, and what still has to be asked for it.
#[derive(Default)]
pub(super) struct Weaving<'a> {
    pub(super) tree: Tree,
    pub(super) calls: Vec<(KnotId, &'a CustomField)>,
    pub(super) called: usize,
    pub(super) reads: Vec<Reading<'a>>,
    pub(super) relations: Vec<Relating<'a>>,
}

/// An object that has to be read.
pub(super) struct Reading<'a> {
    pub(super) knot: KnotId,
    pub(super) selection: &'a ObjectSelection,
    pub(super) id: ObjectId,
}

/// A relation of an object that has to be read.
pub(super) struct Relating<'a> {
    pub(super) knot: KnotId,
    pub(super) selection: &'a ObjectSelection,
    /// The position of its field in the selection.
    pub(super) at: usize,
    pub(super) owner: ObjectId,
}

impl<'a> Weaving<'a> {
    /// Adds a value.
    pub(super) fn tie(&mut self, knot: Knot) -> KnotId {
        self.tree.knots.push(knot);
        self.tree.knots.len() - 1
    }

    /// A value that a function is to give.
    pub(super) fn call(&mut self, field: &'a CustomField) -> KnotId {
        let knot = self.tie(Knot::Null);
        self.calls.push((knot, field));
        knot
    }

    /// The value of a field of an object whose members are known.
    fn of_members(&mut self, field: &'a CustomField, members: &Members) -> KnotId {
        match &field.source {
            Source::Function(_) => self.call(field),
            Source::Mock(value) => self.typed(field, field.ty(), value),
            Source::Parent => {
                let member = members.get(field.definition.name.as_str());
                self.typed(field, field.ty(), member.unwrap_or(&Json::Null))
            }
        }
    }

    /// A value of a type of a field.
    pub(super) fn typed(&mut self, field: &'a CustomField, ty: &'a Type, given: &Json) -> KnotId {
        if given.is_null() {
            return self.tie(Knot::Null);
        }
        if let Type::List(element) | Type::NonNullList(element) = ty {
            let Json::Array(elements) = given else {
                let name = &field.definition.name;
                let text = format!(
                    "Expected Iterable, but did not find one for field \"{}.{name}\".",
                    field.parent
                );
                return self.tie(Knot::Misfit(text));
            };
            let list = self.tie(Knot::Null);
            let elements = elements.iter().map(|each| self.typed(field, element, each)).collect();
            self.tree.knots[list] = Knot::List(elements);
            return list;
        }
        match &field.kind {
            Kind::Scalar(_) | Kind::Enum(_) => self.tie(Knot::Leaf(given.clone())),
            Kind::Object(shapes) => match chosen(field, shapes, given) {
                Ok(at) => self.shaped(at, &shapes[at], given),
                Err(text) => self.tie(Knot::Misfit(text)),
            },
        }
    }

    fn shaped(&mut self, at: usize, shape: &'a Shape, given: &Json) -> KnotId {
        match (&shape.content, given) {
            (ShapeContent::Element(_), _)
            | (ShapeContent::Acl(_) | ShapeContent::File(_), Json::Object(_)) => {
                self.tie(Knot::Whole(at, given.clone()))
            }
            (ShapeContent::Class(selection), Json::Object(members))
                if is_of(selection, members) =>
            {
                self.class(at, selection, members)
            }
            (ShapeContent::Own(slots), Json::Object(members)) => {
                let own = self.tie(Knot::Null);
                let mut knots = Vec::with_capacity(slots.len());
                for slot in slots {
                    knots.push(match &slot.field {
                        Some(field) => self.of_members(field, members),
                        None => own,
                    });
                }
                self.tree.knots[own] = Knot::Own(at, knots);
                own
            }
            _ => {
                let text = format!(
                    "Expected value of type \"{}\" but got: {}.",
                    shape.type_name,
                    inspect(given)
                );
                self.tie(Knot::Misfit(text))
            }
        }
    }

    /// An object of a class, from what was given of it.
    fn class(&mut self, at: usize, selection: &'a ObjectSelection, members: &Members) -> KnotId {
        let knot = self.tie(Knot::Null);
        let id = members.get("objectId").and_then(Json::as_str);
        let is_whole =
            id.is_none() || members.contains_key("createdAt") || members.contains_key("updatedAt");
        let mut lacks = false;
        let mut knots = Vec::with_capacity(selection.slots.len());
        for (position, slot) in selection.slots.iter().enumerate() {
            let given = |field: &FieldName| members.get(field.as_str());
            knots.push(match &slot.content {
                Content::TypeName(_)
                | Content::Nothing
                | Content::AuthDataResponse
                | Content::GlobalId
                | Content::ObjectId => None,
                Content::Custom(column, field) => match (&field.source, column) {
                    (Source::Parent, Some(column)) if given(column).is_none() && !is_whole => {
                        lacks = true;
                        None
                    }
                    _ => Some(self.of_members(field, members)),
                },
                Content::Pointer(field, target) => match given(field) {
                    Some(value) => Some(self.pointer(target, value)),
                    None => {
                        lacks = true;
                        None
                    }
                },
                Content::Array(field, elements) => match given(field) {
                    Some(value) => Some(self.array(elements, value)),
                    None => {
                        lacks = true;
                        None
                    }
                },
                Content::Relation(..) => match id.filter(|_| is_whole) {
                    Some(id) => Some(self.relation(selection, position, id)),
                    None => {
                        lacks = true;
                        None
                    }
                },
                Content::Scalar(field)
                | Content::File(field, _)
                | Content::Point(field, _)
                | Content::Polygon(field, _) => {
                    lacks |= given(field).is_none();
                    None
                }
                Content::Acl(_) => {
                    lacks |= !members.contains_key("ACL");
                    None
                }
            });
        }
        if let Some(id) = id.filter(|_| lacks && !is_whole) {
            self.reads.push(Reading { knot, selection, id: ObjectId::from(id) });
        }
        let member = Member { given: members.clone(), row: None, knots };
        self.tree.knots[knot] = Knot::Class(at, Box::new(member));
        knot
    }

    /// What a pointer of an object leads to.
    fn pointer(&mut self, target: &'a ObjectSelection, value: &Json) -> KnotId {
        match value {
            Json::Object(members) if is_of(target, members) => self.class(0, target, members),
            Json::Object(_)
            | Json::Null
            | Json::Bool(_)
            | Json::Number(_)
            | Json::String(_)
            | Json::Array(_) => self.tie(Knot::Null),
        }
    }

    fn array(&mut self, elements: &'a ArraySelection, value: &Json) -> KnotId {
        let Json::Array(values) = value else { return self.tie(Knot::Null) };
        let list = self.tie(Knot::Null);
        let mut knots = Vec::with_capacity(values.len());
        for value in values {
            let class = class_of(value).and_then(|class| elements.position(class));
            knots.push(match (value, class) {
                (Json::Null, _) => self.tie(Knot::Null),
                (Json::Object(members), Some(at)) => match elements.classes().nth(at) {
                    Some(selection) => self.class(at, selection, members),
                    None => self.tie(Knot::Null),
                },
                (_, _) => self.tie(Knot::Leaf(value.clone())),
            });
        }
        self.tree.knots[list] = Knot::List(knots);
        list
    }

    fn relation(&mut self, selection: &'a ObjectSelection, at: usize, owner: &str) -> KnotId {
        let knot = self.tie(Knot::Null);
        self.relations.push(Relating { knot, selection, at, owner: ObjectId::from(owner) });
        knot
    }
}

/// The class that a value says it is of.
fn class_of(value: &Json) -> Option<&str> {
    let members = value.as_object()?;
    let kind = members.get("__type").and_then(Json::as_str);
    if !matches!(kind, Some("Object" | "Pointer") | None) {
        return None;
    }
    members.get("className").and_then(Json::as_str)
}

/// Whether a value can be an object of the class: it does not say that it is of another one.
fn is_of(selection: &ObjectSelection, members: &Members) -> bool {
    let class = &selection.types.class.name;
    let says_other = |key: &str, own: &str| {
        members.get(key).and_then(Json::as_str).is_some_and(|said| said != own)
    };
    let kind = members.get("__type").and_then(Json::as_str);
    !says_other("className", class) && matches!(kind, None | Some("Object" | "Pointer"))
}

/// Which of the possible types a value is of.
fn chosen(
    field: &CustomField,
    shapes: &[Shape],
    given: &Json,
) -> std::result::Result<usize, String> {
    if !field.kind.is_abstract(field.ty()) {
        return Ok(0);
    }
    let said = given.get("__typename").and_then(Json::as_str);
    let class = class_of(given);
    let position = shapes.iter().position(|shape| match (&shape.content, said) {
        (_, Some(said)) => shape.type_name == *said,
        (ShapeContent::Class(selection), None) => {
            class.is_some_and(|class| selection.types.class.name == *class)
        }
        (
            ShapeContent::Acl(_)
            | ShapeContent::File(_)
            | ShapeContent::Element(_)
            | ShapeContent::Own(_),
            None,
        ) => false,
    });
    // What an array holds and is no object of a class is an element.
    let element = || {
        let is_element = |shape: &Shape| matches!(shape.content, ShapeContent::Element(_));
        shapes.iter().position(is_element).filter(|_| class.is_none())
    };
    position.or_else(element).ok_or_else(|| {
        let ty = field.ty().inner_named_type();
        let (parent, name) = (&field.parent, &field.definition.name);
        match said {
            Some(said) => {
                format!("Runtime Object type \"{said}\" is not a possible type for \"{ty}\".")
            }
            None => format!(
                "Abstract type \"{ty}\" must resolve to an Object type at runtime for field \"{parent}.{name}\": the value needs a member \"__typename\", or \"className\"."
            ),
        }
    })
}
