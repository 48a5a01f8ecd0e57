//! Asks for what is missing from values: calls of functions, objects, relations, level by level.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::join_all;

use super::weave::{Reading, Relating, Weaving};
use super::{Knot, KnotId, Tree, ask};
use crate::error::{Code, Error};
use crate::graphql::custom::Source;
use crate::graphql::plan::{Columns, Content, CustomField, ObjectSelection};
use crate::graphql::resolve::Run;
use crate::graphql::resolve::below::{self, ObjectSet, Relation};
use crate::ops::{Ctx, read};
use crate::value::{Json, Members, ObjectId};

/// As many functions are asked at the same time for one field of the root.
const CALLS_AT_ONCE: usize = 128;
/// As many functions are asked in all for one field of the root, or for the objects of one level.
const CALLS_MAX: usize = 10_000;

impl<'a> Weaving<'a> {
    /// Asks for all that is missing, until nothing is.
    pub(super) async fn finish(mut self, run: &Run, ctx: &Ctx) -> Tree {
        loop {
            let calls = std::mem::take(&mut self.calls);
            let reads = std::mem::take(&mut self.reads);
            let relations = std::mem::take(&mut self.relations);
            if calls.is_empty() && reads.is_empty() && relations.is_empty() {
                return self.tree;
            }
            for some in calls.chunks(CALLS_AT_ONCE) {
                self.call_some(run, ctx, some).await;
            }
            self.read_all(run, ctx, reads).await;
            self.relate_all(run, ctx, relations).await;
        }
    }

    async fn call_some(&mut self, run: &Run, ctx: &Ctx, calls: &[(KnotId, &'a CustomField)]) {
        let room = CALLS_MAX.saturating_sub(self.called);
        self.called += calls.len();
        let asked = calls.iter().enumerate().map(async |(at, (_, field))| match &field.source {
            Source::Function(name) if at < room => ask(run, ctx, field, name).await,
            Source::Function(_) => Err(too_many()),
            Source::Mock(_) | Source::Parent => Ok(Json::Null),
        });
        let answers = join_all(asked).await;
        for ((knot, field), answer) in calls.iter().zip(answers) {
            self.tree.knots[*knot] = match answer {
                Ok(value) => Knot::Link(self.typed(field, field.ty(), &value)),
                Err(error) => Knot::Failed(Arc::new(error)),
            };
        }
    }

    /// Reads the objects that were only named, those of one selection at once.
    async fn read_all(&mut self, run: &Run, ctx: &Ctx, reads: Vec<Reading<'a>>) {
        let mut groups: Vec<(&'a ObjectSelection, Vec<Reading<'a>>)> = Vec::new();
        for reading in reads {
            let same = |group: &&mut (&ObjectSelection, Vec<Reading<'a>>)| {
                std::ptr::eq(group.0, reading.selection)
            };
            match groups.iter_mut().find(same) {
                Some((_, group)) => group.push(reading),
                None => groups.push((reading.selection, vec![reading])),
            }
        }
        for (selection, group) in groups {
            let mut ids: Vec<ObjectId> = group.iter().map(|reading| reading.id.clone()).collect();
            ids.sort_unstable();
            ids.dedup();
            let selections = std::slice::from_ref(selection);
            let request = Columns::of(selections).request();
            let class = &selection.types.class.name;
            match read::get_several(ctx, class, &ids, request).await {
                Ok(found) => {
                    let set = Box::pin(below::complete(run, ctx, selections, found)).await;
                    self.put_rows(&group, set);
                }
                Err(error) => {
                    let error = Arc::new(error);
                    for reading in group {
                        self.tree.knots[reading.knot] = Knot::Failed(Arc::clone(&error));
                    }
                }
            }
        }
    }

    /// Gives objects the rows that were read for them. Of what may not be seen there is what was given; of a
    /// mere pointer, nothing.
    fn put_rows(&mut self, group: &[Reading<'a>], set: ObjectSet) {
        let at = self.tree.sets.len();
        let rows: HashMap<&str, usize> =
            set.found.objects.iter().enumerate().map(|(row, object)| (object.id(), row)).collect();
        for reading in group {
            let row = rows.get(reading.id.as_str()).map(|row| (at, *row));
            let knot = &mut self.tree.knots[reading.knot];
            let Knot::Class(_, member) = &mut *knot else { continue };
            member.row = row;
            if row.is_none() && is_mere_pointer(&member.given) {
                *knot = Knot::Null;
            }
        }
        drop(rows);
        self.tree.sets.push(set);
    }

    /// Reads relations, those of one field of one selection at once.
    async fn relate_all(&mut self, run: &Run, ctx: &Ctx, relations: Vec<Relating<'a>>) {
        let mut groups: Vec<Vec<Relating<'a>>> = Vec::new();
        for relating in relations {
            let same = |group: &&mut Vec<Relating<'a>>| {
                group.first().is_some_and(|first| {
                    std::ptr::eq(first.selection, relating.selection) && first.at == relating.at
                })
            };
            match groups.iter_mut().find(same) {
                Some(group) => group.push(relating),
                None => groups.push(vec![relating]),
            }
        }
        for group in groups {
            let Some(first) = group.first() else { continue };
            let selection = first.selection;
            let Content::Relation(key, field, page) = &selection.slots[first.at].content else {
                continue;
            };
            let mut owners: Vec<ObjectId> =
                group.iter().map(|relating| relating.owner.clone()).collect();
            owners.sort_unstable();
            owners.dedup();
            let relation = Relation { selection, key, field, page };
            let read = Box::pin(below::related(run, ctx, relation, owners)).await;
            let knot = |error: Option<&Arc<Error>>, at: usize| match error {
                Some(error) => Knot::Failed(Arc::clone(error)),
                None => Knot::Related(at),
            };
            let at = self.tree.related.len();
            let error = match read {
                Ok(related) => {
                    self.tree.related.push(related);
                    None
                }
                Err(error) => Some(Arc::new(error)),
            };
            for relating in group {
                self.tree.knots[relating.knot] = knot(error.as_ref(), at);
            }
        }
    }
}

fn too_many() -> Error {
    let text = format!("a field asks for more than {CALLS_MAX} calls of cloud functions");
    Error::new(Code::ExceededQuota, text)
}

/// Whether nothing is known of an object but which one it is.
fn is_mere_pointer(members: &Members) -> bool {
    members
        .keys()
        .all(|key| matches!(key.as_str(), "__type" | "className" | "objectId" | "__typename"))
}
