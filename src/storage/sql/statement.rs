//! A statement under construction: SQL text, and the values that are bound to it.

use bytes::Bytes;

use super::Dialect;
use crate::access::Grantees;
use crate::value::Date;

/// A value that is bound to a statement.
#[derive(Clone, Debug, PartialEq)]
pub enum Bind {
    /// Nothing.
    Null,
    /// A boolean.
    Bool(bool),
    /// A count, a page, a kind.
    Integer(i64),
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// A date.
    Date(Date),
    /// JSON, as compact text.
    Json(String),
    /// Bytes of a file.
    Bytes(Bytes),
    /// Several texts.
    Texts(Vec<String>),
    /// Several numbers.
    Numbers(Vec<f64>),
    /// Several dates.
    Dates(Vec<Date>),
    /// The names of a caller in access control lists: several texts, or a JSON array of them.
    Grantees(Grantees),
}

/// SQL text with the values that belong to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// The text. Everything that a client wrote is bound, never part of it.
    pub text: String,
    /// The bound values, in the order of their placeholders.
    pub binds: Vec<Bind>,
}

/// Writes a statement of one dialect.
pub struct Sql<'a> {
    dialect: &'a dyn Dialect,
    text: String,
    binds: Vec<Bind>,
}

impl<'a> Sql<'a> {
    /// An empty statement.
    pub fn new(dialect: &'a dyn Dialect) -> Self {
        Self { dialect, text: String::with_capacity(256), binds: Vec::new() }
    }

    /// The dialect.
    pub fn dialect(&self) -> &'a dyn Dialect {
        self.dialect
    }

    /// Appends SQL that stands in this program's source.
    pub fn push(&mut self, text: &'static str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Appends SQL that was written by this program.
    pub fn push_written(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Appends an identifier in quotes.
    pub fn name(&mut self, name: &str) -> &mut Self {
        quote(name, &mut self.text);
        self
    }

    /// Appends a placeholder and binds a value to it.
    pub fn bind(&mut self, bind: Bind) -> &mut Self {
        self.binds.push(bind);
        let number = self.binds.len();
        if let Some(bind) = self.binds.last() {
            self.dialect.placeholder(bind, number, &mut self.text);
        }
        self
    }

    /// Writes parts with a word between them.
    pub fn join<T>(
        &mut self,
        parts: impl IntoIterator<Item = T>,
        between: &'static str,
        mut write: impl FnMut(&mut Self, T),
    ) {
        for (at, part) in parts.into_iter().enumerate() {
            if at > 0 {
                self.push(between);
            }
            write(self, part);
        }
    }

    /// The finished statement.
    pub fn finish(self) -> Statement {
        Statement { text: self.text, binds: self.binds }
    }
}

/// Appends an identifier in quotes.
pub fn quote(name: &str, out: &mut String) {
    out.push('"');
    for (at, part) in name.split('"').enumerate() {
        if at > 0 {
            out.push_str("\"\"");
        }
        out.push_str(part);
    }
    out.push('"');
}

/// An identifier in quotes.
pub fn quoted(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 2);
    quote(name, &mut out);
    out
}
