//! From the classes in force to the GraphQL schema.
//!
//! Every class gives a fragment: the types that its fields and the names of its neighbours decide. A new
//! schema shares the fragments of all classes that did not change, and the root types too unless a class
//! came or went. Nothing here waits, reads a database or knows of requests.

mod cloud;
mod connections;
mod filters;
mod fixed;
mod inputs;
mod mutations;
mod objects;
mod orders;
mod parts;
mod queries;
mod roots;
mod subscriptions;
mod users;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use apollo_compiler::ast::InputValueDefinition;
use apollo_compiler::collections::HashMap as TypeMap;
use apollo_compiler::schema::{ExtendedType, Implementers};
use apollo_compiler::validation::Valid;
use apollo_compiler::{Name, Node, Schema};

pub(crate) use fixed::Fixed;
pub(crate) use mutations::Verb;
pub(crate) use roots::{MutationField, QueryField, Roots};
pub(crate) use users::AccountVerb;

use crate::graphql::custom::{self, Already, CustomSchema};
use crate::graphql::names::{ClassNames, name};
use crate::ops::graphql_config::{ClassConfig, GraphQlConfig, RootField};
use crate::options::LiveClasses;
use crate::schema::{ClassSchema, Field, FieldType, Snapshot, is_internal_class};
use crate::value::ClassName;

/// What a class gives to the schema.
#[derive(Debug)]
pub(crate) struct ClassTypes {
    /// The class.
    pub(crate) class: Arc<ClassSchema>,
    /// Its names in the schema.
    pub(crate) names: ClassNames,
    /// How it is shown.
    config: Arc<ClassConfig>,
    /// The classes that its pointers and relations lead to, and whether they are in the schema.
    neighbours: Vec<(ClassName, bool)>,
    find_arguments: Vec<Node<InputValueDefinition>>,
    types: Vec<ExtendedType>,
}

/// What a schema is built from.
#[derive(Clone)]
pub(crate) struct Inputs {
    /// The classes.
    pub(crate) snapshot: Arc<Snapshot>,
    /// The names of the cloud functions.
    pub(crate) functions: Functions,
    /// Which classes are shown, and how.
    pub(crate) config: Arc<GraphQlConfig>,
    /// The user's own definitions.
    pub(crate) custom: Arc<CustomSchema>,
    /// The classes that can be subscribed to. They stay the same as long as the server runs.
    pub(crate) live: Arc<LiveClasses>,
}

/// The names of the cloud functions of one version of what is registered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Functions {
    /// The version of what is registered.
    pub(crate) version: u64,
    /// The names, sorted.
    pub(crate) names: Arc<[Arc<str>]>,
}

/// The schema of one version of its inputs.
pub(crate) struct GraphQlSchema {
    generation: u64,
    inputs: Inputs,
    schema: Valid<Schema>,
    implementers: Arc<TypeMap<Name, Implementers>>,
    by_class: HashMap<ClassName, Arc<ClassTypes>>,
    by_type: Arc<HashMap<Name, ClassName>>,
    roots: Arc<Roots>,
}

