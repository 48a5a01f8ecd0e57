//! The index against looking at every question, on random questions and random rows that are the same on every run.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::query::{Matcher, parse_filter, resolve};
use crate::schema::{ClassSchema, Field, FieldType};
use crate::value::{ClassName, Members, wire};

struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    /// A literal of a field, as JSON text.
    fn literal(&mut self, field: &str) -> String {
        let number = |dice: &mut Self| {
            dice.pick(&["0", "-0", "1", "2", "3", "-1.5", "1e21", "10"]).to_owned()
        };
        let text = |dice: &mut Self| format!("{:?}", dice.pick(&["", "a", "b", "ab", "é", "A"]));
        match field {
            "n" => number(self),
            "s" => text(self),
            "b" => self.pick(&["true", "false"]).to_owned(),
            "d" => {
                let day = 1 + self.below(5);
                format!(r#"{{"__type":"Date","iso":"2024-01-0{day}T00:00:00.000Z"}}"#)
            }
            "p" => {
                let id = self.pick(&["x", "y", "z"]);
                format!(r#"{{"__type":"Pointer","className":"Q","objectId":"{id}"}}"#)
            }
            "a" => match self.below(4) {
                0 => text(self),
                1 => self.literal("p"),
                2 => "null".to_owned(),
                _ => number(self),
            },
            _ => match self.below(3) {
                0 => text(self),
                1 => format!("[{}]", self.literal("a")),
                _ => number(self),
            },
        }
    }

    fn condition(&mut self, depth: usize) -> String {
        if depth > 0 && self.below(4) == 0 {
            let word = self.pick(&["$or", "$and", "$nor"]);
            let parts: Vec<String> =
                (0..1 + self.below(3)).map(|_| self.condition(depth - 1)).collect();
            return format!(r#"{{"{word}":[{}]}}"#, parts.join(","));
        }
        let fields: Vec<String> = (0..1 + self.below(2)).map(|_| self.test()).collect();
        format!("{{{}}}", fields.join(","))
    }

    fn test(&mut self) -> String {
        let field = self.pick(&["n", "s", "b", "d", "p", "a", "o.x", "o.l", "n", "s"]);
        let name = if field.starts_with("o.") { "o" } else { field };
        let literal = self.literal(name);
        let list = |dice: &mut Self| {
            let elements: Vec<String> = (0..dice.below(4)).map(|_| dice.literal(name)).collect();
            elements.join(",")
        };
        let test = match self.below(9) {
            0..=2 => literal,
            3 => {
                format!(r#"{{"{}":{literal}}}"#, self.pick(&["$lt", "$lte", "$gt", "$gte", "$ne"]))
            }
            4 => {
                let other = self.literal(name);
                format!(r#"{{"$gte":{literal},"{}":{other}}}"#, self.pick(&["$lt", "$lte"]))
            }
            5 => format!(r#"{{"$in":[{}]}}"#, list(self)),
            6 => format!(r#"{{"$nin":[{}]}}"#, list(self)),
            7 => format!(r#"{{"$exists":{}}}"#, self.pick(&["true", "false"])),
            _ => format!(r#"{{"$in":[{literal},null]}}"#),
        };
        format!(r#""{field}":{test}"#)
    }

    fn row(&mut self) -> Row {
        let mut row = Row::new();
        for field in ["n", "s", "b", "d", "p", "a", "o"] {
            if self.below(4) == 0 {
                continue;
            }
            let text = match field {
                "a" => {
                    let count = self.below(4);
                    let elements: Vec<String> = (0..count).map(|_| self.literal("a")).collect();
                    format!("[{}]", elements.join(","))
                }
                "o" => format!(r#"{{"x":{},"l":{}}}"#, self.literal("o"), self.literal("o")),
                field => self.literal(field),
            };
            let json = Json::parse(text.as_bytes()).unwrap();
            row.insert(FieldName::from(field), wire::read_value(json).unwrap());
        }
        row
    }
}

fn class() -> ClassSchema {
    let mut class = ClassSchema::new(ClassName::from("A"));
    for (name, kind) in [
        ("n", FieldType::Number),
        ("s", FieldType::String),
        ("b", FieldType::Boolean),
        ("d", FieldType::Date),
        ("p", FieldType::Pointer(ClassName::from("Q"))),
        ("a", FieldType::Array),
        ("o", FieldType::Object),
    ] {
        class.fields.insert(FieldName::from(name), Field::plain(kind));
    }
    class
}

fn matcher(class: &ClassSchema, text: &str) -> Option<Matcher> {
    let filter = parse_filter(&Json::parse(text.as_bytes()).unwrap()).ok()?;
    resolve(&filter, class).ok().map(Matcher::new)
}

#[test]
fn the_index_never_forgets_a_question() {
    let (class, mut dice) = (class(), Dice(0x9e37_79b9_7f4a_7c15));
    let mut index = Index::default();
    let mut questions: BTreeMap<Question, (String, Matcher)> = BTreeMap::new();
    let (mut met, mut looked_at, mut possible) = (0, 0, 0);
    for number in 0..3_000_u32 {
        let text = dice.condition(2);
        if let Some(matcher) = matcher(&class, &text) {
            index.add(number, matcher.filter());
            questions.insert(number, (text, matcher));
        }
        if dice.below(3) == 0
            && let Some(gone) = questions.keys().nth(dice.below(questions.len().max(1))).copied()
            && let Some((_, matcher)) = questions.remove(&gone)
        {
            index.remove(gone, matcher.filter());
        }
        if number % 10 != 0 {
            continue;
        }
        let (before, after) = (dice.row(), dice.row());
        let named: BTreeSet<Question> = index.candidates(&[&before, &after]).into_iter().collect();
        assert!(named.iter().all(|number| questions.contains_key(number)), "one is gone already");
        for (number, (text, matcher)) in &questions {
            let meets = |row: &Row| matcher.matches(row) == Some(true);
            if meets(&before) || meets(&after) {
                met += 1;
                assert!(named.contains(number), "{text} for {before:?} or {after:?}");
            }
        }
        (looked_at, possible) = (looked_at + named.len(), possible + questions.len());
    }
    assert!(questions.len() > 1_000 && met > 10_000, "{} {met}", questions.len());
    assert!(looked_at < possible, "an index that names everything is none");
}

#[test]
fn what_is_taken_out_leaves_nothing_behind() {
    let (class, mut dice) = (class(), Dice(42));
    let mut index = Index::default();
    let mut all = Vec::new();
    while all.len() < 500 {
        if let Some(matcher) = matcher(&class, &dice.condition(2)) {
            index.add(all.len() as Question, matcher.filter());
            all.push(matcher);
        }
    }
    for (number, matcher) in all.iter().enumerate() {
        index.remove(number as Question, matcher.filter());
    }
    assert!(index.equal.is_empty() && index.ranges.is_empty() && index.rest.is_empty());
}

#[test]
fn only_questions_that_may_match_are_looked_at() {
    let class = class();
    let mut index = Index::default();
    for number in 0..10_000_u32 {
        let text = match number % 4 {
            0 => format!(r#"{{"n":{number}}}"#),
            1 => format!(r#"{{"n":{{"$gte":{number},"$lt":{}}}}}"#, number + 2),
            2 => format!(r#"{{"s":{{"$in":["t{number}","u{number}"]}},"b":true}}"#),
            _ => format!(
                r#"{{"$or":[{{"s":"t{number}"}},{{"p":{{"__type":"Pointer","className":"Q","objectId":"i{number}"}}}}]}}"#
            ),
        };
        index.add(number, matcher(&class, &text).unwrap().filter());
    }
    let row = |text: &str| -> Row {
        let json = Json::parse(text.as_bytes()).unwrap();
        let members: &Members = json.as_object().unwrap();
        let field = |(name, json): (&String, &Json)| {
            (FieldName::from(name.as_str()), wire::read_value(json.clone()).unwrap())
        };
        members.iter().map(field).collect()
    };
    let mut named = |text: &str| index.candidates(&[&row(text)]);
    assert_eq!(named(r#"{"n":400}"#), [400]);
    assert_eq!(named(r#"{"n":402.5}"#), [401]);
    assert_eq!(named(r#"{"s":"u402"}"#), [402]);
    assert_eq!(named(r#"{"s":"t403","n":800}"#), [403, 800]);
    assert_eq!(named(r#"{"s":"nothing"}"#), [0; 0]);
    assert_eq!(named("{}"), [0; 0]);
}
