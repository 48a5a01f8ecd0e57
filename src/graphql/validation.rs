//! Whether a document fits the schema, and what clients read if it does not.
//!
//! The compiler decides; its findings are put into the words of graphql-js, which clients and their tests
//! know. What it says of values is replaced by what `values` says.

use std::collections::HashSet;

use apollo_compiler::ast::Document;
use apollo_compiler::diagnostic::{Diagnostic, ToCliReport};
use apollo_compiler::parser::{SourceMap, SourceSpan};
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::validation::{DiagnosticData, Valid};
use apollo_compiler::{ExecutableDocument, Schema};

use super::errors::{GraphQlError, Kind, Place, Refusal};
use super::suggest::{did_you_mean, suggestions};
use super::values::{Misfit, check_values};

/// More errors than this are not told.
const ERRORS_MAX: usize = 100;

/// Checks a document.
pub(crate) fn validate(
    schema: &Valid<Schema>,
    document: &Document,
) -> Result<Valid<ExecutableDocument>, Refusal> {
    match document.to_executable_validate(schema) {
        Ok(valid) => {
            let misfits = check_values(schema, &valid);
            if misfits.is_empty() {
                Ok(valid)
            } else {
                Err(refusal(Vec::new(), misfits, &document.sources))
            }
        }
        Err(found) => {
            let misfits = check_values(schema, &found.partial);
            let words = Words { schema, partial: &found.partial, sources: &document.sources };
            let mut findings: Vec<Finding> =
                found.errors.iter().filter_map(|error| words.finding(&error)).collect();
            drop_followers(&mut findings);
            if findings.is_empty() && misfits.is_empty() {
                findings = found.errors.iter().map(|error| words.plain(&error)).collect();
            }
            Err(refusal(findings, misfits, &document.sources))
        }
    }
}

fn refusal(findings: Vec<Finding>, misfits: Vec<Misfit>, sources: &SourceMap) -> Refusal {
    let misfits = misfits.into_iter().map(|misfit| Finding {
        name: "",
        text: misfit.text,
        spans: misfit.places,
    });
    let mut all: Vec<Finding> = findings.into_iter().chain(misfits).collect();
    all.sort_by_key(|finding| finding.spans.first().map(SourceSpan::offset));
    let mut told = HashSet::new();
    let mut errors = Vec::new();
    for finding in all {
        let place = finding.spans.first().map(|span| (span.offset(), span.end_offset()));
        if errors.len() < ERRORS_MAX && told.insert((place, finding.text.clone())) {
            let mut error = GraphQlError::new(Kind::ValidationFailed, finding.text);
            error.places = finding
                .spans
                .into_iter()
                .filter_map(|span| Place::of(Some(span), sources))
                .collect();
            errors.push(error);
        }
    }
    Refusal { status: 400, errors }
}

/// One thing that is wrong with a document.
struct Finding {
    /// The compiler's name of the rule.
    name: &'static str,
    text: String,
    spans: Vec<SourceSpan>,
}

/// What the compiler left out because of an error makes other things look unused.
fn drop_followers(findings: &mut Vec<Finding>) {
    let cut = |name| {
        matches!(
            name,
            "UndefinedField" | "UndefinedTypeInInlineFragmentTypeCondition" | "UndefinedFragment"
        )
    };
    if findings.iter().any(|finding| cut(finding.name)) {
        findings.retain(|finding| !matches!(finding.name, "UnusedVariable" | "UnusedFragment"));
    }
}

/// Puts findings into words.
struct Words<'a> {
    schema: &'a Schema,
    partial: &'a ExecutableDocument,
    sources: &'a SourceMap,
}

