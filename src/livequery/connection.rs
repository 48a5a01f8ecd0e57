//! A connection, from its first message to its last.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;

use super::answer::{self, Refusal};
use super::message::{Connect, KEYS, Message, RequestId, Resume, Subscribe};
use crate::error::{Code, Error, Result};
use crate::http::{Frame, Over, Socket, is_secret};
use crate::live::{
    Asked, Client, Delivery, Fate, Inbox, Kinds, Live, Profile, Subscribed, Terms, Told, Who,
};
use crate::query::parse_filter;
use crate::telemetry::{Door, SubscriptionCount};
use crate::value::Json;

/// What was queued is written at once up to this many messages.
const BATCH_MAX: usize = 256;

/// The messages that asked for the subscriptions of a connection may be as long as so many of the longest: questions stay in
/// memory.
const MESSAGES_KEPT_MAX: usize = 4;

/// The codes of what is wrong with a message (`parse-server:src/LiveQuery/ParseLiveQueryServer.ts`).
const NO_SUCH_FORM: i64 = 1;
const NOT_THERE: i64 = 2;
const NO_SUCH_KEY: i64 = 4;

/// Serves a socket until either side has enough of it. `stop` ends it if nobody connected yet: whoever did is told by the
/// engine.
pub async fn serve(
    live: Arc<Live>,
    mut socket: Socket,
    profile: Profile,
    stop: impl Future<Output = ()> + Send,
) {
    live.opened();
    let mut connection = Connection { live, profile, connected: None, was_connected: false };
    let end = connection.talk(&mut socket, stop).await;
    if !connection.was_connected {
        connection.live.lost();
    }
    // Nobody is told anything any more while the socket is being closed.
    drop(connection);
    socket.count_end(end.name());
    if let Some((code, reason)) = end.farewell() {
        socket.close(code, reason).await;
    }
}

/// Why a connection ends.
#[derive(Clone, Copy, Debug)]
enum End {
    Over(Over),
    Stopped,
    TooSlow,
    Failed,
}

impl From<Over> for End {
    fn from(over: Over) -> Self {
        Self::Over(over)
    }
}

impl From<Fate> for End {
    fn from(fate: Fate) -> Self {
        match fate {
            Fate::Stopped => Self::Stopped,
            Fate::TooSlow => Self::TooSlow,
        }
    }
}

impl End {
    fn name(self) -> &'static str {
        match self {
            Self::Over(over) => over.name(),
            Self::Stopped => "stopped",
            Self::TooSlow => "slow",
            Self::Failed => "failed",
        }
    }

    /// What the peer is told, if it is still there.
    fn farewell(self) -> Option<(u16, &'static str)> {
        match self {
            Self::Over(Over::Left | Over::Gone) => None,
            Self::Over(Over::Silent) => Some((1008, "no sign of life")),
            Self::Over(Over::Wrong(code, reason)) => Some((code, reason)),
            Self::Over(Over::Stuck) | Self::TooSlow => Some((1013, "too slow")),
            Self::Stopped => Some((1001, "the server stops")),
            Self::Failed => Some((1011, "the server failed")),
        }
    }
}

struct Connection {
    live: Arc<Live>,
    profile: Profile,
    connected: Option<Box<Connected>>,
    was_connected: bool,
}

/// A client that has said who it is.
struct Connected {
    client: Client,
    inbox: Inbox,
    /// Its name on the wire.
    name: Box<str>,
    who: Who,
    /// What all messages to it have in common.
    head: Box<[u8]>,
    subscriptions: HashMap<u64, Subscription>,
    count: SubscriptionCount,
}

/// What the door knows of a subscription.
#[derive(Clone, Copy)]
struct Subscription {
    /// Whether it is told where events stand.
    has_sequence: bool,
    /// How long the message was that asked for it.
    bytes: usize,
}

