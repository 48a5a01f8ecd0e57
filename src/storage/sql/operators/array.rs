//! Arrays, objects, and what is inside them.

use crate::query::Comparison;
use crate::storage::sql::{JsonTest, Operand, Sql};
use crate::value::Json;

/// JSON compares with a literal; nothing there is not equal to anything.
pub(crate) fn compare(
    sql: &mut Sql<'_>,
    operand: &Operand<'_>,
    comparison: Comparison,
    literal: &Json,
) {
    if comparison == Comparison::NotEqual {
        sql.push("(");
        sql.json(operand, JsonTest::Compare(Comparison::Equal, literal));
        sql.push(" IS NOT TRUE)");
    } else {
        sql.json(operand, JsonTest::Compare(comparison, literal));
    }
}

/// JSON is one of several literals, or an array with one of them; with `or_null`, or nothing is there.
pub(crate) fn is_in(sql: &mut Sql<'_>, operand: &Operand<'_>, literals: &[Json], or_null: bool) {
    if or_null {
        sql.push("COALESCE(");
        sql.json(operand, JsonTest::In(literals));
        sql.push(", TRUE)");
    } else {
        sql.json(operand, JsonTest::In(literals));
    }
}

/// There is no array with an element like this.
pub(crate) fn contains_not(sql: &mut Sql<'_>, operand: &Operand<'_>, element: &Json) {
    sql.push("COALESCE(");
    sql.json(operand, JsonTest::ContainsNot(element));
    sql.push(", TRUE)");
}

/// Neither true nor false where nothing is, false elsewhere.
pub(crate) fn nothing_fits(sql: &mut Sql<'_>, operand: &Operand<'_>) {
    sql.json(operand, JsonTest::In(&[]));
}
