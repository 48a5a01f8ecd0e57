//! One connection: how it is set up, and how statements are run on it.

use std::cell::{RefCell, RefMut};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rusqlite::backup::Backup;
use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use rusqlite::{CachedStatement, OpenFlags, Row};

use super::functions;
use crate::storage::sql::{Bind, CellKind, Shape, Statement};
use crate::storage::witness::{Sight, Watch};
use crate::value::{Acl, Cell, ClassName, Date, GeoPoint, Stored, StoredBuilder};

/// How often a statement that finds another process writing looks again, and how soon. SQLite itself looks at longer
/// and longer intervals, so that a process that always has something to write keeps all others out.
const BUSY_LOOKS_MAX: i32 = 10_000;
const BUSY_LOOK_EVERY: Duration = Duration::from_millis(1);
/// Pages that a connection keeps.
const CACHE_KIB: i64 = 8_192;
/// What the write-ahead log keeps of its size after a peak.
const JOURNAL_BYTES_MAX: i64 = 64 << 20;
/// Prepared statements that a connection keeps.
const STATEMENTS_MAX: usize = 512;
/// Text of one answer may take this many bytes: positions in it are 32 bits.
const TEXT_BYTES_MAX: usize = u32::MAX as usize;

/// What a commit waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Synchronous {
    /// The disk has it: it survives a loss of power.
    Full,
    /// The operating system has it: it survives the end of the process.
    Normal,
}

/// A connection with the program's functions on it.
pub(super) struct Connection {
    raw: rusqlite::Connection,
    statements: Arc<AtomicU64>,
    sight: RefCell<Sight>,
}

