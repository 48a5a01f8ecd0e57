//! The door of Parse's LiveQuery protocol: JSON over a web socket, as the clients of `parse-server` 9.10 speak it.
//!
//! One connection is one task: it reads messages, answers them, and writes what comes out of the inbox that the engine
//! ([`crate::live`]) fills. What is to be seen of an object is encoded once for all who see the same; only the head of the
//! message (`op`, `clientId`, `requestId`) differs. The door decides nothing about permissions.
//!
//! # Beyond the protocol
//!
//! A client may ask to be told where events stand, so that it misses nothing when it comes back. It adds `resume` to
//! `subscribe` or `update`: `true` the first time, later the last `sequence` that it got.
//!
//! ```text
//! > {"op":"subscribe","requestId":1,"query":{"className":"Post","where":{}},"resume":"kX3.41"}
//! < {"op":"subscribed","clientId":"…","requestId":1,"sequence":"kX3.44","resumed":true}
//! < {"op":"create","clientId":"…","requestId":1,"sequence":"kX3.42","object":{…}}
//! ```
//!
//! `resumed` is false if what it missed is not known any more: then it asks for the objects anew. The same is meant by
//! `{"op":"missed","clientId":"…","requestId":1,"sequence":"…"}`, which may come at any time. Who does not ask for any of this is not
//! told.
//!
//! # How a socket is closed
//!
//! | code | when |
//! |---|---|
//! | 1001 | the server stops |
//! | 1002, 1007 | a frame is malformed, a text is not UTF-8 |
//! | 1008 | no sign of life came since the last ping |
//! | 1009 | a message is larger than `liveQuery.maxMessageSize` |
//! | 1011 | the server failed |
//! | 1013 | more than `liveQuery.queueLength` messages wait for a client that does not read fast enough |

mod answer;
mod connection;
mod message;
mod schema;

pub use connection::serve;
