//! Writes fields of the user's own definitions: values that cloud functions gave, by selection.

use apollo_compiler::ast::Type;

use super::object::{Bound, Child};
use super::{At, Nulled, Writer, Writing};
use crate::error::Error;
use crate::graphql::errors::{GraphQlError, Kind as ErrorKind, from_verb};
use crate::graphql::plan::{
    ArraySelection, Content, CustomField, Kind, ObjectSelection, ObjectSlot, OwnSlot, Shape,
    ShapeContent,
};
use crate::graphql::resolve::{Knot, KnotId, Member, Tree};
use crate::graphql::values::{write_enum, write_scalar};
use crate::schema::FieldType;
use crate::value::{Cell, FieldName, GeoPoint, Json};

impl<'a> Writer<'a> {
    /// A value of a type of a field.
    pub(super) fn typed(
        &mut self,
        field: &'a CustomField,
        ty: &'a Type,
        tree: &'a Tree,
        knot: KnotId,
    ) -> Writing {
        let from = self.out.len();
        match self.knot(field, ty, tree, knot) {
            Err(Nulled) if !ty.is_non_null() => {
                self.take_back(from);
                Ok(())
            }
            written => written,
        }
    }

    fn knot(
        &mut self,
        field: &'a CustomField,
        ty: &'a Type,
        tree: &'a Tree,
        knot: KnotId,
    ) -> Writing {
        match (tree.knot(knot), &field.kind) {
            (Knot::Null, _) if !ty.is_non_null() => self.raw(b"null"),
            (Knot::Null, _) => {
                let (parent, name) = (&field.parent, &field.definition.name);
                let text = format!("Cannot return null for non-nullable field {parent}.{name}.");
                self.misfit(field, text)
            }
            (Knot::Failed(error), _) => self.custom_failed(field, error),
            (Knot::Misfit(text), _) => self.misfit(field, text.clone()),
            (Knot::List(elements), _) => self.list(field, ty, tree, elements),
            (Knot::Leaf(value), Kind::Scalar(scalar)) => {
                let written = write_scalar(scalar, value, &mut self.out);
                written.or_else(|text| self.misfit(field, text))
            }
            (Knot::Leaf(value), Kind::Enum(definition)) => {
                let written = write_enum(definition, value, &mut self.out);
                written.or_else(|text| self.misfit(field, text))
            }
            (Knot::Own(at, knots), Kind::Object(shapes)) => match shapes.get(*at) {
                Some(Shape { type_name, content: ShapeContent::Own(slots) }) => {
                    self.own(type_name, slots, tree, knots)
                }
                Some(_) | None => Err(Nulled),
            },
            (Knot::Whole(at, value), Kind::Object(shapes)) => match shapes.get(*at) {
                Some(shape) => self.whole(shape, value),
                None => Err(Nulled),
            },
            (Knot::Class(at, member), Kind::Object(shapes)) => match shapes.get(*at) {
                Some(Shape { content: ShapeContent::Class(selection), .. }) => {
                    self.member(selection, tree, member)
                }
                Some(_) | None => Err(Nulled),
            },
            (
                Knot::Leaf(_)
                | Knot::Own(..)
                | Knot::Whole(..)
                | Knot::Class(..)
                | Knot::Related(_)
                | Knot::Link(_),
                _,
            ) => Err(Nulled),
        }
    }

    fn misfit(&mut self, field: &CustomField, text: String) -> Writing {
        let error = GraphQlError::new(ErrorKind::InternalServerError, text);
        self.error(field.field.location(), error);
        Err(Nulled)
    }

    fn custom_failed(&mut self, field: &CustomField, error: &Error) -> Writing {
        let error = from_verb(error, self.surroundings.openness);
        self.error(field.field.location(), error);
        Err(Nulled)
    }

    fn list(
        &mut self,
        field: &'a CustomField,
        ty: &'a Type,
        tree: &'a Tree,
        elements: &'a [KnotId],
    ) -> Writing {
        let (Type::List(element) | Type::NonNullList(element)) = ty else { return Err(Nulled) };
        self.out.push(b'[');
        for (at, knot) in elements.iter().enumerate() {
            self.comma(at);
            self.path.push(At::Index(at));
            let written = self.typed(field, element, tree, *knot);
            self.path.pop();
            written?;
        }
        self.raw(b"]")
    }

    fn own(
        &mut self,
        type_name: &'a str,
        slots: &'a [OwnSlot],
        tree: &'a Tree,
        knots: &[KnotId],
    ) -> Writing {
        self.out.push(b'{');
        for (at, (slot, knot)) in slots.iter().zip(knots).enumerate() {
            self.comma(at);
            self.field(&slot.slot, |writer| match &slot.field {
                Some(field) => writer.typed(field, field.ty(), tree, *knot),
                None => writer.text(type_name),
            })?;
        }
        self.raw(b"}")
    }

