//! Random objects and conditions, the same on every run.

use std::collections::HashMap;

use parsimony::query::{Comparison, FieldPath, Pattern, RegexOptions, Test, TextSearch, Where};
use parsimony::schema::{ClassSchema, Field, FieldType};
use parsimony::value::{
    ClassName, Date, FieldName, GeoPoint, Json, Members, ObjectId, Pointer, Polygon, Value,
};

/// A generator of numbers that are the same on every run (xorshift).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit
    }

    fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    fn some<T>(&mut self, most: usize, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let count = self.below(most + 1);
        (0..count).map(|_| make(self)).collect()
    }

    fn text(&mut self) -> String {
        self.pick(&["", "a", "A", "ab", "a b", "b", "ba\nab", "é", "e", "10", "B a", "%_", "😀"])
            .to_owned()
    }

    fn number(&mut self) -> f64 {
        self.pick(&[0.0, -0.0, 1.0, -1.0, 1.5, 0.1, 10.0, 1e21, 1e-7])
    }

    fn date(&mut self) -> Date {
        let millis = self.pick(&[0, 1, -1, 86_400_000, 1_700_000_000_123, -62_167_219_200_000]);
        Date::from_millis(millis).unwrap()
    }

    fn point(&mut self) -> GeoPoint {
        let latitude = self.pick(&[0.0, 1.0, 10.0, -10.0, 52.5, 90.0]);
        GeoPoint { latitude, longitude: self.pick(&[0.0, 1.0, 10.0, -179.5, 179.5, 13.4]) }
    }

    fn polygon(&mut self) -> Polygon {
        loop {
            let points = 3 + self.below(3);
            if let Ok(polygon) = Polygon::new((0..points).map(|_| self.point()).collect()) {
                return polygon;
            }
        }
    }

    fn json(&mut self, depth: usize) -> Json {
        match self.below(if depth == 0 { 5 } else { 8 }) {
            0 => Json::Null,
            1 => Json::Bool(self.one_in(2)),
            2 => Json::Number(self.number()),
            3 | 4 => Json::from(self.text()),
            5 => Json::Array(self.some(3, |dice| dice.json(depth - 1))),
            6 => Json::from([
                ("__type", Json::from("Date")),
                ("iso", Json::from(self.date().to_iso())),
            ]),
            _ => Json::Object(self.members(depth - 1)),
        }
    }

    fn members(&mut self, depth: usize) -> Members {
        self.some(3, |dice| (dice.pick(&["a", "b", "0"]).to_owned(), dice.json(depth)))
            .into_iter()
            .collect()
    }

    fn value(&mut self, kind: &FieldType) -> Value {
        match kind {
            FieldType::String => Value::String(self.text()),
            FieldType::Number => Value::Number(self.number()),
            FieldType::Boolean => Value::Bool(self.one_in(2)),
            FieldType::Date => Value::Date(self.date()),
            FieldType::Object => Value::Object(self.members(2)),
            FieldType::Array => Value::Array(self.some(4, |dice| dice.json(1))),
            FieldType::GeoPoint => Value::GeoPoint(self.point()),
            FieldType::Polygon => Value::Polygon(self.polygon()),
            FieldType::File => Value::File(self.text()),
            FieldType::Bytes => Value::Bytes(Json::from(self.pick(&["AA==", "AAA=", ""]))),
            FieldType::Pointer(class) => {
                let id = ObjectId::from(self.pick(&["x", "y", "Z"]));
                Value::Pointer(Pointer { class: class.clone(), id })
            }
            FieldType::Relation(_) | FieldType::Acl => Value::Null,
        }
    }

    /// A literal for a comparison: of the field's type, or any JSON inside arrays and objects.
    fn literal(&mut self, path: &FieldPath) -> Value {
        if path.path.is_empty() && !matches!(path.kind, FieldType::Array | FieldType::Object) {
            return self.value(&path.kind);
        }
        match self.json(2) {
            Json::Null | Json::Bool(false) => Value::Bool(false),
            Json::Bool(true) => Value::Bool(true),
            Json::Number(number) => Value::Number(number),
            Json::String(text) => Value::String(text),
            Json::Array(elements) => Value::Array(elements),
            Json::Object(members) => Value::Object(members),
        }
    }

    fn pattern(&mut self) -> Pattern {
        let source = self.pick(&[
            "^a", "^", "b$", "a", "^a b", "^ab?", "^a+", "[ab]", "A", "^a|e", "^\\Aa", "^b.*b$",
            "^%_",
        ]);
        let mut flag = || self.one_in(4);
        let options = RegexOptions {
            ignore_case: flag(),
            multi_line: flag(),
            dot_all: flag(),
            extended: flag(),
        };
        Pattern { source: source.to_owned(), options }
    }

    fn search(&mut self) -> TextSearch {
        TextSearch {
            term: self.pick(&["a", "A b", "e", "É", "?", "10", "ab a"]).to_owned(),
            language: None,
            case_sensitive: self.one_in(3),
            diacritic_sensitive: self.one_in(3),
        }
    }

    fn test(&mut self, path: &FieldPath, depth: usize) -> Test {
        let comparisons = [
            Comparison::Equal,
            Comparison::NotEqual,
            Comparison::Less,
            Comparison::LessOrEqual,
            Comparison::Greater,
            Comparison::GreaterOrEqual,
        ];
        match self.below(20) {
            0..=4 => Test::Compare(self.pick(&comparisons), self.literal(path)),
            5 => Test::Contains(self.json(1)),
            6 => Test::ContainsNot(self.json(1)),
            7 => Test::In {
                values: self.some(4, |dice| dice.literal(path)),
                or_null: self.one_in(2),
            },
            8 => Test::NotIn(self.some(4, |dice| dice.literal(path))),
            9 => Test::Exists(self.one_in(2)),
            10 => Test::All(self.some(2, |dice| dice.json(1))),
            11 => Test::AllRegex(self.some(2, Self::pattern)),
            12 => Test::ContainedBy(self.some(6, |dice| dice.json(1))),
            13 => Test::Regex(self.pattern()),
            14 => Test::Text(self.search()),
            15 => {
                let limit = self.one_in(2).then_some(0.5);
                Test::Near(self.point(), limit)
            }
            16 => {
                let (a, b) = (self.point(), self.point());
                let low = GeoPoint {
                    latitude: a.latitude.min(b.latitude),
                    longitude: a.longitude.min(b.longitude),
                };
                Test::InBox(
                    low,
                    GeoPoint {
                        latitude: a.latitude.max(b.latitude),
                        longitude: a.longitude.max(b.longitude),
                    },
                )
            }
            17 if self.one_in(2) => Test::InPolygon(self.polygon()),
            17 => Test::Intersects(self.point()),
            18 => Test::InSphere(self.point(), self.pick(&[0.0, 0.2, 4.0])),
            _ if depth > 0 => {
                Test::Not((0..=self.below(2)).map(|_| self.test(path, depth - 1)).collect())
            }
            _ => Test::Never,
        }
    }

    pub(crate) fn condition(&mut self, class: &ClassSchema, depth: usize) -> Where {
        match self.below(if depth == 0 { 1 } else { 5 }) {
            0 | 1 => {
                let fields: Vec<&FieldName> =
                    class.fields.keys().filter(|name| name.len() < 8).collect();
                let field = self.pick(&fields).clone();
                let kind = class.kind(&field).unwrap().clone();
                let way = if self.one_in(3) {
                    self.some(2, |dice| dice.pick(&["a", "b", "0", "1"]).to_owned())
                } else {
                    Vec::new()
                };
                let path = FieldPath { field, kind, path: way };
                let test = self.test(&path, 1);
                Where::Field(path, test)
            }
            2 => Where::All(self.some(3, |dice| dice.condition(class, depth - 1))),
            3 => Where::Any(self.some(3, |dice| dice.condition(class, depth - 1))),
            _ => Where::Nor(self.some(2, |dice| dice.condition(class, depth - 1))),
        }
    }
}

