//! Variables: the values of a request brought to the types that the operation declares
//! (`graphql/graphql-js:src/execution/values.ts`, `src/utilities/coerceInputValue.ts`).

use apollo_compiler::ast::{Type, VariableDefinition};
use apollo_compiler::executable::Operation;
use apollo_compiler::schema::{EnumType, ExtendedType, InputObjectType};
use apollo_compiler::{Node, Schema};

use super::inspect::{inspect, script_text};
use super::{Misfit, literal_to_json, scalars};
use crate::graphql::suggest::{did_you_mean, did_you_mean_the_value, suggestions};
use crate::value::{Json, Members};

/// As many misfits are told of; then the rest is not looked at.
const MISFITS_MAX: usize = 50;

/// The variables of an operation, typed; those that were left out and have no default are not there.
pub(crate) fn coerce_variables(
    schema: &Schema,
    operation: &Operation,
    given: &Members,
) -> Result<Members, Vec<Misfit>> {
    let mut coerced = Members::with_capacity(operation.variables.len());
    let mut misfits = Vec::new();
    for definition in &operation.variables {
        let name = definition.name.as_str();
        match (given.get(name), &definition.default_value) {
            (Some(Json::Null), _) if definition.ty.is_non_null() => {
                let text = format!(
                    "Variable \"${name}\" of non-null type \"{}\" must not be null.",
                    definition.ty
                );
                misfits.push(at_definition(definition, text));
            }
            (Some(value), _) => {
                let mut coercion =
                    Coercion { schema, definition, path: Vec::new(), misfits: &mut misfits };
                coerced.extend(
                    coercion.value(&definition.ty, value).map(|value| (name.to_owned(), value)),
                );
            }
            (None, Some(default)) => {
                let value = literal_to_json(schema, &definition.ty, default, &Members::new());
                coerced.extend(value.map(|value| (name.to_owned(), value)));
            }
            (None, None) if definition.ty.is_non_null() => {
                let text = format!(
                    "Variable \"${name}\" of required type \"{}\" was not provided.",
                    definition.ty
                );
                misfits.push(at_definition(definition, text));
            }
            (None, None) => {}
        }
    }
    if misfits.is_empty() { Ok(coerced) } else { Err(misfits) }
}

fn at_definition(definition: &Node<VariableDefinition>, text: String) -> Misfit {
    Misfit { text, places: definition.location().into_iter().collect() }
}

enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

/// One variable on its way to its type. A value that does not fit is noted and gives nothing.
struct Coercion<'a, 'v> {
    schema: &'a Schema,
    definition: &'a Node<VariableDefinition>,
    path: Vec<Step<'v>>,
    misfits: &'a mut Vec<Misfit>,
}

