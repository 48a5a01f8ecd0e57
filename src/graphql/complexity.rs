//! How much a document asks for, measured before it is held against the schema.
//!
//! Every fragment is measured once, however often it is spread, so that the work grows with the text and
//! not with what the text expands to.

use std::collections::HashMap;

use apollo_compiler::Name;
use apollo_compiler::ast::{Definition, Document, Selection};

use super::errors::{Kind, Refusal};

/// A document may be this long, in bytes.
pub(crate) const DOCUMENT_BYTES_MAX: usize = 256 * 1024;
/// A document may have this many tokens.
pub(crate) const TOKENS_MAX: usize = 15_000;
/// Selections and values may nest this deep in the text.
pub(crate) const NESTING_MAX: usize = 250;
/// Selections may nest this deep with all fragments spread out.
const HEIGHT_MAX: u64 = 250;
/// An operation may have this many fields with all fragments spread out.
const FIELDS_MAX: u64 = 20_000;
const ALIASES_MAX: usize = 500;
const OPERATIONS_MAX: usize = 100;

/// What one operation asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Complexity {
    /// How deep its fields nest.
    pub(crate) depth: u64,
    /// How many fields it has with all fragments spread out.
    pub(crate) fields: u64,
    height: u64,
}

/// Whether a document asks for the schema itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// Only for data.
    Data,
    /// For types too.
    Types,
}

/// What a document asks for.
#[derive(Debug)]
pub(crate) struct Measured {
    operations: Vec<(Option<Name>, Complexity)>,
    /// Whether it asks for the schema, anywhere.
    pub(crate) subject: Subject,
}

impl Measured {
    /// Measures a document. What no server should expand is refused.
    pub(crate) fn of(document: &Document) -> Result<Self, Refusal> {
        let mut measure = Measure::default();
        for definition in &document.definitions {
            if let Definition::FragmentDefinition(fragment) = definition {
                measure.fragments.insert(&fragment.name, &fragment.selection_set);
            }
        }
        let mut operations = Vec::new();
        for definition in &document.definitions {
            if let Definition::OperationDefinition(operation) = definition {
                let complexity = measure.selections(&operation.selection_set, 0)?;
                check(complexity, &Limits { depth: HEIGHT_MAX, fields: FIELDS_MAX })?;
                operations.push((operation.name.clone(), complexity));
            }
        }
        let unused: Vec<&[Selection]> = measure.fragments.values().copied().collect();
        for selections in unused {
            measure.selections(selections, 0)?;
        }
        refuse_more("aliases", measure.aliases, ALIASES_MAX)?;
        refuse_more("operations", operations.len(), OPERATIONS_MAX)?;
        let subject = if measure.types > 0 { Subject::Types } else { Subject::Data };
        Ok(Self { operations, subject })
    }

    /// What the operation of that name asks for.
    pub(crate) fn operation(&self, name: Option<&Name>) -> Complexity {
        let found = self.operations.iter().find(|(known, _)| known.as_ref() == name);
        found.map(|(_, complexity)| *complexity).unwrap_or_default()
    }
}

/// What the options allow to callers without the master key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// How deep fields may nest.
    pub(crate) depth: u64,
    /// How many fields there may be.
    pub(crate) fields: u64,
}

/// Refuses what is beyond the limits (`parse-server:src/GraphQL/helpers/queryComplexity.js`).
pub(crate) fn check(complexity: Complexity, limits: &Limits) -> Result<(), Refusal> {
    let (depth, fields) = (complexity.depth, complexity.fields);
    let message = if depth > limits.depth {
        format!("GraphQL query depth of {depth} exceeds maximum allowed depth of {}", limits.depth)
    } else if fields > limits.fields {
        format!("Number of GraphQL fields ({fields}) exceeds maximum allowed ({})", limits.fields)
    } else {
        return Ok(());
    };
    Err(Refusal::new(400, Kind::InternalServerError, message))
}

fn refuse_more(what: &str, count: usize, limit: usize) -> Result<(), Refusal> {
    if count <= limit {
        return Ok(());
    }
    let message = format!("Number of GraphQL {what} ({count}) exceeds maximum allowed ({limit})");
    Err(Refusal::new(400, Kind::InternalServerError, message))
}

