//! Objects as Parse's REST API shows them, written straight from the cells of the driver's rows.

use crate::access::ObjectView;
use crate::ops::read::{Branch, Found, Targets};
use crate::value::wire::{self, FileUrls};
use crate::value::{Cell, Form, Json, json};

/// Room that an answer gets before its length is known, at most.
const ROOM_BYTES_MAX: usize = 1 << 20;

/// Room for further objects, which are about as long as the first. Who made that one long gets no more for it.
fn room(objects: usize, bytes: usize) -> usize {
    let wanted = objects.saturating_mul(bytes + bytes / 16);
    if wanted < ROOM_BYTES_MAX { wanted } else { ROOM_BYTES_MAX }
}

/// Writes objects.
pub struct Encoder<'a> {
    /// Where files are found.
    pub files: &'a FileUrls,
}

impl Encoder<'_> {
    /// `{"results": […], "count": n}`
    pub fn results(&self, found: &Found) -> Vec<u8> {
        let mut out = Vec::with_capacity(1_024);
        out.extend_from_slice(b"{\"results\":[");
        for (at, object) in found.objects.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            self.object(found, object, Suffix::of(found), &mut out);
            if at == 0 {
                out.reserve(room(found.objects.len() - 1, out.len()));
            }
        }
        out.push(b']');
        if let Some(count) = found.count {
            out.extend_from_slice(b",\"count\":");
            json::write_number(count as f64, &mut out);
        }
        out.push(b'}');
        out
    }

    /// `[…]`
    pub fn list(&self, found: &Found) -> Vec<u8> {
        let mut out = vec![b'['];
        for (at, object) in found.objects.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            self.object(found, object, Suffix::None, &mut out);
        }
        out.push(b']');
        out
    }

    /// One object.
    pub fn single(&self, found: &Found) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        self.object(found, found.objects.object(0), Suffix::None, &mut out);
        out
    }

    /// One object that says what it is: with `__type` and `className`.
    pub fn typed(&self, found: &Found, out: &mut Vec<u8>) {
        self.object(found, found.objects.object(0), Suffix::TypeAndClassName, out);
    }

    /// One object that names its class, as LiveQuery shows it.
    pub fn named(&self, found: &Found, out: &mut Vec<u8>) {
        self.object(found, found.objects.object(0), Suffix::ClassName, out);
    }

    fn object(&self, found: &Found, object: ObjectView<'_>, suffix: Suffix, out: &mut Vec<u8>) {
        out.push(b'{');
        let start = out.len();
        for (_, column, cell) in object.cells() {
            // Only a group of an aggregation shows that it has no id.
            if matches!(cell, Cell::Null) && (found.is_replaced || column.name != "objectId") {
                continue;
            }
            let before = out.len();
            write_key(&column.name, start, out);
            let written = match found.branch(&column.name) {
                Some(branch) => self.followed(branch, cell, &column.form, out),
                None => {
                    wire::write_cell(cell, &column.form, self.files, out);
                    true
                }
            };
            if !written {
                out.truncate(before);
            }
        }
        for (name, target) in &found.relations {
            write_key(name, start, out);
            out.extend_from_slice(b"{\"__type\":\"Relation\",\"className\":");
            json::write_string(target, out);
            out.push(b'}');
        }
        match suffix {
            Suffix::None => {}
            Suffix::ClassName => {
                write_key("className", start, out);
                json::write_string(&found.class.name, out);
            }
            Suffix::TypeAndClassName => {
                write_key("__type", start, out);
                out.extend_from_slice(b"\"Object\",\"className\":");
                json::write_string(&found.class.name, out);
            }
        }
        out.push(b'}');
    }

    /// A field that was followed. Returns whether there is anything to show.
    fn followed(&self, branch: &Branch, cell: Cell<'_>, form: &Form, out: &mut Vec<u8>) -> bool {
        match (form, cell) {
            (Form::Pointer(class), Cell::Text(id)) => match branch.targets.get(class, id) {
                Some((found, object)) => {
                    self.object(found, object, Suffix::TypeAndClassName, out);
                    true
                }
                None => false,
            },
            (Form::Plain, Cell::Json(text)) => {
                let json = Json::parse(text.as_bytes()).unwrap_or(Json::Null);
                match branch.inside.is_empty() {
                    true => self.nested(&branch.targets, &json, out),
                    false => self.members(branch, &json, out),
                }
            }
            _ => {
                wire::write_cell(cell, form, self.files, out);
                true
            }
        }
    }

    /// A value inside an array or an object: pointers that were followed become objects, those that lead to
    /// nothing vanish.
    fn nested(&self, targets: &Targets, json: &Json, out: &mut Vec<u8>) -> bool {
        if let Some(pointer) = wire::read_pointer(json) {
            let Some((found, object)) = targets.get(&pointer.class, &pointer.id) else {
                return false;
            };
            self.object(found, object, Suffix::TypeAndClassName, out);
            return true;
        }
        let Some(elements) = json.as_array() else {
            json.write(out);
            return true;
        };
        out.push(b'[');
        let start = out.len();
        for element in elements {
            let before = out.len();
            if before > start {
                out.push(b',');
            }
            if !self.nested(targets, element, out) {
                out.truncate(before);
            }
        }
        out.push(b']');
        true
    }

    fn members(&self, branch: &Branch, json: &Json, out: &mut Vec<u8>) -> bool {
        let Some(members) = json.as_object() else {
            json.write(out);
            return true;
        };
        out.push(b'{');
        let start = out.len();
        for (name, member) in members {
            let before = out.len();
            write_key(name, start, out);
            let written = match branch.inside.iter().find(|inner| inner.field == *name.as_str()) {
                Some(inner) => self.nested(&inner.targets, member, out),
                None => {
                    member.write(out);
                    true
                }
            };
            if !written {
                out.truncate(before);
            }
        }
        out.push(b'}');
        true
    }
}

/// What an object says of itself besides its fields.
#[derive(Clone, Copy)]
enum Suffix {
    None,
    ClassName,
    TypeAndClassName,
}

impl Suffix {
    fn of(found: &Found) -> Self {
        if found.redirected { Self::ClassName } else { Self::None }
    }
}

fn write_key(name: &str, start: usize, out: &mut Vec<u8>) {
    if out.len() > start {
        out.push(b',');
    }
    json::write_string(name, out);
    out.push(b':');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_object_does_not_reserve_room_for_all_others() {
        assert_eq!(room(99, 320), 99 * 340);
        assert_eq!(room(0, 10 << 20), 0);
        assert_eq!(room(1_000_000, 10 << 20), ROOM_BYTES_MAX);
        assert_eq!(room(usize::MAX, 2), ROOM_BYTES_MAX);
    }
}
