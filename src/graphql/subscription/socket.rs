//! Operations over a WebSocket (graphql-transport-ws, `enisdenjo/graphql-ws:PROTOCOL.md`).
//!
//! A connection is one task. Who the client is, the headers of its upgrade and the payload of `connection_init` say
//! together, in the names of headers; every operation is let in anew, as a request is. Queries and mutations run side by
//! side; a mutation that has begun is finished even if the client leaves.

use std::collections::HashMap;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use axum::http::header;
use bytes::Bytes;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tokio::sync::watch;
use tokio::time::sleep;

use super::end::{End, broken};
use super::greeting::{admit, overlay};
use super::message::{self, FromClient};
use super::{Answer, First, Prepared, who};
use crate::graphql::errors::{Kind, Refusal};
use crate::graphql::serve::{GraphQl, GraphQlRequest, Outlet, Ready};
use crate::http::{Frame, Incoming, Reply, Socket, TEXT};
use crate::live::{Client, Delivery, Fate, Inbox, Profile, Who};
use crate::ops::Ctx;
use crate::telemetry::{Door, SubscriptionCount};
use crate::value::Members;

/// The name of the protocol in the upgrade.
pub const PROTOCOL: &str = "graphql-transport-ws";
/// How long a client may take to say who it is.
const INIT_MAX: Duration = Duration::from_secs(3);
/// What was queued is written at once up to this many messages.
const BATCH_MAX: usize = 256;

/// A client that may open a socket.
pub struct Greeting {
    incoming: Incoming,
}

/// Whether whoever wants to upgrade may: the answer if not.
pub fn greet(graphql: &GraphQl, incoming: Incoming) -> Result<Greeting, Reply> {
    let offered = incoming.headers.get_all(header::SEC_WEBSOCKET_PROTOCOL);
    let offered = offered.iter().filter_map(|value| value.to_str().ok());
    let is_ours = offered.flat_map(|list| list.split(',')).any(|name| name.trim() == PROTOCOL);
    if graphql.live.is_some() && is_ours {
        return Ok(Greeting { incoming });
    }
    let text = match is_ours {
        true => "no class is live: see the option `liveQuery.classNames`".to_owned(),
        false => format!("the sub-protocol has to be {PROTOCOL}"),
    };
    Err(Reply::text(400, TEXT, text))
}

/// Serves a socket until either side has enough of it.
pub async fn converse(
    graphql: Arc<GraphQl>,
    greeting: Greeting,
    mut socket: Socket,
    stop: impl Future<Output = ()> + Send,
) {
    let mut conversation = Conversation::new(graphql, greeting);
    let end = conversation.talk(&mut socket, pin!(stop)).await;
    let Conversation { mut writes, .. } = conversation.without_client();
    socket.count_end(end.name());
    let closing = async {
        if let Some((code, reason)) = end.farewell() {
            socket.close(code, &reason).await;
        }
    };
    let finishing = async { while writes.next().await.is_some() {} };
    futures_util::future::join(closing, finishing).await;
}

type Work = Pin<Box<dyn Future<Output = Step> + Send>>;
type Telling = Pin<Box<dyn Future<Output = (u64, Option<Answer>)> + Send>>;

/// What came of a step of an operation, by the number of the operation.
enum Step {
    /// It is valid and may run.
    Ready(u64, Box<Ready>),
    /// It has its only answer.
    Answered(u64, Bytes),
    /// It is subscribed to, or not any more.
    Subscribed(u64, First),
    /// It has failed.
    Failed(u64, Refusal),
}

/// An operation that the client has not heard the end of.
struct Active {
    id: Arc<str>,
    /// If it is a subscription that is prepared.
    prepared: Option<Arc<Prepared>>,
}

struct Conversation {
    graphql: Arc<GraphQl>,
    incoming: Arc<Incoming>,
    /// Nothing before the client has said who it is.
    client: Option<Arc<Client>>,
    inbox: Option<Inbox>,
    operations: HashMap<u64, Active>,
    by_id: HashMap<Arc<str>, u64>,
    last: u64,
    reads: FuturesUnordered<Work>,
    /// Mutations.
    writes: FuturesUnordered<Work>,
    /// The answer to an event that is being made.
    telling: Option<Telling>,
    schemas: watch::Receiver<u64>,
    count: SubscriptionCount,
    /// What is to be written.
    out: Vec<Bytes>,
}

