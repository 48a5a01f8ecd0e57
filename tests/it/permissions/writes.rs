//! The doors that write, as one table: every caller tries every row under every device; what the model allows
//! happens, what it does not is refused and changes nothing.

use std::collections::BTreeSet;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};

use super::fixture::{Target, World};
use super::graphql_names::{Names, Roots};
use super::model::{CALLERS, OBJECT_NOT_FOUND, Op, Row, Who};
use crate::support::{Answer, Caller};

/// A way to change or delete one row.
struct Door {
    name: &'static str,
    /// The route, as `rest::Route` names it, or the kind of GraphQL root field, that it goes through.
    place: &'static str,
    op: Op,
    send: fn(&Attempt<'_>) -> Answer,
}

/// One try.
struct Attempt<'a> {
    caller: &'a Caller,
    class: &'a str,
    names: &'a Names,
    id: &'a str,
    /// What is written, so that it can be told who wrote.
    stamp: &'a str,
    /// The name of a field that the class does not have.
    fresh: String,
}

const UPDATE: &str = "Update";
const DELETE: &str = "Delete";
const BATCH: &str = "Batch";

const DOORS: &[Door] = &[
    Door { name: "update", place: UPDATE, op: Op::Update, send: update },
    Door { name: "update by POST", place: UPDATE, op: Op::Update, send: update_by_post },
    Door { name: "increment", place: UPDATE, op: Op::Update, send: increment },
    Door { name: "update in a batch", place: BATCH, op: Op::Update, send: update_in_batch },
    Door {
        name: "update in a transaction",
        place: BATCH,
        op: Op::Update,
        send: update_in_transaction,
    },
    Door {
        name: "update mutation",
        place: "update mutation",
        op: Op::Update,
        send: update_mutation,
    },
    Door { name: "delete", place: DELETE, op: Op::Delete, send: delete },
    Door { name: "delete by POST", place: DELETE, op: Op::Delete, send: delete_by_post },
    Door { name: "delete in a batch", place: BATCH, op: Op::Delete, send: delete_in_batch },
    Door {
        name: "delete mutation",
        place: "delete mutation",
        op: Op::Delete,
        send: delete_mutation,
    },
];

/// Doors that change the class as well.
const ADDING: &[Door] = &[
    Door { name: "update with a new field", place: UPDATE, op: Op::AddField, send: add_field },
    Door {
        name: "update with one in a batch",
        place: BATCH,
        op: Op::AddField,
        send: add_field_in_batch,
    },
];

/// The places that this table crosses.
pub(crate) fn places() -> BTreeSet<&'static str> {
    DOORS.iter().map(|door| door.place).chain(CREATES.iter().map(|(_, place, _)| *place)).collect()
}

impl Attempt<'_> {
    fn path(&self) -> String {
        format!("/classes/{}/{}", self.class, self.id)
    }

    fn batch(&self, method: &str, body: &Value, is_transaction: bool) -> Answer {
        let entry =
            json!({"method": method, "path": format!("/parse{}", self.path()), "body": body});
        self.caller.post("/batch", &json!({"requests": [entry], "transaction": is_transaction}))
    }

    fn global_id(&self) -> String {
        BASE64_STANDARD.encode(format!("{}:{}", self.class, self.id))
    }
}

fn update(attempt: &Attempt<'_>) -> Answer {
    attempt.caller.put(&attempt.path(), &json!({"stamp": attempt.stamp}))
}

fn update_by_post(attempt: &Attempt<'_>) -> Answer {
    attempt.caller.post(&attempt.path(), &json!({"_method": "PUT", "stamp": attempt.stamp}))
}

fn increment(attempt: &Attempt<'_>) -> Answer {
    let increment = json!({"__op": "Increment", "amount": 1});
    attempt.caller.put(&attempt.path(), &json!({"hits": increment, "stamp": attempt.stamp}))
}

fn update_in_batch(attempt: &Attempt<'_>) -> Answer {
    attempt.batch("PUT", &json!({"stamp": attempt.stamp}), false)
}

fn update_in_transaction(attempt: &Attempt<'_>) -> Answer {
    attempt.batch("PUT", &json!({"stamp": attempt.stamp}), true)
}

fn add_field(attempt: &Attempt<'_>) -> Answer {
    let fields = json!({"stamp": attempt.stamp, &attempt.fresh: true});
    attempt.caller.put(&attempt.path(), &fields)
}