impl Connection {
    /// Opens a database in a file, or makes it.
    pub(super) fn open_file(
        path: &Path,
        synchronous: Synchronous,
        statements: Arc<AtomicU64>,
    ) -> rusqlite::Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let raw = rusqlite::Connection::open_with_flags(path, flags)?;
        raw.busy_handler(Some(look_again))?;
        raw.pragma_update(None, "journal_mode", "WAL")?;
        raw.pragma_update(None, "journal_size_limit", JOURNAL_BYTES_MAX)?;
        raw.pragma_update(
            None,
            "synchronous",
            if synchronous == Synchronous::Full { "FULL" } else { "NORMAL" },
        )?;
        Self::set_up(raw, statements)
    }

    /// Makes a database in memory, which only this connection has.
    pub(super) fn open_memory(statements: Arc<AtomicU64>) -> rusqlite::Result<Self> {
        Self::set_up(rusqlite::Connection::open_in_memory()?, statements)
    }

    fn set_up(raw: rusqlite::Connection, statements: Arc<AtomicU64>) -> rusqlite::Result<Self> {
        raw.pragma_update(None, "cache_size", -CACHE_KIB)?;
        raw.pragma_update(None, "temp_store", "MEMORY")?;
        raw.pragma_update(None, "trusted_schema", false)?;
        // An unknown column is an error, never a text.
        raw.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
        raw.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
        // Without this, a statement with a bound LIMIT is prepared again for each value.
        raw.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        raw.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        functions::register(&raw)?;
        Ok(Self { raw, statements, sight: RefCell::default() })
    }

    /// A copy of the database as it is now, in memory.
    pub(super) fn copy(&self) -> rusqlite::Result<Self> {
        let mut copy = rusqlite::Connection::open_in_memory()?;
        Backup::new(&self.raw, &mut copy)?.step(-1)?;
        Self::set_up(copy, Arc::clone(&self.statements))
    }

    /// From now on, the connection refuses to write.
    pub(super) fn read_only(self) -> rusqlite::Result<Self> {
        self.raw.pragma_update(None, "query_only", true)?;
        Ok(self)
    }

    /// From now on, what is changed on the connection is noted for a witness.
    pub(super) fn watched(self, watch: &Watch) -> Self {
        Self { sight: RefCell::new(watch.sight()), ..self }
    }

    /// Whether somebody watches a class.
    pub(super) fn watches(&self, class: &ClassName) -> bool {
        self.sight.borrow().watches(class)
    }

    /// What was seen of changes since the transaction began.
    pub(super) fn sight(&self) -> RefMut<'_, Sight> {
        self.sight.borrow_mut()
    }

    /// The connection of the driver, for what is no statement of a verb.
    pub(super) fn raw(&self) -> &rusqlite::Connection {
        &self.raw
    }

    fn prepare(&self, statement: &Statement) -> rusqlite::Result<CachedStatement<'_>> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        let mut prepared = self.raw.prepare_cached(&statement.text)?;
        for (at, value) in statement.binds.iter().enumerate() {
            bind(&mut prepared, at + 1, value)?;
        }
        Ok(prepared)
    }

    /// Runs a statement that answers with nothing; says how many rows it changed.
    pub(super) fn execute(&self, statement: &Statement) -> rusqlite::Result<usize> {
        self.prepare(statement)?.raw_execute()
    }

    /// Runs a statement and reads its rows.
    pub(super) fn query(&self, statement: &Statement, shape: &Shape) -> rusqlite::Result<Stored> {
        let mut builder = StoredBuilder::new(Arc::clone(&shape.layout));
        let mut reader = RowReader::default();
        let mut rows = 0_usize;
        self.each_row(statement, |row| {
            if matches!(rows, 2 | 16 | 128) {
                builder.expect_more(rows * 8);
            }
            rows += 1;
            reader.read(row, 0, shape, &mut builder)
        })?;
        Ok(builder.finish())
    }

    /// Runs a statement whose rows have the columns of one shape, and after them those of another if there is one.
    pub(super) fn query_both(
        &self,
        statement: &Statement,
        first: &Shape,
        second: Option<&Shape>,
    ) -> rusqlite::Result<(Stored, Option<Stored>)> {
        let mut builder = StoredBuilder::new(Arc::clone(&first.layout));
        let mut other = second.map(|shape| (shape, StoredBuilder::new(Arc::clone(&shape.layout))));
        let (mut reader, offset) = (RowReader::default(), first.width());
        self.each_row(statement, |row| {
            reader.read(row, 0, first, &mut builder)?;
            match &mut other {
                Some((shape, builder)) => reader.read(row, offset, shape, builder),
                None => Ok(()),
            }
        })?;
        Ok((builder.finish(), other.map(|(_, builder)| builder.finish())))
    }

    /// Runs a statement and shows each of its rows.
    pub(super) fn each_row(
        &self,
        statement: &Statement,
        mut see: impl FnMut(&Row<'_>) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()> {
        let mut prepared = self.prepare(statement)?;
        let mut rows = prepared.raw_query();
        while let Some(row) = rows.next()? {
            see(row)?;
        }
        Ok(())
    }
}

/// Waits for another process; whether to look once more.
fn look_again(looks: i32) -> bool {
    std::thread::sleep(BUSY_LOOK_EVERY);
    looks < BUSY_LOOKS_MAX
}

fn bind(prepared: &mut CachedStatement<'_>, at: usize, value: &Bind) -> rusqlite::Result<()> {
    match value {
        Bind::Null => prepared.raw_bind_parameter(at, rusqlite::types::Null),
        Bind::Bool(flag) => prepared.raw_bind_parameter(at, flag),
        Bind::Integer(number) => prepared.raw_bind_parameter(at, number),
        Bind::Number(number) => prepared.raw_bind_parameter(at, number),
        Bind::Date(date) => prepared.raw_bind_parameter(at, date.millis()),
        Bind::Text(text) | Bind::Json(text) => prepared.raw_bind_parameter(at, text),
        Bind::Bytes(bytes) => prepared.raw_bind_parameter(at, &bytes[..]),
        Bind::Grantees(grantees) => prepared.raw_bind_parameter(at, grantees.json()),
        Bind::Texts(_) | Bind::Numbers(_) | Bind::Dates(_) => {
            Err(rusqlite::Error::ToSqlConversionFailure("a list can not be bound".into()))
        }
    }
}

