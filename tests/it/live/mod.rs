//! What subscribers are told, by a client that speaks Parse's LiveQuery protocol.

mod agrees;
mod events;
mod frames;
mod graphql;
mod graphql_stream;
mod limits;
mod paths;
mod places;
mod protocol;

use serde_json::{Value, json};

use crate::socket::Socket;
use crate::support::{APP_ID, MASTER_KEY, TestServer};

/// A class of which one object is made to know that everything before it was told.
const FENCE: &str = "Fence";

/// A server with these classes live, and further options. A master key counts in LiveQuery only where it is among the key
/// pairs.
pub(crate) fn server(classes: &[&str], options: &Value) -> TestServer {
    let mut all = options.clone();
    let classes: Vec<&str> = classes.iter().copied().chain([FENCE]).collect();
    all["liveQuery"] = json!({"classNames": classes});
    all["liveQueryServerOptions"] =
        json!({"keyPairs": {"masterKey": MASTER_KEY, "javascriptKey": "js"}});
    TestServer::with(&all)
}

/// Somebody who subscribed.
pub(crate) struct Listener {
    socket: Socket,
    subscriptions: i64,
}

impl Listener {
    /// With these members in the first message.
    fn with(server: &TestServer, members: &Value) -> Self {
        let mut socket = Socket::open(server.origin(), "/parse");
        let mut connect = members.clone();
        connect["op"] = json!("connect");
        connect["applicationId"] = json!(APP_ID);
        connect["javascriptKey"] = json!("js");
        socket.send(&connect);
        let connected = socket.next();
        assert_eq!(connected["op"], "connected", "{connected}");
        let mut listener = Self { socket, subscriptions: 0 };
        listener.subscribe(&json!({"className": FENCE, "where": {}}));
        listener
    }

    pub(crate) fn public(server: &TestServer) -> Self {
        Self::with(server, &json!({}))
    }

    pub(crate) fn master(server: &TestServer) -> Self {
        Self::with(server, &json!({"masterKey": MASTER_KEY}))
    }

    pub(crate) fn of_session(server: &TestServer, token: &str) -> Self {
        Self::with(server, &json!({"sessionToken": token}))
    }

    /// Asks a question that must be accepted; its number.
    pub(crate) fn subscribe(&mut self, query: &Value) -> i64 {
        self.subscriptions += 1;
        let number = self.subscriptions;
        self.socket.send(&json!({"op": "subscribe", "requestId": number, "query": query}));
        let mut answer = self.socket.next();
        while answer["object"]["className"] == FENCE {
            // Somebody else wanted to know.
            answer = self.socket.next();
        }
        assert_eq!(
            (&answer["op"], &answer["requestId"]),
            (&json!("subscribed"), &json!(number)),
            "{answer} to {query}"
        );
        number
    }

    /// Asks for everything that happens to objects of these classes.
    pub(crate) fn hear_all(&mut self, classes: &[&str]) {
        for class in classes {
            self.subscribe(&json!({"className": class, "where": {}}));
        }
    }

    /// What was told so far.
    pub(crate) fn told(&mut self, server: &TestServer) -> Vec<Value> {
        let fence = server.master().create(FENCE, &json!({}));
        let mut told = Vec::new();
        loop {
            let event = self.socket.next();
            if event["object"]["objectId"] == *fence {
                return told;
            }
            if event["object"]["className"] != FENCE {
                told.push(event);
            }
        }
    }

    /// The same in few words: what happened to objects of which classes, and their member `n` if they have one.
    pub(crate) fn words(&mut self, server: &TestServer) -> String {
        let words = self.told(server).into_iter().map(|event| {
            let (op, class) = (text(&event["op"]), text(&event["object"]["className"]));
            let n = &event["object"]["n"];
            if n.is_null() { format!("{op} {class}") } else { format!("{op} {class} {n}") }
        });
        words.collect::<Vec<_>>().join(", ")
    }
}

fn text(json: &Value) -> String {
    json.as_str().unwrap_or_else(|| panic!("no text: {json}")).to_owned()
}
