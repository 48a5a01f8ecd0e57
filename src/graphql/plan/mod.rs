//! From an operation to a plan: what each root field does, which columns and pointers it needs, and what
//! is written of the answer, in order.
//!
//! Fields that a document selects more than once under one name are merged here, fragments are spread for
//! the types that objects really have, and `@skip` and `@include` are decided. Nothing here touches data.

mod array;
mod collect;
mod columns;
mod custom;
mod event;
mod object;
mod page;
mod payload;
mod record;
mod viewer;

use apollo_compiler::Node;
use apollo_compiler::executable::{Field, Operation};
use apollo_compiler::parser::SourceSpan;

pub(crate) use array::ArraySelection;
pub(crate) use collect::{Collector, Validity};
pub(crate) use columns::Columns;
pub(crate) use custom::{CustomField, Kind, OwnSlot, Shape, ShapeContent};
pub(crate) use event::{EventContent, EventSelection, EventSlot, Sought};
pub(crate) use object::{Content, ObjectSelection, ObjectSlot, Reach};
pub(crate) use page::{EdgeContent, EdgeSlot, PageContent, PageSelection};
pub(crate) use payload::{ClassPayload, ConfigPayload, ObjectPayload, PayloadContent, PayloadSlot};
pub(crate) use record::{ClassSelection, RecordSelection};
pub(crate) use viewer::{ValuePayload, ViewerContent, ViewerPayload, ViewerSelection};

use super::build::{AccountVerb, MutationField, QueryField, Verb};
use crate::value::ClassName;

/// An operation, ready to run.
pub(crate) struct Plan {
    /// The root fields, in the order of the answer.
    pub(crate) roots: Vec<Root>,
}

/// A field of the answer: its key and its place in the document.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    /// The key in the answer.
    pub(crate) key: Box<str>,
    /// Where the field stands in the document.
    pub(crate) span: Option<SourceSpan>,
    /// Whether it may be null.
    pub(crate) nullness: Nullness,
}

/// Whether a field may be null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nullness {
    /// It may.
    Nullable,
    /// It may not: if there is no value, what holds the field becomes null.
    Required,
}

impl Slot {
    fn of(field: &Node<Field>) -> Self {
        let nullness =
            if field.definition.ty.is_non_null() { Nullness::Required } else { Nullness::Nullable };
        Self { key: Box::from(field.response_key().as_str()), span: field.location(), nullness }
    }
}

/// A root field.
pub(crate) struct Root {
    /// The field of the answer.
    pub(crate) slot: Slot,
    /// The field of the document, for its arguments.
    pub(crate) field: Node<Field>,
    /// What it does.
    pub(crate) action: Action,
}

/// What a root field does.
pub(crate) enum Action {
    /// Tells the name of the root type.
    TypeName,
    /// Tells of the schema; the compiler answers.
    Types,
    /// Tells that the server answers.
    Health,
    /// Reads an object, with these columns.
    Get(ObjectSelection, Columns),
    /// Finds objects.
    Find(ClassName, PageSelection),
    /// Reads an object of a class that its id names; the fields that select from it.
    Node(Vec<Node<Field>>),
    /// Tells of a class.
    Class(ClassSelection),
    /// Tells of all classes.
    Classes(ClassSelection),
    /// Tells a value of the app's configuration.
    Config(RecordSelection),
    /// Tells of the caller and his session.
    Viewer(ViewerSelection),
    /// Starts a session and tells of the caller.
    LogIn(AccountVerb, ViewerPayload),
    /// Does something for an account and answers with a plain value.
    Account(AccountVerb, ValuePayload),
    /// Writes an object.
    WriteObject(Verb, ObjectPayload),
    /// Writes a class.
    WriteClass(Verb, ClassPayload),
    /// Sets a value of the app's configuration.
    WriteConfig(ConfigPayload),
    /// Calls a function of cloud code.
    CallFunction(ValuePayload),
    /// Stores a file.
    CreateFile(ConfigPayload),
    /// Tells of changes of objects of a class.
    Subscribe(Box<EventSelection>),
    /// Asks what the user's own definitions say.
    Custom(Box<CustomField>),
}

impl Plan {
    /// Plans an operation.
    pub(crate) fn of(operation: &Operation, collector: &Collector<'_>) -> Self {
        let root_type = operation.object_type();
        let collected = collector.collect(root_type, &[&operation.selection_set]);
        let roots = collected.into_iter().filter_map(|fields| {
            let first = Node::clone(fields.first()?);
            let action = action(operation, collector, &fields)?;
            Some(Root { slot: Slot::of(&first), field: first, action })
        });
        Self { roots: roots.collect() }
    }
}

fn action(
    operation: &Operation,
    collector: &Collector<'_>,
    fields: &[&Node<Field>],
) -> Option<Action> {
    let name = fields.first()?.name.as_str();
    match name {
        "__typename" => return Some(Action::TypeName),
        "__schema" | "__type" => return Some(Action::Types),
        _ => {}
    }
    if let Some(custom) = CustomField::of(operation.object_type(), collector, fields) {
        return Some(Action::Custom(Box::new(custom)));
    }
    let roots = collector.schema().roots();
    if operation.operation_type.is_subscription() {
        let selection = EventSelection::of(roots.subscription(name)?, collector, fields)?;
        return Some(Action::Subscribe(Box::new(selection)));
    }
    if operation.operation_type.is_mutation() {
        return match roots.mutation(name)? {
            MutationField::Object(verb, class) => {
                Some(Action::WriteObject(*verb, ObjectPayload::of(class, collector, fields)?))
            }
            MutationField::Class(verb) => {
                Some(Action::WriteClass(*verb, ClassPayload::of(collector, fields)))
            }
            MutationField::CloudConfig => {
                Some(Action::WriteConfig(ConfigPayload::of(collector, fields)))
            }
            MutationField::CreateFile => {
                Some(Action::CreateFile(ConfigPayload::of(collector, fields)))
            }
            MutationField::Account(verb) => Some(account(*verb, collector, fields)),
            MutationField::CallFunction => {
                Some(Action::CallFunction(ValuePayload::of(collector, fields)))
            }
        };
    }
    match roots.query(name)? {
        QueryField::Health => Some(Action::Health),
        QueryField::Node => Some(Action::Node(fields.iter().copied().cloned().collect())),
        QueryField::Get(class) => {
            let selection = ObjectSelection::of(class, collector, fields)?;
            let columns = Columns::of(std::slice::from_ref(&selection));
            Some(Action::Get(selection, columns))
        }
        QueryField::Find(class) => {
            Some(Action::Find(class.clone(), PageSelection::of(class, collector, fields)?))
        }
        QueryField::Class => Some(Action::Class(ClassSelection::of(collector, fields))),
        QueryField::Classes => Some(Action::Classes(ClassSelection::of(collector, fields))),
        QueryField::CloudConfig => Some(Action::Config(RecordSelection::of(collector, fields))),
        QueryField::Viewer => Some(Action::Viewer(ViewerSelection::of(collector, fields))),
    }
}

fn account(verb: AccountVerb, collector: &Collector<'_>, fields: &[&Node<Field>]) -> Action {
    match verb {
        AccountVerb::SignUp | AccountVerb::LogIn | AccountVerb::LogInWith => {
            Action::LogIn(verb, ViewerPayload::of(collector, fields))
        }
        AccountVerb::LogOut
        | AccountVerb::Challenge
        | AccountVerb::ResetPassword
        | AccountVerb::ConfirmResetPassword
        | AccountVerb::SendVerificationEmail
        | AccountVerb::VerifyEmail => Action::Account(verb, ValuePayload::of(collector, fields)),
    }
}
