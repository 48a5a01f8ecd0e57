//! The database server: its version, what the role may do, room for connections.

use std::path::Path;

use super::report::{Finding, Section, Weight, counted};
use crate::error::{Error, Result};
use crate::storage::Inspection;
use crate::storage::sqlite::FileFacts;

/// The oldest PostgreSQL on which everything that this server says is understood.
const VERSION_MIN: i64 = 130_000;
/// Versions below this one get no corrections any more.
const VERSION_SUPPORTED: i64 = 140_000;

/// The database could not be looked at.
pub(super) fn unseen(cause: &Error) -> Section {
    let mut section = Section::new("Database");
    let what = format!("the database can not be read: {}", cause.log_text());
    let advice =
        "check `databaseURI`, that the server runs, and that the role may connect and read";
    section.add(Finding::new(Weight::Unseen, what).advice(advice));
    section
}

/// What there is to say about a PostgreSQL server.
pub(super) fn postgres(inspection: &Inspection, connections_max: u32) -> Section {
    let mut section = Section::new("Database");
    version(inspection, &mut section);
    rights(inspection, &mut section);
    let server = &inspection.server;
    if server.is_read_only {
        let what = "the database only reads: it is a standby, or was set read-only";
        let advice = "name the primary server, or take back `default_transaction_read_only`";
        section.add(Finding::new(Weight::First, what).advice(advice));
    }
    if server.connections_free < i64::from(connections_max) {
        let what = format!(
            "{} can be opened now; this server opens up to {connections_max}",
            counted(
                server.connections_free.max(0).unsigned_abs(),
                "more connection",
                "more connections"
            )
        );
        let advice = "stop what it replaces first, raise `max_connections`, or lower the limit (`?max=…` in `databaseURI`)";
        section.add(Finding::new(Weight::Differs, what).advice(advice));
    }
    match &server.postgis {
        Some(version) => section.say(
            Weight::Fine,
            format!(
                "PostGIS {version}; this server does not need it, parse-server does: leave it there"
            ),
        ),
        None => section.say(Weight::Fine, "no PostGIS; this server does not need it"),
    }
    section
}

fn version(inspection: &Inspection, section: &mut Section) {
    let server = &inspection.server;
    let what = format!("PostgreSQL {}, encoding {}", server.version, server.encoding);
    if server.encoding != "UTF8" {
        let advice = "dump it and restore it into a database with encoding UTF8: texts are Unicode";
        section.add(Finding::new(Weight::First, what).advice(advice));
    } else if server.version_number < VERSION_MIN {
        section.add(Finding::new(Weight::First, what).advice("update to PostgreSQL 14 or newer"));
    } else if server.version_number < VERSION_SUPPORTED {
        let advice = "it gets no corrections any more: update when you can";
        section.add(Finding::new(Weight::Differs, what).advice(advice));
    } else {
        section.say(Weight::Fine, what);
    }
}

fn rights(inspection: &Inspection, section: &mut Section) {
    let role = &inspection.role;
    let name = &role.name;
    let Some(schema) = &role.schema else {
        let what = format!("role `{name}` finds no schema for its tables");
        let advice = format!("ALTER ROLE \"{name}\" SET search_path = public;");
        return section.add(Finding::new(Weight::First, what).advice(advice));
    };
    let mut grants = Vec::new();
    if !role.may_create {
        grants.push(format!("GRANT CREATE ON SCHEMA \"{schema}\" TO \"{name}\";"));
    }
    let foreign = inspection.tables.iter().filter(|table| !table.is_writable).count();
    if foreign > 0 {
        grants.push(format!("GRANT ALL ON ALL TABLES IN SCHEMA \"{schema}\" TO \"{name}\";"));
    }
    let owned_by_others = inspection.tables.iter().filter(|table| !table.is_owned).count();
    if grants.is_empty() && owned_by_others == 0 {
        let what =
            format!("role `{name}` may read, write and change every table of schema `{schema}`");
        return section.say(Weight::Fine, what);
    }
    if !grants.is_empty() {
        let what = format!(
            "role `{name}` may not make tables in schema `{schema}`, or not write {}",
            counted(foreign as u64, "table", "tables")
        );
        let finding = Finding { weight: Weight::First, what, advice: grants };
        section.add(finding);
    }
    if owned_by_others > 0 {
        let what = format!(
            "{} belong to another role: classes and fields can not be changed",
            counted(owned_by_others as u64, "table", "tables")
        );
        let advice = format!(
            "REASSIGN OWNED BY <that role> TO \"{name}\"; or use that role in `databaseURI`"
        );
        section.add(Finding::new(Weight::First, what).advice(advice));
    }
}

