//! Names that a client may have meant (`graphql/graphql-js:src/jsutils/suggestionList.ts`, `didYouMean.ts`).

const SUGGESTIONS_MAX: usize = 5;
/// Longer names are not compared: the work grows with the square of their length.
const NAME_LENGTH_MAX: usize = 64;

/// The known names that look like the given one, nearest first.
pub(crate) fn suggestions<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let threshold = given.len() * 4 / 10 + 1;
    let mut near: Vec<(usize, &str)> = known
        .filter(|name| {
            name.len().abs_diff(given.len()) <= threshold && name.len() <= NAME_LENGTH_MAX
        })
        .filter_map(|name| {
            Some((distance(given, name), name)).filter(|(distance, _)| *distance <= threshold)
        })
        .collect();
    near.sort_unstable();
    near.into_iter().map(|(_, name)| name).take(SUGGESTIONS_MAX).collect()
}

/// ` Did you mean "a", "b", or "c"?`, or nothing without suggestions.
pub(crate) fn did_you_mean(names: &[&str]) -> String {
    did_you_mean_the("", names)
}

/// The same for values of an enum, which are called so.
pub(crate) fn did_you_mean_the_value(names: &[&str]) -> String {
    did_you_mean_the("the enum value ", names)
}

fn did_you_mean_the(what: &str, names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [one] => format!(" Did you mean {what}{one}?"),
        [one, other] => format!(" Did you mean {what}{one} or {other}?"),
        [first @ .., last] => format!(" Did you mean {what}{}, or {last}?", first.join(", ")),
    }
}

/// How many letters have to be changed, added, taken out or swapped with their neighbour. A change of case
/// alone counts one.
fn distance(given: &str, known: &str) -> usize {
    if given == known {
        return 0;
    }
    let (given, known) =
        (given.to_ascii_lowercase().into_bytes(), known.to_ascii_lowercase().into_bytes());
    if given == known {
        return 1;
    }
    let mut rows: Vec<Vec<usize>> = vec![(0..=known.len()).collect()];
    for (at, letter) in given.iter().enumerate() {
        let mut row = vec![at + 1];
        for (column, other) in known.iter().enumerate() {
            let above = &rows[at];
            let replaced = above[column] + usize::from(letter != other);
            let mut least = [above[column + 1] + 1, row[column] + 1, replaced]
                .into_iter()
                .min()
                .unwrap_or(replaced);
            let swapped =
                at > 0 && column > 0 && *letter == known[column - 1] && given[at - 1] == *other;
            if swapped && rows[at - 1][column - 1] + 1 < least {
                least = rows[at - 1][column - 1] + 1;
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[given.len()][known.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_suggested() {
        let known = ["player", "players", "team", "teams", "health"];
        let near = suggestions("playerz", known.into_iter());
        assert_eq!(did_you_mean(&near), r#" Did you mean "player" or "players"?"#);
        assert_eq!(did_you_mean(&suggestions("nothings", known.into_iter())), "");
        assert_eq!(did_you_mean(&["a", "b", "c"]), r#" Did you mean "a", "b", or "c"?"#);
    }
}
