//! Two server processes on one database: each sees what the other does, nothing is lost when both do it at once, and
//! what may be used once is used once. Every case runs on a SQLite file and on PostgreSQL.

/// Makes two tests of each case.
macro_rules! on_every_database {
    ($($case:ident)*) => {
        mod sqlite {
            $(#[test] fn $case() { $crate::support::Shared::sqlite().into_iter().for_each(super::$case); })*
        }
        mod postgres {
            $(#[test] fn $case() { $crate::support::Shared::postgres().into_iter().for_each(super::$case); })*
        }
    };
}

mod classes;
mod counted;
mod foreign;
mod identity;
mod line;
mod races;