/// A class with a field of each type.
pub(crate) fn class() -> ClassSchema {
    let mut class = ClassSchema::new(ClassName::from("Thing"));
    for (name, kind) in [
        ("text", FieldType::String),
        ("words", FieldType::String),
        ("number", FieldType::Number),
        ("flag", FieldType::Boolean),
        ("date", FieldType::Date),
        ("object", FieldType::Object),
        ("array", FieldType::Array),
        ("point", FieldType::GeoPoint),
        ("polygon", FieldType::Polygon),
        ("file", FieldType::File),
        ("bytes", FieldType::Bytes),
        ("pointer", FieldType::Pointer(ClassName::from("Thing"))),
    ] {
        class.fields.insert(FieldName::from(name), Field::plain(kind));
    }
    for (name, field, kind) in [
        ("w", "words", Json::from("text")),
        ("t", "text", Json::from(1.0)),
        ("p", "point", Json::from("2dsphere")),
    ] {
        class.indexes.insert(name.to_owned(), Members::from([(field.to_owned(), kind)]));
    }
    class
}

/// The fields of an object.
pub(crate) type Object = HashMap<FieldName, Value>;

/// An object of which some fields are empty.
pub(crate) fn object(dice: &mut Dice, class: &ClassSchema) -> Object {
    let mut object = Object::new();
    for (name, field) in &class.fields {
        if !matches!(&**name, "objectId" | "createdAt" | "updatedAt" | "ACL") && !dice.one_in(4) {
            object.insert(name.clone(), dice.value(&field.kind));
        }
    }
    object
}
