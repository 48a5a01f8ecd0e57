//! Settings, from environment variables.

use std::path::PathBuf;

use super::Outcome;

/// A variable that is not empty.
pub(crate) fn text(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A positive number.
pub(crate) fn number(name: &str, default: usize) -> Outcome<usize> {
    Ok(numbers(name, &default.to_string())?[0])
}

/// Positive numbers, with commas.
pub(crate) fn numbers(name: &str, default: &str) -> Outcome<Vec<usize>> {
    let text = text(name).unwrap_or_else(|| default.to_owned());
    let numbers: Result<Vec<usize>, _> = text.split(',').map(str::parse).collect();
    match numbers {
        Ok(numbers) if numbers.iter().all(|number| *number > 0) => Ok(numbers),
        Ok(_) | Err(_) => Err(format!("{name} is no positive number").into()),
    }
}

/// The parts of the benchmark that were named; a word that means nothing ends the run.
pub(crate) fn parts<'a>(known: impl Iterator<Item = &'a &'a str>) -> Outcome<Vec<String>> {
    let known: Vec<&str> = known.copied().collect();
    let parts: Vec<String> = text("PARSIMONY_BENCH")
        .map(|list| list.split(',').map(str::to_owned).collect())
        .unwrap_or_default();
    match parts.iter().find(|part| !known.contains(&part.as_str())) {
        Some(part) => {
            Err(format!("PARSIMONY_BENCH: `{part}` is none of {}", known.join(", ")).into())
        }
        None => Ok(parts),
    }
}

/// The server that is measured.
pub(crate) fn binary() -> PathBuf {
    text("PARSIMONY_BENCH_BINARY")
        .unwrap_or_else(|| env!("CARGO_BIN_EXE_parsimony").to_owned())
        .into()
}
