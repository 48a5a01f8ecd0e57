//! What every request passes before a door sees it.

pub mod cors;
pub mod rate;
pub mod routes;
