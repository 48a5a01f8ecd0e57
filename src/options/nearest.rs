//! The known name that is nearest to an unknown one.

use crate::options::table::{self, OptionSpec};

/// Names less alike than this are not worth a question.
const SIMILARITY_MIN: f64 = 0.55;

/// A match in the last part of a nested name counts a little less than one in the whole name.
const LAST_PART_WEIGHT: f64 = 0.95;

/// The option whose name is nearest to `name`.
pub(super) fn option(name: &str) -> Option<&'static OptionSpec> {
    let name = plain(name);
    best(table::all().filter(|option| option.is_settable()).map(|option| {
        let last = option.path.rsplit('.').next().unwrap_or(option.path);
        let whole = similarity(&name, &plain(option.path));
        let part = similarity(&name, &plain(last)) * LAST_PART_WEIGHT;
        (option, larger(whole, part))
    }))
}

/// The option whose variable is nearest to `name`.
///
/// `PARSE_SERVER_PORT` is as near to `PORT` as to a variable of that spelling: the names of options
/// are compared too.
pub(super) fn variable(name: &str) -> Option<&'static OptionSpec> {
    let whole = plain(name);
    let tail = plain(name.trim_start_matches("PARSE_SERVER_").trim_start_matches("PARSIMONY_"));
    best(table::all().filter(|option| option.is_settable()).filter_map(|option| {
        let spelled = similarity(&whole, &plain(option.env?));
        Some((option, larger(spelled, similarity(&tail, &plain(option.path)))))
    }))
}

/// The one of some words that is nearest to `name`.
pub(super) fn word<'a>(name: &str, words: &[&'a str]) -> Option<&'a str> {
    let name = plain(name);
    best(words.iter().map(|word| (*word, similarity(&name, &plain(word)))))
}

fn best<T>(candidates: impl Iterator<Item = (T, f64)>) -> Option<T> {
    let mut best: Option<(T, f64)> = None;
    for (candidate, similarity) in candidates {
        if best.as_ref().is_none_or(|(_, so_far)| similarity > *so_far) {
            best = Some((candidate, similarity));
        }
    }
    best.filter(|(_, similarity)| *similarity >= SIMILARITY_MIN).map(|(candidate, _)| candidate)
}

fn similarity(one: &str, other: &str) -> f64 {
    strsim::normalized_damerau_levenshtein(one, other)
}

fn larger(one: f64, other: f64) -> f64 {
    if one > other { one } else { other }
}

/// A name without case and separators, so that `--app-id` is `appId`.
fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '-' | '_' | ' ')).map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options() {
        let check = |name: &str, expected: Option<&str>| {
            assert_eq!(option(name).map(|option| option.path), expected, "{name}");
        };
        check("prot", Some("port"));
        check("app-id", Some("appId"));
        check("APPID", Some("appId"));
        check("masterkey", Some("masterKey"));
        check("includeDepth", Some("requestComplexity.includeDepth"));
        check("requestComplexity.includeDeph", Some("requestComplexity.includeDepth"));
        check("databaseUrl", Some("databaseURI"));
        check("xyzzy", None);
    }

    #[test]
    fn variables() {
        let check = |name: &str, expected: Option<&str>| {
            assert_eq!(variable(name).and_then(|option| option.env), expected, "{name}");
        };
        check("PARSE_SERVER_APLICATION_ID", Some("PARSE_SERVER_APPLICATION_ID"));
        check("PARSE_SERVER_APP_ID", Some("PARSE_SERVER_APPLICATION_ID"));
        check("PARSE_SERVER_PORT", Some("PORT"));
        check("PARSE_SERVER_VERBOSE", Some("VERBOSE"));
        check("PARSE_SERVER_SERVER_URL", Some("PARSE_SERVER_URL"));
        check("PARSIMONY_SQLITE_READER", Some("PARSIMONY_SQLITE_READERS"));
    }
}
