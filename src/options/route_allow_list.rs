//! The only routes that callers without a privileged key may use.

use regex::RegexSet;

/// Patterns of routes, each for the whole path below the mount path, without the slash at its beginning.
#[derive(Debug, Clone)]
pub struct RouteAllowList(RegexSet);

impl RouteAllowList {
    /// Compiles the patterns. An error names the first that is no regular expression.
    pub(super) fn new(patterns: &[String]) -> Result<Self, String> {
        // Each by itself, so that none can end the group that holds it to the whole path.
        let is_bad = |pattern: &&String| regex::Regex::new(pattern).is_err();
        if let Some(bad) = patterns.iter().find(is_bad) {
            return Err(bad.clone());
        }
        let whole = patterns.iter().map(|pattern| format!("^(?:{pattern})$"));
        RegexSet::new(whole).map(Self).map_err(|cause| cause.to_string())
    }

    /// Whether a path is on the list.
    pub fn allows(&self, path: &str) -> bool {
        self.0.is_match(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, path: &str, expected: bool) {
        let list = RouteAllowList::new(&[pattern.to_owned()]).unwrap();
        assert_eq!(list.allows(path), expected, "{pattern} {path}");
    }

    #[test]
    fn a_pattern_means_the_whole_path() {
        check("classes/Allowed.*", "classes/Allowed1", true);
        check("classes/Allowed", "classes/Allowed1", false);
        check("classes/Allowed", "x/classes/Allowed", false);
        check("a|b", "b", true);
        check("a|b", "bx", false);
        check("", "health", false);
    }

    #[test]
    fn patterns_must_stand_for_themselves() {
        for bad in ["[", "a)|(?:b", "("] {
            assert!(RouteAllowList::new(&[bad.to_owned()]).is_err(), "{bad}");
        }
        assert!(!RouteAllowList::new(&[]).unwrap().allows("health"));
    }
}
