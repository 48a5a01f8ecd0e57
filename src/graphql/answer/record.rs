//! Writes files, points, polygons and access control lists.

use super::{Nulled, Writer, Writing};
use crate::graphql::plan::RecordSelection;
use crate::graphql::resolve::ConfigValue;
use crate::ops::files::SavedFile;
use crate::value::json::write_number;
use crate::value::{Cell, GeoPoint, Json, Members};

impl<'a> Writer<'a> {
    /// A value with a fixed set of fields; `value` writes each by its name.
    pub(super) fn record(
        &mut self,
        selection: &'a RecordSelection,
        value: impl Fn(&mut Self, &'a str, Option<&'a RecordSelection>) -> Writing,
    ) -> Writing {
        self.out.push(b'{');
        for (at, slot) in selection.slots.iter().enumerate() {
            self.comma(at);
            self.field(&slot.slot, |writer| match slot.name.as_str() {
                "__typename" => writer.text(&selection.type_name),
                name => value(writer, name, slot.below.as_ref()),
            })?;
        }
        self.out.push(b'}');
        Ok(())
    }

    /// A value of the app's configuration, as text.
    pub(super) fn config_value(
        &mut self,
        selection: &'a RecordSelection,
        value: &ConfigValue,
    ) -> Writing {
        self.record(selection, |writer, name, _| {
            match (name, &value.value, value.master_key_only) {
                ("value", Some(Json::String(text)), _) => writer.text(text),
                ("value", Some(other), _) => writer.text(&other.to_text()),
                ("isMasterKeyOnly", _, Some(flag)) => writer.flag(flag),
                _ => writer.raw(b"null"),
            }
        })
    }

    /// A file, by its name.
    pub(super) fn file(&mut self, selection: &'a RecordSelection, cell: Cell<'_>) -> Writing {
        let Cell::Text(file) = cell else { return Err(Nulled) };
        self.record(selection, |writer, name, _| match name {
            "name" => writer.text(file),
            "url" => writer.text(&writer.surroundings.files.url(file)),
            _ => Err(Nulled),
        })
    }

    /// A file that was just stored.
    pub(super) fn saved_file(
        &mut self,
        selection: &'a RecordSelection,
        file: &SavedFile,
    ) -> Writing {
        self.record(selection, |writer, name, _| match name {
            "name" => writer.text(&file.name),
            "url" => writer.text(&file.url),
            _ => Err(Nulled),
        })
    }

    /// A point.
    pub(super) fn point_cell(&mut self, selection: &'a RecordSelection, cell: Cell<'_>) -> Writing {
        let Cell::Point(point) = cell else { return Err(Nulled) };
        self.point(selection, point)
    }

    fn point(&mut self, selection: &'a RecordSelection, point: GeoPoint) -> Writing {
        self.record(selection, |writer, name, _| {
            let degrees = if name == "latitude" { point.latitude } else { point.longitude };
            write_number(degrees, &mut writer.out);
            Ok(())
        })
    }

    /// The points of a polygon.
    pub(super) fn polygon(&mut self, selection: &'a RecordSelection, cell: Cell<'_>) -> Writing {
        let Cell::Json(ring) = cell else { return Err(Nulled) };
        let ring = Json::parse(ring.as_bytes()).unwrap_or(Json::Null);
        self.out.push(b'[');
        for (at, pair) in ring.as_array().unwrap_or_default().iter().enumerate() {
            let degrees = |at: usize| {
                pair.as_array().and_then(|pair| pair.get(at)?.as_number()).unwrap_or(0.0)
            };
            self.comma(at);
            self.point(selection, GeoPoint { latitude: degrees(0), longitude: degrees(1) })?;
        }
        self.out.push(b']');
        Ok(())
    }

    /// An access control list; where there is none, everybody may read and write.
    pub(super) fn acl(&mut self, selection: &'a RecordSelection, cell: Cell<'_>) -> Writing {
        let grants = match cell {
            Cell::Json(grants) => Json::parse(grants.as_bytes()).unwrap_or(Json::Null),
            Cell::Null
            | Cell::Bool(_)
            | Cell::Number(_)
            | Cell::Date(_)
            | Cell::Point(_)
            | Cell::Text(_) => {
                let everything =
                    Json::from([("read", Json::Bool(true)), ("write", Json::Bool(true))]);
                Json::from([("*", everything)])
            }
        };
        let Json::Object(grants) = grants else { return Err(Nulled) };
        self.record(selection, |writer, name, below| match (name, below) {
            ("public", Some(below)) => match grants.get("*") {
                Some(rights) => writer.rights(below, "", rights),
                None => writer.raw(b"null"),
            },
            ("users", Some(below)) => writer.grantees(below, &grants, |grantee| {
                (grantee != "*" && !grantee.starts_with("role:")).then_some(grantee)
            }),
            ("roles", Some(below)) => {
                writer.grantees(below, &grants, |grantee| grantee.strip_prefix("role:"))
            }
            _ => Err(Nulled),
        })
    }

    fn grantees(
        &mut self,
        selection: &'a RecordSelection,
        grants: &Members,
        chosen: impl Fn(&str) -> Option<&str>,
    ) -> Writing {
        let mut written = 0;
        self.out.push(b'[');
        for (grantee, rights) in grants {
            if let Some(name) = chosen(grantee) {
                self.comma(written);
                self.rights(selection, name, rights)?;
                written += 1;
            }
        }
        if written == 0 {
            self.out.pop();
            return self.raw(b"null");
        }
        self.out.push(b']');
        Ok(())
    }

    fn rights(&mut self, selection: &'a RecordSelection, grantee: &str, rights: &Json) -> Writing {
        self.record(selection, |writer, name, _| match name {
            "userId" => writer.global_id("_User", grantee),
            "roleName" => writer.text(grantee),
            right => writer.flag(rights.get(right).is_some_and(Json::is_truthy)),
        })
    }
}
