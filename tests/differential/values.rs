//! Random values of every type, as clients send them.

use serde_json::{Map, Value, json};

use crate::dice::Dice;

/// The type of a field, with what its values need.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    String,
    Number,
    Boolean,
    Date,
    Object,
    /// Any elements, also equal ones.
    Array,
    /// Different elements without structure; its order is the server's own business.
    Set,
    GeoPoint,
    Polygon,
    File,
    Bytes,
    Pointer(&'static str),
    Relation(&'static str),
}

impl Kind {
    /// The definition of a field in a class schema.
    pub(crate) fn definition(&self) -> Value {
        match self {
            Kind::String => json!({"type": "String"}),
            Kind::Number => json!({"type": "Number"}),
            Kind::Boolean => json!({"type": "Boolean"}),
            Kind::Date => json!({"type": "Date"}),
            Kind::Object => json!({"type": "Object"}),
            Kind::Array | Kind::Set => json!({"type": "Array"}),
            Kind::GeoPoint => json!({"type": "GeoPoint"}),
            Kind::Polygon => json!({"type": "Polygon"}),
            Kind::File => json!({"type": "File"}),
            Kind::Bytes => json!({"type": "Bytes"}),
            Kind::Pointer(class) => json!({"type": "Pointer", "targetClass": class}),
            Kind::Relation(class) => json!({"type": "Relation", "targetClass": class}),
        }
    }
}

/// The class with a field of every type.
pub(crate) fn fields() -> Vec<(&'static str, Kind)> {
    vec![
        ("text", Kind::String),
        ("words", Kind::String),
        ("number", Kind::Number),
        ("flag", Kind::Boolean),
        ("date", Kind::Date),
        ("object", Kind::Object),
        ("list", Kind::Array),
        ("tags", Kind::Set),
        ("place", Kind::GeoPoint),
        ("area", Kind::Polygon),
        ("photo", Kind::File),
        ("data", Kind::Bytes),
        ("owner", Kind::Pointer("Owner")),
        ("friends", Kind::Relation("Owner")),
    ]
}

/// The fields of a class schema.
pub(crate) fn definitions(fields: &[(&'static str, Kind)]) -> Value {
    let fields = fields.iter().map(|(name, kind)| ((*name).to_owned(), kind.definition()));
    Value::Object(fields.collect::<Map<_, _>>())
}

/// A pointer.
pub(crate) fn pointer(class: &str, id: &str) -> Value {
    json!({"__type": "Pointer", "className": class, "objectId": id})
}

/// An id that no object has.
pub(crate) const NOBODY: &str = "nobody0000";

impl Dice {
    pub(crate) fn text(&mut self) -> String {
        let words = [
            "a",
            "A",
            "ab",
            "a b",
            "b",
            "Ba",
            "é",
            "e",
            "10",
            "9",
            "%_",
            "O'Neil",
            "back\\slash",
            "say \"hi\"",
            "new\nline",
            "$1",
            "$2:raw",
            "{x}",
            "😀",
            " lead",
            "the quick brown fox",
            "lazy dogs run",
            "",
        ];
        self.word(&words).to_owned()
    }

    pub(crate) fn number(&mut self) -> Value {
        self.pick(&[
            json!(0),
            json!(1),
            json!(-1),
            json!(2),
            json!(3),
            json!(10),
            json!(1.5),
            json!(-0.25),
            json!(0.1),
            json!(1e21),
            json!(1e-7),
            json!(123_456_789_012_i64),
        ])
        .clone()
    }

    pub(crate) fn iso(&mut self) -> &'static str {
        self.word(&[
            "1970-01-01T00:00:00.000Z",
            "1969-12-31T23:59:59.999Z",
            "2014-03-04T05:06:07.089Z",
            "2014-03-04T05:06:07.090Z",
            "2019-12-31T23:59:59.000Z",
            "2035-06-01T12:00:00.500Z",
        ])
    }

    pub(crate) fn point(&mut self) -> Value {
        let mut degrees = |span: usize| {
            let millis = self.below(span * 2000) as f64 - (span * 1000) as f64;
            millis / 1000.0
        };
        json!({"__type": "GeoPoint", "latitude": degrees(80), "longitude": degrees(170)})
    }

    pub(crate) fn polygon(&mut self) -> Value {
        let (x, y) = (self.below(40) as i64 - 20, self.below(40) as i64 - 20);
        let (w, h) = (1 + self.below(20) as i64, 1 + self.below(20) as i64);
        let corners = match self.below(3) {
            0 => json!([[x, y], [x, y + h], [x + w, y + h], [x + w, y], [x, y]]),
            1 => json!([[x, y], [x, y + h], [x + w, y + h], [x + w, y]]),
            _ => json!([[x, y], [x, y + h], [x + w, y]]),
        };
        json!({"__type": "Polygon", "coordinates": corners})
    }

    /// Any JSON.
    pub(crate) fn json(&mut self, depth: usize) -> Value {
        match self.below(if depth == 0 { 5 } else { 8 }) {
            0 => Value::Null,
            1 => json!(self.one_in(2)),
            2 => self.number(),
            3 | 4 => json!(self.text()),
            5 => Value::Array(self.few(3, |dice| dice.json(depth - 1))),
            6 => json!({"__type": "Date", "iso": self.iso()}),
            _ => self.members(depth - 1),
        }
    }

    pub(crate) fn members(&mut self, depth: usize) -> Value {
        let names = ["a", "b", "c", "0"];
        let count = self.below(4);
        let members = (0..count).map(|_| (self.word(&names).to_owned(), self.json(depth)));
        Value::Object(members.collect::<Map<_, _>>())
    }

    /// An element of a set.
    pub(crate) fn mark(&mut self) -> Value {
        self.pick(&[
            json!("a"),
            json!("b"),
            json!("c"),
            json!("d e"),
            json!(1),
            json!(2),
            json!(true),
        ])
        .clone()
    }

    /// Different elements.
    pub(crate) fn marks(&mut self) -> Value {
        let mut marks: Vec<Value> = Vec::new();
        for _ in 0..self.below(5) {
            let mark = self.mark();
            if !marks.contains(&mark) {
                marks.push(mark);
            }
        }
        Value::Array(marks)
    }

    /// A value for a field of this type; pointers lead to these objects.
    pub(crate) fn value(&mut self, kind: &Kind, targets: &[String]) -> Value {
        match kind {
            Kind::String => json!(self.text()),
            Kind::Number => self.number(),
            Kind::Boolean => json!(self.one_in(2)),
            Kind::Date => json!({"__type": "Date", "iso": self.iso()}),
            Kind::Object => self.members(2),
            Kind::Array => {
                if self.one_in(6) {
                    json!([])
                } else {
                    Value::Array(self.few(4, |dice| dice.json(1)))
                }
            }
            Kind::Set => self.marks(),
            Kind::GeoPoint => self.point(),
            Kind::Polygon => self.polygon(),
            Kind::File => {
                json!({"__type": "File", "name": self.word(&["a.txt", "b c.png", "é.jpg"])})
            }
            Kind::Bytes => {
                json!({"__type": "Bytes", "base64": self.word(&["AA==", "aGVsbG8=", "/+8="])})
            }
            Kind::Pointer(class) => pointer(class, &self.target(targets)),
            Kind::Relation(class) => {
                let objects = self.few(3, |dice| pointer(class, &dice.target(targets)));
                json!({"__op": "AddRelation", "objects": objects})
            }
        }
    }

    /// One of these ids, or one that nobody has.
    pub(crate) fn target(&mut self, targets: &[String]) -> String {
        if targets.is_empty() || self.one_in(12) {
            NOBODY.to_owned()
        } else {
            self.pick(targets).clone()
        }
    }

    /// What is no value of this type, or not written as one.
    pub(crate) fn wrong(&mut self, kind: &Kind) -> Value {
        let wrong = match kind {
            Kind::String => vec![json!(5), json!(["a"]), json!({"a": 1}), json!(true)],
            Kind::Number => vec![json!("5"), json!([1]), json!({}), json!(false)],
            Kind::Boolean => vec![json!("true"), json!(0), json!([])],
            Kind::Date => vec![
                json!("2014-03-04T05:06:07.089Z"),
                json!({"__type": "Date"}),
                json!({"__type": "Date", "iso": "nope"}),
                json!({"__type": "Date", "iso": 5}),
                json!(5),
            ],
            Kind::Object => vec![json!("text"), json!([1]), json!(4)],
            Kind::Array | Kind::Set => vec![json!("text"), json!({"a": 1}), json!(3)],
            Kind::GeoPoint => vec![
                json!({"__type": "GeoPoint", "latitude": 100, "longitude": 0}),
                json!({"__type": "GeoPoint", "latitude": 1}),
                json!({"__type": "GeoPoint", "latitude": "1", "longitude": "2"}),
                json!([1, 2]),
                json!("1,2"),
            ],
            Kind::Polygon => vec![
                json!({"__type": "Polygon", "coordinates": [[0, 0], [1, 1]]}),
                json!({"__type": "Polygon", "coordinates": [[0, 0], [0, 1], ["x", 1]]}),
                json!({"__type": "Polygon", "coordinates": [[0, 0], [0, 190], [1, 1]]}),
                json!({"__type": "Polygon"}),
                json!([[0, 0], [0, 1], [1, 1]]),
            ],
            Kind::File => vec![json!({"__type": "File"}), json!("a.txt"), json!({"name": "a.txt"})],
            Kind::Bytes => vec![
                json!({"__type": "Bytes", "base64": ""}),
                json!({"__type": "Bytes"}),
                json!("AA=="),
                json!([0]),
            ],
            Kind::Pointer(class) => vec![
                json!({"__type": "Pointer", "className": class}),
                json!({"__type": "Pointer", "objectId": "x"}),
                json!({"__type": "Pointer", "className": "Elsewhere", "objectId": "x"}),
                json!("x"),
                json!({"__type": "Object", "className": class, "objectId": "x", "name": "y"}),
            ],
            Kind::Relation(class) => vec![
                json!([pointer(class, "x")]),
                json!("x"),
                json!({"__type": "Relation", "className": "Elsewhere"}),
                pointer(class, "x"),
            ],
        };
        self.pick(&wrong).clone()
    }
}
