//! Decoding of one family of operators per file: from the client's JSON to a [`Condition`](super::Condition).

pub(super) mod geo;
pub mod regex;
pub(super) mod subquery;
pub(super) mod text;