impl GraphQlSchema {
    /// Builds a schema. What a previous schema has in common with it is shared.
    pub(crate) fn build(inputs: &Inputs, fixed: &Fixed, previous: Option<&Self>) -> Self {
        let generation = previous.map_or(1, |known| known.generation + 1);
        // Definitions and configuration reach everywhere: after a change of theirs nothing is known to be the
        // same.
        let previous = previous.filter(|known| {
            Arc::ptr_eq(&known.inputs.custom, &inputs.custom)
                && Arc::ptr_eq(&known.inputs.config, &inputs.config)
        });
        let chosen = choose(inputs, fixed, previous);
        let targets = Targets { names: &chosen };
        let mut schema =
            previous.map_or_else(|| fixed.schema.clone(), |known| Schema::clone(&known.schema));
        let stays = |class: &ClassName| targets.knows(class);
        let gone =
            previous.iter().flat_map(|known| &known.by_class).filter(|(class, _)| !stays(class));
        gone.for_each(|(_, types)| types.take_out(&mut schema));
        let mut by_class = HashMap::with_capacity(chosen.len());
        for names in &chosen {
            let known = previous.and_then(|known| known.by_class.get(&names.class.name));
            let types = match known.filter(|known| known.still_holds(names, &targets)) {
                Some(known) => Arc::clone(known),
                None => {
                    if let Some(known) = known {
                        known.take_out(&mut schema);
                    }
                    let fresh = Arc::new(ClassTypes::new(names, &targets));
                    fresh.put_in(&mut schema);
                    fresh
                }
            };
            by_class.insert(names.class.name.clone(), types);
        }
        let generated = |name: &Name| {
            let mut all = by_class.values().flat_map(|types| &types.types);
            all.find(|known| known.name() == name)
        };
        let same = previous.filter(|known| {
            known.has_classes(&by_class) && known.inputs.functions.names == inputs.functions.names
        });
        let (by_type, roots, implementers) = match same {
            Some(known) => {
                custom::merge(&inputs.custom, &mut schema, Already::TypesAndRoots, generated);
                (
                    Arc::clone(&known.by_type),
                    Arc::clone(&known.roots),
                    Arc::clone(&known.implementers),
                )
            }
            None => {
                let roots = roots::assemble(
                    &mut schema,
                    fixed,
                    inputs,
                    chosen.iter().map(|chosen| &by_class[&chosen.class.name]),
                );
                custom::merge(&inputs.custom, &mut schema, Already::Nothing, generated);
                let by_type = chosen
                    .iter()
                    .map(|chosen| (chosen.names.type_name.clone(), chosen.class.name.clone()));
                (Arc::new(by_type.collect()), Arc::new(roots), Arc::new(schema.implementers_map()))
            }
        };
        let schema = Valid::assume_valid(schema);
        let inputs = inputs.clone();
        Self { generation, inputs, schema, implementers, by_class, by_type, roots }
    }

    /// The number of this schema: every one that is built after another has a greater one.
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// The version of the classes.
    pub(crate) fn version(&self) -> u64 {
        self.inputs.snapshot.version()
    }

    /// The cloud functions that are in it.
    pub(crate) fn functions(&self) -> &Functions {
        &self.inputs.functions
    }

    /// The configuration that it was built with.
    pub(crate) fn config(&self) -> &Arc<GraphQlConfig> {
        &self.inputs.config
    }

    /// The user's own definitions that are in it.
    pub(crate) fn custom(&self) -> &Arc<CustomSchema> {
        &self.inputs.custom
    }

    /// The types, for the compiler.
    pub(crate) fn types(&self) -> &Valid<Schema> {
        &self.schema
    }

    /// Which object types implement which interface.
    pub(crate) fn implementers(&self) -> &TypeMap<Name, Implementers> {
        &self.implementers
    }

    /// The class behind an object type.
    pub(crate) fn class_of_type(&self, type_name: &str) -> Option<&Arc<ClassTypes>> {
        self.by_class.get(self.by_type.get(type_name)?)
    }

    /// A class by its own name.
    pub(crate) fn class(&self, class: &str) -> Option<&Arc<ClassTypes>> {
        self.by_class.get(class)
    }

    /// All classes of the schema.
    pub(crate) fn classes(&self) -> impl Iterator<Item = &Arc<ClassTypes>> {
        self.by_class.values()
    }

    /// The fields of the root types.
    pub(crate) fn roots(&self) -> &Roots {
        &self.roots
    }

    fn has_classes(&self, by_class: &HashMap<ClassName, Arc<ClassTypes>>) -> bool {
        self.by_class.len() == by_class.len()
            && by_class.iter().all(|(name, types)| {
                self.by_class.get(name).is_some_and(|known| known.names == types.names)
            })
    }
}

