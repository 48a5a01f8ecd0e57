//! Conditions as the client wrote them, decoded once.

use crate::value::{GeoPoint, Json, Pointer, Polygon};

use super::FindRequest;

/// A condition on an object.
#[derive(Clone, Debug)]
pub enum Filter {
    /// All of them hold, being the entries of one object; an empty list holds for every object.
    All(Vec<Filter>),
    /// All of them hold, said with `$and`.
    And(Vec<Filter>),
    /// One of them holds.
    Any(Vec<Filter>),
    /// None of them holds.
    Nor(Vec<Filter>),
    /// All conditions on one field hold. The name may be dotted.
    Field(String, Vec<Condition>),
    /// The object is in a relation of another object.
    RelatedTo {
        /// The other object.
        owner: Pointer,
        /// Its relation field.
        key: String,
    },
}

impl Filter {
    /// The condition that every object meets.
    pub fn everything() -> Self {
        Self::All(Vec::new())
    }

    /// The condition that only the object of an id meets.
    pub fn has_id(id: &str) -> Self {
        let condition = Condition::Compare(Comparison::Equal, Json::from(id));
        Self::Field("objectId".to_owned(), vec![condition])
    }

    /// Whether every object meets it.
    pub fn is_everything(&self) -> bool {
        matches!(self, Self::All(parts) if parts.is_empty())
    }
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// equal
    Equal,
    /// not equal, or nothing there
    NotEqual,
    /// less
    Less,
    /// less or equal
    LessOrEqual,
    /// greater
    Greater,
    /// greater or equal
    GreaterOrEqual,
}

/// A condition on a field, before the field is known.
#[derive(Clone, Debug)]
pub enum Condition {
    /// `$eq`, `$ne`, `$lt`, `$lte`, `$gt`, `$gte`, or a bare value
    Compare(Comparison, Json),
    /// `$in`
    In(Vec<Json>),
    /// `$nin`
    NotIn(Vec<Json>),
    /// `$exists`
    Exists(bool),
    /// `$all`
    All(Vec<Json>),
    /// `$containedBy`
    ContainedBy(Vec<Json>),
    /// `$regex` with `$options`
    Regex(Pattern),
    /// `$all` with patterns, as `$all: [{"$regex": "^a"}]`: one element matches each
    AllRegex(Vec<Pattern>),
    /// `$text`
    Text(TextSearch),
    /// `$nearSphere`: nearest first, not farther than so many radians
    Near(GeoPoint, Option<f64>),
    /// `$within.$box`: south-west and north-east corner
    InBox(GeoPoint, GeoPoint),
    /// `$geoWithin.$polygon`
    InPolygon(Polygon),
    /// `$geoWithin.$centerSphere`: centre and radians
    InSphere(GeoPoint, f64),
    /// `$geoIntersects.$point`
    Intersects(GeoPoint),
    /// `$not`
    Not(Vec<Condition>),
    /// `$inQuery`: the pointer leads to an object of the answer
    InQuery(Box<Subquery>),
    /// `$notInQuery`
    NotInQuery(Box<Subquery>),
    /// `$select`: the value is the value of a field of some object of the answer
    Select(Box<Subquery>, String),
    /// `$dontSelect`
    DontSelect(Box<Subquery>, String),
    /// A condition that no value meets (a malformed point, say).
    Never,
}

impl Condition {
    /// The query inside it, if there is one.
    pub fn subquery(&self) -> Option<&Subquery> {
        if let Self::InQuery(query)
        | Self::NotInQuery(query)
        | Self::Select(query, _)
        | Self::DontSelect(query, _) = self
        {
            return Some(query);
        }
        None
    }
}

/// A query inside a condition.
#[derive(Clone, Debug)]
pub struct Subquery {
    /// The class it asks.
    pub class: String,
    /// What it asks.
    pub request: FindRequest,
}

/// Flags of a regular expression.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct RegexOptions {
    /// `i`: letters match in either case
    pub ignore_case: bool,
    /// `m`: `^` and `$` match at line ends
    pub multi_line: bool,
    /// `s`: `.` matches a line end
    pub dot_all: bool,
    /// `x`: white space and comments are skipped
    pub extended: bool,
}

/// A regular expression that the linear-time engine understands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pattern {
    /// The expression; `\Q…\E` of the client is escaped already.
    pub source: String,
    /// Its flags.
    pub options: RegexOptions,
}

/// A search for words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextSearch {
    /// The words; all must occur.
    pub term: String,
    /// The language of stemming, where the back end has one.
    pub language: Option<String>,
    /// Whether the case of letters counts.
    pub case_sensitive: bool,
    /// Whether accents count.
    pub diacritic_sensitive: bool,
}
