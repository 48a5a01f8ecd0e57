//! What there is in the database: tables with their columns, and indexes by name.

use std::collections::HashMap;

use super::cells::text;
use super::connection::Connection;
use crate::schema::ClassSchema;
use crate::schema::FieldType;
use crate::storage::sql::{Bind, Dialect, Index, Postgres, Statement};
use crate::value::Json;

/// Longer names are cut by PostgreSQL, wherever they stand in a statement (`NAMEDATALEN`).
pub(super) const NAME_BYTES_MAX: usize = 63;

/// The columns of a table, `[["name","type"],…]` in their order.
pub(super) const COLUMNS: &str = "(SELECT json_agg(json_build_array(a.attname, format_type(a.atttypid, NULL)) ORDER BY a.attnum)::text \
     FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)";

/// The columns of a table in their order, with their types as `format_type` names them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Columns(Vec<(String, String)>);

impl Columns {
    /// Reads what [`COLUMNS`] gives.
    pub(super) fn read(json: &str) -> Self {
        let json = Json::parse(json.as_bytes()).unwrap_or_default();
        let text = |json: Option<&Json>| json.and_then(Json::as_str).unwrap_or_default().to_owned();
        let column = |pair: &Json| {
            let pair = pair.as_array().unwrap_or_default();
            (text(pair.first()), text(pair.get(1)))
        };
        Self(json.as_array().unwrap_or_default().iter().map(column).collect())
    }

    /// The place of a column among the others.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|(column, _)| column == cut(name))
    }

    /// The type of a column.
    pub(super) fn kind(&self, name: &str) -> Option<&str> {
        self.position(name).map(|at| self.0[at].1.as_str())
    }

    /// Whether those columns of a field that are there can hold it.
    pub(super) fn fit(&self, class: &ClassSchema, field: &str, kind: &FieldType) -> bool {
        let columns = Postgres.columns(class, field, kind);
        columns
            .iter()
            .all(|column| self.kind(&column.name).is_none_or(|found| fits(column.kind, found)))
    }
}

/// Whether a column of a type does for one that this program would make of another.
fn fits(wanted: &str, found: &str) -> bool {
    found == wanted
        || match wanted {
            "text" => matches!(found, "character varying" | "character"),
            "double precision" => matches!(found, "real" | "smallint" | "integer" | "bigint"),
            "timestamp with time zone" => found == "timestamp without time zone",
            _ => false,
        }
}

/// The name as PostgreSQL keeps it.
pub(super) fn cut(name: &str) -> &str {
    let mut end = name.len().min(NAME_BYTES_MAX);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    &name[..end]
}

/// The tables and indexes of the first schema of the search path.
#[derive(Debug, Default)]
pub(super) struct Catalogue {
    tables: HashMap<String, Columns>,
    /// The table that an index is of; of what else has a name, nothing.
    names: HashMap<String, Option<String>>,
}

impl Catalogue {
    /// Reads all of it.
    pub(super) async fn read(connection: &mut Connection<'_>) -> sqlx::Result<Self> {
        Self::of(connection, "TRUE", Vec::new()).await
    }

    /// Reads what there is of a table, and who has some names.
    pub(super) async fn of_table(
        connection: &mut Connection<'_>,
        table: &str,
        names: &[String],
    ) -> sqlx::Result<Self> {
        let names = names.iter().map(String::as_str).chain([table]);
        let names = Bind::Texts(names.map(|name| cut(name).to_owned()).collect());
        let table = Bind::Text(cut(table).to_owned());
        Self::of(
            connection,
            "(c.relname = ANY ($1::text[]) OR t.relname = $2::text)",
            vec![names, table],
        )
        .await
    }

    async fn of(
        connection: &mut Connection<'_>,
        condition: &str,
        binds: Vec<Bind>,
    ) -> sqlx::Result<Self> {
        let text = format!(
            "SELECT c.relname::text, CASE WHEN c.relkind IN ('r', 'p') THEN {COLUMNS} END, t.relname::text \
             FROM pg_class AS c LEFT JOIN pg_index AS x ON x.indexrelid = c.oid AND x.indisvalid \
             LEFT JOIN pg_class AS t ON t.oid = x.indrelid \
             WHERE c.relnamespace = current_schema()::regnamespace AND {condition}"
        );
        let mut found = Self::default();
        for row in connection.rows(&Statement { text, binds }).await? {
            let name = self::text(&row, 0)?.to_owned();
            if let Ok(columns) = self::text(&row, 1) {
                found.tables.insert(name.clone(), Columns::read(columns));
            }
            found.names.insert(name, self::text(&row, 2).ok().map(str::to_owned));
        }
        Ok(found)
    }

    /// The columns of a table, if there is one.
    pub(super) fn table(&self, name: &str) -> Option<&Columns> {
        self.tables.get(cut(name))
    }

    /// Whether anything has this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.names.contains_key(cut(name))
    }

    /// The name that an index has on its table, if it is there.
    pub(super) fn index(&self, class: &ClassSchema, index: &Index) -> Option<String> {
        let is_here = |name: &String| {
            self.names.get(cut(name)).and_then(Option::as_deref) == Some(cut(&class.name))
        };
        [index.name.clone(), second_name(class, index)].into_iter().find(is_here)
    }

    /// The index under a name that is free. The original takes a name that another class has an index by for the same
    /// index, and makes none.
    pub(super) fn placed(&self, class: &ClassSchema, index: Index) -> Index {
        match self.has(&index.name) {
            true => {
                let name = second_name(class, &index);
                index.renamed(name)
            }
            false => index,
        }
    }
}

/// The name of an index where its own name is taken.
pub(super) fn second_name(class: &ClassSchema, index: &Index) -> String {
    format!("{}:{}", class.name, index.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_that_do() {
        let columns = Columns::read(r#"[["a","character varying"],["b","integer"],["c","json"]]"#);
        let class = ClassSchema::new(crate::value::ClassName::from("City"));
        for (field, kind, expected) in [
            ("a", FieldType::String, true),
            ("a", FieldType::Number, false),
            ("b", FieldType::Number, true),
            ("c", FieldType::Object, false),
            ("missing", FieldType::Object, true),
        ] {
            assert_eq!(columns.fit(&class, field, &kind), expected, "{field} {kind}");
        }
        assert_eq!(columns.position("c"), Some(2));
    }

    #[test]
    fn long_names_are_cut() {
        assert_eq!(cut(&"é".repeat(40)).len(), 62);
        assert_eq!(cut("short"), "short");
    }
}
