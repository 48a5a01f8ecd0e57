//! What is asked: each scene is a kind of use with classes of its own.

pub(crate) mod aggregates;
pub(crate) mod graphql;
pub(crate) mod objects;
pub(crate) mod permissions;
pub(crate) mod queries;
pub(crate) mod schemas;
pub(crate) mod users;
