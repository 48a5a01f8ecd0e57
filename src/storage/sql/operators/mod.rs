//! The SQL of one family of operators per file.

pub(super) mod array;
pub(super) mod compare;
pub(super) mod geo;
pub(super) mod relation;
pub(super) mod text;

use super::{JsonTest, Operand, Sql};
use crate::schema::FieldType;

impl Operand<'_> {
    /// Whether the operand is JSON: an array, an object, or something inside one.
    pub(super) fn is_json(&self) -> bool {
        !self.path.is_empty() || matches!(self.kind, FieldType::Array | FieldType::Object)
    }

    /// Whether a path can lead anywhere: only arrays and objects have an inside.
    pub(super) fn has_inside(&self) -> bool {
        matches!(self.kind, FieldType::Array | FieldType::Object)
    }
}

impl Sql<'_> {
    /// Appends the column that says whether the operand's field is empty.
    pub(super) fn column(&mut self, operand: &Operand<'_>) -> &mut Self {
        let column = self.dialect().column(operand.class, operand.field, operand.kind);
        self.push("o.").name(&column)
    }

    /// Appends a test of JSON.
    pub(super) fn json(&mut self, operand: &Operand<'_>, test: JsonTest<'_>) {
        if !operand.path.is_empty() && !operand.has_inside() {
            self.push(if matches!(test, JsonTest::ContainsNot(_)) { "TRUE" } else { "NULL" });
            return;
        }
        self.dialect().json(self, operand, test);
    }

    /// Appends what is neither true nor false of an empty field and false of every other.
    pub(super) fn false_unless_empty(&mut self, operand: &Operand<'_>) {
        self.push("(").column(operand).push(" IS NULL AND NULL)");
    }

    /// Appends what is neither true nor false of an empty field and true of every other.
    pub(super) fn true_unless_empty(&mut self, operand: &Operand<'_>) {
        self.push("(").column(operand).push(" IS NOT NULL OR NULL)");
    }
}
