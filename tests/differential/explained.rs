//! Differences that are known and why they are: `differences.json`.

use regex::Regex;
use serde::Deserialize;
use serde_json::Value;

use crate::twins::Exchange;

/// What differs for a reason. Patterns are searched in one line each; what is absent matches everything.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    /// The scene that has it.
    scene: String,
    /// In the line of the request.
    request: String,
    /// In status and body of the original's answer.
    theirs: String,
    /// In status and body of our answer.
    ours: String,
    reason: String,
}

struct Rule {
    request: Regex,
    theirs: Regex,
    ours: Regex,
    reason: String,
    hits: usize,
}

/// The rules of one scene.
pub(crate) struct Explained {
    rules: Vec<Rule>,
    /// How often the original crashed, by what we said: status and code with an example.
    crashes: Vec<(String, usize, String)>,
}

impl Explained {
    pub(crate) fn of(scene: &str) -> Self {
        let written: Vec<Written> = serde_json::from_str(include_str!("differences.json"))
            .expect("differences.json has rules");
        let pattern = |source: &str| Regex::new(source).expect("the pattern of a rule");
        let rules = written.into_iter().filter(|rule| rule.scene == scene).map(|rule| {
            assert!(!rule.reason.is_empty(), "a rule without a reason");
            Rule {
                request: pattern(&rule.request),
                theirs: pattern(&rule.theirs),
                ours: pattern(&rule.ours),
                reason: rule.reason,
                hits: 0,
            }
        });
        Self { rules: rules.collect(), crashes: Vec::new() }
    }

    /// Whether a difference has a reason; counts it.
    pub(crate) fn explains(&mut self, exchange: &Exchange) -> bool {
        let (theirs, ours) = (exchange.theirs.line(), exchange.ours.line());
        let rule = self.rules.iter_mut().find(|rule| {
            rule.request.is_match(&exchange.line)
                && rule.theirs.is_match(&theirs)
                && rule.ours.is_match(&ours)
        });
        if let Some(rule) = rule {
            rule.hits += 1;
            return true;
        }
        if exchange.theirs.is_crash() && !exchange.ours.is_crash() && exchange.ours.status < 500 {
            self.count_crash(exchange);
            return true;
        }
        false
    }

    /// The original fails with an internal error: an answer or a refusal is better.
    fn count_crash(&mut self, exchange: &Exchange) {
        let ours = &exchange.ours;
        let said = match &ours.body["error"] {
            Value::String(text) => format!("{} {} {text}", ours.status, ours.body["code"]),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_) => ours.status.to_string(),
        };
        match self.crashes.iter_mut().find(|(known, _, _)| *known == said) {
            Some((_, count, _)) => *count += 1,
            None => self.crashes.push((said, 1, exchange.line.clone())),
        }
    }

    /// Rules that nothing needed.
    pub(crate) fn idle(&self) -> Vec<&str> {
        let idle = self.rules.iter().filter(|rule| rule.hits == 0);
        idle.map(|rule| rule.reason.as_str()).collect()
    }

    /// What was explained, in lines.
    pub(crate) fn report(&self) -> String {
        let rules = self.rules.iter().map(|rule| format!("{:5} {}\n", rule.hits, rule.reason));
        let crashes = self.crashes.iter().map(|(said, count, example)| {
            format!("{count:5} the original answers 500, we say {said}\n      {example}\n")
        });
        rules.chain(crashes).collect()
    }
}
