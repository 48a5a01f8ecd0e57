//! Points and polygons.

use crate::schema::FieldType;
use crate::storage::sql::{Operand, Sql};
use crate::value::{GeoPoint, Polygon};

/// A point column is not farther than an angle from a point.
pub(crate) fn near(sql: &mut Sql<'_>, operand: &Operand<'_>, centre: GeoPoint, limit: Option<f64>) {
    match limit {
        _ if *operand.kind != FieldType::GeoPoint => sql.false_unless_empty(operand),
        None => sql.true_unless_empty(operand),
        Some(radians) => sql.dialect().near(sql, operand, centre, radians),
    }
}

/// A point column is in a box.
pub(crate) fn in_box(sql: &mut Sql<'_>, operand: &Operand<'_>, low: GeoPoint, high: GeoPoint) {
    if *operand.kind != FieldType::GeoPoint {
        return sql.false_unless_empty(operand);
    }
    sql.dialect().in_box(sql, operand, low, high);
}

/// A point column is in a polygon.
pub(crate) fn in_polygon(sql: &mut Sql<'_>, operand: &Operand<'_>, polygon: &Polygon) {
    if *operand.kind != FieldType::GeoPoint {
        return sql.false_unless_empty(operand);
    }
    sql.dialect().in_polygon(sql, operand, polygon);
}

/// A polygon column has a point.
pub(crate) fn intersects(sql: &mut Sql<'_>, operand: &Operand<'_>, point: GeoPoint) {
    if *operand.kind != FieldType::Polygon {
        return sql.false_unless_empty(operand);
    }
    sql.dialect().has_point(sql, operand, point);
}
