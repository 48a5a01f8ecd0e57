//! What callers who may not look at the schema learn from the errors of their requests: no suggestions,
//! and no type names that they did not write themselves
//! (`parse-server:src/GraphQL/ParseGraphQLServer.js`, `SchemaSuggestionsControlPlugin`).

use regex::{Captures, Regex};

use super::errors::Refusal;

/// Finds names of types in error texts and takes them out.
pub(crate) struct Sanitizer {
    suggestion: Regex,
    required: Regex,
    named: Vec<(Regex, &'static str)>,
    spread: Regex,
}

/// Texts that name a type, and what stands in its place. `$f` is the field, which the caller wrote.
const NAMED: [(&str, &str); 7] = [
    (r#"Expected value of type "(?<t>[^"]+)""#, "Expected value of the correct type"),
    (r#"Expected type "(?<t>[^"]+)" to be an object\."#, "Expected an object."),
    (r#"Expected non-nullable type "(?<t>[^"]+)" not to be null\."#, "Expected a non-null value."),
    (r#" is not defined by type "(?<t>[^"]+)"\."#, " is not defined."),
    (
        r#" used in position expecting type "(?<t>[^"]+)"\."#,
        " used in position expecting a different type.",
    ),
    (r#"Cannot query field (?<f>"[^"]*") on type "(?<t>[^"]+)"\."#, "Cannot query field $f."),
    (
        r#"Field (?<f>"[^"]*") of type "(?<t>[^"]+)" must have a selection of subfields\."#,
        "Field $f must have a selection of subfields.",
    ),
];

impl Sanitizer {
    /// Compiles the patterns.
    pub(crate) fn new() -> Self {
        let compile = |pattern: &str| Regex::new(pattern).expect("the patterns are constants");
        Self {
            suggestion: compile(r" ?Did you mean(?s:.+?)\?$"),
            required: compile(r#"Field "[^"]*" of required type "[^"]*" was not provided\."#),
            named: NAMED.iter().map(|(pattern, instead)| (compile(pattern), *instead)).collect(),
            spread: compile(r#"objects of type "([^"]+)" can never be of type "([^"]+)"\."#),
        }
    }

    /// Takes the names out of a refusal of the document `written`.
    pub(crate) fn clean(&self, mut refusal: Refusal, written: &str) -> Refusal {
        for error in &mut refusal.errors {
            error.message = self.message(&error.message, written);
        }
        refusal
    }

    fn message(&self, message: &str, written: &str) -> String {
        let message = self.suggestion.replace(message, "");
        let mut message = self
            .required
            .replace_all(&message, "Field of required type was not provided.")
            .into_owned();
        for (pattern, instead) in &self.named {
            let replaced = pattern.replace_all(&message, |found: &Captures<'_>| {
                if is_written(written, &found["t"]) {
                    return found[0].to_owned();
                }
                instead.replace("$f", found.name("f").map_or("", |field| field.as_str()))
            });
            message = replaced.into_owned();
        }
        let replaced = self.spread.replace_all(&message, |found: &Captures<'_>| {
            let shown = |name: &str, instead: &str| match is_written(written, name) {
                true => format!("type \"{name}\""),
                false => instead.to_owned(),
            };
            let (parent, given) =
                (shown(&found[1], "the parent type"), shown(&found[2], "the given type"));
            format!("objects of {parent} can never be of {given}.")
        });
        replaced.into_owned()
    }
}

/// Whether the caller wrote this type, as a word of its own.
fn is_written(written: &str, type_name: &str) -> bool {
    let bare = type_name.trim_matches(['[', ']', '!']);
    written.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| word == bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(message: &str, written: &str, expected: &str) {
        assert_eq!(Sanitizer::new().message(message, written), expected);
    }

    #[test]
    fn type_names_go_unless_the_caller_wrote_them() {
        check(
            r#"Cannot query field "playerz" on type "Query". Did you mean "player" or "players"?"#,
            "{ playerz { count } }",
            r#"Cannot query field "playerz"."#,
        );
        check(
            r#"Field "players" of type "PlayerConnection!" must have a selection of subfields. Did you mean "players { ... }"?"#,
            "{ players }",
            r#"Field "players" must have a selection of subfields."#,
        );
        check(
            r#"Variable "$f" got invalid value { nope: 1 }; Field "nope" is not defined by type "CreateTeamFieldsInput"."#,
            "mutation($f: CreateTeamFieldsInput) { x }",
            r#"Variable "$f" got invalid value { nope: 1 }; Field "nope" is not defined by type "CreateTeamFieldsInput"."#,
        );
        check(
            r#"Expected value of type "String!", found null."#,
            "{ x }",
            "Expected value of the correct type, found null.",
        );
        check(
            r#"Field "A.b" of required type "Int!" was not provided."#,
            "{ x }",
            "Field of required type was not provided.",
        );
        check(
            r#"Fragment cannot be spread here as objects of type "Team" can never be of type "Player"."#,
            "{ ... on Player { id } }",
            r#"Fragment cannot be spread here as objects of the parent type can never be of type "Player"."#,
        );
    }
}
