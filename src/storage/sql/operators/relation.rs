//! Relations: rows of a join table.

use crate::schema::{ClassSchema, is_class_name, is_field_name};
use crate::storage::sql::{Bind, Sql, join_name};
use crate::value::{ClassName, FieldName, ObjectId};

/// The object is in a relation of an owner. The names may not be those of a class and its field; then no
/// object is.
pub(crate) fn related_to(sql: &mut Sql<'_>, class: &ClassName, owner: &ObjectId, key: &FieldName) {
    if !is_class_name(class) || !is_field_name(key) {
        sql.push("FALSE");
        return;
    }
    sql.push("o.\"objectId\" IN (SELECT \"relatedId\" FROM ").name(&join_name(class, key));
    sql.push(" WHERE \"owningId\" = ").bind(Bind::Text(owner.to_string())).push(")");
}

/// One of some objects is in a relation of the object.
pub(crate) fn relates(sql: &mut Sql<'_>, class: &ClassSchema, field: &FieldName, ids: &[ObjectId]) {
    sql.push("(o.\"objectId\" IN (SELECT \"owningId\" FROM ").name(&join_name(&class.name, field));
    sql.push(" WHERE ");
    let ids = ids.iter().map(ObjectId::to_string).collect();
    sql.dialect().is_in(sql, "\"relatedId\"", Bind::Texts(ids));
    sql.push("))");
}
