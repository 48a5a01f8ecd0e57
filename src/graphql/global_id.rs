//! Global ids and cursors: base64 of `Class:id` and of `arrayconnection:<offset>`
//! (`graphql/graphql-relay-js:src/node/node.ts`, `src/connection/arrayConnection.ts`).

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::value::json::write_integer;

const CURSOR: &str = "arrayconnection:";

/// Standard base64 that reads with and without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A global id, read: its class and the id within the class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GlobalId {
    /// The class, with its underscore.
    pub(crate) class: String,
    /// The object.
    pub(crate) id: String,
}

impl GlobalId {
    /// Reads a text that may be a global id; what is none gives an empty class.
    pub(crate) fn read(text: &str) -> Self {
        let decoded = BASE64.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let decoded = decoded.unwrap_or_default();
        match decoded.split_once(':') {
            Some((class, id)) => Self { class: class.to_owned(), id: id.to_owned() },
            None => Self { class: String::new(), id: decoded },
        }
    }
}

/// The id within the class, if the text is a global id of that class; otherwise the text itself.
pub(crate) fn local_id(text: &str, class: &str) -> String {
    let global = GlobalId::read(text);
    if global.class == class { global.id } else { text.to_owned() }
}

/// Appends a global id, in quotes.
pub(crate) fn write_global_id(class: &str, id: &str, out: &mut Vec<u8>) {
    let mut plain = Vec::with_capacity(class.len() + 1 + id.len());
    plain.extend_from_slice(class.as_bytes());
    plain.push(b':');
    plain.extend_from_slice(id.as_bytes());
    write_base64(&plain, out);
}

/// Appends the cursor of a position, in quotes.
pub(crate) fn write_cursor(offset: u64, out: &mut Vec<u8>) {
    let mut plain = CURSOR.as_bytes().to_vec();
    write_integer(i64::try_from(offset).unwrap_or(i64::MAX), &mut plain);
    write_base64(&plain, out);
}

/// The position that a cursor names.
pub(crate) fn read_cursor(cursor: &str) -> Option<u64> {
    let plain = BASE64.decode(cursor).ok()?;
    std::str::from_utf8(&plain).ok()?.strip_prefix(CURSOR)?.parse().ok()
}

fn write_base64(plain: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    let from = out.len();
    out.resize(from + plain.len().div_ceil(3) * 4, 0);
    let written = BASE64.encode_slice(plain, &mut out[from..]).expect("the space was just made");
    out.truncate(from + written);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn ids_and_cursors_go_both_ways() {
        let text = written(|out| write_global_id("_User", "abcdefghij", out));
        assert_eq!(text, r#""X1VzZXI6YWJjZGVmZ2hpag==""#);
        assert_eq!(local_id(text.trim_matches('"'), "_User"), "abcdefghij");
        assert_eq!(local_id(text.trim_matches('"'), "Player"), "X1VzZXI6YWJjZGVmZ2hpag==");
        assert_eq!(written(|out| write_cursor(1, out)), r#""YXJyYXljb25uZWN0aW9uOjE=""#);
        assert_eq!(read_cursor("YXJyYXljb25uZWN0aW9uOjE="), Some(1));
        assert_eq!(read_cursor("garbage"), None);
    }

    #[test]
    fn what_is_no_global_id_has_no_class() {
        assert_eq!(GlobalId::read("nonexistent").class, "");
        assert_eq!(local_id("nonexistent", "Player"), "nonexistent");
    }
}
