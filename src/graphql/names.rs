//! Names of generated types and fields (`parse-server:src/GraphQL/transformers/className.js`).

use apollo_compiler::Name;

use super::plural::plural;

/// The names that a class has in the schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClassNames {
    /// The object type: `_User` is `User`, `player` is `Player`.
    pub(crate) type_name: Name,
    /// The query of one object, and the payload field of mutations: `player`.
    pub(crate) get: Name,
    /// The query of many: `players`.
    pub(crate) find: Name,
}

impl ClassNames {
    /// The names of a class.
    pub(crate) fn of(class: &str) -> Self {
        let type_name = type_name(class);
        let get = lower_first(&type_name);
        let find = name(&plural(&get));
        Self { type_name: name(&type_name), get: name(&get), find }
    }
}

/// A name made of class and field names, all of which are letters, digits and `_`.
pub(crate) fn name(text: &str) -> Name {
    Name::new_unchecked(text)
}

/// The object type of a class: without a leading underscore, with a capital letter.
pub(crate) fn type_name(class: &str) -> String {
    let class = class.strip_prefix('_').unwrap_or(class);
    let mut letters = class.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_class() {
        for (class, expected) in [
            ("_User", ["User", "user", "users"]),
            ("GameScore", ["GameScore", "gameScore", "gameScores"]),
            ("AllTypes", ["AllTypes", "allTypes", "allTypes"]),
            ("category", ["Category", "category", "categories"]),
            ("Person", ["Person", "person", "people"]),
            ("URL", ["URL", "uRL", "uRLS"]),
        ] {
            let names = ClassNames::of(class);
            assert_eq!([&names.type_name, &names.get, &names.find], expected, "{class}");
        }
    }
}
