//! What is wrong with the options, collected so that all of it is reported at once.

use std::error::Error;
use std::fmt;

use crate::options::nearest;

/// Everything that keeps the server from starting with the given options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionsError {
    problems: Vec<String>,
}

impl OptionsError {
    /// The problems, one sentence each.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }
}

impl fmt::Display for OptionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            f.write_str(problem)?;
        }
        Ok(())
    }
}

impl Error for OptionsError {}

/// Problems found so far.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<String>);

impl Problems {
    /// Notes a problem, once.
    pub(super) fn add(&mut self, problem: String) {
        if !self.0.contains(&problem) {
            self.0.push(problem);
        }
    }

    /// Notes an unknown name of an option in a file or an object.
    pub(super) fn unknown_option(&mut self, name: &str, source: &str) {
        let hint = match nearest::option(name) {
            Some(option) => format!("; did you mean `{}`?", option.path),
            None => "; --help lists all options".to_owned(),
        };
        self.add(format!("unknown option `{name}` (from {source}){hint}"));
    }

    /// Ends the collection: an error if there is any problem.
    pub(super) fn into_result(self) -> Result<(), OptionsError> {
        if self.0.is_empty() { Ok(()) } else { Err(OptionsError { problems: self.0 }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_problem_has_a_line_and_none_comes_twice() {
        let mut problems = Problems::default();
        problems.add("one".to_owned());
        problems.unknown_option("prot", "a.json");
        problems.add("one".to_owned());
        let text = problems.into_result().unwrap_err().to_string();
        assert_eq!(text, "one\nunknown option `prot` (from a.json); did you mean `port`?");
        assert_eq!(Problems::default().into_result(), Ok(()));
    }
}
