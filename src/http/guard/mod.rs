//! What every request passes before a door sees it.

pub mod cors;
pub mod routes;