impl ClassTypes {
    fn new(chosen: &Chosen, targets: &Targets<'_>) -> Self {
        let (class, names) = (&chosen.class, &chosen.names);
        let fields = fields_of(class);
        let config = &chosen.config;
        let output = only(&fields, config.output_fields.as_deref());
        let mut types = vec![objects::object_type(class, names, &output, targets)];
        types.extend(connections::connection_types(names));
        let create = only(&fields, config.create_fields.as_deref());
        let update = only(&fields, config.update_fields.as_deref());
        types.extend(inputs::write_types(class, names, (&create, &update), targets));
        types.extend(filters::filter_types(names, &fields, config, targets));
        types.push(orders::order_type(names, &fields, config));
        types.extend(mutations::mutation_types(names));
        let neighbours = class.fields.values().filter_map(|field| field.kind.target());
        let neighbours = neighbours.map(|name| (name.clone(), targets.knows(name))).collect();
        let find_arguments = chosen.find_arguments.clone();
        let (class, names, config) = (Arc::clone(class), names.clone(), Arc::clone(config));
        Self { class, names, config, find_arguments, neighbours, types }
    }

    /// The name of the query of one object, if there is to be one.
    fn get_name(&self) -> Option<Name> {
        root_name(&self.config.get, &self.names.get)
    }

    /// The name of the query of many, if there is to be one.
    fn find_name(&self) -> Option<Name> {
        root_name(&self.config.find, &self.names.find)
    }

    /// The name of a mutation, if there is to be one.
    fn mutation_name(&self, verb: Verb) -> Option<Name> {
        let config = match verb {
            Verb::Create => &self.config.create,
            Verb::Update => &self.config.update,
            Verb::Delete => &self.config.destroy,
        };
        root_name(config, &verb.field_name(&self.names))
    }

    /// The names of its types.
    fn type_names(&self) -> Vec<Name> {
        self.types.iter().map(|known| known.name().clone()).collect()
    }

    fn still_holds(&self, chosen: &Chosen, targets: &Targets<'_>) -> bool {
        self.names == chosen.names
            && (Arc::ptr_eq(&self.class, &chosen.class) || self.class.fields == chosen.class.fields)
            && self.neighbours.iter().all(|(name, known)| targets.knows(name) == *known)
    }

    fn put_in(&self, schema: &mut Schema) {
        for fresh in &self.types {
            schema.types.insert(fresh.name().clone(), fresh.clone());
        }
    }

    fn take_out(&self, schema: &mut Schema) {
        for old in &self.types {
            schema.types.swap_remove(old.name());
        }
    }
}

/// The name of a field of a root type, unless it is left out.
fn root_name(config: &RootField, usual: &Name) -> Option<Name> {
    let alias = config.alias.as_ref().and_then(|alias| Name::new(alias).ok());
    (!config.is_left_out).then(|| alias.unwrap_or_else(|| usual.clone()))
}

/// A class that is in the schema, its names there, and the arguments of a find in it.
struct Chosen {
    class: Arc<ClassSchema>,
    names: ClassNames,
    config: Arc<ClassConfig>,
    find_arguments: Vec<Node<InputValueDefinition>>,
}

/// The classes of the schema, system classes first, then by name
/// (`parse-server:src/GraphQL/ParseGraphQLSchema.js`). What the server keeps for itself is not among them. A
/// class whose type names are taken is left out; pointers to it are plain objects then.
fn choose(inputs: &Inputs, fixed: &Fixed, previous: Option<&GraphQlSchema>) -> Vec<Chosen> {
    let is_shown = |class: &&Arc<ClassSchema>| {
        !is_internal_class(&class.name) && inputs.config.shows(&class.name)
    };
    let mut classes: Vec<_> = inputs.snapshot.classes().filter(is_shown).collect();
    classes.sort_by(|a, b| rank(&a.name).cmp(&rank(&b.name)));
    let mut taken: HashSet<Name> = HashSet::new();
    let mut chosen = Vec::with_capacity(classes.len());
    for class in classes {
        let known = previous.and_then(|known| known.by_class.get(&class.name));
        let names = known.map_or_else(|| ClassNames::of(&class.name), |known| known.names.clone());
        let claims =
            known.map_or_else(|| type_names(&class.name, &names), |known| known.type_names());
        let is_taken = |claim: &Name| {
            taken.contains(claim)
                || fixed.is_taken(claim)
                || inputs.custom.defines(claim)
                || (!inputs.live.is_empty() && *claim == subscriptions::EVENT)
        };
        if claims.iter().any(is_taken) {
            tracing::warn!(class = %class.name, "left out of the GraphQL schema: a type of that name exists");
            continue;
        }
        taken.extend(claims);
        let find_arguments = filters::find_arguments(&names, fixed);
        let config = inputs.config.class(&class.name).map(Arc::clone).unwrap_or_default();
        chosen.push(Chosen { class: Arc::clone(class), names, config, find_arguments });
    }
    chosen
}

