//! An access control list: who may read and who may write one object.

use super::json::{Json, Members};

/// Who may read and write an object. `None` where a field has no list at all: then everybody may.
///
/// A grantee is `*` (everybody), `role:<name>` or a user id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acl {
    readers: Vec<String>,
    writers: Vec<String>,
}

impl Acl {
    /// A list of grantees who may read and of grantees who may write.
    pub fn new(readers: Vec<String>, writers: Vec<String>) -> Self {
        Self { readers, writers }
    }

    /// Reads the wire form. Like the original, anything that is not `{grantee: {read, write}}` grants
    /// nothing, so that a malformed list closes an object and never opens it. `null` is no list.
    pub fn from_json(json: &Json) -> Option<Self> {
        if !json.is_truthy() {
            return None;
        }
        let mut acl = Self::default();
        for (grantee, rights) in json.as_object().into_iter().flatten() {
            if rights.get("read").is_some_and(Json::is_truthy) {
                acl.readers.push(grantee.clone());
            }
            if rights.get("write").is_some_and(Json::is_truthy) {
                acl.writers.push(grantee.clone());
            }
        }
        Some(acl)
    }

    /// The same list with a grantee who may do everything.
    #[must_use]
    pub fn with(mut self, grantee: &str) -> Self {
        for grantees in [&mut self.readers, &mut self.writers] {
            if !grantees.iter().any(|known| known == grantee) {
                grantees.push(grantee.to_owned());
            }
        }
        self
    }

    /// The wire form.
    pub fn to_json(&self) -> Json {
        let mut members = Members::new();
        for (grantees, right) in [(&self.readers, "read"), (&self.writers, "write")] {
            for grantee in grantees {
                if let Json::Object(rights) =
                    members.entry(grantee.clone()).or_insert_with(Json::empty)
                {
                    rights.insert(right.to_owned(), Json::Bool(true));
                }
            }
        }
        Json::Object(members)
    }

    /// Who may read.
    pub fn readers(&self) -> &[String] {
        &self.readers
    }

    /// Who may write.
    pub fn writers(&self) -> &[String] {
        &self.writers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &str, expected: Option<&str>) {
        let acl = Acl::from_json(&Json::parse(input.as_bytes()).unwrap());
        assert_eq!(acl.map(|acl| acl.to_json().to_text()).as_deref(), expected, "{input}");
    }

    #[test]
    fn a_malformed_list_closes() {
        check(r#""x""#, Some("{}"));
        check("[]", Some("{}"));
        check(r#"{"*":"x"}"#, Some("{}"));
        check(r#"{"*":{"delete":true}}"#, Some("{}"));
        check("null", None);
    }

    #[test]
    fn what_is_not_granted_is_left_out() {
        check(
            r#"{"*":{"read":true,"write":false},"role:a":{"write":true,"read":true}}"#,
            Some(r#"{"*":{"read":true},"role:a":{"read":true,"write":true}}"#),
        );
    }
}
