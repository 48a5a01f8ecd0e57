//! A look at a database file without changing it.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::classes::LAYOUT;
use super::failure::failure;
use crate::error::Result;

/// What a database file is.
#[derive(Clone, Debug, Default)]
pub struct FileFacts {
    /// The layout of its tables.
    pub layout: i64,
    /// The newest layout that this server knows.
    pub layout_known: i64,
    /// What is broken in it.
    pub damage: Option<String>,
    /// Classes in it.
    pub classes: u64,
}

/// Looks at a file; nothing if there is none.
pub fn inspect(path: &Path) -> Result<Option<FileFacts>> {
    if !path.exists() {
        return Ok(None);
    }
    look(path).map(Some).map_err(failure)
}

fn look(path: &Path) -> rusqlite::Result<FileFacts> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    let layout = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let check: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    let classes = if layout > 0 {
        connection.query_row("SELECT count(*) FROM \"_SCHEMA\"", [], |row| row.get::<_, i64>(0))?
    } else {
        0
    };
    Ok(FileFacts {
        layout,
        layout_known: LAYOUT,
        damage: (check != "ok").then_some(check),
        classes: classes.unsigned_abs(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::sqlite::{Location, SqliteOptions, SqliteStorage, Synchronous};

    #[test]
    fn files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        assert!(inspect(&path).unwrap().is_none());
        let options = SqliteOptions {
            location: Location::File(path.clone()),
            readers: 1,
            synchronous: Synchronous::Normal,
        };
        drop(SqliteStorage::open(options).unwrap());
        let facts = inspect(&path).unwrap().unwrap();
        assert_eq!((facts.layout, facts.classes), (facts.layout_known, 2));
        assert_eq!(facts.damage, None);
        let other = folder.path().join("b.db");
        std::fs::write(&other, "this is no database at all, whatever it says").unwrap();
        assert!(inspect(&other).is_err());
    }
}