/// System classes first, then by name.
fn rank(class: &ClassName) -> (bool, &str) {
    (!class.starts_with('_'), class.as_str())
}

/// The names of all types that a class gives to the schema.
fn type_names(class: &ClassName, names: &ClassNames) -> Vec<Name> {
    let own = &names.type_name;
    let ends = [
        "",
        "Connection",
        "Edge",
        "PointerInput",
        "RelationInput",
        "WhereInput",
        "RelationWhereInput",
        "Order",
    ];
    let mut all: Vec<Name> = ends.iter().map(|end| name(&format!("{own}{end}"))).collect();
    for verb in ["Create", "Update", "Delete"] {
        all.extend(["Input", "Payload"].map(|end| name(&format!("{verb}{own}{end}"))));
    }
    all.extend(["Create", "Update"].map(|verb| name(&format!("{verb}{own}FieldsInput"))));
    if *class == *users::USERS {
        all.push(users::LOG_IN_WITH_FIELDS);
    }
    all
}

/// Which classes are in the schema, and under which names.
struct Targets<'a> {
    names: &'a [Chosen],
}

impl Targets<'_> {
    /// The names of the class that a pointer or relation leads to, if that class is in the schema.
    fn names(&self, kind: &FieldType) -> Option<&ClassNames> {
        self.find(kind.target()?).map(|chosen| &chosen.names)
    }

    fn knows(&self, class: &ClassName) -> bool {
        self.find(class).is_some()
    }

    /// The arguments of a find in the class that a relation leads to.
    fn find_arguments(&self, kind: &FieldType) -> Option<&[Node<InputValueDefinition>]> {
        self.find(kind.target()?).map(|chosen| chosen.find_arguments.as_slice())
    }

    fn find(&self, class: &ClassName) -> Option<&Chosen> {
        let at = self
            .names
            .binary_search_by(|chosen| rank(&chosen.class.name).cmp(&rank(class)))
            .ok()?;
        self.names.get(at)
    }
}

/// A field of a class under its name in the schema, which all types of the class share.
#[derive(Clone)]
struct OwnField<'a> {
    name: Name,
    field: &'a Field,
}

/// The fields of a class, in their order. One named `id` would stand in the way of the global id.
fn fields_of(class: &ClassSchema) -> Vec<OwnField<'_>> {
    let fields = class.fields.iter().filter(|(name, _)| **name != *"id");
    fields.map(|(field, definition)| OwnField { name: name(field), field: definition }).collect()
}

/// The fields of a class that a configuration lets through; those that every class has are always there.
fn only<'a>(fields: &[OwnField<'a>], listed: Option<&[String]>) -> Vec<OwnField<'a>> {
    let is_in = |own: &&OwnField<'_>| {
        !own.is_own() || listed.is_none_or(|listed| listed.iter().any(|name| own.name == **name))
    };
    fields.iter().filter(is_in).cloned().collect()
}

