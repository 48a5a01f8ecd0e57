//! What a class is called in the GraphQL schema, as introspection of the running server tells it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::Caller;

/// Root fields by what they are for.
#[derive(Debug)]
pub(crate) struct Names {
    /// The type of one object.
    pub(crate) object: String,
    pub(crate) get: String,
    pub(crate) find: String,
    pub(crate) create: String,
    pub(crate) update: String,
    pub(crate) delete: String,
}

/// The root fields of a server: by operation type, each with the name of its type.
pub(crate) struct Roots {
    pub(crate) queries: BTreeMap<String, String>,
    pub(crate) mutations: BTreeMap<String, String>,
}

impl Roots {
    pub(crate) fn of(caller: &Caller) -> Self {
        let kind = "type { name ofType { name ofType { name ofType { name } } } }";
        let query = format!(
            "{{ __schema {{ queryType {{ fields {{ name {kind} }} }} mutationType {{ fields {{ name {kind} }} }} }} }}"
        );
        let answer = caller.graphql(&query);
        let fields = |of: &str| {
            let fields = answer.data(&format!("/__schema/{of}/fields"));
            let fields = fields.as_array().expect("fields").iter();
            fields.map(|field| (text(&field["name"]), innermost(&field["type"]))).collect()
        };
        Self { queries: fields("queryType"), mutations: fields("mutationType") }
    }

    /// The names of a class, if the schema has it.
    pub(crate) fn names(&self, class: &str) -> Option<Names> {
        let object = class.trim_start_matches('_').to_owned();
        let query = |kind: &str| {
            let found = self.queries.iter().find(|(_, known)| known.as_str() == kind);
            found.map(|(name, _)| name.clone())
        };
        Some(Names {
            get: query(&object)?,
            find: query(&format!("{object}Connection"))?,
            create: format!("create{object}"),
            update: format!("update{object}"),
            delete: format!("delete{object}"),
            object,
        })
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// The named type inside of lists and non-null types.
fn innermost(kind: &Value) -> String {
    match kind["name"].as_str() {
        Some(name) => name.to_owned(),
        None => innermost(&kind["ofType"]),
    }
}
