//! The subscription of a live class: one field of the root type, and the type of what it tells.
//!
//! A schema without a live class has no root type of subscriptions, and nothing else of this.

use apollo_compiler::ast::{FieldDefinition, Type};
use apollo_compiler::collections::{IndexMap, IndexSet};
use apollo_compiler::schema::{
    self, Component, ComponentName, EnumValueDefinition, ExtendedType, ObjectType,
};
use apollo_compiler::{Name, Node, Schema, name};

use super::ClassTypes;
use super::filters::filter_name;
use super::parts::{Fields, add_field, add_field_with, input, list_of, named, object};
use crate::graphql::names;
use crate::value::ClassName;

/// The root type.
pub(super) const SUBSCRIPTION: Name = name!("Subscription");
/// What can become of an object.
pub(super) const EVENT: Name = name!("LiveQueryEvent");

/// The values of the enumeration, with what they mean.
const EVENTS: [(Name, &str); 6] = [
    (name!("CREATE"), "A new object meets the condition."),
    (name!("ENTER"), "An object that did not meet the condition does now."),
    (name!("UPDATE"), "An object meets the condition as before, and was saved."),
    (
        name!("LEAVE"),
        "An object that met the condition does not any more, or may not be seen any more.",
    ),
    (name!("DELETE"), "An object that met the condition was deleted."),
    (
        name!("REFETCH"),
        "Events may have been missed, and the objects have to be asked for anew. It is told whatever events are asked for.",
    ),
];

/// The type of what the subscription of a class tells.
pub(super) fn payload_name(types: &ClassTypes) -> Name {
    names::name(&format!("{}ChangedPayload", types.names.type_name))
}

/// The name of the subscription of a class. Whoever may not find objects of it by this API may not subscribe to them.
fn field_name(types: &ClassTypes) -> Option<Name> {
    types.find_name().map(|_| names::name(&format!("{}Changed", types.names.get)))
}

/// Takes what an earlier schema has of subscriptions out of it.
pub(super) fn take_out(schema: &mut Schema) {
    schema.schema_definition.make_mut().subscription = None;
    let Some(ExtendedType::Object(root)) = schema.types.swap_remove(&SUBSCRIPTION) else { return };
    for field in root.fields.values() {
        schema.types.swap_remove(field.ty.inner_named_type());
    }
    schema.types.swap_remove(&EVENT);
}

/// Puts the subscriptions of live classes into the schema, and gives their names. `is_taken` says which type names are
/// taken by the user's own definitions; a subscription whose type would have such a name is left out.
pub(super) fn put_in<'a>(
    schema: &mut Schema,
    live: impl Iterator<Item = &'a ClassTypes>,
    is_taken: impl Fn(&Name) -> bool,
) -> Vec<(Name, ClassName)> {
    let mut fields = Fields::default();
    let mut meanings = Vec::new();
    for types in live {
        let payload = payload_name(types);
        let Some(field) = field_name(types).filter(|field| !fields.contains_key(field)) else {
            continue;
        };
        if is_taken(&payload) || schema.types.contains_key(&payload) {
            tracing::warn!(class = %types.class.name, "it has no GraphQL subscription: a type of that name exists");
            continue;
        }
        add_subscription(&mut fields, &field, types, &payload);
        schema.types.insert(payload.clone(), payload_type(types, payload));
        meanings.push((field, types.class.name.clone()));
    }
    if fields.is_empty() {
        return meanings;
    }
    let root = ObjectType {
        description: Some(Node::new_str("What can be subscribed to.")),
        name: SUBSCRIPTION,
        implements_interfaces: IndexSet::default(),
        directives: schema::DirectiveList::default(),
        fields,
    };
    schema.types.insert(SUBSCRIPTION, ExtendedType::Object(Node::new(root)));
    schema.types.insert(EVENT, events_type());
    schema.schema_definition.make_mut().subscription = Some(ComponentName::from(SUBSCRIPTION));
    meanings
}

fn add_subscription(fields: &mut Fields, field: &Name, types: &ClassTypes, payload: &Name) {
    let arguments = [
        (
            name!("where"),
            named(&filter_name(&types.names)),
            "The objects that are meant; all if it is left out.",
        ),
        (name!("events"), list_of(&EVENT), "The events that are told; all if it is left out."),
        (
            name!("watch"),
            list_of(&name!("String")),
            "Fields of which one must have changed for an update to be told; any if it is left out.",
        ),
        (
            name!("after"),
            named(&name!("String")),
            "The sequence of the last event that is known: what came after it is told first, or REFETCH if that is not known any more. An empty text stands for nothing known: REFETCH is told at once, with the sequence to start from.",
        ),
    ];
    let arguments = arguments.map(|(name, ty, text)| {
        let mut argument = input(name, ty);
        argument.description = Some(Node::new_str(text));
        Node::new(argument)
    });
    let ty = Type::NonNullNamed(payload.clone());
    add_field_with(fields, field.clone(), ty, arguments.to_vec());
    let text = format!("Tells of changes of objects of the class {}.", types.class.name);
    describe(fields, field, &text);
}

fn describe(fields: &mut Fields, field: &str, text: &str) {
    if let Some(definition) = fields.get_mut(field) {
        let definition: &mut FieldDefinition = definition.make_mut();
        definition.description = Some(Node::new_str(text));
    }
}