impl Conversation {
    fn new(graphql: Arc<GraphQl>, greeting: Greeting) -> Self {
        let Greeting { incoming } = greeting;
        let schemas = graphql.schemas.watch();
        let count = graphql.app.metrics.subscriptions(Door::Graphql);
        Self {
            graphql,
            incoming: Arc::new(incoming),
            client: None,
            inbox: None,
            operations: HashMap::new(),
            by_id: HashMap::new(),
            last: 0,
            reads: FuturesUnordered::new(),
            writes: FuturesUnordered::new(),
            telling: None,
            schemas,
            count,
            out: Vec::new(),
        }
    }

    /// What is left when nobody listens any more: all subscriptions and queries end.
    fn without_client(mut self) -> Self {
        self.client = None;
        self.count.set(0);
        self.telling = None;
        self.reads.clear();
        self
    }

    async fn talk(
        &mut self,
        socket: &mut Socket,
        mut stop: Pin<&mut (impl Future<Output = ()> + Send)>,
    ) -> End {
        let mut too_late = pin!(sleep(INIT_MAX));
        loop {
            let done = tokio::select! {
                () = &mut stop => return End::Stopped,
                () = &mut too_late, if self.client.is_none() => {
                    return End::Broken(4408, "Connection initialisation timeout".to_owned());
                }
                Some(step) = self.reads.next() => self.step(step),
                Some(step) = self.writes.next() => self.step(step),
                (number, answer) = told(&mut self.telling) => {
                    self.telling = None;
                    self.tell(number, answer);
                    let next = self.inbox.as_mut().and_then(Inbox::try_next);
                    self.deliver(next);
                    Ok(())
                }
                delivery = next_of(&mut self.inbox), if self.telling.is_none() => match delivery {
                    Ok(delivery) => {
                        self.deliver(Some(delivery));
                        Ok(())
                    }
                    Err(fate) => return fate.into(),
                },
                changed = self.schemas.changed() => match changed {
                    Ok(()) => {
                        self.follow_schema().await;
                        Ok(())
                    }
                    Err(_) => return End::Stopped,
                },
                frame = socket.next() => match frame {
                    Frame::Text(text) => self.hear(text.as_bytes()).await,
                    Frame::Binary(_) => Err(broken(4400, "Messages are texts")),
                    Frame::Over(over) => return over.into(),
                },
            };
            let written = match done {
                Ok(()) => self.write(socket).await,
                Err(end) => Err(end),
            };
            if let Err(end) = written {
                return end;
            }
        }
    }

    /// Writes what is to be written.
    async fn write(&mut self, socket: &mut Socket) -> Result<(), End> {
        if self.out.is_empty() {
            return Ok(());
        }
        let out = std::mem::take(&mut self.out);
        let writing = async {
            for text in out {
                socket.feed(text).await?;
            }
            socket.flush().await
        };
        let Some(client) = &self.client else { return Ok(writing.await?) };
        tokio::select! {
            biased;
            written = writing => Ok(written?),
            () = client.too_slow() => Err(End::TooSlow),
        }
    }

    /// Reads a message and does what it says.
    async fn hear(&mut self, text: &[u8]) -> Result<(), End> {
        match message::read(text).map_err(|text| broken(4400, text))? {
            FromClient::Init(_) if self.client.is_some() => {
                Err(broken(4429, "Too many initialisation requests"))
            }
            FromClient::Init(payload) => self.init(payload).await,
            FromClient::Ping(payload) => {
                self.out.push(message::pong(payload.as_ref()));
                Ok(())
            }
            FromClient::Pong => Ok(()),
            FromClient::Subscribe(..) if self.client.is_none() => Err(broken(4401, "Unauthorized")),
            FromClient::Subscribe(id, request) => self.begin(id, *request),
            FromClient::Complete(id) => {
                if let Some(number) = self.by_id.get(id.as_str()).copied() {
                    self.forget(number);
                }
                Ok(())
            }
        }
    }