impl Words<'_> {
    /// The finding, or nothing if something else tells of it.
    fn finding(&self, found: &Diagnostic<'_, DiagnosticData>) -> Option<Finding> {
        let mut finding = self.plain(found);
        match finding.name {
            "UnsupportedValueType"
            | "IntCoercionError"
            | "FloatCoercionError"
            | "UndefinedEnumValue"
            | "UndefinedInputValue"
            | "RequiredField"
            | "DisallowedVariableUsage" => return None,
            "MissingSubselection" if self.has_selection(&finding) => return None,
            "MissingSubselection" => finding.text = self.missing_subselection(&finding.text),
            "UndefinedField" => finding.text.push_str(&self.near_field(&finding.text)),
            "UndefinedArgument" => finding.text = self.undefined_argument(&finding.text),
            "UndefinedDefinition"
            | "UndefinedTypeInNamedFragmentTypeCondition"
            | "UndefinedTypeInInlineFragmentTypeCondition" => {
                let near = suggestions(
                    nth_quoted(&finding.text, 0),
                    self.schema.types.keys().map(|name| name.as_str()),
                );
                let near = did_you_mean(&near);
                finding.text.push_str(&near);
            }
            "UndefinedVariable" => self.add_operation(&mut finding, " by operation"),
            "UnusedVariable" => {
                let before = finding.spans.len();
                self.add_operation(&mut finding, " in operation");
                finding.spans.truncate(before);
            }
            "RecursiveFragmentDefinition" => finding.text.push('.'),
            _ => {}
        }
        Some(finding)
    }

    /// The finding in the compiler's own rendering of graphql-js.
    fn plain(&self, found: &Diagnostic<'_, DiagnosticData>) -> Finding {
        let text = found.error.unstable_compat_message().unwrap_or_else(|| found.error.to_string());
        let name = found.error.unstable_error_name().unwrap_or_default();
        Finding { name, text, spans: found.error.location().into_iter().collect() }
    }

    /// Whether the field has a selection in the text: then its fields were left out because they are wrong.
    fn has_selection(&self, finding: &Finding) -> bool {
        let text = finding.spans.first().and_then(|span| {
            let source = self.sources.get(&span.file_id())?;
            source.source_text().get(span.offset()..span.end_offset())
        });
        text.is_some_and(|text| text.ends_with('}'))
    }

    fn missing_subselection(&self, text: &str) -> String {
        let (field, parent) = (nth_quoted(text, 0), nth_quoted(text, 1));
        let ty = self.schema.type_field(parent, field).map(|definition| definition.ty.to_string());
        let ty = ty.unwrap_or_default();
        format!(
            "Field \"{field}\" of type \"{ty}\" must have a selection of subfields. Did you mean \"{field} {{ ... }}\"?"
        )
    }

    fn near_field(&self, text: &str) -> String {
        let (field, parent) = (nth_quoted(text, 0), nth_quoted(text, 1));
        let fields = match self.schema.types.get(parent) {
            Some(ExtendedType::Object(object)) => &object.fields,
            Some(ExtendedType::Interface(interface)) => &interface.fields,
            Some(
                ExtendedType::Scalar(_)
                | ExtendedType::Union(_)
                | ExtendedType::Enum(_)
                | ExtendedType::InputObject(_),
            )
            | None => return String::new(),
        };
        did_you_mean(&suggestions(field, fields.keys().map(|name| name.as_str())))
    }

    fn undefined_argument(&self, text: &str) -> String {
        let (argument, coordinate) = (nth_quoted(text, 0), nth_quoted(text, 1));
        let place = coordinate.split('(').next().unwrap_or_default();
        let Some((parent, field)) = place.split_once('.') else {
            return format!("Unknown argument \"{argument}\" on directive \"{place}\".");
        };
        let known = self.schema.type_field(parent, field).map(|definition| &definition.arguments);
        let known = known.into_iter().flatten().map(|definition| definition.name.as_str());
        let near = did_you_mean(&suggestions(argument, known));
        format!("Unknown argument \"{argument}\" on field \"{parent}.{field}\".{near}")
    }

    /// Adds the operation in which a variable is missing or unused.
    fn add_operation(&self, finding: &mut Finding, link: &str) {
        let at = finding.spans.first().map(SourceSpan::offset).unwrap_or_default();
        let contains = |span: SourceSpan| span.offset() <= at && at < span.end_offset();
        let operations = || self.partial.operations.iter();
        let around = operations().find(|operation| operation.location().is_some_and(contains));
        let Some(operation) = around.or_else(|| operations().next()) else { return };
        finding.spans.extend(operation.location());
        if let Some(name) = &operation.name {
            finding.text = format!("{}{link} \"{name}\".", finding.text.trim_end_matches('.'));
        }
    }
}