fn payload_type(types: &ClassTypes, payload: Name) -> ExtendedType {
    let mut fields = Fields::default();
    let class = &types.names.type_name;
    let own = [
        (name!("event"), Type::NonNullNamed(EVENT), "What became of the object."),
        (
            name!("node"),
            named(class),
            "The object as it is now; as it was, if it is gone or may not be seen any more. Null with REFETCH.",
        ),
        (
            name!("original"),
            named(class),
            "The object before, if there was one that could be seen.",
        ),
        (
            name!("sequence"),
            Type::NonNullNamed(name!("String")),
            "Where the event stands: the argument `after` of whoever comes back.",
        ),
    ];
    for (field, ty, text) in own {
        add_field(&mut fields, field.clone(), ty);
        describe(&mut fields, &field, text);
    }
    object(payload, &[], fields)
}

fn events_type() -> ExtendedType {
    let mut values = IndexMap::default();
    for (value, text) in EVENTS {
        let description = Some(Node::new_str(text));
        let directives = Default::default();
        let definition = EnumValueDefinition { description, value: value.clone(), directives };
        values.insert(value, Component::new(definition));
    }
    ExtendedType::Enum(Node::new(schema::EnumType {
        description: Some(Node::new_str("What became of an object.")),
        name: EVENT,
        directives: schema::DirectiveList::default(),
        values,
    }))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::tests::{classes, contract_classes};
    use super::super::{Fixed, GraphQlSchema, Inputs};
    use super::*;
    use crate::graphql::custom::CustomSchema;
    use crate::ops::graphql_config::GraphQlConfig;
    use crate::options::LiveClasses;
    use crate::schema::{ClassSchema, Snapshot};

    fn live(patterns: &[&str]) -> Arc<LiveClasses> {
        Arc::new(LiveClasses::of(patterns))
    }

    fn build(inputs: &Inputs, previous: Option<&GraphQlSchema>) -> GraphQlSchema {
        let schema = GraphQlSchema::build(inputs, &Fixed::new(), previous);
        let checked = Schema::clone(schema.types()).validate();
        assert!(checked.is_ok(), "{}", checked.unwrap_err().errors);
        schema
    }

    fn snapshot(version: u64, names: &[&str]) -> Inputs {
        let classes_of = names.iter().map(|name| ClassSchema::new(ClassName::from(*name)));
        classes(&Snapshot::new(version, classes_of))
    }

    fn root_fields(schema: &GraphQlSchema) -> Vec<String> {
        let root = schema.types().get_object("Subscription");
        root.map_or(Vec::new(), |root| root.fields.keys().map(ToString::to_string).collect())
    }

    #[test]
    fn live_classes_have_a_subscription_and_others_have_not() {
        let inputs = Inputs {
            live: live(&["Player", "Game.*"]),
            ..classes(&Snapshot::new(1, contract_classes()))
        };
        let schema = build(&inputs, None);
        assert_eq!(root_fields(&schema), ["gameScoreChanged", "playerChanged"]);
        assert_eq!(schema.roots().subscription("playerChanged"), Some(&ClassName::from("Player")));
        let player = schema.types().get_object("PlayerChangedPayload").unwrap();
        let fields: Vec<String> =
            player.fields.values().map(|field| format!("{}: {}", field.name, field.ty)).collect();
        assert_eq!(
            fields,
            ["event: LiveQueryEvent!", "node: Player", "original: Player", "sequence: String!"]
        );
        assert!(schema.types().schema_definition.subscription.is_some());
    }

    #[test]
    fn nothing_is_there_where_no_class_is_live() {
        let inputs = classes(&Snapshot::new(1, contract_classes()));
        for patterns in [&[][..], &["Nothing"]] {
            let schema = build(&Inputs { live: live(patterns), ..inputs.clone() }, None);
            assert!(schema.types().schema_definition.subscription.is_none());
            for name in [SUBSCRIPTION, EVENT] {
                assert!(!schema.types().types.contains_key(&name), "{name}");
            }
        }
    }

    #[test]
    fn classes_that_come_and_go_take_their_subscriptions_along() {
        let live = live(&["A.*"]);
        let mut schema: Option<GraphQlSchema> = None;
        let steps: [(&[&str], &[&str]); 4] = [
            (&["B"], &[]),
            (&["Aa", "B"], &["aaChanged"]),
            (&["Aa", "Ab", "B"], &["aaChanged", "abChanged"]),
            (&["B"], &[]),
        ];
        for (version, (names, expected)) in (1..).zip(steps) {
            let inputs = Inputs { live: Arc::clone(&live), ..snapshot(version, names) };
            let next = build(&inputs, schema.as_ref());
            assert_eq!(root_fields(&next), expected, "version {version}");
            assert_eq!(next.types().types, build(&inputs, None).types().types);
            schema = Some(next);
        }
    }

    #[test]
    fn names_that_are_taken_are_respected() {
        let live = live(&["Post", "LiveQueryEvent"]);
        let names = ["LiveQueryEvent", "Post", "PostChangedPayload", "Subscription"];
        let schema = build(&Inputs { live: Arc::clone(&live), ..snapshot(1, &names) }, None);
        assert!(schema.class("PostChangedPayload").is_some(), "a class goes before a payload");
        assert!(schema.class("LiveQueryEvent").is_none() && schema.class("Subscription").is_none());
        assert_eq!(root_fields(&schema), Vec::<String>::new());
        let custom = CustomSchema::read("own", "type PostChangedPayload { a: Int }").unwrap();
        let custom = Arc::new(custom);
        let schema = build(&Inputs { live, custom, ..snapshot(1, &["Post"]) }, None);
        assert_eq!(root_fields(&schema), Vec::<String>::new());
    }

    #[test]
    fn who_may_not_find_may_not_subscribe() {
        let config = r#"{"classConfigs":[{"className":"Post","query":{"find":false}}]}"#;
        let config = GraphQlConfig::of(config);
        let inputs = Inputs { live: live(&[".*"]), config, ..snapshot(1, &["Post", "Note"]) };
        assert_eq!(root_fields(&build(&inputs, None)), ["noteChanged"]);
    }
}