    /// The client says who it is. It is not known before its keys and its session are found to be good.
    async fn init(&mut self, payload: Members) -> Result<(), End> {
        let wrong =
            || broken(4400, "The payload of connection_init has values that are no headers");
        let Some(incoming) = Arc::get_mut(&mut self.incoming) else { return Err(wrong()) };
        overlay(&mut incoming.headers, payload).map_err(|_| wrong())?;
        let admitted = Box::pin(admit(&self.graphql, &self.incoming)).await;
        let ctx = admitted.map_err(|text| broken(4403, text))?;
        let Some(live) = &self.graphql.live else { return Err(End::Stopped) };
        let profile = Profile {
            address: self.incoming.address,
            installation_id: ctx.installation_id.clone(),
            origin: ctx.origin.clone(),
        };
        let connected = live.connect(profile).map_err(|error| broken(1013, error.text()));
        let (client, inbox) = connected?;
        // Whoever can not subscribe can still ask.
        let who = who(&ctx).unwrap_or(Who::Public);
        let admitted = client.admitted(&who).await;
        admitted.map_err(|error| broken(4403, error.text()))?;
        (self.client, self.inbox) = (Some(Arc::new(client)), Some(inbox));
        self.out.push(Bytes::from_static(message::ACK));
        Ok(())
    }

    /// Begins an operation.
    fn begin(&mut self, id: String, request: GraphQlRequest) -> Result<(), End> {
        if self.by_id.contains_key(id.as_str()) {
            return Err(broken(4409, format!("Subscriber for {id} already exists")));
        }
        let most = self.graphql.app.config.live.limits.subscriptions_per_connection;
        // Whoever gives operations up before they end has not less of them.
        if self.operations.len() >= most || self.reads.len() + self.writes.len() >= most {
            let text = format!("A connection may have {most} operations at most");
            let refusal = Refusal::new(400, Kind::BadRequest, text);
            self.out.push(message::error(&id, &refusal.list()));
            return Ok(());
        }
        self.last += 1;
        let number = self.last;
        let id: Arc<str> = Arc::from(id);
        self.by_id.insert(Arc::clone(&id), number);
        self.operations.insert(number, Active { id, prepared: None });
        let (graphql, incoming) = (Arc::clone(&self.graphql), Arc::clone(&self.incoming));
        self.reads.push(Box::pin(async move {
            let ctx = match Box::pin(admit(&graphql, &incoming)).await {
                Ok(ctx) => ctx,
                Err(text) => {
                    return Step::Failed(number, Refusal::new(403, Kind::BadRequest, text));
                }
            };
            match graphql.ready(ctx, request, Outlet::Stream).await {
                Ok(ready) => Step::Ready(number, Box::new(ready)),
                Err(refusal) => Step::Failed(number, refusal),
            }
        }));
        Ok(())
    }

    /// Goes on with an operation.
    fn step(&mut self, step: Step) -> Result<(), End> {
        match step {
            Step::Ready(number, ready) => self.run(number, *ready),
            Step::Answered(number, body) => {
                if let Some(active) = self.forget(number) {
                    self.out.push(message::next(&active.id, &body));
                    self.out.push(message::complete(&active.id));
                }
            }
            Step::Subscribed(number, first) => match (self.operations.get(&number), first) {
                (Some(active), Some((_, first))) => {
                    self.out.push(message::next(&active.id, &first));
                }
                (Some(_), None) => {}
                // The client has given it up meanwhile.
                (None, _) => self.unsubscribe(number),
            },
            Step::Failed(number, refusal) => self.fail(number, &refusal),
        }
        Ok(())
    }

    /// Runs an operation that is known to be valid, unless the client has given it up.
    fn run(&mut self, number: u64, ready: Ready) {
        if !self.operations.contains_key(&number) {
            return;
        }
        let kind = match ready.operation() {
            Ok(operation) => operation.operation_type,
            Err(refusal) => return self.fail(number, &refusal),
        };
        if kind.is_subscription() {
            return match self.graphql.prepare(ready) {
                Ok((ctx, prepared)) => self.subscribe(number, ctx, prepared),
                Err(refusal) => self.fail(number, &refusal),
            };
        }
        let graphql = Arc::clone(&self.graphql);
        let work: Work = Box::pin(async move {
            match graphql.run_once(ready).await {
                Ok(body) => Step::Answered(number, body),
                Err(refusal) => Step::Failed(number, refusal),
            }
        });
        if kind.is_mutation() { self.writes.push(work) } else { self.reads.push(work) }
    }