#[derive(Default)]
struct Measure<'a> {
    fragments: HashMap<&'a Name, &'a [Selection]>,
    /// What is known of fragments; nothing while one is being measured, so that a circle ends.
    measured: HashMap<&'a Name, Complexity>,
    aliases: usize,
    types: usize,
}

impl<'a> Measure<'a> {
    /// `above` is how deep the walk is already.
    fn selections(
        &mut self,
        selections: &'a [Selection],
        above: u64,
    ) -> Result<Complexity, Refusal> {
        if above > HEIGHT_MAX {
            check(
                Complexity { depth: above, ..Complexity::default() },
                &Limits { depth: HEIGHT_MAX, fields: FIELDS_MAX },
            )?;
        }
        let mut sum = Complexity::default();
        for selection in selections {
            let part = match selection {
                Selection::Field(field) => {
                    self.aliases += usize::from(field.alias.is_some());
                    self.types += usize::from(matches!(field.name.as_str(), "__schema" | "__type"));
                    let below = self.selections(&field.selection_set, above + 1)?;
                    Complexity {
                        depth: below.depth + 1,
                        fields: below.fields.saturating_add(1),
                        height: below.height + 1,
                    }
                }
                Selection::InlineFragment(fragment) => {
                    let below = self.selections(&fragment.selection_set, above + 1)?;
                    Complexity { height: below.height + 1, ..below }
                }
                Selection::FragmentSpread(spread) => {
                    let below = self.fragment(&spread.fragment_name, above + 1)?;
                    Complexity { height: below.height + 1, ..below }
                }
            };
            sum.depth = if part.depth > sum.depth { part.depth } else { sum.depth };
            sum.height = if part.height > sum.height { part.height } else { sum.height };
            sum.fields = sum.fields.saturating_add(part.fields);
        }
        if above + sum.height > HEIGHT_MAX {
            check(
                Complexity { depth: above + sum.height, ..sum },
                &Limits { depth: HEIGHT_MAX, fields: FIELDS_MAX },
            )?;
        }
        Ok(sum)
    }

    fn fragment(&mut self, name: &'a Name, above: u64) -> Result<Complexity, Refusal> {
        if let Some(known) = self.measured.get(name) {
            return Ok(*known);
        }
        let Some(selections) = self.fragments.get(name).copied() else {
            return Ok(Complexity::default());
        };
        self.measured.insert(name, Complexity::default());
        let complexity = self.selections(selections, above)?;
        self.measured.insert(name, complexity);
        Ok(complexity)
    }
}

#[cfg(test)]
mod tests {
    use apollo_compiler::parser::Parser;

    use super::*;

    fn measured(text: &str) -> Result<Complexity, String> {
        let document = Parser::new().parse_ast(text, "query.graphql").unwrap();
        let measured =
            Measured::of(&document).map_err(|refusal| refusal.errors[0].message.clone())?;
        Ok(measured.operation(None))
    }

    fn check_measure(text: &str, depth: u64, fields: u64) {
        let complexity = measured(text).unwrap();
        assert_eq!((complexity.depth, complexity.fields), (depth, fields), "{text}");
    }

    #[test]
    fn fragments_count_where_they_are_spread() {
        check_measure("{ players { edges { node { team { name } } } } }", 5, 5);
        check_measure("fragment F on Query { a: health b: health } { ...F c: health ...F }", 1, 5);
        check_measure("{ ... on Query { node(id: 1) { id } } }", 2, 2);
    }

    #[test]
    fn a_fragment_bomb_is_refused_cheaply() {
        let mut text = "{ ...F0 }".to_owned();
        for at in 0..60 {
            text.push_str(&format!(" fragment F{at} on Query {{ ...F{0} ...F{0} }}", at + 1));
        }
        text.push_str(" fragment F60 on Query { health }");
        let refused = measured(&text).unwrap_err();
        assert!(
            refused.starts_with("Number of GraphQL fields (1152921504606846976) exceeds"),
            "{refused}"
        );
    }

    #[test]
    fn a_circle_ends() {
        check_measure(
            "{ ...A } fragment A on Query { health ...B } fragment B on Query { ...A }",
            1,
            1,
        );
        let chain: String =
            (0..300).map(|at| format!(" fragment F{at} on Query {{ ...F{} }}", at + 1)).collect();
        assert!(measured(&format!("{{ ...F0 }}{chain}")).is_err());
    }
}
