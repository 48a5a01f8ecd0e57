//! The engine: takes events from the bus and subscriptions from doors.

use std::collections::HashMap;
use std::future::Future;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::time::{MissedTickBehavior, interval};

use super::hub::{Entry, Hub, Known};
use super::log::{Arrival, Log, Sequence};
use super::rows::{Happening, event_of};
use super::{Asked, Audience, Client, Inbox, Profile, Subscribed, Terms, Who};
use crate::adapters::pubsub::{Event, Message, Notice, Notices, Position};
use crate::auth::Forget;
use crate::error::{Code, Error, Result};
use crate::ops::App;
use crate::ops::read::{check_watchable, watched};
use crate::schema::ClassSchema;
use crate::value::{ClassName, ObjectId};

/// How often sessions are looked at that end by themselves.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// How many callers the database is asked about at the same time.
const ASKED_MAX: usize = 16;
/// How often it is asked again because others came while it was asked.
const ROUNDS_MAX: usize = 16;

/// The LiveQuery engine of a server.
pub struct Live {
    app: Arc<App>,
    state: Mutex<State>,
    last_client: AtomicU64,
}

struct State {
    hub: Hub,
    log: Log,
    /// How many connections an address has.
    addresses: HashMap<IpAddr, usize>,
    /// The number of the last event of a process that does not number its events.
    unnumbered: u64,
    is_stopped: bool,
}

impl Live {
    /// The engine of a server.
    pub fn new(app: Arc<App>) -> Arc<Self> {
        let limits = &app.config.live.limits;
        let log = Log::new(limits.log_events, limits.log_bytes);
        let state = State {
            hub: Hub::default(),
            log,
            addresses: HashMap::new(),
            unnumbered: 0,
            is_stopped: false,
        };
        Arc::new(Self { app, state: Mutex::new(state), last_client: AtomicU64::new(0) })
    }