fn add_field_in_batch(attempt: &Attempt<'_>) -> Answer {
    attempt.batch("PUT", &json!({"stamp": attempt.stamp, &attempt.fresh: true}), false)
}

fn update_mutation(attempt: &Attempt<'_>) -> Answer {
    let (mutation, id, stamp) = (&attempt.names.update, attempt.global_id(), attempt.stamp);
    attempt.caller.graphql(&format!(
        "mutation {{ {mutation}(input: {{id: \"{id}\", fields: {{stamp: \"{stamp}\"}}}}) {{ clientMutationId }} }}"
    ))
}

fn delete(attempt: &Attempt<'_>) -> Answer {
    attempt.caller.delete(&attempt.path())
}

fn delete_by_post(attempt: &Attempt<'_>) -> Answer {
    attempt.caller.post(&attempt.path(), &json!({"_method": "DELETE"}))
}

fn delete_in_batch(attempt: &Attempt<'_>) -> Answer {
    attempt.batch("DELETE", &json!({}), false)
}

fn delete_mutation(attempt: &Attempt<'_>) -> Answer {
    let (mutation, id) = (&attempt.names.delete, attempt.global_id());
    attempt.caller.graphql(&format!(
        "mutation {{ {mutation}(input: {{id: \"{id}\"}}) {{ clientMutationId }} }}"
    ))
}

/// The code of a refusal, also of that of the only entry of a batch.
fn code(answer: &Answer) -> Option<i64> {
    if answer.is_refusal() {
        return Some(answer.code().unwrap_or(i64::from(answer.status)));
    }
    let json: Value = serde_json::from_slice(&answer.body).ok()?;
    let error = json.as_array()?.first()?.get("error")?;
    Some(error["code"].as_i64().unwrap_or_else(|| panic!("no code: {answer}")))
}

/// Makes a class for the tries, with rows that are made again when they are gone.
pub(crate) struct Writes<'a> {
    world: &'a World,
    roots: &'a Roots,
    target: &'a Target,
    doors: &'static [Door],
}

impl<'a> Writes<'a> {
    pub(crate) fn new(world: &'a World, roots: &'a Roots, target: &'a Target) -> Self {
        Self { world, roots, target, doors: DOORS }
    }

    /// Tries that add a field to the class with every row.
    pub(crate) fn adding_fields(world: &'a World, roots: &'a Roots, target: &'a Target) -> Self {
        Self { world, roots, target, doors: ADDING }
    }

    /// Crosses all doors with all callers. Returns what went wrong.
    pub(crate) fn cross(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let names = self.roots.names(&self.target.class).expect("the schema has all classes");
        let mut ids: Vec<String> =
            self.target.rows.iter().map(|row| self.target.ids[row.label].clone()).collect();
        for who in CALLERS {
            let caller = self.world.caller(who);
            for door in self.doors {
                wrong.extend(self.cross_door(who, &caller, door, &names, &mut ids));
            }
            wrong.extend(self.cross_creates(who, &caller, &names));
        }
        wrong
    }

    fn cross_door(
        &self,
        who: Who,
        caller: &Caller,
        door: &Door,
        names: &Names,
        ids: &mut [String],
    ) -> Vec<String> {
        let (target, master) = (self.target, self.world.server.master());
        let stamp = format!("{who:?} {}", door.name).replace(['(', ')'], " ");
        let view = target.seen_by(who);
        let reach = match door.op {
            // A field is added by a change: the rows are those that both let him change.
            Op::AddField => view.reach(Op::AddField).and_then(|added| {
                let updated: Vec<&str> =
                    view.reach(Op::Update)?.iter().map(|row| row.label).collect();
                Ok(added.into_iter().filter(|row| updated.contains(&row.label)).collect())
            }),
            Op::Find | Op::Get | Op::Count | Op::Create | Op::Update | Op::Delete => {
                view.reach(door.op)
            }
        };
        let reached =
            reach.as_ref().map(|rows| rows.iter().map(|row| row.label).collect::<BTreeSet<_>>());
        let mut wrong = Vec::new();
        for (row, id) in target.rows.iter().zip(ids.iter()) {
            let fresh = format!("{stamp}{}", row.label).replace(' ', "");
            let attempt = Attempt { caller, class: &target.class, names, id, stamp: &stamp, fresh };
            let answer = (door.send)(&attempt);
            let expected = match &reached {
                Ok(reached) if reached.contains(row.label) => None,
                Ok(_) => Some(OBJECT_NOT_FOUND),
                Err(code) => Some(**code),
            };
            if code(&answer) != expected {
                wrong.push(format!(
                    "{}: {} of `{}` by {who:?}: expected {expected:?}, was {answer}",
                    target.class, door.name, row.label
                ));
            }
        }
        let now = master.find(&target.class, &json!({"limit": 1000})).is(200).results();
        for (row, id) in target.rows.iter().zip(ids.iter_mut()) {
            let is_allowed = reached.as_ref().is_ok_and(|reached| reached.contains(row.label));
            let found = now.iter().find(|object| object["objectId"] == id.as_str());
            let is_done = match door.op == Op::Delete {
                true => found.is_none(),
                false => found.is_some_and(|object| object["stamp"] == stamp.as_str()),
            };
            if is_done != is_allowed {
                wrong.push(format!(
                    "{}: {} of `{}` by {who:?}: allowed {is_allowed}, done {is_done}",
                    target.class, door.name, row.label
                ));
            }
            if found.is_none() {
                *id = self.again(row);
            }
        }
        wrong
    }

