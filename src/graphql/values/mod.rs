//! Input values: what a client wrote, in a document or as a variable, becomes JSON of the form that the
//! other doors know too: a date is `{"__type":"Date",…}`, an id is a string, a single value in place of
//! a list is a list. What was left out stays out; `null` stays `null`. `output` goes the other way, for
//! what cloud functions give.

mod inspect;
mod literals;
mod output;
mod scalars;
mod usage;
mod variables;

pub(crate) use inspect::inspect;
pub(crate) use literals::{literal_to_json, plain, read_arguments, read_arguments_of};
pub(crate) use output::{write_enum, write_scalar};
pub(crate) use usage::check_values;
pub(crate) use variables::coerce_variables;

use apollo_compiler::parser::SourceSpan;

/// A value that does not fit, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Misfit {
    /// What is wrong, in the words of graphql-js.
    pub(crate) text: String,
    /// Where: one place, or two where two are at odds.
    pub(crate) places: Vec<SourceSpan>,
}
