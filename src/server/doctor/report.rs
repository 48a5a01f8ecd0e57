//! What was found, and how it is told.

use std::fmt;

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// It is as it should be.
    Fine,
    /// It is worth knowing; nothing has to be done.
    Differs,
    /// It does not work yet, and nothing is lost without it.
    Missing,
    /// It has to be done, or decided, before this server takes over.
    First,
    /// It could not be looked at.
    Unseen,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) weight: Weight,
    pub(super) what: String,
    /// What to do about it.
    pub(super) advice: Vec<String>,
}

/// Findings about one subject.
#[derive(Clone, Debug)]
pub(super) struct Section {
    pub(super) title: &'static str,
    pub(super) findings: Vec<Finding>,
}

/// Everything that was found.
#[derive(Debug)]
pub struct Report {
    sections: Vec<Section>,
}

/// What it comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// This server can take over as things are.
    Ready,
    /// Something has to be done first.
    NotYet,
    /// Not everything could be looked at.
    CouldNotLook,
}

impl Weight {
    fn word(self) -> &'static str {
        match self {
            Weight::Fine => "ok",
            Weight::Differs => "differs",
            Weight::Missing => "missing",
            Weight::First => "FIRST",
            Weight::Unseen => "UNSEEN",
        }
    }
}

impl Finding {
    pub(super) fn new(weight: Weight, what: impl Into<String>) -> Self {
        Self { weight, what: what.into(), advice: Vec::new() }
    }

    pub(super) fn advice(mut self, line: impl Into<String>) -> Self {
        self.advice.push(line.into());
        self
    }
}

impl Section {
    pub(super) fn new(title: &'static str) -> Self {
        Self { title, findings: Vec::new() }
    }

    pub(super) fn add(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Adds a finding without advice.
    pub(super) fn say(&mut self, weight: Weight, what: impl Into<String>) {
        self.add(Finding::new(weight, what));
    }
}

impl Report {
    pub(super) fn new(sections: Vec<Section>) -> Self {
        Self { sections }
    }

    /// What it comes to.
    pub fn verdict(&self) -> Verdict {
        if self.count(Weight::Unseen) > 0 {
            Verdict::CouldNotLook
        } else if self.count(Weight::First) > 0 {
            Verdict::NotYet
        } else {
            Verdict::Ready
        }
    }

    fn count(&self, weight: Weight) -> usize {
        let findings = self.sections.iter().flat_map(|section| &section.findings);
        findings.filter(|finding| finding.weight == weight).count()
    }
}

impl Verdict {
    /// The status with which the process ends.
    pub fn exit_code(self) -> u8 {
        match self {
            Verdict::Ready => 0,
            Verdict::NotYet => 1,
            Verdict::CouldNotLook => 2,
        }
    }
}

/// Sections of findings, those that weigh most first, and a last line with the verdict.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for section in self.sections.iter().filter(|section| !section.findings.is_empty()) {
            writeln!(f, "{}", section.title)?;
            let mut findings: Vec<&Finding> = section.findings.iter().collect();
            findings.sort_by_key(|finding| std::cmp::Reverse(finding.weight));
            for finding in findings {
                writeln!(f, "  {:<8} {}", finding.weight.word(), finding.what)?;
                for line in &finding.advice {
                    writeln!(f, "           -> {line}")?;
                }
            }
            writeln!(f)?;
        }
        let (first, unseen) = (self.count(Weight::First), self.count(Weight::Unseen));
        let others = self.count(Weight::Differs) + self.count(Weight::Missing);
        match self.verdict() {
            Verdict::CouldNotLook => {
                write!(f, "Could not look at everything: {unseen} UNSEEN above.")?
            }
            Verdict::NotYet => write!(f, "Before taking over: {first} FIRST above.")?,
            Verdict::Ready => write!(f, "This server can take over.")?,
        }
        if others > 0 {
            write!(f, " Worth knowing: {others}.")?;
        }
        Ok(())
    }
}

/// `one thing`, `2 things`.
pub(super) fn counted(count: u64, one: &str, several: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {several}") }
}

/// The first of some names, and how many there are besides.
pub(super) fn listed<T: fmt::Display>(names: &[T]) -> String {
    const SHOWN_MAX: usize = 12;
    let shown: Vec<String> = names.iter().take(SHOWN_MAX).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(SHOWN_MAX) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(weights: &[Weight]) -> Report {
        let mut section = Section::new("Things");
        for weight in weights {
            section.add(Finding::new(*weight, "this").advice("that"));
        }
        Report::new(vec![section, Section::new("Nothing")])
    }

    #[test]
    fn the_heaviest_decides() {
        let check = |weights: &[Weight], expected: u8| {
            assert_eq!(report(weights).verdict().exit_code(), expected, "{weights:?}");
        };
        check(&[], 0);
        check(&[Weight::Fine, Weight::Differs, Weight::Missing], 0);
        check(&[Weight::Fine, Weight::First], 1);
        check(&[Weight::First, Weight::Unseen], 2);
    }

    #[test]
    fn text() {
        let expected = "\
Things
  FIRST    this
           -> that
  missing  this
           -> that
  ok       this
           -> that

Before taking over: 1 FIRST above. Worth knowing: 1.";
        let report = report(&[Weight::Fine, Weight::First, Weight::Missing]);
        assert_eq!(report.to_string(), expected);
    }

    #[test]
    fn names() {
        assert_eq!(counted(1, "class", "classes"), "1 class");
        assert_eq!(counted(0, "class", "classes"), "0 classes");
        assert_eq!(listed(&["a", "b"]), "`a`, `b`");
        let many: Vec<usize> = (0..14).collect();
        assert!(listed(&many).ends_with("`11` and 2 more"), "{}", listed(&many));
    }
}
