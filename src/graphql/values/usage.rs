//! Whether the values of a document fit where they stand
//! (`graphql/graphql-js:src/validation/rules/ValuesOfCorrectTypeRule.ts`, `VariablesInAllowedPositionRule.ts`).
//!
//! The compiler checks this too, but takes anything for a scalar of Parse, looks only at the names of
//! types where a variable stands inside a value, and says it in other words than clients know.

use std::collections::HashSet;

use apollo_compiler::ast::{Argument, InputValueDefinition, Type, Value, VariableDefinition};
use apollo_compiler::executable::{ExecutableDocument, Operation, Selection, SelectionSet};
use apollo_compiler::schema::{EnumType, ExtendedType, InputObjectType};
use apollo_compiler::{Name, Node, Schema};

use super::inspect::{kind, print};
use super::literals::plain;
use super::{Misfit, scalars};
use crate::graphql::suggest::{did_you_mean, did_you_mean_the_value, suggestions};
use crate::value::Members;

/// Checks every value of the document.
pub(crate) fn check_values(schema: &Schema, document: &ExecutableDocument) -> Vec<Misfit> {
    let mut misfits = Vec::new();
    for operation in document.operations.iter() {
        let mut check =
            Check { schema, document, operation, seen: HashSet::new(), misfits: &mut misfits };
        for definition in &operation.variables {
            if let Some(default) = &definition.default_value {
                check.value(&definition.ty, default);
            }
        }
        check.selections(&operation.selection_set);
    }
    misfits
}

/// What stands in place of a variable that is left out.
#[derive(Clone, Copy)]
enum Absence {
    /// A default.
    Filled,
    /// Nothing.
    Bare,
}

impl Absence {
    fn of(variable: &VariableDefinition) -> Self {
        let default = variable.default_value.as_ref();
        if default.is_some_and(|default| !default.is_null()) { Self::Filled } else { Self::Bare }
    }
}

struct Check<'a> {
    schema: &'a Schema,
    document: &'a ExecutableDocument,
    operation: &'a Operation,
    seen: HashSet<&'a Name>,
    misfits: &'a mut Vec<Misfit>,
}

