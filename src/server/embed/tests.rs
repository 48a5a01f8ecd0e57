//! The LiveQuery engine in a whole server, without sockets: writes go in by the API, and what comes out of an inbox is what
//! doors encode.

mod hooks;
mod told;

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::{Server, ServerBuilder};
use crate::error::Error;
use crate::live::{Client, Delivery, Inbox, Kinds, Live, Profile, Subscribed, Terms, Told, Who};
use crate::ops::read::Found;
use crate::query::parse_filter;
use crate::value::{Cell, Json};

/// Nobody waits longer; a server that hangs fails its test.
const TOLD_MAX: Duration = Duration::from_secs(60);

struct World {
    server: Server,
    live: Arc<Live>,
}

/// A connection of a test.
struct Listener {
    client: Client,
    inbox: Inbox,
    who: Who,
}

impl World {
    async fn new() -> Self {
        Self::with(|server| server).await
    }

    async fn with(build: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Self {
        let builder = Server::builder()
            .app_id("live")
            .master_key("master")
            .database("sqlite::memory:")
            .option("allowClientClassCreation", true)
            .option("liveQuery", json!({"classNames": [".*"]}));
        let server = build(builder).start().await.unwrap();
        let live = Arc::clone(server.running.doors.live().unwrap());
        Self { server, live }
    }

    /// A request of the REST API with the master key.
    async fn master(&self, method: &str, path: &str, body: Value) -> Value {
        self.server.api().master().request(method, path, Some(&body)).await.unwrap()
    }

    async fn class(&self, name: &str, permissions: Value, fields: Value) {
        let class = json!({"fields": fields, "classLevelPermissions": permissions});
        self.master("POST", &format!("/schemas/{name}"), class).await;
    }

    async fn create(&self, class: &str, fields: Value) -> String {
        let made = self.master("POST", &format!("/classes/{class}"), fields).await;
        made["objectId"].as_str().unwrap().to_owned()
    }

    async fn update(&self, class: &str, id: &str, fields: Value) {
        self.master("PUT", &format!("/classes/{class}/{id}"), fields).await;
    }

    async fn delete(&self, class: &str, id: &str) {
        let path = format!("/classes/{class}/{id}");
        let _: IgnoredAny = self
            .master_of(self.server.api().master().request::<(), _>("DELETE", &path, None))
            .await;
    }

    async fn master_of<T>(&self, request: impl Future<Output = crate::error::Result<T>>) -> T {
        request.await.unwrap()
    }

    /// Somebody who signs up: his id and the token of his session.
    async fn user(&self, name: &str) -> (String, Who) {
        let user = json!({"username": name, "password": "secret"});
        let user: Value = self.server.api().request("POST", "/users", Some(&user)).await.unwrap();
        let text = |name: &str| user[name].as_str().unwrap().to_owned();
        (text("objectId"), Who::Session(Arc::from(text("sessionToken"))))
    }

    fn profile() -> Profile {
        let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
        Profile { address, installation_id: None, origin: None }
    }

    fn listener(&self, who: &Who) -> Listener {
        let (client, inbox) = self.live.connect(Self::profile()).unwrap();
        Listener { client, inbox, who: who.clone() }
    }

    /// Somebody who hears of all objects of a class that meet a condition.
    async fn hears(&self, who: &Who, class: &str, filter: Value) -> Listener {
        let listener = self.listener(who);
        listener.subscribe(1, terms(class, filter)).await.unwrap();
        listener
    }
}

fn terms(class: &str, filter: Value) -> Terms {
    Terms {
        class: class.to_owned(),
        filter: parse_filter(&Json::from(filter)).unwrap(),
        keys: None,
        watch: None,
        kinds: Kinds::ALL,
        after: None,
    }
}

impl Listener {
    async fn subscribe(&self, name: u64, terms: Terms) -> Result<Subscribed, Error> {
        self.client.subscribe(name, &self.who, terms).await
    }

    /// What comes next, after hooks have heard of it.
    async fn delivery(&mut self) -> Delivery {
        let heard = async {
            loop {
                let delivery = self.inbox.next().await.unwrap();
                if let Some(delivery) = self.client.hear(delivery).await {
                    return delivery;
                }
            }
        };
        tokio::time::timeout(TOLD_MAX, heard).await.expect("something is told")
    }

    /// The next event as a text: what became of the object, the object and the object before.
    async fn told(&mut self) -> String {
        match self.delivery().await.told {
            Told::Event(shown, _) => {
                let object = shown_as(&shown.object);
                let original =
                    shown.original.as_ref().map(|found| format!(" was {}", shown_as(found)));
                format!("{} {object}{}", shown.kind.name(), original.unwrap_or_default())
            }
            Told::Failed(error) => format!("failed {} {}", error.number(), error.text()),
            Told::Ended(error) => format!("ended {} {}", error.number(), error.text()),
            Told::Missed(_) => "missed".to_owned(),
        }
    }
}

/// The fields of the only object, without those that every object has.
fn shown_as(found: &Found) -> String {
    let every = ["objectId", "createdAt", "updatedAt", "ACL"];
    let mut fields: Vec<String> = Vec::new();
    for (_, column, cell) in found.objects.object(0).cells() {
        let text = match cell {
            Cell::Null => continue,
            Cell::Bool(flag) => flag.to_string(),
            Cell::Number(number) => number.to_string(),
            Cell::Text(text) | Cell::Json(text) => text.to_owned(),
            Cell::Date(date) => date.to_iso(),
            Cell::Point(point) => format!("{point:?}"),
        };
        if !every.contains(&column.name.as_str()) {
            fields.push(format!("{}={text}", column.name));
        }
    }
    fields.sort();
    fields.join(",")
}
