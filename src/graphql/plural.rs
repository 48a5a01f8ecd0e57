//! English plurals, as the npm package `pluralize` forms them: names of generated queries depend on it
//! (`blakeembrey/pluralize:pluralize.js`).
//!
//! The package's rules are regular expressions; compiled they would take megabytes, so here they are tables
//! of endings with a matcher of their own.

/// Words whose plural is another word, in lower case.
const IRREGULAR: &[(&str, &str)] = &[
    ("i", "we"),
    ("me", "us"),
    ("he", "they"),
    ("she", "they"),
    ("them", "them"),
    ("myself", "ourselves"),
    ("yourself", "yourselves"),
    ("itself", "themselves"),
    ("herself", "themselves"),
    ("himself", "themselves"),
    ("themself", "themselves"),
    ("is", "are"),
    ("was", "were"),
    ("has", "have"),
    ("this", "these"),
    ("that", "those"),
    ("echo", "echoes"),
    ("dingo", "dingoes"),
    ("graffito", "graffiti"),
    ("volcano", "volcanoes"),
    ("tornado", "tornadoes"),
    ("torpedo", "torpedoes"),
    ("genus", "genera"),
    ("viscus", "viscera"),
    ("stigma", "stigmata"),
    ("stoma", "stomata"),
    ("dogma", "dogmata"),
    ("lemma", "lemmata"),
    ("schema", "schemata"),
    ("anathema", "anathemata"),
    ("ox", "oxen"),
    ("axe", "axes"),
    ("die", "dice"),
    ("yes", "yeses"),
    ("foot", "feet"),
    ("eave", "eaves"),
    ("goose", "geese"),
    ("tooth", "teeth"),
    ("quiz", "quizzes"),
    ("human", "humans"),
    ("proof", "proofs"),
    ("carve", "carves"),
    ("valve", "valves"),
    ("looey", "looies"),
    ("thief", "thieves"),
    ("groove", "grooves"),
    ("pickaxe", "pickaxes"),
    ("passerby", "passersby"),
];

/// Words that are their own plural, in lower case.
const UNCOUNTABLE: &str = " adulthood advice agenda aid aircraft alcohol ammo analytics anime \
    athletics audio bison blood bream buffalo butter carp cash chassis chess clothing cod commerce \
    cooperation corps debris diabetes digestion elk energy equipment excretion expertise firmware \
    flounder fun gallows garbage hardware headquarters health herpes highjinks homework housework \
    information jeans justice kudos labour literature machinery mackerel mail media mews moose music \
    mud manga news only personnel pike plankton pliers police pollution premises rain research rice \
    salmon scissors series sewage shambles shrimp software staff swine tennis traffic transportation \
    trout tuna wealth welfare whiting wildebeest wildlife you ";

/// A rule for endings: a stem, which stays, a tail, which goes, and what comes in its place. `|` separates
/// alternatives, `[…]` is one of these letters and `[^…]` one of all others.
struct Rule {
    stems: &'static str,
    tails: &'static str,
    plural: &'static str,
}

const fn rule(stems: &'static str, tails: &'static str, plural: &'static str) -> Rule {
    Rule { stems, tails, plural }
}

/// The last rule that fits is taken, and of its alternatives the longest.
const RULES: [Rule; 34] = [
    rule("", "s|", "s"),
    rule("[^aeiou]ese", "", ""),
    rule("ax|test", "is", "es"),
    rule("alias|[^aou]us|t[lm]as|gas|ris", "", "es"),
    rule("e[mn]u", "s|", "s"),
    rule("[^l]ias|[aeiou]las|[ejzr]as|[iu]am", "", ""),
    rule(
        "alumn|syllab|vir|radi|nucle|fung|cact|stimul|termin|bacill|foc|uter|loc|strat",
        "us|i",
        "i",
    ),
    rule("alumn|alg|vertebr", "a|ae", "ae"),
    rule("seraph|cherub", "im|", "im"),
    rule("her|at|gr", "o", "oes"),
    rule("agend|addend|millenni|dat|extrem|bacteri|desiderat|strat|candelabr|errat", "a|um", "a"),
    rule("ov|symposi|curricul|automat|quor", "a|um", "a"),
    rule("apheli|hyperbat|periheli|asyndet|noumen|phenomen|criteri|organ|prolegomen", "a|on", "a"),
    rule("hedr|automat", "a|on", "a"),
    rule("", "sis", "ses"),
    rule("kni|wi|li", "fe", "ves"),
    rule("ar|l|ea|eo|oa|hoo", "f", "ves"),
    rule("[^aeiouy]|qu", "y", "ies"),
    rule("[^ch]il|[^ch]in|[^ch]el|[^ch]en|[^ch]ol|[^ch]on", "ey", "ies"),
    rule("x|ch|ss|sh|zz", "", "es"),
    rule("matr|cod|mur|sil|vert|ind|append", "ix|ex", "ices"),
    rule("^titm|^m|^l", "ice|ouse", "ice"),
    rule("pe", "rson|ople", "ople"),
    rule("child", "ren|", "ren"),
    rule("eaux", "", ""),
    rule("", "man|men", "men"),
    rule("", "^thou", "you"),
    rule("pokemon", "", ""),
    rule("[^aeiou]ese", "", ""),
    rule("deer", "", ""),
    rule("fish", "", ""),
    rule("measles", "", ""),
    rule("o[iu]s", "", ""),
    rule("pox|sheep", "", ""),
];

