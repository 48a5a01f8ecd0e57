//! The frame that all doors share: who calls, what the body says, how an answer or an error looks on the
//! wire. No door decides these for itself, and nothing here knows what a request is about.

mod body;
mod caller;
mod encode;
pub mod guard;
mod reply;
mod socket;

pub(crate) use body::unescape_segment;
pub use body::{decode_query, parse_body, query_texts};
pub use caller::{Caller, Incoming, Inside, is_secret, origin_of};
pub use encode::Encoder;
pub use reply::{HTML, JSON, Reply, TEXT, not_routable};
pub use socket::{Frame, Over, Socket, SocketSettings};