    /// A value whose type is written as a whole.
    fn whole(&mut self, shape: &'a Shape, value: &Json) -> Writing {
        match &shape.content {
            ShapeContent::Acl(selection) => self.acl(selection, Cell::Json(&value.to_text())),
            ShapeContent::Element(selection) => self.plain_element(selection, &value.to_text()),
            ShapeContent::File(selection) => {
                let name = value.get("name").and_then(Json::as_str).ok_or(Nulled)?;
                let url = value.get("url").and_then(Json::as_str);
                self.record(selection, |writer, member, _| match (member, url) {
                    ("name", _) => writer.text(name),
                    ("url", Some(url)) => writer.text(url),
                    ("url", None) => writer.text(&writer.surroundings.files.url(name)),
                    _ => Err(Nulled),
                })
            }
            ShapeContent::Class(_) | ShapeContent::Own(_) => Err(Nulled),
        }
    }

    /// An object of a class: what was given of it, and the rest from its row.
    fn member(
        &mut self,
        selection: &'a ObjectSelection,
        tree: &'a Tree,
        member: &'a Member,
    ) -> Writing {
        let row = member
            .row
            .and_then(|(set, row)| Some((Bound::of(selection, tree.sets.get(set)?, 0), row)));
        self.out.push(b'{');
        for (at, slot) in selection.slots.iter().enumerate() {
            self.comma(at);
            self.field(&slot.slot, |writer| {
                let knot = member.knots.get(at).copied().flatten();
                match (knot, &row) {
                    (Some(knot), _) => writer.knot_of_slot(selection, slot, (tree, knot), member),
                    (None, Some((bound, row))) if given(slot, member).is_none() => {
                        writer.field_of_row(bound, at, bound.found.objects.object(*row))
                    }
                    (None, _) => writer.given(selection, slot, member),
                }
            })?;
        }
        self.raw(b"}")
    }