    fn subscribe(&mut self, number: u64, ctx: Ctx, prepared: Arc<Prepared>) {
        let (Some(active), Some(client)) = (self.operations.get_mut(&number), &self.client) else {
            return;
        };
        // Events may come before this step is over.
        active.prepared = Some(Arc::clone(&prepared));
        self.count.add(1);
        let (graphql, client) = (Arc::clone(&self.graphql), Arc::clone(client));
        self.reads.push(Box::pin(async move {
            match graphql.subscribe(&ctx, &prepared, (&client, number), None).await {
                Ok(first) => Step::Subscribed(number, first),
                Err(refusal) => Step::Failed(number, refusal),
            }
        }));
    }

    fn fail(&mut self, number: u64, refusal: &Refusal) {
        if let Some(active) = self.forget(number) {
            self.out.push(message::error(&active.id, &refusal.list()));
        }
    }

    /// Forgets an operation; its subscription ends.
    fn forget(&mut self, number: u64) -> Option<Active> {
        let active = self.operations.remove(&number)?;
        self.by_id.remove(&active.id);
        if active.prepared.is_some() {
            self.count.add(-1);
            self.unsubscribe(number);
        }
        Some(active)
    }

    fn unsubscribe(&self, number: u64) {
        if let Some(client) = &self.client {
            client.unsubscribe(number);
        }
    }

    /// What came out of the inbox, and what else is there, as long as no answer has to be waited for.
    fn deliver(&mut self, mut next: Option<Delivery>) {
        let mut delivered = 0;
        while let Some(delivery) = next {
            self.answer(delivery);
            delivered += 1;
            let goes_on = delivered < BATCH_MAX && self.telling.is_none();
            let inbox = self.inbox.as_mut().filter(|_| goes_on);
            next = inbox.and_then(Inbox::try_next);
        }
    }

    /// Makes the answer to a delivery. Most need nothing that is not there; the others are waited for beside all else.
    fn answer(&mut self, delivery: Delivery) {
        let number = delivery.subscription;
        let known = self.operations.get(&number).and_then(|active| active.prepared.clone());
        let (Some(prepared), Some(client)) = (known, &self.client) else { return };
        let (graphql, client) = (Arc::clone(&self.graphql), Arc::clone(client));
        let mut telling: Telling = Box::pin(async move {
            let answer = graphql.answer(&prepared, &client, delivery).await;
            (number, answer)
        });
        match telling.as_mut().now_or_never() {
            Some((number, answer)) => self.tell(number, answer),
            None => self.telling = Some(telling),
        }
    }

    fn tell(&mut self, number: u64, answer: Option<Answer>) {
        match (self.operations.get(&number), answer) {
            (Some(active), Some(Answer::Next(_, body))) => {
                self.out.push(message::next(&active.id, &body));
            }
            (Some(_), Some(Answer::End(refusal))) => self.fail(number, &refusal),
            (Some(_), None) | (None, _) => {}
        }
    }

    /// The schema has changed, and so may what is written. What does not fit it any more ends.
    async fn follow_schema(&mut self) {
        let subscriptions = self
            .operations
            .iter()
            .filter_map(|(number, active)| Some((*number, Arc::clone(active.prepared.as_ref()?))));
        let subscriptions: Vec<(u64, Arc<Prepared>)> = subscriptions.collect();
        for (number, prepared) in subscriptions {
            match self.graphql.renewed(&prepared).await {
                Ok(renewed) => {
                    if let Some(active) = self.operations.get_mut(&number) {
                        active.prepared = Some(renewed);
                    }
                }
                Err(refusal) => self.fail(number, &refusal),
            }
        }
    }
}

/// What comes out of the inbox; never anything, if there is none yet.
async fn next_of(inbox: &mut Option<Inbox>) -> Result<Delivery, Fate> {
    match inbox {
        Some(inbox) => inbox.next().await,
        None => std::future::pending().await,
    }
}

/// The answer that is being made; never, if there is none.
async fn told(telling: &mut Option<Telling>) -> (u64, Option<Answer>) {
    match telling {
        Some(telling) => telling.await,
        None => std::future::pending().await,
    }
}
