//! Bound values in the binary form of the protocol.

use sqlx::encode::{Encode, IsNull};
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgTypeInfo};
use sqlx::{Postgres, Type};

use crate::storage::sql::Bind;
use crate::value::Date;

/// Milliseconds from 1970 to 2000, where PostgreSQL begins to count.
pub(super) const EPOCH_MS: i64 = 946_684_800_000;

const TEXT: u32 = 25;
const TIMESTAMPTZ: u32 = 1184;

/// A bound value on its way to the driver.
pub(super) struct Parameter<'b>(pub(super) &'b Bind);

impl Type<Postgres> for Parameter<'_> {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(TEXT))
    }
}

impl<'q> Encode<'q, Postgres> for Parameter<'_> {
    fn encode_by_ref(&self, out: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        match self.0 {
            Bind::Null => return Ok(IsNull::Yes),
            Bind::Bool(flag) => out.extend_from_slice(&[u8::from(*flag)]),
            Bind::Integer(number) => out.extend_from_slice(&number.to_be_bytes()),
            Bind::Number(number) => out.extend_from_slice(&number.to_be_bytes()),
            Bind::Text(text) => out.extend_from_slice(text.as_bytes()),
            Bind::Date(date) => out.extend_from_slice(&micros(*date).to_be_bytes()),
            Bind::Json(text) => {
                // The version of the binary form.
                out.push(1);
                out.extend_from_slice(text.as_bytes());
            }
            Bind::Bytes(bytes) => out.extend_from_slice(bytes),
            Bind::Texts(texts) => {
                array(out, TEXT, texts.len(), texts.iter().map(|text| text.as_bytes()))?;
            }
            Bind::Grantees(grantees) => {
                let count = grantees.names().count();
                array(out, TEXT, count, grantees.names().map(str::as_bytes))?;
            }
            Bind::Numbers(numbers) => {
                array(
                    out,
                    FLOAT8,
                    numbers.len(),
                    numbers.iter().map(|number| number.to_be_bytes()),
                )?;
            }
            Bind::Dates(dates) => {
                let items = dates.iter().map(|date| micros(*date).to_be_bytes());
                array(out, TIMESTAMPTZ, dates.len(), items)?;
            }
        }
        Ok(IsNull::No)
    }

    fn produces(&self) -> Option<PgTypeInfo> {
        Some(PgTypeInfo::with_oid(Oid(match self.0 {
            // Its place in the statement says what it is.
            Bind::Null => UNKNOWN,
            Bind::Bool(_) => BOOL,
            Bind::Integer(_) => INT8,
            Bind::Number(_) => FLOAT8,
            Bind::Text(_) => TEXT,
            Bind::Date(_) => TIMESTAMPTZ,
            Bind::Json(_) => JSONB,
            Bind::Bytes(_) => BYTEA,
            Bind::Texts(_) | Bind::Grantees(_) => TEXT_ARRAY,
            Bind::Numbers(_) => FLOAT8_ARRAY,
            Bind::Dates(_) => TIMESTAMPTZ_ARRAY,
        })))
    }
}

const UNKNOWN: u32 = 705;
const BOOL: u32 = 16;
const BYTEA: u32 = 17;
const INT8: u32 = 20;
const FLOAT8: u32 = 701;
const JSONB: u32 = 3802;
const TEXT_ARRAY: u32 = 1009;
const FLOAT8_ARRAY: u32 = 1022;
const TIMESTAMPTZ_ARRAY: u32 = 1185;

fn micros(date: Date) -> i64 {
    (date.millis() - EPOCH_MS) * 1_000
}

/// An array of one dimension: how many dimensions, whether it has nulls, the type of its elements, how many there are,
/// the number of the first, and each with its length.
fn array<B: AsRef<[u8]>>(
    out: &mut PgArgumentBuffer,
    element: u32,
    count: usize,
    items: impl Iterator<Item = B>,
) -> Result<(), BoxDynError> {
    out.extend_from_slice(&1_i32.to_be_bytes());
    out.extend_from_slice(&0_i32.to_be_bytes());
    out.extend_from_slice(&element.to_be_bytes());
    out.extend_from_slice(&i32::try_from(count)?.to_be_bytes());
    out.extend_from_slice(&1_i32.to_be_bytes());
    for item in items {
        let bytes = item.as_ref();
        out.extend_from_slice(&i32::try_from(bytes.len())?.to_be_bytes());
        out.extend_from_slice(bytes);
    }
    Ok(())
}
