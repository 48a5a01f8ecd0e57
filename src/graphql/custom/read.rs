//! From the text of a file to its definitions: what can be said of it without knowing any class.

use apollo_compiler::ast::{Definition, Directive, Document, FieldDefinition};
use apollo_compiler::diagnostic::ToCliReport;
use apollo_compiler::parser::{Parser, SourceMap, SourceSpan};
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::validation::DiagnosticList;
use apollo_compiler::{Name, Schema};

use super::problem::{Problem, Problems};
use super::{CustomSchema, Source, as_object, is_root};
use crate::graphql::values::plain;
use crate::value::{Json, Members};

/// The directives that a file may use without defining them (`parse-server:src/GraphQL/loaders/schemaDirectives.js`).
const DIRECTIVES: &str = "\
\"Calls a cloud function; without a name, the one that is called as the field is.\"
directive @resolve(to: String) on FIELD_DEFINITION
\"Always this value.\"
directive @mock(with: Any!) on FIELD_DEFINITION
";
/// A file may have this many tokens.
const TOKENS_MAX: usize = 500_000;
/// Types and values may nest this deep in the text.
const NESTING_MAX: usize = 250;

impl CustomSchema {
    /// Reads the text of a file. `file` is its name in errors.
    pub(crate) fn read(file: &str, text: &str) -> Result<Self, Problems> {
        let mut parser = Parser::new().token_limit(TOKENS_MAX).recursion_limit(NESTING_MAX);
        let document = parser
            .parse_ast(text, file)
            .map_err(|failed| Problems { file: file.to_owned(), list: told(&failed.errors) })?;
        Problems::of(file, misplaced(&document))?;
        let document = without_our_directives(document);
        let builder = Schema::builder().adopt_orphan_extensions();
        let builder = builder.parse(DIRECTIVES, "directives.graphql").add_ast(&document);
        let types = builder
            .build()
            .map_err(|failed| Problems { file: file.to_owned(), list: told(&failed.errors) })?;
        let mut custom = Self::default();
        for definition in &document.definitions {
            let Some(name) = definition.name() else { continue };
            if is_type_definition(definition) && !is_root(name) {
                custom.defined.insert(name.clone());
            } else if is_type_definition(definition) || definition.is_extension_definition() {
                custom.extended.insert(name.clone());
            }
        }
        custom.extended.retain(|name| !custom.defined.contains(name));
        let mut problems = Vec::new();
        for object in types.types.values().filter_map(as_object) {
            for field in object.fields.values() {
                let read = source(object.name.as_str(), field, &types.sources, &mut problems);
                custom
                    .sources
                    .extend(read.map(|source| ((object.name.clone(), field.name.clone()), source)));
            }
        }
        Problems::of(file, problems)?;
        let is_anything = !custom.defined.is_empty() || !custom.extended.is_empty();
        custom.types = is_anything.then_some(types);
        Ok(custom)
    }
}

/// Findings of the compiler as problems of the file.
pub(super) fn told(errors: &DiagnosticList) -> Vec<Problem> {
    errors
        .iter()
        .map(|found| Problem::at(found.error.location(), found.sources, found.error.to_string()))
        .collect()
}

fn is_type_definition(definition: &Definition) -> bool {
    match definition {
        Definition::ScalarTypeDefinition(_)
        | Definition::ObjectTypeDefinition(_)
        | Definition::InterfaceTypeDefinition(_)
        | Definition::UnionTypeDefinition(_)
        | Definition::EnumTypeDefinition(_)
        | Definition::InputObjectTypeDefinition(_) => true,
        Definition::OperationDefinition(_)
        | Definition::FragmentDefinition(_)
        | Definition::DirectiveDefinition(_)
        | Definition::SchemaDefinition(_)
        | Definition::SchemaExtension(_)
        | Definition::ScalarTypeExtension(_)
        | Definition::ObjectTypeExtension(_)
        | Definition::InterfaceTypeExtension(_)
        | Definition::UnionTypeExtension(_)
        | Definition::EnumTypeExtension(_)
        | Definition::InputObjectTypeExtension(_) => false,
    }
}

/// Definitions that have no place in the file.
fn misplaced(document: &Document) -> Vec<Problem> {
    let problem = |definition: &Definition| {
        let text = if matches!(
            definition,
            Definition::SchemaDefinition(_) | Definition::SchemaExtension(_)
        ) {
            "the root types are fixed: extend the types Query and Mutation instead"
        } else if matches!(
            definition,
            Definition::OperationDefinition(_) | Definition::FragmentDefinition(_)
        ) {
            "operations and fragments have no place in a schema"
        } else if definition.name().is_some_and(|name| name == "Subscription") {
            "subscriptions can not be defined here"
        } else {
            return None;
        };
        Some(Problem::at(definition.location(), &document.sources, text))
    };
    document.definitions.iter().filter_map(problem).collect()
}

/// A file may define the directives itself, for the sake of editors. Ours count.
fn without_our_directives(mut document: Document) -> Document {
    document.definitions.retain(|definition| {
        let Definition::DirectiveDefinition(own) = definition else { return true };
        !matches!(own.name.as_str(), "resolve" | "mock")
    });
    document
}

/// What a field says of where its value comes from; nothing if it comes from the parent.
fn source(
    parent: &str,
    field: &FieldDefinition,
    sources: &SourceMap,
    problems: &mut Vec<Problem>,
) -> Option<Source> {
    let mut problem = |span: Option<SourceSpan>, text: String| {
        problems.push(Problem::at(span, sources, text));
    };
    let argument = |directive: &Directive, name: &str| {
        let value = directive.specified_argument_by_name(name)?;
        plain(value, &Members::new())
    };
    // A value that is fixed goes before one that would be asked for.
    if let Some(mock) = field.directives.get("mock") {
        return match argument(mock, "with") {
            Some(Json::Null) | None => {
                problem(mock.location(), "@mock needs a value: @mock(with: …)".to_owned());
                None
            }
            Some(value) => Some(Source::Mock(value)),
        };
    }
    if let Some(resolve) = field.directives.get("resolve") {
        return match argument(resolve, "to") {
            None | Some(Json::Null) => Some(Source::Function(field.name.to_string())),
            Some(Json::String(name)) if !name.is_empty() => Some(Source::Function(name)),
            Some(_) => {
                let text = "@resolve needs the name of a cloud function: @resolve(to: \"name\")";
                problem(resolve.location(), text.to_owned());
                None
            }
        };
    }
    if is_root(parent) {
        let text = format!(
            "the field {parent}.{} has no value: add @resolve or @mock(with: …)",
            field.name
        );
        problem(field.name.location(), text);
    }
    None
}

/// The fields of a type, if it has fields with values.
pub(super) fn field_names(known: &ExtendedType) -> Vec<&Name> {
    match known {
        ExtendedType::Object(object) => object.fields.keys().collect(),
        ExtendedType::Interface(interface) => interface.fields.keys().collect(),
        ExtendedType::InputObject(input) => input.fields.keys().collect(),
        ExtendedType::Scalar(_) | ExtendedType::Union(_) | ExtendedType::Enum(_) => Vec::new(),
    }
}