    fn again(&self, row: &Row) -> String {
        self.world.server.master().create(&self.target.class, &self.world.values(row))
    }

    fn cross_creates(&self, who: Who, caller: &Caller, names: &Names) -> Vec<String> {
        let (target, master) = (self.target, self.world.server.master());
        let mut wrong = Vec::new();
        for (name, _, send) in CREATES {
            for adds_field in [false, true] {
                let field = format!(
                    "new{}{}",
                    name.replace(' ', ""),
                    CALLERS.iter().position(|one| *one == who).unwrap_or(99)
                );
                let fresh = adds_field.then_some(field.as_str());
                let stamp = format!("made by {who:?}");
                let Some(answer) = send(caller, &target.class, names, &stamp, fresh) else {
                    continue;
                };
                let expected = target.seen_by(who).create(adds_field).err();
                let made = json!({"where": {"stamp": stamp}});
                let made = master.find(&target.class, &made).is(200).results();
                if code(&answer) != expected || made.len() != usize::from(expected.is_none()) {
                    wrong.push(format!(
                        "{}: {name} (new field: {adds_field}) by {who:?}: expected {expected:?}, made {}, was {answer}",
                        target.class, made.len()
                    ));
                }
                for object in made {
                    let id = object["objectId"].as_str().expect("an id");
                    master.delete(&format!("/classes/{}/{id}", target.class)).is(200);
                }
            }
        }
        wrong
    }
}

/// A way to make a row, with or without a field that the class does not have yet. Nothing if the door can not say so.
type Create = fn(&Caller, &str, &Names, &str, Option<&str>) -> Option<Answer>;

const CREATES: [(&str, &str, Create); 3] = [
    ("create", "Create", create),
    ("create in a batch", BATCH, create_in_batch),
    ("create mutation", "create mutation", create_mutation),
];

fn fields(stamp: &str, fresh: Option<&str>) -> Value {
    let mut fields = json!({"stamp": stamp});
    if let Some(fresh) = fresh {
        fields[fresh] = json!("fresh");
    }
    fields
}

fn create(
    caller: &Caller,
    class: &str,
    _: &Names,
    stamp: &str,
    fresh: Option<&str>,
) -> Option<Answer> {
    Some(caller.post(&format!("/classes/{class}"), &fields(stamp, fresh)))
}

fn create_in_batch(
    caller: &Caller,
    class: &str,
    _: &Names,
    stamp: &str,
    fresh: Option<&str>,
) -> Option<Answer> {
    let path = format!("/parse/classes/{class}");
    let entry = json!({"method": "POST", "path": path, "body": fields(stamp, fresh)});
    Some(caller.post("/batch", &json!({"requests": [entry]})))
}

fn create_mutation(
    caller: &Caller,
    _: &str,
    names: &Names,
    stamp: &str,
    fresh: Option<&str>,
) -> Option<Answer> {
    // The fields of a mutation are those of the schema.
    if fresh.is_some() {
        return None;
    }
    let mutation = &names.create;
    Some(caller.graphql(&format!(
        "mutation {{ {mutation}(input: {{fields: {{stamp: \"{stamp}\"}}}}) {{ clientMutationId }} }}"
    )))
}
