//! What is wrong with a file of definitions, and where.

use std::fmt;

use apollo_compiler::parser::{SourceMap, SourceSpan};

use crate::graphql::errors::Place;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Where in the file; nowhere in particular if the file as a whole is meant.
    pub(crate) place: Option<Place>,
    /// What is wrong.
    pub(crate) text: String,
}

impl Problem {
    /// Something wrong at a place of the file.
    pub(super) fn at(
        span: Option<SourceSpan>,
        sources: &SourceMap,
        text: impl Into<String>,
    ) -> Self {
        Self { place: Place::of(span, sources), text: text.into() }
    }
}

/// Everything that is wrong with a file, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problems {
    /// The file.
    pub(crate) file: String,
    /// What is wrong with it; at least one thing.
    pub(crate) list: Vec<Problem>,
}

impl Problems {
    /// Something that is wrong with a file as a whole.
    pub(crate) fn whole(file: &str, text: String) -> Self {
        Self { file: file.to_owned(), list: vec![Problem { place: None, text }] }
    }

    /// These problems of a file, sorted; nothing if there are none.
    pub(super) fn of(file: &str, mut list: Vec<Problem>) -> Result<(), Self> {
        if list.is_empty() {
            return Ok(());
        }
        list.sort_by_key(|problem| problem.place.map(|place| (place.line, place.column)));
        list.dedup();
        Err(Self { file: file.to_owned(), list })
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.list.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            match problem.place {
                Some(Place { line, column }) => {
                    write!(f, "{}:{line}:{column}: {}", self.file, problem.text)?;
                }
                None => write!(f, "{}: {}", self.file, problem.text)?,
            }
        }
        Ok(())
    }
}
