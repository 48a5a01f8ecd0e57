//! Which part of a list is asked for: `first`, `last`, `after`, `before` and `skip`
//! (`parse-server:src/GraphQL/helpers/objectsQueries.js`, `calculateSkipAndLimit`).

use crate::error::{Code, Error, Result};
use crate::graphql::global_id::read_cursor;
use crate::value::{Json, Members};

/// As many objects as a page has if nothing says otherwise.
const PAGE_SIZE: u64 = 100;

/// A part of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    /// How many are left out at the start.
    pub(super) skip: u64,
    /// How many there are at most; `None` if nothing was said.
    pub(super) limit: Option<u64>,
    /// From which end it is counted.
    pub(super) from: End,
}

/// An end of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The first object.
    Start,
    /// The last object: how many there are has to be known first.
    Finish,
}

impl Window {
    /// Reads the arguments of a find.
    pub(super) fn read(arguments: &Members, max_limit: Option<u64>) -> Result<Self> {
        let mut skip = number(arguments, "skip", "Skip")?.unwrap_or(0);
        if let Some(after) = cursor(arguments, "after", "After")? {
            skip = skip.saturating_add(after).saturating_add(1);
        }
        let mut limit = number(arguments, "first", "First")?;
        if let Some(before) = cursor(arguments, "before", "Before")? {
            let room = before.saturating_sub(skip);
            limit = Some(limit.filter(|limit| *limit <= room).unwrap_or(room));
        }
        let mut from = End::Start;
        if let Some(mut last) = number(arguments, "last", "Last")? {
            last = max_limit.filter(|max| last > *max).unwrap_or(last);
            match limit {
                Some(known) if last < known => {
                    skip = skip.saturating_add(known - last);
                    limit = Some(last);
                }
                Some(_) => {}
                None => {
                    limit = Some(last);
                    from = if last == 0 { End::Start } else { End::Finish };
                }
            }
        }
        Ok(Self { skip, limit, from })
    }

    /// How many objects to read.
    pub(super) fn size(&self, max_limit: Option<u64>) -> u64 {
        let size = self.limit.unwrap_or(PAGE_SIZE);
        max_limit.filter(|max| size > *max).unwrap_or(size)
    }

    /// How many are left out at the start of a list that has so many.
    pub(super) fn skip_of(&self, count: u64) -> u64 {
        let limit = self.limit.unwrap_or(0);
        if self.skip.saturating_add(limit) < count { count - limit } else { self.skip }
    }
}

fn number(arguments: &Members, name: &str, shown: &str) -> Result<Option<u64>> {
    match arguments.get(name).and_then(Json::as_number) {
        None => Ok(None),
        Some(number) if number < 0.0 => {
            Err(refused(format!("{shown} should be a positive number")))
        }
        Some(number) => Ok(Some(number as u64)),
    }
}

fn cursor(arguments: &Members, name: &str, shown: &str) -> Result<Option<u64>> {
    match arguments.get(name).and_then(Json::as_str).filter(|cursor| !cursor.is_empty()) {
        None => Ok(None),
        Some(cursor) => match read_cursor(cursor) {
            Some(offset) => Ok(Some(offset)),
            None => Err(refused(format!("{shown} is not a valid cursor"))),
        },
    }
}

fn refused(text: String) -> Error {
    Error::new(Code::InvalidQuery, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Window> {
        Window::read(Json::parse(text.as_bytes()).unwrap().as_object().unwrap(), None)
    }

    fn check(text: &str, skip: u64, limit: Option<u64>, from: End) {
        assert_eq!(read(text).unwrap(), Window { skip, limit, from }, "{text}");
    }

    #[test]
    fn windows_are_those_of_the_contract() {
        check("{}", 0, None, End::Start);
        check(r#"{"first":2,"skip":1}"#, 1, Some(2), End::Start);
        check(r#"{"last":2}"#, 0, Some(2), End::Finish);
        check(r#"{"first":3,"last":2}"#, 1, Some(2), End::Start);
        check(r#"{"first":2,"after":"YXJyYXljb25uZWN0aW9uOjE=","skip":1}"#, 3, Some(2), End::Start);
        check(r#"{"last":2,"before":"YXJyYXljb25uZWN0aW9uOjM="}"#, 1, Some(2), End::Start);
        check(
            r#"{"after":"YXJyYXljb25uZWN0aW9uOjA=","before":"YXJyYXljb25uZWN0aW9uOjM="}"#,
            1,
            Some(2),
            End::Start,
        );
        for (text, expected) in [
            (r#"{"first":-1}"#, "First should be a positive number"),
            (r#"{"last":-1}"#, "Last should be a positive number"),
            (r#"{"after":"garbage"}"#, "After is not a valid cursor"),
        ] {
            assert_eq!(read(text).unwrap_err().text(), expected);
        }
    }
}
