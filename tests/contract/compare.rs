//! Is an answer the expected one? All differences are collected, each with its JSON pointer.

use std::collections::BTreeSet;

use serde_json::{Number, Value};

use crate::placeholders::Bindings;

/// Texts of JavaScript's JSON parser: facts of another stack.
const PARSER_TEXTS: [&str; 2] = ["Unexpected token ", "Unexpected end of JSON input"];
const SHOWN_MAX: usize = 160;

/// Where an answer is not as expected.
pub(crate) struct Mismatch {
    pub(crate) pointer: String,
    pub(crate) expected: String,
    pub(crate) got: String,
}

/// How arrays and values of one answer are compared.
#[derive(Default)]
pub(crate) struct Rules {
    /// Pointers of arrays that are multisets.
    pub(crate) unordered: BTreeSet<String>,
    /// Pointers of values that are not compared.
    pub(crate) unstable: BTreeSet<String>,
}

/// The comparison of one answer.
pub(crate) struct Comparison<'a> {
    pub(crate) bindings: &'a mut Bindings,
    pub(crate) rules: &'a Rules,
    pub(crate) mismatches: Vec<Mismatch>,
}

impl Comparison<'_> {
    /// Compares a text that is not JSON.
    pub(crate) fn text(&mut self, pointer: &str, expected: &str, got: Option<&str>) {
        if got.is_none_or(|got| !self.bindings.matches(expected, got)) {
            let expected = self.bindings.fill(expected);
            self.mismatch(pointer, expected, got.unwrap_or("nothing").to_owned());
        }
    }

    /// Compares a JSON value and all that is inside.
    pub(crate) fn json(&mut self, pointer: &str, expected: &Value, got: &Value) {
        if self.rules.unstable.contains(pointer) || expected == "<any>" {
            return;
        }
        if let (Some(expected), Some(got)) = (expected.as_object(), got.as_object()) {
            self.members(pointer, expected, got);
        } else if let (Some(expected), Some(got)) = (expected.as_array(), got.as_array()) {
            self.elements(pointer, expected, got);
        } else if !self.same_scalar(pointer, expected, got) {
            let expected = self.bindings.fill_json(expected).to_string();
            self.mismatch(pointer, expected, got.to_string());
        }
    }

    fn same_scalar(&mut self, pointer: &str, expected: &Value, got: &Value) -> bool {
        if let (Some(expected), Some(got)) = (expected.as_str(), got.as_str()) {
            let is_parser_text = pointer.ends_with("/error")
                && PARSER_TEXTS.iter().any(|text| expected.starts_with(text));
            return is_parser_text || self.bindings.matches(expected, got);
        }
        if let (Some(expected), Some(got)) = (expected.as_number(), got.as_number()) {
            return same_number(expected, got);
        }
        expected == got
    }

    fn members(
        &mut self,
        pointer: &str,
        expected: &serde_json::Map<String, Value>,
        got: &serde_json::Map<String, Value>,
    ) {
        // Ids first: other members may have them inside.
        let (ids, others): (Vec<_>, Vec<_>) =
            expected.iter().partition(|(key, _)| key.as_str() == "objectId");
        let mut known = BTreeSet::new();
        for (key, value) in ids.into_iter().chain(others) {
            let key = self.bindings.fill(key);
            let place = format!("{pointer}/{}", escape(&key));
            match got.get(&key) {
                Some(got) => self.json(&place, value, got),
                None => self.mismatch(&place, value.to_string(), "nothing".to_owned()),
            }
            known.insert(key);
        }
        for (key, value) in got {
            if !known.contains(key) {
                let place = format!("{pointer}/{}", escape(key));
                self.mismatch(&place, "nothing".to_owned(), value.to_string());
            }
        }
    }

    fn elements(&mut self, pointer: &str, expected: &[Value], got: &[Value]) {
        if expected.len() != got.len() {
            let (wanted, found) = (Value::from(expected), Value::from(got));
            let wanted =
                format!("{} elements: {}", expected.len(), self.bindings.fill_json(&wanted));
            self.mismatch(pointer, wanted, format!("{} elements: {found}", got.len()));
        }
        if self.rules.unordered.contains(pointer) {
            return self.multiset(pointer, expected, got);
        }
        for (at, (expected, got)) in expected.iter().zip(got).enumerate() {
            self.json(&format!("{pointer}/{at}"), expected, got);
        }
    }

    fn multiset(&mut self, pointer: &str, expected: &[Value], got: &[Value]) {
        let mut free: Vec<&Value> = got.iter().collect();
        // Elements that bind nothing new first, so that the others bind to what is left.
        let (binding, fixed): (Vec<_>, Vec<_>) =
            expected.iter().partition(|value| self.bindings.has_unbound(value));
        let place = format!("{pointer}/*");
        for value in fixed.into_iter().chain(binding) {
            match free.iter().position(|candidate| self.would_match(&place, value, candidate)) {
                Some(at) => self.json(&place, value, free.remove(at)),
                None => {
                    let wanted = self.bindings.fill_json(value).to_string();
                    let left = format!(
                        "none like it in {}",
                        Value::from_iter(free.iter().copied().cloned())
                    );
                    self.mismatch(&place, wanted, left);
                }
            }
        }
    }

    fn would_match(&self, pointer: &str, expected: &Value, got: &Value) -> bool {
        let mut bindings = self.bindings.clone();
        let mut trial =
            Comparison { bindings: &mut bindings, rules: self.rules, mismatches: Vec::new() };
        trial.json(pointer, expected, got);
        trial.mismatches.is_empty()
    }

    /// Notes a difference.
    pub(crate) fn mismatch(&mut self, pointer: &str, expected: String, got: String) {
        let (expected, got) = (shorten(expected), shorten(got));
        self.mismatches.push(Mismatch { pointer: pointer.to_owned(), expected, got });
    }
}

/// `1` and `1.0` are one number.
fn same_number(expected: &Number, got: &Number) -> bool {
    expected == got || expected.as_f64() == got.as_f64()
}

fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn shorten(text: String) -> String {
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