    /// A field of an object whose value is one of the tree.
    fn knot_of_slot(
        &mut self,
        selection: &'a ObjectSelection,
        slot: &'a ObjectSlot,
        (tree, knot): (&'a Tree, KnotId),
        member: &'a Member,
    ) -> Writing {
        let missing = |writer: &mut Self, field: &FieldName| {
            writer.null(&slot.slot, &selection.types.names.type_name, field)
        };
        match (&slot.content, tree.knot(knot)) {
            (Content::Custom(_, field), _) => self.typed(field, field.ty(), tree, knot),
            (_, Knot::Failed(error)) => self.failed(&slot.slot, error),
            (Content::Pointer(_, target), Knot::Class(_, member)) => {
                self.member(target, tree, member)
            }
            (Content::Array(_, elements), Knot::List(knots)) => {
                self.given_array(&slot.slot, elements, tree, knots)
            }
            (Content::Relation(_, _, page), Knot::Related(at)) => {
                let Some(related) = tree.related.get(*at) else { return Err(Nulled) };
                let sets: Vec<_> =
                    related.sets.iter().map(|set| Bound::all(&page.nodes, set)).collect();
                self.related(slot, related, &sets, id_of(member).unwrap_or_default())
            }
            (
                Content::Pointer(field, _)
                | Content::Array(field, _)
                | Content::Relation(field, ..),
                _,
            ) => missing(self, field),
            _ => Err(Nulled),
        }
    }

    fn given_array(
        &mut self,
        slot: &'a super::Slot,
        elements: &'a ArraySelection,
        tree: &'a Tree,
        knots: &'a [KnotId],
    ) -> Writing {
        self.out.push(b'[');
        for (at, knot) in knots.iter().enumerate() {
            self.element(at, |writer| match tree.knot(*knot) {
                Knot::Class(class, member) => match elements.classes().nth(*class) {
                    Some(selection) => writer.member(selection, tree, member),
                    None => Err(Nulled),
                },
                Knot::Leaf(value) => match class_said(value) {
                    Some(class) => writer.other_object(&elements.rest, class),
                    None => writer.plain_element(&elements.element, &value.to_text()),
                },
                Knot::Failed(error) => writer.failed(slot, error),
                Knot::Null
                | Knot::Misfit(_)
                | Knot::List(_)
                | Knot::Own(..)
                | Knot::Whole(..)
                | Knot::Related(_)
                | Knot::Link(_) => writer.raw(b"null"),
            });
        }
        self.raw(b"]")
    }

    /// A field of an object from what was given of it.
    fn given(
        &mut self,
        selection: &'a ObjectSelection,
        slot: &'a ObjectSlot,
        member: &'a Member,
    ) -> Writing {
        let types = &selection.types;
        let missing =
            |writer: &mut Self, field: &str| writer.null(&slot.slot, &types.names.type_name, field);
        let value = given(slot, member);
        match (&slot.content, value) {
            (Content::TypeName(name), _) => self.text(name),
            (Content::Nothing | Content::AuthDataResponse | Content::Custom(..), _) => {
                self.raw(b"null")
            }
            (Content::GlobalId, _) => match id_of(member) {
                Some(id) => self.global_id(&types.class.name, id),
                None => missing(self, "id"),
            },
            (Content::ObjectId, _) => match id_of(member) {
                Some(id) => self.text(id),
                None => missing(self, "objectId"),
            },
            (Content::Acl(selection), Some(grants)) => {
                self.acl(selection, Cell::Json(&grants.to_text()))
            }
            (Content::Acl(selection), None) => self.acl(selection, Cell::Null),
            (
                Content::Pointer(field, _)
                | Content::Array(field, _)
                | Content::Relation(field, ..)
                | Content::Scalar(field)
                | Content::File(field, _)
                | Content::Point(field, _)
                | Content::Polygon(field, _),
                None,
            ) => missing(self, field),
            (Content::Scalar(field), Some(value)) => {
                self.given_scalar(selection, slot, field, value)
            }
            (Content::File(field, record), Some(value)) => {
                match value.get("name").and_then(Json::as_str) {
                    Some(name) => self.file(record, Cell::Text(name)),
                    None => missing(self, field),
                }
            }
            (Content::Point(field, record), Some(value)) => match point(value) {
                Some(point) => self.point_cell(record, Cell::Point(point)),
                None => missing(self, field),
            },
            (Content::Polygon(field, record), Some(value)) => match value.get("coordinates") {
                Some(ring) => self.polygon(record, Cell::Json(&ring.to_text())),
                None => missing(self, field),
            },
            (
                Content::Pointer(field, _)
                | Content::Array(field, _)
                | Content::Relation(field, ..),
                Some(_),
            ) => missing(self, field),
        }
    }

    fn given_scalar(
        &mut self,
        selection: &'a ObjectSelection,
        slot: &'a ObjectSlot,
        field: &FieldName,
        value: &Json,
    ) -> Writing {
        let scalar = match selection.types.class.kind(field) {
            Some(FieldType::String) => "String",
            Some(FieldType::Number) => "Float",
            Some(FieldType::Boolean) => "Boolean",
            Some(FieldType::Date) => "Date",
            Some(FieldType::Bytes) => "Bytes",
            Some(
                FieldType::Object
                | FieldType::Array
                | FieldType::GeoPoint
                | FieldType::Polygon
                | FieldType::File
                | FieldType::Pointer(_)
                | FieldType::Relation(_)
                | FieldType::Acl,
            )
            | None => "Any",
        };
        match write_scalar(scalar, value, &mut self.out) {
            Ok(()) => Ok(()),
            Err(text) => {
                let error = GraphQlError::new(ErrorKind::InternalServerError, text);
                self.error(slot.slot.span, error);
                Err(Nulled)
            }
        }
    }

    /// A field of found objects, from the values that were asked for it.
    pub(super) fn custom_of_row(
        &mut self,
        field: &'a CustomField,
        child: Option<&Child<'a>>,
        id: &str,
    ) -> Writing {
        let Some(Child::Custom(values)) = child else { return Err(Nulled) };
        match values.of_object.get(id) {
            Some(knot) => self.typed(field, field.ty(), &values.tree, *knot),
            None => Err(Nulled),
        }
    }
}

/// What was given for a field; null counts as nothing.
fn given<'m>(slot: &ObjectSlot, member: &'m Member) -> Option<&'m Json> {
    let name = match &slot.content {
        Content::Scalar(field)
        | Content::File(field, _)
        | Content::Point(field, _)
        | Content::Polygon(field, _)
        | Content::Array(field, _)
        | Content::Pointer(field, _)
        | Content::Relation(field, ..) => field.as_str(),
        Content::Acl(_) => "ACL",
        Content::GlobalId | Content::ObjectId => "objectId",
        Content::TypeName(_)
        | Content::Nothing
        | Content::AuthDataResponse
        | Content::Custom(..) => return None,
    };
    member.given.get(name).filter(|value| !value.is_null())
}

fn id_of(member: &Member) -> Option<&str> {
    member.given.get("objectId").and_then(Json::as_str)
}

fn point(value: &Json) -> Option<GeoPoint> {
    let degrees = |name| value.get(name).and_then(Json::as_number);
    Some(GeoPoint { latitude: degrees("latitude")?, longitude: degrees("longitude")? })
}

/// The class of an element that is an object of one.
fn class_said(value: &Json) -> Option<&str> {
    let kind = value.get("__type").and_then(Json::as_str);
    let is_object = matches!(kind, Some("Object" | "Pointer"));
    value.get("className").and_then(Json::as_str).filter(|_| is_object)
}