    /// The server.
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// How many connections and how many subscriptions there are.
    pub(super) fn counts(&self) -> (usize, usize) {
        self.state().hub.counts()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Follows the bus until `shutdown` is there; then all inboxes end.
    pub async fn run(&self, mut notices: Notices, shutdown: impl Future<Output = ()>) {
        let mut shutdown = std::pin::pin!(shutdown);
        let mut ended = self.app.auth.session_changes();
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                notice = notices.next() => match notice {
                    Some(notice) => self.hear(notice).await,
                    None => break,
                },
                changed = ended.changed() => match changed {
                    Ok(()) => self.look_at_sessions().await,
                    Err(_) => break,
                },
                _ = looks.tick() => self.look_at_sessions().await,
            }
        }
        let mut state = self.state();
        state.is_stopped = true;
        state.hub.stop();
    }

    async fn hear(&self, notice: Notice) {
        match notice {
            Notice::Event(event) => self.happen(event).await,
            Notice::Message(message) => {
                let position = message.position.clone();
                match self.of_message(message).await {
                    Some(event) => self.happen(Arc::new(event)).await,
                    // It is nobody's concern here, but the next one is not to look as if something were missing.
                    None => {
                        if let Some(position) = position {
                            self.state().log.arrive(&position, false);
                        }
                    }
                }
            }
            Notice::Forget(user) => self.forget(user).await,
            Notice::Missed => {
                let mut state = self.state();
                let own = self.app.events.bus().map_or("", |bus| bus.server());
                state.log.lose(own);
                let sequence = state.log.sequence();
                state.hub.missed(&sequence);
            }
        }
    }

    /// Takes note that what is known of a user is void.
    async fn forget(&self, user: ObjectId) {
        let forget = vec![Forget::SessionsOf(user.clone()), Forget::RolesOf(user)];
        let nothing = async { Ok(()) };
        // A change that is made already can not fail.
        let _ = self.app.auth.changing(forget, self.app.clock.now(), nothing).await;
    }

    /// The event that another process tells of, if its class is live here.
    async fn of_message(&self, message: Message) -> Option<Event> {
        if !self.app.events.is_live(&message.class) {
            return None;
        }
        let mut snapshot = self.app.catalog.snapshot();
        if snapshot.class(&message.class).is_none() {
            // The other process may just have made it.
            snapshot = self.app.catalog.reload().await.ok()?;
        }
        let class = snapshot.class(&message.class)?;
        event_of(class, message, || {
            let mut state = self.state();
            state.unnumbered += 1;
            let own = self.app.events.bus().map_or("", |bus| bus.server());
            Position { server: Arc::from(format!("{own}:")), number: state.unnumbered }
        })
    }

    /// Tells of an event.
    async fn happen(&self, event: Arc<Event>) {
        let snapshot = self.app.catalog.snapshot();
        let is_own =
            self.app.events.bus().is_some_and(|bus| *bus.server() == event.position.server);
        let happening = {
            let mut state = self.state();
            let arrival = state.log.arrive(&event.position, is_own);
            let sequence = state.log.sequence();
            match arrival {
                Arrival::Again => return,
                Arrival::AfterGap => state.hub.missed(&sequence),
                Arrival::Next => {}
            }
            Arc::new(Happening::new(event, is_own, sequence))
        };
        let mut known = Known::new();
        for round in 1..=ROUNDS_MAX {
            let strangers = {
                let mut state = self.state();
                let State { hub, log, .. } = &mut *state;
                let is_last = round == ROUNDS_MAX;
                let strangers = hub.tell(&self.app, &snapshot, &happening, &mut known, is_last);
                if strangers.is_empty() {
                    log.keep(Arc::clone(&happening));
                    return;
                }
                strangers
            };
            self.identify(strangers, &mut known).await;
        }
    }

    /// Asks who these are. Whose session is over is told so.
    async fn identify(&self, strangers: Vec<Arc<Audience>>, known: &mut Known) {
        let asked = strangers.into_iter().map(|audience| async move {
            let identity = audience.identify(&self.app).await;
            (audience, identity)
        });
        let mut asked = stream::iter(asked).buffer_unordered(ASKED_MAX);
        while let Some((audience, identity)) = asked.next().await {
            let identity = match identity {
                Ok(identity) => Some(identity),
                Err(error) => {
                    self.refuse(&audience, &error);
                    None
                }
            };
            known.insert(audience.number, identity);
        }
    }

    /// Somebody can not be told: his session is over, or nobody knows at the moment.
    fn refuse(&self, audience: &Arc<Audience>, error: &Error) {
        let mut state = self.state();
        if error.code() == Code::InvalidSessionToken {
            // The same text whether the session is gone already or only its user.
            let error = Error::new(Code::InvalidSessionToken, error.open_text().to_owned());
            state.hub.end(audience, &Arc::new(error));
        } else {
            tracing::warn!(error = %error.log_text(), "whoever subscribed could not be identified");
            let sequence = state.log.sequence();
            state.hub.missed_by(audience, &sequence);
        }
    }

    /// Ends the subscriptions of sessions that are over.
    async fn look_at_sessions(&self) {
        let now = self.app.clock.now();
        let unknown: Vec<Arc<Audience>> = {
            let mut state = self.state();
            state.hub.forget_idle();
            let mut sessions = state.hub.sessions();
            sessions.retain(|audience| audience.recall(&self.app, now).is_none());
            sessions
        };
        self.identify(unknown, &mut Known::new()).await;
    }

    /// Connects somebody, who has so many connections from his address at most. Error 119 with more.
    pub fn connect(self: &Arc<Self>, profile: Profile) -> Result<(Client, Inbox)> {
        let limits = &self.app.config.live.limits;
        let mut state = self.state();
        if state.is_stopped {
            return Err(Error::internal("the server stops"));
        }
        let connections = state.addresses.entry(profile.address).or_default();
        if limits.connections_per_address.is_some_and(|most| *connections >= most) {
            return Err(Error::new(
                Code::OperationForbidden,
                "Too many connections from this address",
            ));
        }
        *connections += 1;
        let number = self.last_client.fetch_add(1, Ordering::Relaxed) + 1;
        let (client, inbox) = Client::new(self, number, profile, limits.queue_length);
        state.hub.connect(Arc::clone(client.outbox()));
        Ok((client, inbox))
    }

    pub(super) fn disconnect(&self, client: u64, address: IpAddr) {
        let mut state = self.state();
        state.hub.disconnect(client);
        if let Some(connections) = state.addresses.get_mut(&address) {
            *connections -= 1;
            if *connections == 0 {
                state.addresses.remove(&address);
            }
        }
    }

    pub(super) fn unsubscribe(&self, client: u64, name: u64) -> bool {
        self.state().hub.unsubscribe(client, name)
    }

    pub(super) async fn subscribe(
        &self,
        client: &Client,
        (name, request): (u64, Option<Asked>),
        who: &Who,
        terms: Terms,
    ) -> Result<Subscribed> {
        let number = client.outbox().number;
        let last = self.app.events.bus().map_or(0, |bus| bus.last());
        let most = self.app.config.live.limits.subscriptions_per_connection;
        if self.state().hub.subscriptions(number, name) >= most {
            return Err(Error::new(
                Code::OperationForbidden,
                format!("A connection may have {most} subscriptions at most"),
            ));
        }
        let audience = self.state().hub.audience(who);
        let identity = audience.identify(&self.app).await?;
        let caller = (&*audience, identity);
        let (identity, terms) = self.after_hooks(client, request, caller, terms).await?;
        let ctx = super::audience::request(&self.app, &identity);
        check_watchable(&terms.filter)?;
        let snapshot = Arc::clone(&ctx.snapshot);
        let class = match snapshot.class(&terms.class) {
            Some(class) => Arc::clone(class),
            None => Arc::new(ClassSchema::new(ClassName::from(terms.class.as_str()))),
        };
        let (keys, watch) = (terms.keys.as_deref(), terms.watch.as_deref());
        watched(&ctx, &class, &terms.filter, keys, watch)?;
        let entry = Entry {
            class: Arc::from(terms.class),
            // Not the wire form, in which conditions that mean different things may look the same.
            text: Arc::from(format!("{:?}", terms.filter)),
            filter: terms.filter,
            keys: terms.keys.map(Arc::from),
            watch: terms.watch.map(Arc::from),
            kinds: terms.kinds,
            // Who comes back misses what is on its way, too.
            since: if terms.after.is_some() { 0 } else { last },
            audience,
            identity,
        };
        let mut state = self.state();
        let State { hub, log, .. } = &mut *state;
        let is_there = hub.subscribe(&self.app, &snapshot, (number, name), &entry);
        let sequence = log.sequence();
        let missed = terms.after.and_then(|known| log.after(&Sequence::parse(&known)?));
        let of_class = |missed: &Vec<Arc<Happening>>| {
            missed.iter().filter(|missed| *missed.event.class == *class.name).count()
        };
        // What finds no room in the queue would cut the connection off, whenever it came back.
        let missed = missed.filter(|missed| of_class(missed) < client.outbox().room());
        let is_resumed = is_there && missed.is_some();
        hub.tell_again(number, name, &missed.unwrap_or_default());
        Ok(Subscribed { sequence, is_resumed })
    }
}