impl<'v> Coercion<'_, 'v> {
    fn value(&mut self, ty: &Type, value: &'v Json) -> Option<Json> {
        if value.is_null() {
            if ty.is_non_null() {
                return self.misfit(
                    value,
                    &format!("Expected non-nullable type \"{ty}\" not to be null."),
                );
            }
            return Some(Json::Null);
        }
        match ty {
            Type::List(element) | Type::NonNullList(element) => self.list(element, value),
            Type::Named(name) | Type::NonNullNamed(name) => match self.schema.types.get(name)? {
                ExtendedType::Scalar(scalar) => self.scalar(&scalar.name, value),
                ExtendedType::Enum(definition) => self.enum_value(definition, value),
                ExtendedType::InputObject(definition) => self.object(definition, value),
                ExtendedType::Object(_) | ExtendedType::Interface(_) | ExtendedType::Union(_) => {
                    None
                }
            },
        }
    }

    fn list(&mut self, element: &Type, value: &'v Json) -> Option<Json> {
        let Json::Array(elements) = value else {
            return Some(Json::Array(vec![self.value(element, value)?]));
        };
        let mut coerced = Vec::with_capacity(elements.len());
        for (at, each) in elements.iter().enumerate() {
            self.path.push(Step::Index(at));
            coerced.extend(self.value(element, each));
            self.path.pop();
        }
        Some(Json::Array(coerced))
    }

    fn scalar(&mut self, scalar: &str, value: &'v Json) -> Option<Json> {
        if scalars::is_standard(scalar) {
            let read = scalars::read_standard(scalar, value);
            return read.or_else(|| {
                self.misfit(value, &scalars::standard_problem(scalar, value, &inspect(value)))
            });
        }
        scalars::read_own(scalar, value.clone()).or_else(|| {
            if scalar == "Upload" {
                return self.misfit(value, "Upload value invalid.");
            }
            let text = format!(
                "Expected type \"{scalar}\". {} is not a valid {scalar}",
                script_text(value)
            );
            self.misfit(value, &text)
        })
    }

    fn enum_value(&mut self, definition: &EnumType, value: &'v Json) -> Option<Json> {
        let name = &definition.name;
        let Some(text) = value.as_str() else {
            return self.misfit(
                value,
                &format!("Enum \"{name}\" cannot represent non-string value: {}.", inspect(value)),
            );
        };
        if definition.values.contains_key(text) {
            return Some(value.clone());
        }
        let near = did_you_mean_the_value(&suggestions(
            text,
            definition.values.keys().map(|name| name.as_str()),
        ));
        self.misfit(value, &format!("Value \"{text}\" does not exist in \"{name}\" enum.{near}"))
    }

    fn object(&mut self, definition: &InputObjectType, value: &'v Json) -> Option<Json> {
        let Json::Object(members) = value else {
            return self
                .misfit(value, &format!("Expected type \"{}\" to be an object.", definition.name));
        };
        let mut coerced = Members::with_capacity(members.len());
        for (name, field) in &definition.fields {
            match (members.get_key_value(name.as_str()), &field.default_value) {
                (Some((key, member)), _) => {
                    self.path.push(Step::Key(key));
                    coerced
                        .extend(self.value(&field.ty, member).map(|member| (key.clone(), member)));
                    self.path.pop();
                }
                (None, Some(default)) => {
                    let default = literal_to_json(self.schema, &field.ty, default, &Members::new());
                    coerced.extend(default.map(|default| (name.to_string(), default)));
                }
                (None, None) if field.ty.is_non_null() => {
                    let text = format!(
                        "Field \"{name}\" of required type \"{}\" was not provided.",
                        field.ty
                    );
                    self.misfit(value, &text);
                }
                (None, None) => {}
            }
        }
        for key in members.keys().filter(|key| !definition.fields.contains_key(key.as_str())) {
            let near =
                did_you_mean(&suggestions(key, definition.fields.keys().map(|name| name.as_str())));
            self.misfit(
                value,
                &format!("Field \"{key}\" is not defined by type \"{}\".{near}", definition.name),
            );
        }
        Some(Json::Object(coerced))
    }

    fn misfit(&mut self, value: &Json, problem: &str) -> Option<Json> {
        if self.misfits.len() > MISFITS_MAX {
            return None;
        }
        let name = &self.definition.name;
        let text = if self.misfits.len() == MISFITS_MAX {
            "Too many errors processing variables, error limit reached. Execution aborted."
                .to_owned()
        } else if self.path.is_empty() {
            format!("Variable \"${name}\" got invalid value {}; {problem}", inspect(value))
        } else {
            format!(
                "Variable \"${name}\" got invalid value {} at \"{name}{}\"; {problem}",
                inspect(value),
                self.place()
            )
        };
        self.misfits.push(at_definition(self.definition, text));
        None
    }

    fn place(&self) -> String {
        let steps = self.path.iter().map(|step| match step {
            Step::Key(key) => format!(".{key}"),
            Step::Index(at) => format!("[{at}]"),
        });
        steps.collect()
    }
}

#[cfg(test)]
mod tests {
    use apollo_compiler::ExecutableDocument;

    use super::*;
    use crate::graphql::build::tests::contract_schema;