impl OwnField<'_> {
    /// Whether only this class has it.
    fn is_own(&self) -> bool {
        !matches!(self.name.as_str(), "objectId" | "createdAt" | "updatedAt" | "ACL")
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::schema::{ClassChange, SchemaRequest};
    use crate::value::Json;

    /// The classes of the contract, for tests of this room.
    pub(crate) fn contract_classes() -> Vec<ClassSchema> {
        contract()
    }

    /// The classes of the contract.
    fn contract() -> Vec<ClassSchema> {
        let text = include_str!("../../../tests/contract/graphql/classes.json");
        let classes = Json::parse(text.as_bytes()).unwrap();
        let requests = classes.get("requests").and_then(Json::as_array).unwrap();
        let system = ["_User", "_Role"].map(|name| ClassSchema::new(ClassName::from(name)));
        let made = requests
            .iter()
            .map(|request| made(request.get("className").and_then(Json::as_str).unwrap(), request));
        system.into_iter().chain(made).collect()
    }

    /// The schema of the classes of the contract, for tests of this room.
    pub(crate) fn contract_schema() -> GraphQlSchema {
        GraphQlSchema::build(&classes(&Snapshot::new(1, contract())), &Fixed::new(), None)
    }

    /// A schema of the classes of the contract with definitions, for tests of this room.
    pub(crate) fn contract_schema_with(custom: CustomSchema) -> GraphQlSchema {
        let inputs = Inputs { custom: Arc::new(custom), ..classes(&Snapshot::new(1, contract())) };
        GraphQlSchema::build(&inputs, &Fixed::new(), None)
    }

    thread_local! {
        static NOTHING: Arc<CustomSchema> = Arc::default();
        static NO_CONFIG: Arc<GraphQlConfig> = Arc::default();
    }

    /// Classes and nothing else.
    pub(crate) fn classes(snapshot: &Snapshot) -> Inputs {
        let custom = NOTHING.with(Arc::clone);
        let functions = Functions::default();
        let config = NO_CONFIG.with(Arc::clone);
        let live = Arc::default();
        Inputs { snapshot: Arc::new(snapshot.clone()), functions, config, custom, live }
    }

    fn made(name: &str, request: &Json) -> ClassSchema {
        let request = SchemaRequest::read(request.as_object().unwrap()).unwrap();
        ClassChange::create(name, &request).unwrap().after.unwrap()
    }

    fn class(name: &str, fields: &str) -> ClassSchema {
        made(name, &Json::parse(format!("{{\"fields\":{fields}}}").as_bytes()).unwrap())
    }

    fn check_valid(schema: &GraphQlSchema) {
        let checked = Schema::clone(&schema.schema).validate();
        assert!(checked.is_ok(), "{}", checked.unwrap_err().errors);
    }

    #[test]
    fn the_schema_is_valid() {
        let fixed = Fixed::new();
        for classes in [contract(), Vec::new()] {
            check_valid(&GraphQlSchema::build(
                &self::classes(&Snapshot::new(1, classes)),
                &fixed,
                None,
            ));
        }
    }

    #[test]
    fn names_that_are_taken_are_left_out() {
        let fixed = Fixed::new();
        let file = class("File", r#"{"name":{"type":"String"}}"#);
        let fields = r#"{"f":{"type":"Pointer","targetClass":"File"},"r":{"type":"Relation","targetClass":"File"}}"#;
        let snapshot = Snapshot::new(
            1,
            [file, class("Shelf", fields), class("shelf", "{}"), class("Health", "{}")],
        );
        let schema = GraphQlSchema::build(&classes(&snapshot), &fixed, None);
        check_valid(&schema);
        assert!(schema.class("File").is_none() && schema.class("shelf").is_none());
        assert_eq!(schema.roots().query("health"), Some(&QueryField::Health));
        let shelf = schema.types().get_object("Shelf").unwrap();
        assert_eq!(shelf.fields["f"].ty.to_string(), "Object");
        assert_eq!(shelf.fields["r"].ty.to_string(), "Object!");
    }

    /// What was built upon previous schemas is what is built from nothing.
    #[test]
    fn changes_add_up_to_a_full_build() {
        let fixed = Fixed::new();
        let pointer = r#"{"team":{"type":"Pointer","targetClass":"Club"},"n":{"type":"Number","required":true}}"#;
        let mut snapshot = Snapshot::new(1, contract());
        let mut schema = GraphQlSchema::build(&classes(&snapshot), &fixed, None);
        let steps: [&dyn Fn(&Snapshot) -> Snapshot; 11] = [
            &|now| now.with(2, class("Fan", pointer)),
            &|now| now.with(3, class("Club", r#"{"name":{"type":"String"}}"#)),
            &|now| {
                now.with(
                    4,
                    class("Team", r#"{"players":{"type":"Relation","targetClass":"Player"}}"#),
                )
            },
            &|now| now.without(5, &ClassName::from("Player")),
            &|now| now.with(6, class("Player", r#"{"score":{"type":"GeoPoint"}}"#)),
            &|now| now.without(7, &ClassName::from("Club")),
            &|now| now.with(8, class("team", r#"{"other":{"type":"String"}}"#)),
            &|now| now.without(9, &ClassName::from("Team")),
            &|now| now.without(10, &ClassName::from("_User")),
            &|now| now.with(11, class("Viewer", "{}")),
            &|now| now.with(12, ClassSchema::new(ClassName::from("_User"))),
        ];
        for step in steps {
            snapshot = step(&snapshot);
            schema = GraphQlSchema::build(&classes(&snapshot), &fixed, Some(&schema));
            let full = GraphQlSchema::build(&classes(&snapshot), &fixed, None);
            check_valid(&schema);
            assert_eq!(schema.version(), snapshot.version());
            assert_eq!(schema.schema.types, full.schema.types);
            assert_eq!(schema.by_type, full.by_type);
            assert_eq!(schema.roots, full.roots);
            assert_eq!(schema.implementers, full.implementers);
        }
    }

    #[test]
    fn all_type_names_of_a_class_are_claimed() {
        let schema = contract_schema();
        for types in schema.classes() {
            let (mut built, mut claimed) =
                (types.type_names(), type_names(&types.class.name, &types.names));
            built.sort_unstable();
            claimed.sort_unstable();
            assert_eq!(built, claimed);
        }
        let snapshot = Snapshot::new(
            1,
            [class("Foo", "{}"), class("FooEdge", "{}"), class("CreateFooInput", "{}")],
        );
        let schema = GraphQlSchema::build(&classes(&snapshot), &Fixed::new(), None);
        check_valid(&schema);
        let there: Vec<bool> = ["Foo", "FooEdge", "CreateFooInput"]
            .map(|class| schema.class(class).is_some())
            .to_vec();
        assert_eq!(there, [false, true, true], "in the order of their names");
    }

    #[test]
    fn what_users_need_is_there_with_their_class_only() {
        let fixed = Fixed::new();
        let without = GraphQlSchema::build(&classes(&Snapshot::new(1, Vec::new())), &fixed, None);
        assert!(without.types().get_object("Viewer").is_none());
        assert_eq!(without.roots().query("viewer"), None);
        assert_eq!(without.roots().mutation("signUp"), None);
        let with = contract_schema();
        assert_eq!(with.roots().query("viewer"), Some(&QueryField::Viewer));
        let mutations = &with.types().get_object("Mutation").unwrap().fields;
        for (field, verb) in AccountVerb::ALL {
            assert_eq!(with.roots().mutation(&field), Some(&MutationField::Account(verb)));
            assert!(mutations.contains_key(&field), "{field}");
        }
    }

    #[test]
    fn what_did_not_change_is_shared() {
        let fixed = Fixed::new();
        let before = Snapshot::new(1, contract());
        let schema = GraphQlSchema::build(&classes(&before), &fixed, None);
        let after = before.with(2, class("GameScore", r#"{"word":{"type":"String"}}"#));
        let changed = GraphQlSchema::build(&classes(&after), &fixed, Some(&schema));
        for name in ["AllTypes", "Player", "_User"] {
            assert!(
                Arc::ptr_eq(schema.class(name).unwrap(), changed.class(name).unwrap()),
                "{name}"
            );
        }
        assert!(Arc::ptr_eq(&schema.roots, &changed.roots));
        assert!(!Arc::ptr_eq(
            schema.class("GameScore").unwrap(),
            changed.class("GameScore").unwrap()
        ));
    }
}