impl Connection {
    async fn talk(&mut self, socket: &mut Socket, stop: impl Future<Output = ()>) -> End {
        let mut stop = pin!(stop);
        loop {
            let done = tokio::select! {
                // First what is told: who wakes up for it does not look at the socket.
                biased;
                delivery = next_of(self.connected.as_deref_mut()) => match delivery {
                    Ok(delivery) => self.deliver_and_listen(socket, delivery).await,
                    Err(fate) => return fate.into(),
                },
                () = &mut stop, if self.connected.is_none() => return End::Stopped,
                frame = socket.next() => self.take(socket, frame).await,
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    /// Writes what is told. Where that does not end, the client is listened to in between.
    async fn deliver_and_listen(
        &mut self,
        socket: &mut Socket,
        first: Delivery,
    ) -> Result<(), End> {
        let delivered = self.deliver(socket, first).await?;
        if delivered == BATCH_MAX
            && let Some(frame) = socket.next().now_or_never()
        {
            self.take(socket, frame).await?;
        }
        Ok(())
    }

    /// Answers what came in.
    async fn take(&mut self, socket: &mut Socket, frame: Frame) -> Result<(), End> {
        match frame {
            Frame::Text(text) => self.hear(socket, text.as_bytes()).await,
            // What the validator of parse-server says of bytes, whatever they are.
            Frame::Binary(_) => {
                let text = "Missing required property: op";
                let refusal = Refusal::of_message(NO_SUCH_FORM, text);
                self.say(socket, refusal.encode()).await
            }
            Frame::Over(over) => Err(over.into()),
        }
    }

    /// Writes one message.
    async fn say(&self, socket: &mut Socket, text: Bytes) -> Result<(), End> {
        let saying = async {
            socket.feed(text).await?;
            socket.flush().await
        };
        let Some(connected) = &self.connected else { return Ok(saying.await?) };
        tokio::select! {
            biased;
            said = saying => Ok(said?),
            () = connected.client.too_slow() => Err(End::TooSlow),
        }
    }

    /// Writes what came out of the inbox, and what else is there; returns how much that was.
    async fn deliver(&mut self, socket: &mut Socket, first: Delivery) -> Result<usize, End> {
        let Some(connected) = self.connected.as_deref_mut() else { return Ok(0) };
        let Connected { client, inbox, head, subscriptions, count, .. } = connected;
        let app = self.live.app();
        let delivering = async {
            let mut next = Some(first);
            let mut delivered = 0;
            while let Some(delivery) = next {
                if delivered > 0 && client.asks_about(&delivery) {
                    // Only what comes after it waits for a hook.
                    socket.flush().await?;
                }
                // What hooks do to it is waited for here, also if the peer does not read meanwhile.
                let heard = client.hear(delivery).await;
                delivered += 1;
                next = if delivered < BATCH_MAX { inbox.try_next() } else { None };
                let Some(Delivery { subscription, told }) = heard else { continue };
                let id = RequestId::of_name(subscription);
                let has_sequence = subscriptions.get(&subscription).map(|it| it.has_sequence);
                match (told, has_sequence) {
                    // The client has given the subscription up meanwhile.
                    (_, None) => {}
                    (Told::Event(shown, _), Some(has_sequence)) => {
                        let text = answer::event(head, id, &shown, has_sequence, &app.files);
                        socket.feed(text).await?;
                    }
                    (Told::Failed(error), Some(_)) => {
                        socket.feed(refusal(&self.live, &error, Some(id)).encode()).await?;
                    }
                    (Told::Missed(sequence), Some(true)) => {
                        socket.feed(answer::missed(head, id, &sequence)).await?;
                    }
                    (Told::Missed(_), Some(false)) => {}
                    (Told::Ended(error), Some(_)) => {
                        subscriptions.remove(&subscription);
                        count.set(subscriptions.len());
                        socket.feed(refusal(&self.live, &error, Some(id)).encode()).await?;
                        socket.feed(answer::unsubscribed(head, id)).await?;
                    }
                }
            }
            socket.flush().await.map(|()| delivered)
        };
        tokio::select! {
            biased;
            delivered = delivering => Ok(delivered?),
            () = client.too_slow() => Err(End::TooSlow),
        }
    }

    /// Reads a message and answers it. A text that is no JSON is passed over, as parse-server does.
    async fn hear(&mut self, socket: &mut Socket, text: &[u8]) -> Result<(), End> {
        let Ok(json) = Json::parse(text) else { return Ok(()) };
        let message = match Message::read(&json) {
            Ok(message) => message,
            Err(text) => {
                let refusal = Refusal::of_message(NO_SUCH_FORM, &text);
                return self.say(socket, refusal.encode()).await;
            }
        };
        // Who has much to tell has no right to more room while he waits.
        drop(json);
        let answer = match message {
            Message::Connect(connect) => Box::pin(self.connect(connect)).await?,
            Message::Subscribe(subscribe) => {
                Box::pin(self.subscribe(subscribe, text.len(), false)).await
            }
            Message::Update(subscribe) => {
                if let Err(refusal) = self.unsubscribe(subscribe.request_id) {
                    self.say(socket, refusal.encode()).await?;
                }
                Box::pin(self.subscribe(subscribe, text.len(), true)).await
            }
            Message::Unsubscribe(id) => self.unsubscribe(id),
        };
        let text = answer.unwrap_or_else(|refusal| refusal.encode());
        self.say(socket, text).await
    }

    async fn connect(&mut self, connect: Connect) -> Result<Result<Bytes, Refusal>, End> {
        let Some(is_master) = self.accept_keys(&connect) else {
            let refusal = Refusal::of_message(NO_SUCH_KEY, "Key in request is not valid");
            return Ok(Err(refusal));
        };
        let who = match connect.session_token {
            _ if is_master => Who::Master,
            Some(token) if !token.is_empty() => Who::Session(Arc::from(token)),
            Some(_) | None => Who::Public,
        };
        let Ok(name) = self.new_name() else { return Err(End::Failed) };
        let installation = connect.installation_id;
        let head = answer::head(&name, installation.as_deref());
        let mut profile = self.profile.clone();
        profile.installation_id = installation.filter(|id| !id.is_empty()).map(Arc::from);
        // Whoever connects anew leaves what he had before.
        self.connected = None;
        let (client, inbox) = match self.live.connect(profile) {
            Ok(connected) => connected,
            Err(error) if error.code() == Code::Internal => return Err(End::Stopped),
            Err(error) => return Ok(Err(refusal(&self.live, &error, None))),
        };
        if let Err(error) = client.admitted(&who).await {
            return Ok(Err(refusal(&self.live, &error, None)));
        }
        let answer = answer::connected(&head);
        let count = self.live.app().metrics.subscriptions(Door::Livequery);
        let subscriptions = HashMap::new();
        let name = name.into_boxed_str();
        let connected = Connected { client, inbox, name, who, head, subscriptions, count };
        self.connected = Some(Box::new(connected));
        self.was_connected = true;
        Ok(Ok(answer))
    }

    /// Whether the keys of a client are good; and if so, whether it may do everything. As with parse-server one good key
    /// is enough, and the master key counts only if it is one of the pairs; and, as everywhere, only from the addresses of
    /// `masterKeyIps`.
    fn accept_keys(&self, connect: &Connect) -> Option<bool> {
        let config = &self.live.app().config;
        let pairs = &config.live.server.key_pairs;
        if pairs.is_empty() {
            return Some(false);
        }
        let is_good = |name: &str| {
            let at = KEYS.iter().position(|key| *key == name);
            let given = at.and_then(|at| connect.keys[at].as_deref());
            let pair = pairs.iter().find(|(key, _)| key == name);
            given.zip(pair).is_some_and(|(given, (_, secret))| is_secret(given, secret))
        };
        if is_good("masterKey") {
            let address = self.profile.address;
            let is_near = config.keys.master_key_ips.iter().any(|range| range.contains(address));
            if !is_near {
                tracing::warn!(%address, "the master key came from an address that `masterKeyIps` does not name");
            }
            return is_near.then_some(true);
        }
        KEYS.iter().any(|name| is_good(name)).then_some(false)
    }

    /// A UUID of version 4.
    fn new_name(&self) -> Result<String> {
        let mut bytes = [0; 16];
        self.live.app().random.fill(&mut bytes)?;
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let mut name = String::with_capacity(36);
        for (at, byte) in bytes.iter().enumerate() {
            if matches!(at, 4 | 6 | 8 | 10) {
                name.push('-');
            }
            for digit in [byte >> 4, byte & 0x0f] {
                name.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
            }
        }
        Ok(name)
    }

    async fn subscribe(
        &mut self,
        subscribe: Subscribe,
        bytes: usize,
        is_update: bool,
    ) -> Result<Bytes, Refusal> {
        let id = subscribe.request_id;
        let Some(connected) = self.connected.as_deref_mut() else {
            return Err(not_connected("subscribing"));
        };
        let has_sequence = subscribe.resume != Resume::No;
        let most = self.live.app().config.live.limits.message_bytes_max;
        let most = most.saturating_mul(MESSAGES_KEPT_MAX);
        if connected.bytes_besides(id).saturating_add(bytes) > most {
            let text = format!("The subscriptions of a connection take {most} bytes at most");
            let error = Error::new(Code::OperationForbidden, text);
            return Err(refusal(&self.live, &error, Some(id)));
        }
        let subscribed = subscribe_to(connected, subscribe, is_update).await;
        let subscribed = subscribed.map_err(|error| refusal(&self.live, &error, Some(id)))?;
        connected.subscriptions.insert(id.name(), Subscription { has_sequence, bytes });
        connected.count.set(connected.subscriptions.len());
        Ok(answer::subscribed(&connected.head, id, has_sequence.then_some(&subscribed)))
    }

    fn unsubscribe(&mut self, id: RequestId) -> Result<Bytes, Refusal> {
        let Some(connected) = self.connected.as_deref_mut() else {
            return Err(not_connected("unsubscribing"));
        };
        connected.subscriptions.remove(&id.name());
        connected.count.set(connected.subscriptions.len());
        if connected.client.unsubscribe(id.name()) {
            return Ok(answer::unsubscribed(&connected.head, id));
        }
        let client = &connected.name;
        let number = Json::from(id.0).to_text();
        Err(Refusal::of_message(
            NOT_THERE,
            &format!(
                "Cannot find subscription with clientId {client} subscriptionId {number}. Make sure you subscribe to live query server before unsubscribing."
            ),
        ))
    }
}

impl Connected {
    /// How long the messages were that asked for its subscriptions, besides one.
    fn bytes_besides(&self, id: RequestId) -> usize {
        let others = self.subscriptions.iter().filter(|(name, _)| **name != id.name());
        others.map(|(_, subscription)| subscription.bytes).sum()
    }
}

/// What comes out of the inbox of whoever is connected.
async fn next_of(connected: Option<&mut Connected>) -> Result<Delivery, Fate> {
    match connected {
        Some(connected) => connected.inbox.next().await,
        None => std::future::pending().await,
    }
}

/// Subscribes on behalf of the session that the message names, or else the one that the connection named. A session that is
/// none is nobody's, and nobody may ask for what is public (`parse-server:src/LiveQuery/ParseLiveQueryServer.ts`).
async fn subscribe_to(
    connected: &Connected,
    subscribe: Subscribe,
    is_update: bool,
) -> Result<Subscribed> {
    let who = match (&connected.who, subscribe.session_token) {
        (Who::Master, _) => Who::Master,
        (_, Some(token)) if !token.is_empty() => Who::Session(Arc::from(token)),
        (who, Some(_) | None) => who.clone(),
    };
    let terms = Terms {
        class: subscribe.class,
        filter: parse_filter(&subscribe.filter)?,
        keys: subscribe.keys,
        watch: subscribe.watch,
        kinds: Kinds::ALL,
        after: match subscribe.resume {
            Resume::After(sequence) => Some(sequence),
            Resume::Yes | Resume::No => None,
        },
    };
    let asked = Asked { number: subscribe.request_id.0, is_update };
    let name = (subscribe.request_id.name(), Some(asked));
    if !matches!(who, Who::Session(_)) {
        return connected.client.subscribe_as_asked(name, &who, terms).await;
    }
    match connected.client.subscribe_as_asked(name, &who, terms.clone()).await {
        // Not if it is what a hook says.
        Err(error) if error.code() == Code::InvalidSessionToken && !error.is_thrown() => {
            connected.client.subscribe_as_asked(name, &Who::Public, terms).await
        }
        subscribed => subscribed,
    }
}

fn not_connected(wish: &str) -> Refusal {
    let text = format!("Can not find this client, make sure you connect to server before {wish}");
    Refusal::of_message(NOT_THERE, &text)
}

/// An error as the client is told of it; what only the log may know goes there.
fn refusal(live: &Live, error: &Error, request_id: Option<RequestId>) -> Refusal {
    if error.status() >= 500 {
        tracing::error!("{}", error.log_text());
    } else {
        tracing::debug!("{}", error.log_text());
    }
    // What is wrong with a question is no secret of whoever is asked.
    let is_open =
        !live.app().config.enable_sanitized_error_response || error.code() == Code::InvalidQuery;
    let error_json = match error.thrown_json() {
        Some(json) => json.to_owned(),
        None if is_open => Json::from(error.open_text()).to_text(),
        None => Json::from(error.text()).to_text(),
    };
    Refusal { code: error.number(), error: error_json, reconnect: false, request_id }
}
