//! A LiveQuery client: it speaks the protocol of Parse over a [`Socket`], and checks the form of what it is told.

use serde_json::{Value, json};

use super::{APP_ID, Caller, TestServer};
use crate::socket::{Received, Socket};

/// The class of objects that are made only to see that nothing else is on its way.
const MARKER: &str = "Marker";
/// The subscription to it.
const MARKER_ID: i64 = 424_242;

/// A connected client.
pub(crate) struct LiveClient {
    pub(crate) socket: Socket,
    client_id: String,
}

impl TestServer {
    /// A server at which these classes, and the one of markers, are live and exist.
    pub(crate) fn live(classes: &[&str], options: &Value) -> Self {
        let mut config = options.clone();
        let mut names = classes.to_vec();
        names.push(MARKER);
        config["liveQuery"]["classNames"] = json!(names);
        let server = Self::with(&config);
        server.class(MARKER, &json!({}));
        server
    }

    /// A client that is connected without keys or session.
    pub(crate) fn live_client(&self) -> LiveClient {
        self.live_client_with(&json!({}))
    }

    /// A client that is connected with these members in its message.
    pub(crate) fn live_client_with(&self, members: &Value) -> LiveClient {
        LiveClient::connect(Socket::open(self.origin(), "/parse"), members)
    }
}

impl LiveClient {
    /// Connects over an open socket.
    pub(crate) fn connect(mut socket: Socket, members: &Value) -> Self {
        let mut message = json!({"op": "connect", "applicationId": APP_ID});
        for (name, member) in members.as_object().expect("members are an object") {
            message[name] = member.clone();
        }
        socket.send(&message);
        let connected = socket.next();
        assert_eq!(connected["op"], "connected", "{connected}");
        let client_id = connected["clientId"].as_str().expect("a client id").to_owned();
        Self { socket, client_id }
    }

    /// The name that the server gave it.
    pub(crate) fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Subscribes; the server must accept that.
    pub(crate) fn subscribe(&mut self, id: i64, class: &str, filter: &Value) {
        let query = json!({"className": class, "where": filter});
        self.ask(&json!({"op": "subscribe", "requestId": id, "query": query}));
        self.expect_answer("subscribed", id);
    }

    /// The same with further members in the message.
    pub(crate) fn subscribe_with(
        &mut self,
        id: i64,
        class: &str,
        filter: &Value,
        members: &Value,
    ) -> Value {
        let query = json!({"className": class, "where": filter});
        let mut message = json!({"op": "subscribe", "requestId": id, "query": query});
        for (name, member) in members.as_object().expect("members are an object") {
            message[name] = member.clone();
        }
        self.ask(&message);
        self.expect_answer("subscribed", id)
    }

    /// Ends a subscription.
    pub(crate) fn unsubscribe(&mut self, id: i64) {
        self.ask(&json!({"op": "unsubscribe", "requestId": id}));
        self.expect_answer("unsubscribed", id);
    }

    /// Sends a message.
    pub(crate) fn ask(&mut self, message: &Value) {
        self.socket.send(message);
    }

    /// The next message, whatever it is.
    pub(crate) fn next(&mut self) -> Value {
        self.socket.next()
    }

    /// The next message, which must answer a subscription.
    pub(crate) fn expect_answer(&mut self, op: &str, id: i64) -> Value {
        let answer = self.next();
        let found = (&answer["op"], &answer["clientId"], &answer["requestId"]);
        assert_eq!(found, (&json!(op), &json!(self.client_id), &json!(id)), "{answer}");
        answer
    }

    /// The next message, which must be an event of a subscription; returns it.
    pub(crate) fn expect(&mut self, op: &str, id: i64) -> Value {
        let event = self.expect_answer(op, id);
        assert!(event["object"]["objectId"].is_string(), "{event}");
        event
    }

    /// The next message, which must be an error; returns it.
    pub(crate) fn expect_error(&mut self, code: i64) -> Value {
        let error = self.next();
        assert_eq!((&error["op"], &error["code"]), (&json!("error"), &json!(code)), "{error}");
        error
    }

    /// Sees that nothing is on its way to the client: a marker is made, and is the next that it is told.
    pub(crate) fn expect_silence(&mut self, maker: &Caller) {
        self.subscribe(MARKER_ID, MARKER, &json!({}));
        let id = maker.create(MARKER, &json!({}));
        let event = self.expect("create", MARKER_ID);
        assert_eq!(event["object"]["objectId"], json!(id), "{event}");
        self.unsubscribe(MARKER_ID);
    }

    /// Reads until the server closes the socket, and returns the code and the reason.
    pub(crate) fn closed(&mut self) -> (u16, String) {
        loop {
            match self.socket.receive() {
                Received::Closed(code, reason) => return (code.expect("a code"), reason),
                Received::Gone => panic!("the connection broke"),
                Received::Text(_) | Received::Binary(_) | Received::Ping(_) | Received::Pong(_) => {
                }
            }
        }
    }
}
