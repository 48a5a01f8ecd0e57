//! Search for words: the rule that back ends without a text index of their own follow.

use super::unaccent::unaccent;
use crate::query::TextSearch;

/// The words of a text: runs of letters and digits, folded as the search wants it.
pub(crate) fn words(text: &str, search: &TextSearch) -> Vec<String> {
    let parts =
        text.split(|c: char| !c.is_alphanumeric() && !is_mark(c)).filter(|word| !word.is_empty());
    parts.map(|word| fold(word, search)).filter(|word| !word.is_empty()).collect()
}

/// Whether all words of the search occur in the text. A search without words finds nothing.
pub(crate) fn has_words(text: &str, search: &TextSearch) -> bool {
    let wanted = words(&search.term, search);
    let found = words(text, search);
    !wanted.is_empty() && wanted.iter().all(|word| found.contains(word))
}

/// How often the words of the search occur in the text.
pub(crate) fn occurrences(text: &str, search: &TextSearch) -> usize {
    let wanted = words(&search.term, search);
    words(text, search).iter().filter(|word| wanted.contains(word)).count()
}

fn fold(word: &str, search: &TextSearch) -> String {
    let letters = word.chars().filter(|c| search.diacritic_sensitive || !is_mark(*c));
    let plain = letters.map(|c| if search.diacritic_sensitive { c } else { unaccent(c) });
    if search.case_sensitive {
        plain.collect()
    } else {
        plain.flat_map(char::to_lowercase).collect()
    }
}

/// Combining accents, which stand after their letter.
fn is_mark(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(
        text: &str,
        term: &str,
        case_sensitive: bool,
        diacritic_sensitive: bool,
        expected: bool,
    ) {
        let search = TextSearch {
            term: term.to_owned(),
            language: None,
            case_sensitive,
            diacritic_sensitive,
        };
        assert_eq!(has_words(text, &search), expected, "{term} in {text}");
    }

    #[test]
    fn words_are_found_whole() {
        check("The quick brown fox", "quick FOX", false, false, true);
        check("The quick brown fox", "quick cat", false, false, false);
        check("The quick brown fox", "qui", false, false, false);
        check("The quick brown fox", "Quick", true, false, false);
        check("Café Müller", "cafe muller", false, false, true);
        check("Café Müller", "cafe", false, true, false);
        check("Cafe\u{301}", "café", false, false, true);
        check("anything", "?!", false, false, false);
    }
}
