//! What the tests stand on: a server process of their own and a client that checks every answer.

pub(crate) mod arbitrary;
mod caller;
mod live;
mod mailing;
mod pair;
pub(crate) mod people;
mod random;
mod server;
mod smtp;
mod things;
mod wire;

pub(crate) use caller::{Answer, Caller, percent_encode};
pub(crate) use live::LiveClient;
pub(crate) use mailing::{Mailing, address};
pub(crate) use pair::{Pair, Shared, soon};
pub(crate) use random::Random;
pub(crate) use server::{TestServer, run};
pub(crate) use smtp::SmtpServer;
pub(crate) use things::things;
pub(crate) use wire::Wire;

use std::sync::Barrier;
use std::thread;

use serde_json::{Value, json};

/// The application of all tests.
pub(crate) const APP_ID: &str = "it-app";
/// Its master key.
pub(crate) const MASTER_KEY: &str = "it-master-key";
/// A key that reads everything and writes nothing, where a test configures it.
pub(crate) const READ_ONLY_KEY: &str = "it-read-only-key";

/// A pointer on the wire.
pub(crate) fn pointer(class: &str, id: &str) -> Value {
    json!({"__type": "Pointer", "className": class, "objectId": id})
}

/// The operation that adds objects of a class to a relation.
pub(crate) fn add_relation(class: &str, ids: &[&str]) -> Value {
    let objects: Vec<Value> = ids.iter().map(|id| pointer(class, id)).collect();
    json!({"__op": "AddRelation", "objects": objects})
}

/// An access control list that lets nobody read or write without the master key.
pub(crate) fn private() -> Value {
    json!({})
}

/// The permissions of a class that everybody may use, with these fields hidden from the public.
pub(crate) fn open_but_hiding(fields: &[&str]) -> Value {
    let everybody = json!({"*": true});
    json!({
        "find": everybody, "get": everybody, "count": everybody, "create": everybody,
        "update": everybody, "delete": everybody, "addField": everybody,
        "protectedFields": {"*": fields},
    })
}

/// Does the same on several threads that begin together, and returns what each came to.
pub(crate) fn together<T: Send>(threads: usize, part: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(threads);
    thread::scope(|scope| {
        let begin = |number: usize| {
            let (barrier, part) = (&barrier, &part);
            scope.spawn(move || {
                barrier.wait();
                part(number)
            })
        };
        let running: Vec<_> = (0..threads).map(begin).collect();
        running.into_iter().map(|thread| thread.join().expect("the thread did its part")).collect()
    })
}