/// The plural of a word.
pub(crate) fn plural(word: &str) -> String {
    let lower = word.to_ascii_lowercase();
    if IRREGULAR.iter().any(|(_, plural)| *plural == lower) {
        return with_case_of(word, &lower);
    }
    if let Some((_, plural)) = IRREGULAR.iter().find(|(single, _)| *single == lower) {
        return with_case_of(word, plural);
    }
    if lower.is_empty() || UNCOUNTABLE.contains(&format!(" {lower} ")) {
        return word.to_owned();
    }
    let endings =
        RULES.iter().rev().find_map(|rule| Some((rule, longest(rule, lower.as_bytes())?)));
    endings.map_or_else(|| word.to_owned(), |(rule, ending)| apply(rule, ending, word))
}

/// How long the stem and the tail are.
#[derive(Clone, Copy)]
struct Ending {
    stem: usize,
    tail: usize,
}

fn longest(rule: &Rule, word: &[u8]) -> Option<Ending> {
    let mut best: Option<Ending> = None;
    for tail in rule.tails.split('|') {
        let Some(tail) = length(tail, word) else { continue };
        for stem in rule.stems.split('|') {
            let Some(stem) = length(stem, &word[..word.len() - tail]) else { continue };
            if best.is_none_or(|best| best.stem + best.tail < stem + tail) {
                best = Some(Ending { stem, tail });
            }
        }
    }
    best
}

/// How many letters of the word's end a pattern takes, if it fits. `^` in front means the whole word.
fn length(pattern: &str, word: &[u8]) -> Option<usize> {
    let (pattern, whole) = match pattern.strip_prefix('^') {
        Some(pattern) => (pattern.as_bytes(), true),
        None => (pattern.as_bytes(), false),
    };
    let (mut at, mut left) = (pattern.len(), word.len());
    while at > 0 {
        left = left.checked_sub(1)?;
        let letter = word[left];
        at -= 1;
        if pattern[at] != b']' {
            if pattern[at] != letter {
                return None;
            }
            continue;
        }
        let open = pattern[..at].iter().rposition(|sign| *sign == b'[')?;
        let class = &pattern[open + 1..at];
        let fits = match class.split_first() {
            Some((b'^', letters)) => !letters.contains(&letter),
            _ => class.contains(&letter),
        };
        if !fits {
            return None;
        }
        at = open;
    }
    (!whole || left == 0).then_some(word.len() - left)
}

fn apply(rule: &Rule, ending: Ending, word: &str) -> String {
    let from = word.len() - ending.stem - ending.tail;
    let stem = &word[from..from + ending.stem];
    let model = if from == word.len() { &word[from - 1..] } else { &word[from..] };
    format!("{}{}", &word[..from], with_case_of(model, &format!("{stem}{}", rule.plural)))
}

/// The text in upper or lower case, as the model is.
fn with_case_of(model: &str, text: &str) -> String {
    if model == text {
        return text.to_owned();
    }
    let has = |test: fn(&char) -> bool| model.chars().any(|letter| test(&letter));
    if !has(char::is_ascii_uppercase) {
        return text.to_ascii_lowercase();
    }
    if !has(char::is_ascii_lowercase) {
        return text.to_ascii_uppercase();
    }
    let mut letters = text.to_ascii_lowercase();
    if model.starts_with(|first: char| !first.is_ascii_lowercase())
        && let Some(first) = letters.get_mut(..1)
    {
        first.make_ascii_uppercase();
    }
    letters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plurals_are_those_of_the_package() {
        for (word, expected) in [
            ("player", "players"),
            ("city", "cities"),
            ("bus", "buses"),
            ("status", "statuses"),
            ("box", "boxes"),
            ("person", "people"),
            ("child", "children"),
            ("woman", "women"),
            ("mouse", "mice"),
            ("knife", "knives"),
            ("analysis", "analyses"),
            ("fish", "fish"),
            ("news", "news"),
            ("schema", "schemata"),
            ("data", "data"),
            ("hero", "heroes"),
            ("photo", "photos"),
            ("index", "indices"),
            ("key", "keys"),
            ("series", "series"),
            ("salesPerson", "salesPeople"),
            ("allTypes", "allTypes"),
            ("alumnus", "alumni"),
            ("Cactus", "Cacti"),
            ("cherub", "cherubim"),
            ("datum", "data"),
            ("criterion", "criteria"),
            ("half", "halves"),
            ("wolf", "wolves"),
            ("scarf", "scarves"),
            ("money", "monies"),
            ("toy", "toys"),
            ("soliloquy", "soliloquies"),
            ("matrix", "matrices"),
            ("titmouse", "titmice"),
            ("spouse", "spouses"),
            ("bureaux", "bureaux"),
            ("alias", "aliases"),
            ("virus", "viri"),
            ("menu", "menus"),
            ("atlas", "atlases"),
            ("axis", "axes"),
            ("Japanese", "Japanese"),
            ("reindeer", "reindeer"),
            ("carnivorous", "carnivorous"),
            ("fooBAR", "fooBARS"),
        ] {
            assert_eq!(plural(word), expected);
        }
    }
}
