//! What can be asked of a class: conditions, order, page, columns.
//!
//! A question has two forms. [`Filter`] is what the client wrote, decoded but not yet held against a
//! class; [`Where`] is the same with every name resolved to a field and every literal brought to the
//! field's type. Only the second reaches a back end. This room knows no SQL and no I/O.

mod aggregate;
mod filter;
pub(crate) mod matches;
pub mod operators;
mod parse;
mod request;
mod resolve;
mod unparse;

pub use aggregate::{
    Accumulator, DatePart, EmptyRows, Expression, Pipeline, Stage, Step, Unwind, parse_pipeline,
};
pub use filter::{Comparison, Condition, Filter, Pattern, RegexOptions, Subquery, TextSearch};
pub use matches::{Matcher, Subject, matches};
pub use parse::{parse_filter, parse_related};
pub use request::{FindRequest, IncludeBranch, IncludeTree, OrderKey};
pub use resolve::{
    Direction, FieldPath, OrderBy, Query, SCORE, Test, Where, field_path, resolve, resolve_order,
};
pub use unparse::{changed_request, filter_to_json, request_to_members};