/// Reads rows into cells. Access lists of neighbouring rows are mostly the same, so the last one is kept.
#[derive(Default)]
pub(super) struct RowReader {
    readers: String,
    writers: String,
    acl: String,
}

impl RowReader {
    /// Appends the cells of a row, whose columns begin at a position.
    pub(super) fn read(
        &mut self,
        row: &Row<'_>,
        first: usize,
        shape: &Shape,
        builder: &mut StoredBuilder,
    ) -> rusqlite::Result<()> {
        let mut at = first;
        for kind in &shape.cells {
            let value = row.get_ref(at)?;
            match kind {
                CellKind::Point => builder.push(point(value, row.get_ref(at + 1)?)),
                CellKind::Acl => self.read_acl(value, row.get_ref(at + 1)?, builder)?,
                CellKind::Text
                | CellKind::Number
                | CellKind::Bool
                | CellKind::Date
                | CellKind::Json => {
                    builder.push(cell(*kind, value)?);
                }
            }
            at += kind.width();
        }
        if builder.text_bytes() > TEXT_BYTES_MAX {
            return Err(rusqlite::Error::ToSqlConversionFailure("the answer is too large".into()));
        }
        Ok(())
    }

    fn read_acl(
        &mut self,
        readers: ValueRef<'_>,
        writers: ValueRef<'_>,
        builder: &mut StoredBuilder,
    ) -> rusqlite::Result<()> {
        let text = |value: ValueRef<'_>| match value {
            ValueRef::Text(bytes) => {
                std::str::from_utf8(bytes).map(str::to_owned).unwrap_or_default()
            }
            ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) | ValueRef::Blob(_) => {
                String::new()
            }
        };
        if matches!((readers, writers), (ValueRef::Null, ValueRef::Null)) {
            builder.push(Cell::Null);
            return Ok(());
        }
        let is_known = |value: ValueRef<'_>, known: &str| matches!(value, ValueRef::Text(bytes) if bytes == known.as_bytes());
        if !is_known(readers, &self.readers) || !is_known(writers, &self.writers) {
            self.readers = text(readers);
            self.writers = text(writers);
            let list = |text: &str| serde_json::from_str::<Vec<String>>(text).unwrap_or_default();
            self.acl = Acl::new(list(&self.readers), list(&self.writers)).to_json().to_text();
        }
        builder.push(Cell::Json(&self.acl));
        Ok(())
    }
}

/// The cell of a value. A value of another type than the column's (which this program never writes) is
/// taken as it is.
fn cell(kind: CellKind, value: ValueRef<'_>) -> rusqlite::Result<Cell<'_>> {
    Ok(match (kind, value) {
        (_, ValueRef::Null) => Cell::Null,
        (CellKind::Json, ValueRef::Text(bytes)) => Cell::Json(utf8(bytes)?),
        (_, ValueRef::Text(bytes)) => Cell::Text(utf8(bytes)?),
        (CellKind::Bool, ValueRef::Integer(number)) => Cell::Bool(number != 0),
        (CellKind::Date, ValueRef::Integer(number)) => {
            Date::from_millis(number).map_or(Cell::Null, Cell::Date)
        }
        (CellKind::Date, ValueRef::Real(number)) => {
            Date::from_millis(number as i64).map_or(Cell::Null, Cell::Date)
        }
        (_, ValueRef::Integer(number)) => Cell::Number(number as f64),
        (_, ValueRef::Real(number)) => Cell::Number(number),
        (_, ValueRef::Blob(_)) => Cell::Null,
    })
}

fn utf8(bytes: &[u8]) -> rusqlite::Result<&str> {
    std::str::from_utf8(bytes)
        .map_err(|_| rusqlite::Error::ToSqlConversionFailure("a text is not UTF-8".into()))
}

fn point<'a>(latitude: ValueRef<'_>, longitude: ValueRef<'_>) -> Cell<'a> {
    match (latitude.as_f64(), longitude.as_f64()) {
        (Ok(latitude), Ok(longitude)) => Cell::Point(GeoPoint { latitude, longitude }),
        _ => Cell::Null,
    }
}
