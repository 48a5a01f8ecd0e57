//! The tables: whether they hold what the classes say.

use super::classes::readable;
use super::report::{Finding, Section, Weight, counted, listed};
use crate::schema::{ClassSchema, FieldType};
use crate::storage::sql::{self, Dialect, Postgres};
use crate::storage::{Inspection, Table};

/// Tables of either server that are no classes.
const OWN: &[&str] = &["_SCHEMA", "_VERSION", "_Blob", "_BlobChunk"];
/// Classes of parse-server that it never describes.
const UNDESCRIBED: &[&str] = &[
    "_JobStatus",
    "_JobSchedule",
    "_PushStatus",
    "_Hooks",
    "_GlobalConfig",
    "_GraphQLConfig",
    "_Audience",
    "_Idempotency",
];

/// Features that work in another way here, by the class whose rows ask for them.
const FEATURES: &[(&str, &str, &str)] = &[(
    "_JobSchedule",
    "jobs are scheduled; parse-server leaves that to another program, this server starts them itself",
    "end that program, or set `jobSchedules: false`",
)];

/// What the tables hold.
pub(super) fn section(inspection: &Inspection) -> Section {
    let mut section = Section::new("Tables");
    if inspection.classes.is_none() {
        return section;
    }
    let classes = readable(inspection);
    let mut missing = Vec::new();
    for class in &classes {
        match inspection.table(&class.name) {
            Some(table) => columns(class, table, &mut section, &mut missing),
            None => missing.push(class.name.to_string()),
        }
        relations(class, inspection, &mut missing);
    }
    if !missing.is_empty() {
        let what = format!(
            "tables and columns that the first start of this server adds: {}",
            listed(&missing)
        );
        section.say(Weight::Differs, what);
    }
    strangers(&classes, inspection, &mut section);
    for (name, what, advice) in FEATURES {
        if inspection.table(name).is_some_and(|table| table.has_rows) {
            section.add(Finding::new(Weight::Differs, *what).advice(*advice));
        }
    }
    let rows: i64 = inspection.tables.iter().filter_map(|table| table.rows_estimate).sum();
    let what = format!(
        "{} with about {}",
        counted(inspection.tables.len() as u64, "table", "tables"),
        counted(rows.unsigned_abs(), "row", "rows")
    );
    section.say(Weight::Fine, what);
    section
}

/// Compares the columns that the fields need with those that are there.
fn columns(class: &ClassSchema, table: &Table, section: &mut Section, missing: &mut Vec<String>) {
    let mut known = Vec::new();
    for (name, field) in class.columns() {
        for column in Postgres.columns(class, name, &field.kind) {
            match table.columns.iter().find(|(there, _)| *there == column.name) {
                None => missing.push(format!("{}.{}", class.name, column.name)),
                Some((_, kind)) if fits(column.kind, kind) => {}
                Some((_, kind)) => {
                    let what = format!(
                        "column `{}` of `{}` is of type {kind}, which does not do for {}: the field is not served",
                        column.name, class.name, column.kind
                    );
                    let advice = "change the type of the column, or of the field in `_SCHEMA`";
                    section.add(Finding::new(Weight::First, what).advice(advice));
                }
            }
            known.push(column.name);
        }
    }
    let extra: Vec<&String> = table
        .columns
        .iter()
        .map(|(name, _)| name)
        .filter(|name| !known.contains(name) && !name.starts_with('_'))
        .collect();
    if !extra.is_empty() {
        let what = format!(
            "class `{}`: columns without a field are kept and not served: {}",
            class.name,
            listed(&extra)
        );
        section.say(Weight::Differs, what);
    }
}

/// Whether a column of a type can hold what this server would make a column of another type for.
fn fits(wanted: &str, found: &str) -> bool {
    let others: &[&str] = match wanted {
        "text" => &["character varying", "character"],
        "double precision" => &["real", "smallint", "integer", "bigint"],
        "timestamp with time zone" => &["timestamp without time zone"],
        _ => &[],
    };
    found == wanted || others.contains(&found)
}

