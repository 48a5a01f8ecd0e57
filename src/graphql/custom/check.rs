//! Holds the definitions of a file against the schema of the classes, when the file is loaded.

use std::sync::Arc;

use apollo_compiler::diagnostic::ToCliReport;
use apollo_compiler::parser::SourceSpan;
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::{Name, Schema};

use super::problem::{Problem, Problems};
use super::{CustomSchema, as_object, is_root};
use crate::graphql::build::GraphQlSchema;
use crate::graphql::suggest::{did_you_mean, suggestions};

/// The fields of a class's type that do not come from its columns.
const GENERATED_FIELDS: [&str; 6] =
    ["id", "objectId", "createdAt", "updatedAt", "ACL", "authDataResponse"];

/// Everything that is wrong with the definitions of `file`: `plain` is the schema without them, `merged` the
/// one with them. A type that is only extended may be missing: its class may still come.
pub(crate) fn check(
    file: &str,
    custom: &CustomSchema,
    plain: &GraphQlSchema,
    merged: &GraphQlSchema,
) -> Result<(), Problems> {
    let Some(types) = &custom.types else { return Ok(()) };
    let checking = Checking { custom, types, plain };
    let mut problems = checking.taken_names();
    problems.extend(checking.extensions());
    Problems::of(file, problems)?;
    Problems::of(file, checking.compile(merged))
}

struct Checking<'a> {
    custom: &'a CustomSchema,
    types: &'a Schema,
    plain: &'a GraphQlSchema,
}

impl Checking<'_> {
    fn problem(&self, span: Option<SourceSpan>, text: String) -> Problem {
        Problem::at(span, &self.types.sources, text)
    }

    /// Types of the file whose names the schema has already.
    fn taken_names(&self) -> Vec<Problem> {
        let taken = |name: &Name| {
            if name.starts_with("__") {
                let text = format!("the name {name} is reserved: it begins with two underscores");
                return Some(self.problem(self.types.types.get(name)?.name().location(), text));
            }
            let other = match self.plain.class_of_type(name) {
                Some(types) => format!("of the class {}", types.class.name),
                None if self.plain.types().types.contains_key(name) => {
                    "of the generated schema".to_owned()
                }
                None => return None,
            };
            let text = format!(
                "the name {name} is taken: it is a type {other} (to add fields to it: extend type {name})"
            );
            Some(self.problem(self.types.types.get(name)?.name().location(), text))
        };
        self.custom.defined.iter().filter_map(taken).collect()
    }

    /// Extensions of types that can not be extended, and fields that are there already.
    fn extensions(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for name in &self.custom.extended {
            let Some(addition) = self.types.types.get(name) else { continue };
            let Some(generated) = self.plain.types().types.get(name) else {
                if as_object(addition).is_none() {
                    let text = format!("there is no type {name} to extend");
                    problems.push(self.problem(addition.name().location(), text));
                }
                continue;
            };
            let class = self.plain.class_of_type(name);
            let (Some(addition), true) = (as_object(addition), is_root(name) || class.is_some())
            else {
                let text = format!(
                    "the type {name} can not be extended: only Query, Mutation, the types of classes and types of this file can, as object types"
                );
                problems.push(self.problem(addition.name().location(), text));
                continue;
            };
            for field in addition.fields.values() {
                if self.is_fixed(name, generated, &field.name) {
                    let text = format!("the field {name}.{} is there already", field.name);
                    problems.push(self.problem(field.name.location(), text));
                }
            }
        }
        problems
    }

    /// Whether a field is there whatever the columns and names of classes are.
    fn is_fixed(&self, type_name: &Name, generated: &ExtendedType, field: &Name) -> bool {
        let is_there = as_object(generated).is_some_and(|object| object.fields.contains_key(field));
        let roots = self.plain.roots();
        is_there
            && match type_name.as_str() {
                "Query" => roots.query(field).is_none_or(|meaning| meaning.class().is_none()),
                "Mutation" => roots.mutation(field).is_none_or(|meaning| meaning.class().is_none()),
                _ => GENERATED_FIELDS.contains(&field.as_str()),
            }
    }

    /// What the compiler finds. What would extend types that are not there stands for these types.
    fn compile(&self, merged: &GraphQlSchema) -> Vec<Problem> {
        let mut schema = Schema::clone(merged.types());
        // What was left out for missing types is put back, so that their names are told.
        for own in self.custom.own_types() {
            let name = own.name();
            if self.custom.defines(name) || !self.plain.types().types.contains_key(name) {
                schema.types.insert(name.clone(), own.clone());
            } else if let (Some(ExtendedType::Object(present)), Some(addition)) =
                (schema.types.get_mut(name), as_object(own))
            {
                let present = present.make_mut();
                present.fields.extend(
                    addition.fields.iter().map(|(name, field)| (name.clone(), field.clone())),
                );
                present
                    .implements_interfaces
                    .extend(addition.implements_interfaces.iter().cloned());
            }
        }
        Arc::make_mut(&mut schema.sources)
            .extend(self.types.sources.iter().map(|(id, source)| (*id, Arc::clone(source))));
        let names: Vec<Name> = schema.types.keys().cloned().collect();
        match schema.validate() {
            Ok(_) => Vec::new(),
            Err(failed) => failed
                .errors
                .iter()
                .map(|found| {
                    let mut text = found.error.to_string();
                    if found.error.unstable_error_name() == Some("UndefinedDefinition") {
                        let name = text.split('`').nth(1).unwrap_or_default().to_owned();
                        let near = suggestions(&name, names.iter().map(|name| name.as_str()));
                        text = format!("there is no type {name}.{}", did_you_mean(&near));
                    }
                    Problem::at(found.error.location(), found.sources, text)
                })
                .collect(),
        }
    }
}