/// What there is to say about a SQLite file: it is this server's own kind.
pub(super) fn sqlite(path: &Path, inspected: Result<Option<FileFacts>>) -> Section {
    let mut section = Section::new("Database");
    let name = path.display();
    match inspected {
        Err(cause) => {
            let what = format!("the file `{name}` can not be read: {}", cause.log_text());
            section.add(
                Finding::new(Weight::Unseen, what)
                    .advice("check the path and the rights of the file"),
            );
        }
        Ok(None) => section
            .say(Weight::Fine, format!("SQLite: the file `{name}` is made at the first start")),
        Ok(Some(facts)) if facts.layout > facts.layout_known => {
            let what = format!("the file `{name}` was written by a newer version of this server");
            section.add(Finding::new(Weight::First, what).advice("install that version"));
        }
        Ok(Some(facts)) => {
            if let Some(damage) = &facts.damage {
                let what = format!("the file `{name}` is damaged: {damage}");
                section.add(Finding::new(Weight::First, what).advice("restore it from a backup"));
            }
            let classes = counted(facts.classes, "class", "classes");
            section.say(
                Weight::Fine,
                format!("SQLite: the file `{name}` holds {classes} of this server"),
            );
        }
    }
    section
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{RoleFacts, ServerFacts, Table};

    fn good() -> Inspection {
        Inspection {
            server: ServerFacts {
                version_number: 150_004,
                version: "15.4".to_owned(),
                encoding: "UTF8".to_owned(),
                postgis: Some("3.3.2".to_owned()),
                connections_free: 90,
                is_read_only: false,
            },
            role: RoleFacts {
                name: "app".to_owned(),
                schema: Some("public".to_owned()),
                may_create: true,
            },
            tables: vec![Table {
                name: "A".to_owned(),
                is_owned: true,
                is_writable: true,
                ..Table::default()
            }],
            ..Inspection::default()
        }
    }

    fn check(change: impl Fn(&mut Inspection), expected: Weight, text: &str) {
        let mut inspection = good();
        change(&mut inspection);
        let section = postgres(&inspection, 10);
        let fits = |finding: &Finding| {
            let advised = finding.advice.iter().any(|line| line.contains(text));
            finding.weight == expected && (finding.what.contains(text) || advised)
        };
        assert!(section.findings.iter().any(fits), "{text}: {section:#?}");
    }

    #[test]
    fn a_good_server_is_fine() {
        let section = postgres(&good(), 10);
        assert!(
            section.findings.iter().all(|finding| finding.weight == Weight::Fine),
            "{section:#?}"
        );
        assert_eq!(section.findings.len(), 3);
    }

    #[test]
    fn what_stands_in_the_way() {
        check(|it| it.server.version_number = 120_000, Weight::First, "update to PostgreSQL 14");
        check(|it| it.server.version_number = 130_000, Weight::Differs, "no corrections");
        check(|it| it.server.encoding = "SQL_ASCII".to_owned(), Weight::First, "encoding UTF8");
        check(|it| it.server.is_read_only = true, Weight::First, "only reads");
        check(|it| it.server.connections_free = 3, Weight::Differs, "3 more connections");
        check(
            |it| it.role.may_create = false,
            Weight::First,
            "GRANT CREATE ON SCHEMA \"public\" TO \"app\";",
        );
        check(|it| it.role.schema = None, Weight::First, "search_path");
        check(|it| it.tables[0].is_writable = false, Weight::First, "GRANT ALL ON ALL TABLES");
        check(|it| it.tables[0].is_owned = false, Weight::First, "REASSIGN OWNED");
        check(|it| it.server.postgis = None, Weight::Fine, "no PostGIS");
    }
}