fn relations(class: &ClassSchema, inspection: &Inspection, missing: &mut Vec<String>) {
    let joins = class.relations().map(|(key, _)| sql::join_name(&class.name, key));
    missing.extend(joins.filter(|join| inspection.table(join).is_none()));
}

fn strangers(classes: &[ClassSchema], inspection: &Inspection, section: &mut Section) {
    let is_known = |name: &str| {
        let of_class = classes.iter().any(|class| {
            let of_relation = |(key, field): (&_, &crate::schema::Field)| {
                matches!(field.kind, FieldType::Relation(_))
                    && sql::join_name(&class.name, key) == name
            };
            *class.name == *name || class.fields.iter().any(of_relation)
        });
        of_class
            || OWN.contains(&name)
            || UNDESCRIBED.contains(&name)
            || name.starts_with("_PARSIMONY")
    };
    let strangers: Vec<&str> = inspection
        .tables
        .iter()
        .map(|table| table.name.as_str())
        .filter(|name| !is_known(name))
        .collect();
    if !strangers.is_empty() {
        let what = format!("tables that belong to no class are left alone: {}", listed(&strangers));
        section.say(Weight::Differs, what);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLASS: &str = r#"{"className":"A","fields":{"objectId":{"type":"String"},"createdAt":{"type":"Date"},
        "updatedAt":{"type":"Date"},"n":{"type":"Number"},"r":{"type":"Relation","targetClass":"B"}}}"#;

    fn table(name: &str, columns: &[(&str, &str)]) -> Table {
        let columns = columns.iter().map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned()));
        Table { name: name.to_owned(), columns: columns.collect(), ..Table::default() }
    }

    const DATE: &str = "timestamp with time zone";
    const COLUMNS: &[(&str, &str)] = &[
        ("objectId", "text"),
        ("createdAt", DATE),
        ("updatedAt", DATE),
        ("_rperm", "text[]"),
        ("_wperm", "text[]"),
        ("n", "double precision"),
    ];

    fn found(tables: Vec<Table>) -> Vec<(Weight, String)> {
        let classes = Some(vec![("A".to_owned(), CLASS.to_owned())]);
        let section = section(&Inspection { classes, tables, ..Inspection::default() });
        let told = |finding: Finding| {
            (finding.weight, format!("{} {}", finding.what, finding.advice.join(" ")))
        };
        section
            .findings
            .into_iter()
            .map(told)
            .filter(|(weight, _)| *weight != Weight::Fine)
            .collect()
    }

    fn check(tables: Vec<Table>, weight: Weight, text: &str) {
        let found = found(tables);
        assert!(
            found.len() == 1 && found[0].0 == weight && found[0].1.contains(text),
            "{text}: {found:#?}"
        );
    }

    #[test]
    fn tables_as_the_classes_want_them() {
        let join = || {
            table(
                "_Join:r:A",
                &[("relatedId", "character varying"), ("owningId", "character varying")],
            )
        };
        assert_eq!(found(vec![table("A", COLUMNS), join()]), []);
        let mut schedules = table("_JobSchedule", &[]);
        schedules.has_rows = true;
        check(vec![table("A", COLUMNS), join(), schedules], Weight::Differs, "jobs are scheduled");
        check(vec![join()], Weight::Differs, "this server adds: `A`");
        check(vec![table("A", COLUMNS)], Weight::Differs, "this server adds: `_Join:r:A`");
        check(vec![table("A", &COLUMNS[..5]), join()], Weight::Differs, "this server adds: `A.n`");
        let with = |kind| [&COLUMNS[..5], &[("n", kind)]].concat();
        assert_eq!(found(vec![table("A", &with("integer")), join()]), []);
        let text = "column `n` of `A` is of type text, which does not do for double precision";
        check(vec![table("A", &with("text")), join()], Weight::First, text);
        let more = [COLUMNS, &[("old", "text"), ("_aside", "text")]].concat();
        check(vec![table("A", &more), join()], Weight::Differs, "not served: `old`");
        check(
            vec![table("A", COLUMNS), join(), table("notes", &[])],
            Weight::Differs,
            "left alone: `notes`",
        );
    }
}
