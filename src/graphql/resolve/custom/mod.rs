//! Values of fields of the user's own definitions: cloud functions are called, and what they return is held
//! against the selection, level by level. Calls of a level run at the same time; objects of classes that a
//! value only names are read in one question per selection and level, as the caller.
//!
//! What a function returns of an object is what the client gets, as over REST. What it does not return is
//! read: nothing but the id of a pointer, the objects in a relation, and the missing columns of an object
//! that came without its times.

mod finish;
mod weave;

use std::collections::HashMap;
use std::sync::Arc;

use super::below::{ObjectSet, Related};
use super::{Run, rate};
use crate::error::{Error, Result};
use crate::graphql::custom::Source;
use crate::graphql::plan::CustomField;
use crate::graphql::values::read_arguments_of;
use crate::ops::read::Found;
use crate::ops::{Ctx, functions};
use crate::value::{FieldName, Json, Members, ObjectId, wire};

use weave::Weaving;

/// The position of a value in its tree.
pub(crate) type KnotId = usize;

/// A value in the form of the selection, with everything that was read and asked for it.
#[derive(Default)]
pub(crate) struct Tree {
    /// The values; the first one is the root, if there is one root.
    pub(crate) knots: Vec<Knot>,
    /// Objects that values only name.
    pub(crate) sets: Vec<ObjectSet>,
    /// Objects in relations.
    pub(crate) related: Vec<Related>,
}

/// A value.
pub(crate) enum Knot {
    /// Nothing.
    Null,
    /// A function failed, or a question.
    Failed(Arc<Error>),
    /// The value does not fit its type; the text says why.
    Misfit(String),
    /// A scalar or a value of an enum, as it was given.
    Leaf(Json),
    /// A list.
    List(Vec<KnotId>),
    /// An object of that one of the possible types, by its fields.
    Own(usize, Vec<KnotId>),
    /// An object whose type is written as a whole.
    Whole(usize, Json),
    /// An object of a class: that one of the possible types.
    Class(usize, Box<Member>),
    /// The objects in a relation: a position among those of the tree.
    Related(usize),
    /// The same as another one.
    Link(KnotId),
}

/// An object of a class.
pub(crate) struct Member {
    /// What was given of it.
    pub(crate) given: Members,
    /// The object that was read for what was not given: a set and a row there.
    pub(crate) row: Option<(usize, usize)>,
    /// For each field of the selection, its value if that is one of the tree.
    pub(crate) knots: Vec<Option<KnotId>>,
}

impl Tree {
    /// A value, wherever it really is.
    pub(crate) fn knot(&self, id: KnotId) -> &Knot {
        let mut id = id;
        while let Knot::Link(other) = &self.knots[id] {
            id = *other;
        }
        &self.knots[id]
    }
}

/// Values of a field of several objects.
pub(crate) struct CustomValues {
    /// The values.
    pub(crate) tree: Tree,
    /// For each object, its value.
    pub(crate) of_object: HashMap<ObjectId, KnotId>,
}

/// The value of a root field.
pub(super) async fn of_root(run: &Run, ctx: &Ctx, field: &CustomField) -> Result<Tree> {
    let given = match &field.source {
        Source::Function(name) => ask(run, ctx, field, name).await?,
        Source::Mock(value) => value.clone(),
        Source::Parent => Json::Null,
    };
    let mut weaving = Weaving::default();
    weaving.typed(field, field.ty(), &given);
    Ok(Box::pin(weaving.finish(run, ctx)).await)
}

/// The values of a field of found objects; `column` is where they stand if they are in the rows.
pub(super) async fn of_objects(
    run: &Run,
    ctx: &Ctx,
    field: &CustomField,
    column: Option<&FieldName>,
    found: &Found,
) -> CustomValues {
    let mut weaving = Weaving::default();
    let mut of_object = HashMap::with_capacity(found.objects.len());
    let column = column.and_then(|name| found.objects.column(name));
    let same = match &field.source {
        Source::Mock(value) => Some(weaving.typed(field, field.ty(), value)),
        Source::Function(_) | Source::Parent => None,
    };
    for object in found.objects.iter() {
        let id = ObjectId::from(object.id());
        if of_object.contains_key(&id) {
            continue;
        }
        let knot = match (&field.source, same, column) {
            (_, Some(same), _) => same,
            (Source::Function(_), None, _) => weaving.call(field),
            (Source::Parent, None, Some(column)) => {
                let form = &found.objects.column_at(column).form;
                let value = wire::cell_to_value(object.cell(column), form);
                weaving.typed(field, field.ty(), &wire::value_to_json(&value))
            }
            (Source::Parent | Source::Mock(_), None, _) => weaving.tie(Knot::Null),
        };
        of_object.insert(id, knot);
    }
    CustomValues { tree: Box::pin(weaving.finish(run, ctx)).await, of_object }
}

async fn ask(run: &Run, ctx: &Ctx, field: &CustomField, name: &str) -> Result<Json> {
    let types = run.schema.types();
    let params = read_arguments_of(types, &field.definition, &field.field, &run.variables);
    rate::charge_function(ctx, name)?;
    let value = functions::call(ctx, name, params).await?;
    Ok(value.map_or(Json::Null, |value| value.to_json()))
}
