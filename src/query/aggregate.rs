//! A pipeline: stages that rows pass one after the other, each resolved against the fields that the stage
//! before it leaves.

mod expression;
mod parse;

use std::sync::Arc;

pub use expression::{DatePart, Expression};
pub use parse::parse_pipeline;

use super::{FieldPath, OrderBy, Where};
use crate::schema::{ClassSchema, FieldType};
use crate::value::FieldName;

/// A pipeline over the objects of a class.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// The class that is asked.
    pub class: Arc<ClassSchema>,
    /// What happens to its objects, in order.
    pub stages: Vec<Stage>,
    /// The fields of the class that the stages read.
    reads: Vec<FieldName>,
}

impl Pipeline {
    /// The fields of the class that the pipeline reads or answers with: a caller who may not read one of
    /// them may not use the pipeline.
    pub fn fields(&self) -> Vec<FieldName> {
        self.reads.clone()
    }

    /// The fields of the answer's rows, in order. `objectId` is among them if the rows have one; it may be
    /// empty, and then it is answered as `null`.
    pub fn shape(&self) -> &Arc<ClassSchema> {
        self.stages.last().map_or(&self.class, |stage| &stage.shape)
    }
}

/// One stage of a pipeline.
#[derive(Clone, Debug)]
pub struct Stage {
    /// What it does.
    pub step: Step,
    /// The fields of the rows that leave it, as if they were objects of a class.
    pub shape: Arc<ClassSchema>,
}

/// What a stage does with the rows that reach it.
#[derive(Clone, Debug)]
pub enum Step {
    /// Keeps those that meet a condition.
    Match(Where),
    /// Sorts them.
    Sort(Vec<OrderBy>),
    /// Leaves out the first ones.
    Skip(u64),
    /// Keeps the first ones.
    Limit(u64),
    /// Keeps some of them, chosen at random.
    Sample(u64),
    /// Counts them: one row with this field, or none if there is nothing to count.
    Count(FieldName),
    /// Makes one row of each element of an array.
    Unwind(Unwind),
    /// Computes the fields of each row.
    Project(Vec<(FieldName, Expression)>),
    /// Makes one row of each group of rows: those with the same value of an expression, which becomes
    /// `objectId`.
    Group(Expression, Vec<(FieldName, Accumulator)>),
}

/// An array of which each element becomes a row.
#[derive(Clone, Debug)]
pub struct Unwind {
    /// The array field; it then holds the element.
    pub field: FieldPath,
    /// The field for the element's position.
    pub index: Option<FieldName>,
    /// What becomes of a row without elements.
    pub empty: EmptyRows,
}

/// What becomes of a row whose array is missing or has no elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmptyRows {
    /// It goes.
    Drop,
    /// It stays, without the field.
    Keep,
}

/// How a value is computed from a group of rows.
#[derive(Clone, Debug)]
pub enum Accumulator {
    /// How many rows there are.
    Count,
    /// The sum of the numbers.
    Sum(Expression),
    /// The mean of the numbers.
    Average(Expression),
    /// The smallest value.
    Min(Expression),
    /// The greatest value.
    Max(Expression),
    /// The value of the first row.
    First(Expression),
    /// The value of the last row.
    Last(Expression),
    /// All values, as an array.
    Push(Expression),
    /// All different values, as an array.
    AddToSet(Expression),
}

impl Accumulator {
    /// The type of its value.
    pub fn kind(&self) -> FieldType {
        match self {
            Self::Count | Self::Sum(_) | Self::Average(_) => FieldType::Number,
            Self::Min(of) | Self::Max(of) | Self::First(of) | Self::Last(of) => {
                expression::lone(of.kind())
            }
            Self::Push(_) | Self::AddToSet(_) => FieldType::Array,
        }
    }
}
