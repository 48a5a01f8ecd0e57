//! `parsimony doctor`: whether this server can serve what a parse-server served so far. It looks at the options and at
//! the database and says what fits, what differs, what does not work yet and what has to be done first. It never writes
//! to the database, starts nothing and prints no value of an option.

mod classes;
mod configuration;
mod database;
mod indexes;
mod javascript;
mod people;
mod report;
mod tables;

pub use report::{Report, Verdict};

use self::report::{Section, Weight};
use crate::options::{Database, Examination};
use crate::storage::{postgres, sqlite};

/// Looks at everything.
pub async fn doctor(examination: &Examination) -> Report {
    let mut sections = vec![configuration::section(examination)];
    sections.extend(javascript::section(&examination.config).await);
    match examination.database() {
        None => {}
        Some(Database::SqliteMemory) => {
            let mut section = Section::new("Database");
            section
                .say(Weight::Differs, "SQLite in memory: everything is gone when the server stops");
            sections.push(section);
        }
        Some(Database::Sqlite(path)) => {
            let path = path.clone();
            let looked = tokio::task::spawn_blocking(move || {
                let inspected = sqlite::inspect(&path);
                database::sqlite(&path, inspected)
            });
            sections.push(looked.await.unwrap_or_else(|_| Section::new("Database")));
        }
        Some(Database::Postgres(address)) => match postgres::inspect(address).await {
            Err(cause) => sections.push(database::unseen(&cause)),
            Ok(inspection) => {
                sections.push(database::postgres(&inspection, address.pool.connections_max));
                sections.push(classes::section(&inspection));
                sections.push(tables::section(&inspection));
                sections.push(people::section(&inspection, &examination.config));
                sections.push(indexes::section(&inspection));
            }
        },
    }
    Report::new(sections)
}
