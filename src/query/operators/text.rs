//! `$text`

use crate::error::{Code, Error, Result};
use crate::query::{Condition, TextSearch};
use crate::value::Json;

/// Reads `{"$search": {"$term": …, "$language": …, "$caseSensitive": …, "$diacriticSensitive": …}}`.
pub(in crate::query) fn parse(json: &Json) -> Result<Condition> {
    let bad = |text: &str| Error::new(Code::InvalidJson, format!("bad $text: {text}"));
    let search = json.get("$search").filter(|search| search.as_object().is_some());
    let search = search.ok_or_else(|| bad("$search, should be object"))?;
    let term = search.get("$term").and_then(Json::as_str).filter(|term| !term.is_empty());
    let term = term.ok_or_else(|| bad("$term, should be string"))?;
    let language = match search.get("$language") {
        None | Some(Json::Null) => None,
        Some(language) => {
            Some(language.as_str().ok_or_else(|| bad("$language, should be string"))?.to_owned())
        }
    };
    let flag = |key: &str| match search.get(key) {
        None | Some(Json::Null) => Ok(false),
        Some(flag) => flag.as_bool().ok_or_else(|| bad(&format!("{key}, should be boolean"))),
    };
    Ok(Condition::Text(TextSearch {
        term: term.to_owned(),
        language,
        case_sensitive: flag("$caseSensitive")?,
        diacritic_sensitive: flag("$diacriticSensitive")?,
    }))
}