    fn coerced(declared: &str, given: &str) -> Result<String, String> {
        let schema = contract_schema();
        let text = format!(
            "mutation({declared}) {{ createAllTypes(input: {{fields: $f}}) {{ clientMutationId }} }}"
        );
        let document = ExecutableDocument::parse(schema.types(), text, "query.graphql").unwrap();
        let operation = document.operations.get(None).unwrap();
        let given = Json::parse(given.as_bytes()).unwrap();
        coerce_variables(schema.types(), operation, given.as_object().unwrap())
            .map(|coerced| Json::Object(coerced).to_text())
            .map_err(|misfits| {
                misfits.into_iter().map(|misfit| misfit.text).collect::<Vec<_>>().join("\n")
            })
    }

    fn check(declared: &str, given: &str, expected: &str) {
        assert_eq!(coerced(declared, given).as_deref(), Ok(expected), "{given}");
    }

    fn check_misfit(declared: &str, given: &str, expected: &str) {
        assert_eq!(coerced(declared, given).unwrap_err(), expected, "{given}");
    }

    #[test]
    fn left_out_stays_out_and_null_stays_null() {
        let fields = "$f: UpdateAllTypesFieldsInput";
        check(fields, "{}", "{}");
        check(fields, r#"{"f":null}"#, r#"{"f":null}"#);
        check(fields, r#"{"f":{"aString":null}}"#, r#"{"f":{"aString":null}}"#);
        check(fields, r#"{"f":{"anArray":5}}"#, r#"{"f":{"anArray":[5]}}"#);
        let date = r#"{"f":{"aDate":{"__type":"Date","iso":"2014-03-04T05:06:07.089Z"}}}"#;
        check(fields, r#"{"f":{"aDate":"2014-03-04T05:06:07.089Z"}}"#, date);
        check(
            "$f: UpdateCloudConfigInput",
            r#"{"f":{"paramName":"a","value":"b"}}"#,
            r#"{"f":{"isMasterKeyOnly":false,"paramName":"a","value":"b"}}"#,
        );
        check("$f: ID! = \"x\"", "{}", r#"{"f":"x"}"#);
        check("$f: ID!", r#"{"f":12}"#, r#"{"f":"12"}"#);
    }

    #[test]
    fn misfits_are_told_as_graphql_js_tells_them() {
        let fields = "$f: UpdateAllTypesFieldsInput";
        for (given, expected) in [
            (
                r#"{"f":{"aString":5}}"#,
                r#"Variable "$f" got invalid value 5 at "f.aString"; String cannot represent a non string value: 5"#,
            ),
            (
                r#"{"f":{"aDate":"nope"}}"#,
                r#"Variable "$f" got invalid value "nope" at "f.aDate"; Expected type "Date". nope is not a valid Date"#,
            ),
            (
                r#"{"f":{"aFile":"x"}}"#,
                r#"Variable "$f" got invalid value "x" at "f.aFile"; Expected type "FileInput" to be an object."#,
            ),
            (
                r#"{"f":{"aPolygon":[{"latitude":1}]}}"#,
                r#"Variable "$f" got invalid value { latitude: 1 } at "f.aPolygon[0]"; Field "longitude" of required type "Float!" was not provided."#,
            ),
            (
                r#"{"f":{"aStrin":1}}"#,
                r#"Variable "$f" got invalid value { aStrin: 1 }; Field "aStrin" is not defined by type "UpdateAllTypesFieldsInput". Did you mean "aString", "dString", or "rString"?"#,
            ),
        ] {
            check_misfit(fields, given, expected);
        }
        check_misfit("$f: ID!", "{}", r#"Variable "$f" of required type "ID!" was not provided."#);
        check_misfit(
            "$f: ID!",
            r#"{"f":null}"#,
            r#"Variable "$f" of non-null type "ID!" must not be null."#,
        );
        check_misfit(
            "$f: ID!",
            r#"{"f":{"a":1}}"#,
            r#"Variable "$f" got invalid value { a: 1 }; ID cannot represent value: { a: 1 }"#,
        );
    }
}
