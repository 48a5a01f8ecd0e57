//! Indexes are the operator's task: which ones would help, as statements to be run beside a running server.

use super::classes::readable;
use super::report::{Finding, Section, Weight, counted};
use crate::storage::sql::{self, Postgres, quoted};
use crate::storage::{Inspection, Table};

/// Below so many rows reading all of them costs nothing that is worth an index.
const ROWS_MIN: i64 = 1_000;

/// What indexes there are and which would help.
pub(super) fn section(inspection: &Inspection) -> Section {
    let mut section = Section::new("Indexes");
    if inspection.classes.is_none() {
        return section;
    }
    broken(inspection, &mut section);
    let mut needed = Vec::new();
    let mut helpful = Vec::new();
    for class in readable(inspection) {
        let Some(table) = inspection.table(&class.name) else { continue };
        let own = sql::indexes(&Postgres, &class);
        let exists = |index: &sql::Index| inspection.has_index(&index.name);
        needed.extend(
            own.iter().filter(|index| !exists(index)).map(|index| (table, index.text.clone())),
        );
        for (field, _) in class.pointers() {
            let is_own = own.iter().any(|index| index.fields.first() == Some(field));
            if !is_own && table.has_column(field) && !table.is_indexed_by(field) {
                let (table_name, column) = (quoted(&table.name), quoted(field));
                helpful.push((table, format!("CREATE INDEX ON {table_name} ({column})")));
            }
        }
    }
    for table in inspection.tables.iter().filter(|table| table.name.starts_with("_Join:")) {
        if !table.is_indexed_by("owningId") {
            let (name, of) = (quoted(&format!("{}:owningId", table.name)), quoted(&table.name));
            needed.push((table, format!("CREATE INDEX {name} ON {of} (\"owningId\")")));
        }
    }
    let own = "that the first start of this server makes; it locks the table meanwhile, made before they lock nothing";
    tell(needed, own, &mut section);
    tell(helpful, "over pointers would spare queries reading whole tables", &mut section);
    if section.findings.is_empty() {
        section
            .say(Weight::Fine, "every pointer, relation and look-up of the server has its index");
    }
    section
}

fn broken(inspection: &Inspection, section: &mut Section) {
    let indexes = inspection.tables.iter().flat_map(|table| &table.indexes);
    let broken: Vec<&str> =
        indexes.filter(|index| !index.is_valid).map(|index| index.name.as_str()).collect();
    if !broken.is_empty() {
        let what = format!(
            "{} not used: making them was interrupted",
            counted(broken.len() as u64, "index is", "indexes are")
        );
        let advice = broken
            .iter()
            .map(|name| format!("REINDEX INDEX CONCURRENTLY {};", quoted(name)))
            .collect();
        section.add(Finding { weight: Weight::Differs, what, advice });
    }
}

/// Tells of indexes that are not there, as statements that lock nothing; of those of small tables only how many.
fn tell(missing: Vec<(&Table, String)>, what: &str, section: &mut Section) {
    let is_large =
        |table: &Table| table.has_rows && table.rows_estimate.is_none_or(|rows| rows >= ROWS_MIN);
    let (large, small): (Vec<_>, Vec<_>) =
        missing.into_iter().partition(|(table, _)| is_large(table));
    if !large.is_empty() {
        let what = format!("{} {what}", counted(large.len() as u64, "index", "indexes"));
        let concurrently = |text: &String| text.replacen("INDEX ", "INDEX CONCURRENTLY ", 1) + ";";
        let advice = large.iter().map(|(_, text)| concurrently(text)).collect();
        section.add(Finding { weight: Weight::Differs, what, advice });
    }
    if !small.is_empty() {
        let count = counted(small.len() as u64, "index", "indexes");
        section.say(Weight::Fine, format!("on small tables: {count} {what}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::IndexFacts;

    fn table(name: &str, columns: &[&str], rows: Option<i64>, indexed: &[&str]) -> Table {
        let index = |column: &&str| IndexFacts {
            name: format!("{name}_{column}"),
            columns: vec![(*column).to_owned()],
            is_valid: true,
            is_partial: false,
        };
        Table {
            name: name.to_owned(),
            rows_estimate: rows,
            has_rows: true,
            columns: columns
                .iter()
                .map(|column| ((*column).to_owned(), "text".to_owned()))
                .collect(),
            indexes: indexed.iter().map(index).collect(),
            ..Table::default()
        }
    }

    fn found(tables: Vec<Table>) -> Section {
        let class = r#"{"className":"A","fields":{"p":{"type":"Pointer","targetClass":"B"}}}"#;
        let classes = Some(vec![("A".to_owned(), class.to_owned())]);
        section(&Inspection { classes, tables, ..Inspection::default() })
    }

    #[test]
    fn statements() {
        let section = found(vec![
            table("A", &["p"], None, &[]),
            table("_Join:r:A", &["relatedId", "owningId"], Some(50_000), &["relatedId"]),
        ]);
        let advice: Vec<&String> =
            section.findings.iter().flat_map(|finding| &finding.advice).collect();
        assert_eq!(
            advice,
            [
                "CREATE INDEX CONCURRENTLY \"_Join:r:A:owningId\" ON \"_Join:r:A\" (\"owningId\");",
                "CREATE INDEX CONCURRENTLY ON \"A\" (\"p\");",
            ]
        );
        let section = found(vec![table("A", &["p"], Some(5), &[])]);
        assert!(
            section.findings[0].what.starts_with("on small tables: 1 index over"),
            "{section:#?}"
        );
    }

    #[test]
    fn nothing_to_do() {
        let section = found(vec![table("A", &["p"], Some(9_000), &["p"])]);
        assert_eq!(section.findings.len(), 1);
        assert_eq!(section.findings[0].weight, Weight::Fine);
    }

    #[test]
    fn an_interrupted_index() {
        let mut broken = table("A", &["p"], Some(9_000), &["p"]);
        broken.indexes[0].is_valid = false;
        let section = found(vec![broken]);
        assert_eq!(section.findings[0].advice, ["REINDEX INDEX CONCURRENTLY \"A_p\";"]);
    }
}
