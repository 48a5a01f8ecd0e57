//! What is computed from one row.

use super::parse::{invalid, stored_name};
use crate::error::Result;
use crate::query::{FieldPath, field_path};
use crate::schema::{ClassSchema, FieldType};
use crate::value::{FieldName, Json};

/// How a value is computed from a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// A value that is the same for all rows; `null` for nothing.
    Literal(Json),
    /// A field of the row, or what is inside it.
    Field(FieldPath),
    /// A number taken from a date, in UTC.
    DatePart(DatePart, FieldPath),
    /// A date as text, in UTC, by a format of `%Y %m %d %H %M %S %L %j %u %w %%`.
    DateText(String, FieldPath),
    /// An object of computed members; those that are nothing are left out.
    Members(Vec<(String, Expression)>),
}

/// A number taken from a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatePart {
    /// the year
    Year,
    /// the month, 1 to 12
    Month,
    /// the day of the month, 1 to 31
    DayOfMonth,
    /// the day of the week, 1 (Sunday) to 7
    DayOfWeek,
    /// the day of the year, 1 to 366
    DayOfYear,
    /// the hour
    Hour,
    /// the minute
    Minute,
    /// the second
    Second,
    /// the millisecond
    Millisecond,
}

impl DatePart {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "$year" => Self::Year,
            "$month" => Self::Month,
            "$dayOfMonth" => Self::DayOfMonth,
            "$dayOfWeek" => Self::DayOfWeek,
            "$dayOfYear" => Self::DayOfYear,
            "$hour" => Self::Hour,
            "$minute" => Self::Minute,
            "$second" => Self::Second,
            "$millisecond" => Self::Millisecond,
            _ => return None,
        })
    }
}

impl Expression {
    /// Nothing.
    pub const NOTHING: Self = Self::Literal(Json::Null);

    /// The type of its value. JSON whose type is not known before it is read counts as an object.
    pub fn kind(&self) -> FieldType {
        match self {
            Self::Literal(Json::String(_)) | Self::DateText(..) => FieldType::String,
            Self::Literal(Json::Number(_)) | Self::DatePart(..) => FieldType::Number,
            Self::Literal(Json::Bool(_)) => FieldType::Boolean,
            Self::Literal(Json::Array(_)) => FieldType::Array,
            Self::Literal(Json::Null | Json::Object(_)) | Self::Members(_) => FieldType::Object,
            Self::Field(path) if path.path.is_empty() => path.kind.clone(),
            Self::Field(_) => FieldType::Object,
        }
    }

    /// The fields that it reads.
    pub(super) fn reads(&self, fields: &mut Vec<FieldName>) {
        match self {
            Self::Literal(_) => {}
            Self::Field(path) | Self::DatePart(_, path) | Self::DateText(_, path) => {
                fields.push(path.field.clone())
            }
            Self::Members(members) => members.iter().for_each(|(_, member)| member.reads(fields)),
        }
    }

    /// Reads an expression: `"$field"`, a date operator, an object of expressions, or a plain value.
    pub(super) fn parse(json: &Json, shape: &ClassSchema) -> Result<Self> {
        match json {
            Json::String(text) => match text.strip_prefix('$') {
                Some(name) => Ok(field(name, shape)),
                None => Ok(Self::Literal(json.clone())),
            },
            Json::Object(members) => match members.first() {
                Some((operator, argument)) if operator.starts_with('$') => {
                    parse_operator(operator, argument, shape)
                }
                _ => {
                    let parse = |(name, member): (&String, &Json)| {
                        Ok((name.clone(), Self::parse(member, shape)?))
                    };
                    Ok(Self::Members(members.iter().map(parse).collect::<Result<_>>()?))
                }
            },
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) => {
                Ok(Self::Literal(json.clone()))
            }
        }
    }
}

/// The field of that name; nothing if the rows have none.
fn field(name: &str, shape: &ClassSchema) -> Expression {
    match field_path(&stored_name(name), shape)
        .filter(|path| !matches!(path.kind, FieldType::Relation(_) | FieldType::Acl))
    {
        Some(path) => Expression::Field(path),
        None => Expression::NOTHING,
    }
}

fn parse_operator(operator: &str, argument: &Json, shape: &ClassSchema) -> Result<Expression> {
    let date = |json: Option<&Json>| match Expression::parse(json.unwrap_or(&Json::Null), shape)? {
        Expression::Field(path) if path.kind == FieldType::Date && path.path.is_empty() => {
            Ok(Some(path))
        }
        Expression::Field(_) | Expression::Literal(Json::Null) => Ok(None),
        Expression::Literal(_)
        | Expression::DatePart(..)
        | Expression::DateText(..)
        | Expression::Members(_) => {
            Err(invalid(format!("Invalid argument of '{operator}': a date field is needed.")))
        }
    };
    if operator == "$literal" {
        return Ok(Expression::Literal(argument.clone()));
    }
    if let Some(part) = DatePart::named(operator) {
        let of = argument.get("date").unwrap_or(argument);
        return Ok(
            date(Some(of))?.map_or(Expression::NOTHING, |path| Expression::DatePart(part, path))
        );
    }
    if operator == "$dateToString" {
        let format = argument.get("format").map_or(Some("%Y-%m-%dT%H:%M:%S.%LZ"), Json::as_str);
        let format = format.ok_or_else(|| {
            invalid("Invalid argument of '$dateToString': format must be a string.".to_owned())
        })?;
        check_format(format)?;
        let path = date(argument.get("date"))?;
        return Ok(
            path.map_or(Expression::NOTHING, |path| Expression::DateText(format.to_owned(), path))
        );
    }
    Err(invalid(format!("Invalid aggregate expression '{operator}'.")))
}

fn check_format(format: &str) -> Result<()> {
    let mut rest = format.chars();
    while let Some(c) = rest.next() {
        if c == '%' && !rest.next().is_some_and(|c| "YmdHMSLjuw%".contains(c)) {
            return Err(invalid(
                "Invalid argument of '$dateToString': the format is not supported.".to_owned(),
            ));
        }
    }
    Ok(())
}

/// The type of a value that is looked at alone, outside of its column: points, polygons, files, bytes and
/// pointers have their wire form then.
pub(super) fn lone(kind: FieldType) -> FieldType {
    match kind {
        FieldType::String
        | FieldType::Number
        | FieldType::Boolean
        | FieldType::Date
        | FieldType::Object
        | FieldType::Array => kind,
        FieldType::GeoPoint
        | FieldType::Polygon
        | FieldType::File
        | FieldType::Bytes
        | FieldType::Pointer(_)
        | FieldType::Relation(_)
        | FieldType::Acl => FieldType::Object,
    }
}