impl<'a> Check<'a> {
    fn selections(&mut self, set: &'a SelectionSet) {
        for selection in &set.selections {
            for directive in selection.directives().iter() {
                if let Some(definition) = self.schema.directive_definitions.get(&directive.name) {
                    self.arguments(&definition.arguments, &directive.arguments);
                }
            }
            match selection {
                Selection::Field(field) => {
                    self.arguments(&field.definition.arguments, &field.arguments);
                    self.selections(&field.selection_set);
                }
                Selection::InlineFragment(fragment) => self.selections(&fragment.selection_set),
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.document.fragments.get(&spread.fragment_name)
                        && self.seen.insert(&spread.fragment_name)
                    {
                        self.selections(&fragment.selection_set);
                    }
                }
            }
        }
    }

    fn arguments(&mut self, definitions: &[Node<InputValueDefinition>], given: &[Node<Argument>]) {
        for argument in given {
            if let Some(definition) =
                definitions.iter().find(|definition| definition.name == argument.name)
            {
                self.input(definition, &argument.value);
            }
        }
    }

    /// A value for an argument or an input field, which may have a default.
    fn input(&mut self, definition: &InputValueDefinition, value: &Node<Value>) {
        match &**value {
            Value::Variable(name) => self.variable(definition, name, value),
            Value::Null
            | Value::Enum(_)
            | Value::String(_)
            | Value::Float(_)
            | Value::Int(_)
            | Value::Boolean(_)
            | Value::List(_)
            | Value::Object(_) => self.value(&definition.ty, value),
        }
    }

    fn variable(&mut self, place: &InputValueDefinition, name: &Name, value: &Node<Value>) {
        let Some(definition) =
            self.operation.variables.iter().find(|definition| definition.name == *name)
        else {
            return;
        };
        let absence =
            if place.default_value.is_some() { Absence::Filled } else { Absence::of(definition) };
        self.variable_type(definition, (&place.ty, absence), value);
    }

    /// Whether a variable may stand where a type is expected.
    fn variable_type(
        &mut self,
        variable: &Node<VariableDefinition>,
        (place, absence): (&Type, Absence),
        value: &Node<Value>,
    ) {
        let fits = match absence {
            Absence::Filled => variable.ty.is_assignable_to(&place.clone().nullable()),
            Absence::Bare => variable.ty.is_assignable_to(place),
        };
        if fits {
            return;
        }
        let text = format!(
            "Variable \"${}\" of type \"{}\" used in position expecting type \"{place}\".",
            variable.name, variable.ty
        );
        let places = variable.location().into_iter().chain(value.location()).collect();
        self.misfits.push(Misfit { text, places });
    }

    fn value(&mut self, ty: &Type, value: &Node<Value>) {
        match &**value {
            Value::Variable(name) => {
                let variables = &self.operation.variables;
                if let Some(definition) =
                    variables.iter().find(|definition| definition.name == *name)
                {
                    self.variable_type(definition, (ty, Absence::of(definition)), value);
                }
                return;
            }
            Value::Null => {
                if ty.is_non_null() {
                    self.misfit(value, format!("Expected value of type \"{ty}\", found null."));
                }
                return;
            }
            Value::Enum(_)
            | Value::String(_)
            | Value::Float(_)
            | Value::Int(_)
            | Value::Boolean(_)
            | Value::List(_)
            | Value::Object(_) => {}
        }
        if let Type::List(element) | Type::NonNullList(element) = ty {
            let elements = value.as_list().unwrap_or(std::slice::from_ref(value));
            elements.iter().for_each(|each| self.value(element, each));
            return;
        }
        match self.schema.types.get(ty.inner_named_type()) {
            Some(ExtendedType::InputObject(definition)) => self.object(ty, definition, value),
            Some(ExtendedType::Enum(definition)) => self.enum_value(definition, value),
            Some(ExtendedType::Scalar(scalar)) => self.scalar(ty, &scalar.name, value),
            Some(ExtendedType::Object(_) | ExtendedType::Interface(_) | ExtendedType::Union(_))
            | None => {}
        }
    }

    fn object(&mut self, ty: &Type, definition: &InputObjectType, value: &Node<Value>) {
        let Some(members) = value.as_object() else {
            let text = format!("Expected value of type \"{ty}\", found {}.", print(value));
            return self.misfit(value, text);
        };
        for (name, field) in &definition.fields {
            let given = members.iter().any(|(key, _)| key == name);
            if !given && field.is_required() {
                let own = &definition.name;
                let text = format!(
                    "Field \"{own}.{name}\" of required type \"{}\" was not provided.",
                    field.ty
                );
                self.misfit(value, text);
            }
        }
        for (name, member) in members {
            match definition.fields.get(name) {
                Some(field) => self.input(field, member),
                None => {
                    let near = did_you_mean(&suggestions(
                        name,
                        definition.fields.keys().map(|name| name.as_str()),
                    ));
                    let text = format!(
                        "Field \"{name}\" is not defined by type \"{}\".{near}",
                        definition.name
                    );
                    self.misfits
                        .push(Misfit { text, places: name.location().into_iter().collect() });
                }
            }
        }
    }

    fn enum_value(&mut self, definition: &EnumType, value: &Node<Value>) {
        let name = &definition.name;
        let known = || definition.values.keys().map(|value| value.as_str());
        let text = match value.as_enum() {
            Some(given) if definition.values.contains_key(given) => return,
            Some(given) => {
                let near = did_you_mean_the_value(&suggestions(given, known()));
                format!("Value \"{given}\" does not exist in \"{name}\" enum.{near}")
            }
            None => {
                let near =
                    value.as_str().map(|text| did_you_mean_the_value(&suggestions(text, known())));
                format!(
                    "Enum \"{name}\" cannot represent non-enum value: {}.{}",
                    print(value),
                    near.unwrap_or_default()
                )
            }
        };
        self.misfit(value, text);
    }

    fn scalar(&mut self, ty: &Type, scalar: &str, value: &Node<Value>) {
        let Some(json) = plain(value, &Members::new()) else { return };
        if scalars::is_standard(scalar) {
            let fits = value.as_enum().is_none() && scalars::read_standard(scalar, &json).is_some();
            if !fits {
                let problem = match scalar {
                    "ID" => format!(
                        "ID cannot represent a non-string and non-integer value: {}",
                        print(value)
                    ),
                    _ => scalars::standard_problem(scalar, &json, &print(value)),
                };
                self.misfit(value, problem);
            }
            return;
        }
        self.variables_inside(value);
        if scalars::read_own(scalar, json).is_none() {
            let what = value.as_str().filter(|_| scalar != "Object").unwrap_or(kind(value));
            let text = format!(
                "Expected value of type \"{ty}\", found {}; {what} is not a valid {scalar}",
                print(value)
            );
            self.misfit(value, text);
        }
    }

    /// The compiler does not look into values of scalars of Parse.
    fn variables_inside(&mut self, value: &Node<Value>) {
        match &**value {
            Value::Variable(name) => {
                let declared =
                    self.operation.variables.iter().any(|definition| definition.name == *name);
                if !declared {
                    self.misfit(value, format!("Variable \"${name}\" is not defined."));
                }
            }
            Value::List(elements) => {
                elements.iter().for_each(|element| self.variables_inside(element))
            }
            Value::Object(members) => {
                members.iter().for_each(|(_, member)| self.variables_inside(member))
            }
            Value::Null
            | Value::Enum(_)
            | Value::String(_)
            | Value::Float(_)
            | Value::Int(_)
            | Value::Boolean(_) => {}
        }
    }

    fn misfit(&mut self, value: &Node<Value>, text: String) {
        let misfit = Misfit { text, places: value.location().into_iter().collect() };
        if !self.misfits.contains(&misfit) {
            self.misfits.push(misfit);
        }
    }
}
