//! The roles that a user has, directly and through other roles.

use super::filter::write_rows;
use super::table::join_name;
use super::{Bind, Dialect, Sql, Statement};
use crate::access::Allowed;
use crate::storage::RolesOf;
use crate::value::FieldName;

/// The ids and names of the roles of a user. A role that is contained in another one (in its relation
/// `roles`) gives its users the other one too. A circle of roles ends by itself, because `UNION` takes
/// nothing twice; a role that is gone leads nowhere, whatever the join tables still say of it.
pub fn roles_of(dialect: &dyn Dialect, question: &Allowed<RolesOf>) -> Statement {
    let RolesOf { class, user } = question.inner();
    let join = |field: &str| join_name(&class.name, &FieldName::from(field));
    let mut sql = Sql::new(dialect);
    sql.push("WITH RECURSIVE \"_roles\" (\"id\") AS (SELECT r.\"objectId\" FROM ");
    sql.name(&join("users")).push(" AS j JOIN ").name(&class.name);
    sql.push(" AS r ON r.\"objectId\" = j.\"owningId\" WHERE j.\"relatedId\" = ");
    sql.bind(Bind::Text(user.to_string()));
    sql.push(" UNION SELECT r.\"objectId\" FROM \"_roles\" AS f JOIN ").name(&join("roles"));
    sql.push(" AS j ON j.\"relatedId\" = f.\"id\" JOIN ").name(&class.name);
    sql.push(" AS r ON r.\"objectId\" = j.\"owningId\") SELECT o.\"objectId\", o.\"name\" FROM ");
    sql.push("\"_roles\" AS f JOIN ").name(&class.name);
    sql.push(" AS o ON o.\"objectId\" = f.\"id\" WHERE o.\"name\" IS NOT NULL");
    write_rows(&mut sql, class, question.rows());
    sql.push(" ORDER BY o.\"name\"");
    sql.finish()
}
