//! Typed access to the merged values; what does not fit is noted as a problem.

use std::ops::RangeInclusive;

use serde_json::Value;

use crate::options::host::HostReference;
use crate::options::ip_range::IpRange;
use crate::options::problems::Problems;
use crate::options::raw::{self, Raw};
use crate::options::secret::Secret;
use crate::options::{size, table};

/// Reads values and notes problems.
pub(super) struct Reader<'a> {
    pub(super) raw: &'a Raw,
    pub(super) problems: &'a mut Problems,
}

impl Reader<'_> {
    /// Notes that the value of an option is not what is expected.
    pub(super) fn bad(&mut self, path: &str, expected: &str) {
        let shown = table::find(path)
            .map(|option| raw::shown_value(option, &self.raw.value(path)))
            .unwrap_or_default();
        let source = self.raw.source(path);
        self.problems.add(raw::bad_value(path, source, expected, &shown));
    }

    /// Notes another problem with the value of an option.
    pub(super) fn problem(&mut self, path: &str, problem: &str) {
        let source = self.raw.source(path);
        self.problems.add(format!("option `{path}` (from {source}): {problem}"));
    }

    /// A switch; absent is off.
    pub(super) fn flag(&self, path: &str) -> bool {
        self.raw.value(path).as_bool().unwrap_or(false)
    }

    /// What a configuration in JavaScript made, if the value is that.
    pub(super) fn reference(&self, path: &str) -> Option<HostReference> {
        HostReference::read(&self.raw.value(path))
    }

    /// A text; an empty one counts as absent.
    pub(super) fn text(&self, path: &str) -> Option<String> {
        let Value::String(text) = self.raw.value(path) else { return None };
        (!text.is_empty()).then_some(text)
    }

    /// A text that must not be shown.
    pub(super) fn secret(&self, path: &str) -> Option<Secret> {
        self.text(path).map(Secret::new)
    }

    /// An integer within bounds.
    pub(super) fn integer(&mut self, path: &str, bounds: RangeInclusive<u64>) -> Option<u64> {
        let number = self.raw.value(path).as_i64()?;
        match u64::try_from(number).ok().filter(|number| bounds.contains(number)) {
            Some(number) => Some(number),
            None => {
                let expected = if *bounds.end() == u64::MAX {
                    format!("an integer from {}", bounds.start())
                } else {
                    format!("an integer from {} to {}", bounds.start(), bounds.end())
                };
                self.bad(path, &expected);
                None
            }
        }
    }

    /// A limit, where -1 means none.
    pub(super) fn limit(&mut self, path: &str) -> Option<u64> {
        match self.raw.value(path).as_i64()? {
            -1 => None,
            number if number > 0 => u64::try_from(number).ok(),
            _ => {
                self.bad(path, "a positive integer, or -1 for no limit");
                None
            }
        }
    }

    /// A size in bytes, such as `20mb`.
    pub(super) fn size(&mut self, path: &str) -> Option<u64> {
        let text = self.text(path)?;
        let size = size::parse(&text);
        if size.is_none() {
            self.bad(path, "a size such as `20mb`");
        }
        size
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, path: &str) -> Vec<String> {
        let entries = self.entries(path);
        let texts: Option<Vec<String>> =
            entries.iter().map(|entry| entry.as_str().map(str::to_owned)).collect();
        texts.unwrap_or_else(|| {
            self.bad(path, "a list of texts");
            Vec::new()
        })
    }

    /// A list of addresses and ranges.
    pub(super) fn ip_ranges(&mut self, path: &str) -> Vec<IpRange> {
        let mut ranges = Vec::new();
        for text in self.texts(path) {
            match IpRange::parse(&text) {
                Some(range) => ranges.push(range),
                None => self.problem(path, &format!("`{text}` is no IP address or range")),
            }
        }
        ranges
    }

    /// A path of the server: begins with a slash and does not end with one.
    pub(super) fn path(&mut self, path: &str) -> String {
        let text = self.text(path).unwrap_or_default();
        if !text.starts_with('/') || text.contains(['?', '#', ' ']) {
            self.bad(path, "a path such as `/parse`");
        }
        match text.trim_end_matches('/') {
            "" => "/".to_owned(),
            trimmed => trimmed.to_owned(),
        }
    }

    /// An address with a scheme, without a slash at its end.
    pub(super) fn url(&mut self, path: &str) -> Option<String> {
        let text = self.text(path)?;
        let lower = text.to_ascii_lowercase();
        let rest = lower.strip_prefix("http://").or_else(|| lower.strip_prefix("https://"));
        if rest.is_none_or(str::is_empty) {
            self.bad(path, "an address that begins with `http://` or `https://`");
        }
        Some(text.trim_end_matches('/').to_owned())
    }

    /// The entries of a list of any values; absent is empty.
    pub(super) fn entries(&self, path: &str) -> Vec<Value> {
        let Value::Array(entries) = self.raw.value(path) else { return Vec::new() };
        entries
    }
}