/// The text between the n-th pair of quotation marks.
fn nth_quoted(text: &str, n: usize) -> &str {
    text.split('"').nth(2 * n + 1).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use apollo_compiler::parser::Parser;

    use super::*;
    use crate::graphql::build::tests::contract_schema;

    /// The errors of a document: line 1, column and text of each.
    fn check(text: &str, expected: &[(usize, &str)]) {
        let schema = contract_schema();
        let document = Parser::new().parse_ast(text, "query.graphql").unwrap();
        let errors = validate(schema.types(), &document)
            .err()
            .map(|refusal| refusal.errors)
            .unwrap_or_default();
        let told: Vec<_> =
            errors.iter().map(|error| (error.places[0].column, error.message.as_str())).collect();
        assert_eq!(told, expected, "{text}");
    }

    #[test]
    fn fields_and_arguments_are_told_as_graphql_js_tells_them() {
        check("{ players { edges { node { name } } } }", &[]);
        check(
            "{ playerz { count } }",
            &[(
                3,
                r#"Cannot query field "playerz" on type "Query". Did you mean "player" or "players"?"#,
            )],
        );
        check(
            "{ players { nope } }",
            &[(13, r#"Cannot query field "nope" on type "PlayerConnection"."#)],
        );
        check(
            "{ players }",
            &[(
                3,
                r#"Field "players" of type "PlayerConnection!" must have a selection of subfields. Did you mean "players { ... }"?"#,
            )],
        );
        check(
            "{ players(wher: {}) { count } }",
            &[(11, r#"Unknown argument "wher" on field "Query.players". Did you mean "where"?"#)],
        );
        check(
            "{ player { id } }",
            &[(
                3,
                r#"Field "player" argument "id" of type "ID!" is required, but it was not provided."#,
            )],
        );
        check(
            "query A { player(id: $id) { id } }",
            &[(22, r#"Variable "$id" is not defined by operation "A"."#)],
        );
        check("query($a: Int) { health }", &[(7, r#"Variable "$a" is never used."#)]);
        check(
            "query($a: Int) { players(first: $a) { nope1 } }",
            &[(39, r#"Cannot query field "nope1" on type "PlayerConnection"."#)],
        );
    }

    #[test]
    fn values_are_told_as_graphql_js_tells_them() {
        check(
            "{ players(first: 3000000000) { count } }",
            &[(18, "Int cannot represent non 32-bit signed integer value: 3000000000")],
        );
        check(
            "{ players(first: \"x\") { count } }",
            &[(18, "Int cannot represent non-integer value: \"x\"")],
        );
        check(
            "{ players(order: [nam_ASC]) { count } }",
            &[(
                19,
                r#"Value "nam_ASC" does not exist in "PlayerOrder" enum. Did you mean the enum value "name_ASC", "team_ASC", "ACL_ASC", "id_ASC", or "name_DESC"?"#,
            )],
        );
        check(
            "mutation { createTeam(input: {fields: {name: null, active: true}}) { team { id } } }",
            &[(46, r#"Expected value of type "String!", found null."#)],
        );
        check(
            "mutation { createTeam(input: {fields: {active: true}}) { team { id } } }",
            &[(
                39,
                r#"Field "CreateTeamFieldsInput.name" of required type "String!" was not provided."#,
            )],
        );
        check(
            "mutation($n: String) { createTeam(input: {fields: {name: $n, active: true}}) { team { id } } }",
            &[(10, r#"Variable "$n" of type "String" used in position expecting type "String!"."#)],
        );
        check(
            "mutation { createTeam(input: {fields: {name: \"x\", active: true, founded: \"nope\", settings: {a: $b}}}) { team { id } } }",
            &[
                (74, r#"Expected value of type "Date", found "nope"; nope is not a valid Date"#),
                (96, r#"Variable "$b" is not defined."#),
            ],
        );
    }
}
