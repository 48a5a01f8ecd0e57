//! Which fields an object of a type answers with (the specification's *CollectFields*).

use std::cell::Cell;

use apollo_compiler::ast::{DirectiveList, Value};
use apollo_compiler::collections::{HashSet, IndexMap};
use apollo_compiler::executable::{ExecutableDocument, Field, Selection, SelectionSet};
use apollo_compiler::{Name, Node};

use crate::graphql::build::GraphQlSchema;
use crate::value::{Json, Members};

/// Whether a plan holds for every request with the same document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Validity {
    /// It holds for all.
    Always,
    /// A variable decided which fields there are.
    ThisRequest,
}

/// Collects the fields of a document for the types that objects have.
pub(crate) struct Collector<'a> {
    schema: &'a GraphQlSchema,
    document: &'a ExecutableDocument,
    variables: &'a Members,
    validity: Cell<Validity>,
}

/// The fields under each key, in the order of the answer.
type ByKey<'d> = IndexMap<&'d Name, Vec<&'d Node<Field>>>;

impl<'a> Collector<'a> {
    /// A collector for one request.
    pub(crate) fn new(
        schema: &'a GraphQlSchema,
        document: &'a ExecutableDocument,
        variables: &'a Members,
    ) -> Self {
        Self { schema, document, variables, validity: Cell::new(Validity::Always) }
    }

    /// The schema.
    pub(crate) fn schema(&self) -> &'a GraphQlSchema {
        self.schema
    }

    /// Whether what was collected so far holds for other requests too.
    pub(crate) fn validity(&self) -> Validity {
        self.validity.get()
    }

    /// The fields that an object of a type answers with, those of the same key together.
    pub(crate) fn collect<'d>(
        &self,
        type_name: &str,
        sets: &[&'d SelectionSet],
    ) -> Vec<Vec<&'d Node<Field>>>
    where
        'a: 'd,
    {
        let mut by_key = ByKey::default();
        let mut seen = HashSet::default();
        for set in sets {
            self.add(type_name, set, &mut seen, &mut by_key);
        }
        by_key.into_values().collect()
    }

    /// The fields that an object answers with which several fields select.
    pub(super) fn below<'d>(
        &self,
        type_name: &str,
        fields: &[&'d Node<Field>],
    ) -> Vec<Vec<&'d Node<Field>>>
    where
        'a: 'd,
    {
        let sets: Vec<&SelectionSet> = fields.iter().map(|field| &field.selection_set).collect();
        self.collect(type_name, &sets)
    }

    fn add<'d>(
        &self,
        type_name: &str,
        set: &'d SelectionSet,
        seen: &mut HashSet<&'d Name>,
        by_key: &mut ByKey<'d>,
    ) where
        'a: 'd,
    {
        for selection in &set.selections {
            if !self.includes(selection.directives()) {
                continue;
            }
            match selection {
                Selection::Field(field) => {
                    by_key.entry(field.response_key()).or_default().push(field)
                }
                Selection::InlineFragment(fragment) => {
                    if fragment
                        .type_condition
                        .as_ref()
                        .is_none_or(|condition| self.applies(condition, type_name))
                    {
                        self.add(type_name, &fragment.selection_set, seen, by_key);
                    }
                }
                Selection::FragmentSpread(spread) => {
                    let Some(fragment) = self.document.fragments.get(&spread.fragment_name) else {
                        continue;
                    };
                    if seen.insert(&spread.fragment_name)
                        && self.applies(fragment.type_condition(), type_name)
                    {
                        self.add(type_name, &fragment.selection_set, seen, by_key);
                    }
                }
            }
        }
    }

    /// The types that fragments of these sets are about.
    pub(super) fn conditions(&self, fields: &[&Node<Field>]) -> Vec<Name> {
        let mut conditions = Vec::new();
        let mut seen = HashSet::default();
        for field in fields {
            self.add_conditions(&field.selection_set, &mut seen, &mut conditions);
        }
        conditions
    }

    fn add_conditions<'d>(
        &'d self,
        set: &'d SelectionSet,
        seen: &mut HashSet<&'d Name>,
        conditions: &mut Vec<Name>,
    ) {
        for selection in &set.selections {
            let (condition, below) = match selection {
                Selection::Field(_) => continue,
                Selection::InlineFragment(fragment) => {
                    (fragment.type_condition.as_ref(), &fragment.selection_set)
                }
                Selection::FragmentSpread(spread) => {
                    match self.document.fragments.get(&spread.fragment_name) {
                        Some(fragment) if seen.insert(&spread.fragment_name) => {
                            (Some(fragment.type_condition()), &fragment.selection_set)
                        }
                        Some(_) | None => continue,
                    }
                }
            };
            conditions
                .extend(condition.filter(|condition| !conditions.contains(condition)).cloned());
            self.add_conditions(below, seen, conditions);
        }
    }

    fn applies(&self, condition: &Name, type_name: &str) -> bool {
        condition == type_name || self.schema.types().is_subtype(condition, type_name)
    }

    fn includes(&self, directives: &DirectiveList) -> bool {
        directives.iter().all(|directive| {
            let wanted = match directive.name.as_str() {
                "skip" => false,
                "include" => true,
                _ => return true,
            };
            match directive.specified_argument_by_name("if").map(|value| &**value) {
                Some(Value::Boolean(flag)) => *flag == wanted,
                Some(Value::Variable(name)) => {
                    self.validity.set(Validity::ThisRequest);
                    self.variables.get(name.as_str()).and_then(Json::as_bool) == Some(wanted)
                }
                _ => true,
            }
        })
    }
}
