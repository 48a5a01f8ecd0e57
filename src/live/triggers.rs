//! Where cloud code takes part: who may connect, what is subscribed to, what is told. Where nobody listens nothing is asked,
//! and nothing is prepared for it.

use std::sync::Arc;

use super::audience::{Identity, request};
use super::{Audience, Client, Delivery, Kind, Live, Shown, Terms, Told, Who};
use crate::access::Principal;
use crate::cloud::hook::{Asked, Asker, LiveMoment, Scene};
use crate::error::{Code, Result};
use crate::ops::live_hooks::{self, Changed, Heard, Telling, Wish};
use crate::ops::{App, Ctx};
use crate::value::ClassName;

impl Live {
    /// Tells hooks that a socket was opened by somebody who has not said yet who he is.
    pub fn opened(&self) {
        if self.app().cloud.hears_live_notices() {
            live_hooks::tell(self.app(), LiveMoment::SocketOpened, self.scene(None), None, None);
        }
    }

    /// Tells hooks that a socket was closed before its client was admitted.
    pub fn lost(&self) {
        if self.app().cloud.hears_live_notices() {
            let error = Some("The socket was closed before a client was connected".to_owned());
            live_hooks::tell(self.app(), LiveMoment::SocketLost, self.scene(None), None, error);
        }
    }

    /// Tells hooks what happened to a connection.
    pub(super) fn tell_of(&self, client: &Client, moment: LiveMoment) {
        if self.app().cloud.hears_live_notices() {
            let who = client.admitted_as().unwrap_or(&Who::Public);
            let asker = Asker {
                master: *who == Who::Master,
                installation_id: client.profile().installation_id.clone(),
                ..Asker::default()
            };
            live_hooks::tell(self.app(), moment, self.scene(Some(who)), Some(asker), None);
        }
    }

    /// How LiveQuery stands, for one of its connections.
    fn scene(&self, who: Option<&Who>) -> Scene {
        let (clients, subscriptions) = self.counts();
        let session_token = match who {
            Some(Who::Session(token)) => Some(Arc::clone(token)),
            Some(Who::Public | Who::Master) | None => None,
        };
        Scene { clients, subscriptions, session_token }
    }

    /// What a subscription asks for after hooks have heard of it, and who asks then.
    pub(super) async fn after_hooks(
        &self,
        client: &Client,
        asked: Option<Asked>,
        (audience, identity): (&Audience, Identity),
        terms: Terms,
    ) -> Result<(Identity, Terms)> {
        if !live_hooks::hears_subscriptions(self.app(), &terms.class) {
            return Ok((identity, terms));
        }
        let ctx = client.request(self.app(), &identity);
        let class = ClassName::from(terms.class.as_str());
        let scene = (self.scene(Some(audience.who())), asked);
        let wish = Wish { filter: terms.filter, keys: terms.keys, watch: terms.watch };
        let wish = Box::pin(live_hooks::before_subscribe(&ctx, &class, scene, wish)).await?;
        let Wish { filter, keys, watch } = wish;
        // He may be somebody else by now, or nobody.
        let identity = audience.identify(self.app()).await?;
        Ok((identity, Terms { filter, keys, watch, ..terms }))
    }
}

impl Client {
    /// Asks whether the other end may be connected on somebody's behalf, once it is known who that is; a session that is none
    /// is nobody's. An error is what a hook throws: the connection is refused then.
    pub async fn admitted(&self, who: &Who) -> Result<()> {
        let live = self.live()?;
        if live_hooks::hears_connections(live.app()) {
            Box::pin(self.ask_to_connect(&live, who)).await?;
        }
        self.admit_as(who);
        Ok(())
    }

    async fn ask_to_connect(&self, live: &Arc<Live>, who: &Who) -> Result<()> {
        let identity = match Audience::new(0, who.clone()).identify(live.app()).await {
            Ok(identity) => identity,
            Err(error) if error.code() == Code::InvalidSessionToken => {
                Identity { principal: Principal::Public, session: None }
            }
            Err(error) => return Err(error),
        };
        let ctx = self.request(live.app(), &identity);
        let mut scene = live.scene(Some(who));
        // This one is not connected yet.
        scene.clients = scene.clients.saturating_sub(1);
        live_hooks::connect(&ctx, scene).await
    }

    /// Whether hooks want to hear of what is going to be told.
    pub fn asks_about(&self, delivery: &Delivery) -> bool {
        let Told::Event(shown, _) = &delivery.told else { return false };
        let Ok(live) = self.live() else { return false };
        live_hooks::hears_events(live.app(), &shown.object.class.name)
    }

    /// Lets hooks hear of what is going to be told, before a door encodes it. Nothing comes back if they want it told to
    /// nobody. A door waits for this beside nothing else: who gives it up loses what was to be told.
    pub async fn hear(&self, delivery: Delivery) -> Option<Delivery> {
        if !self.asks_about(&delivery) {
            return Some(delivery);
        }
        let Told::Event(shown, audience) = &delivery.told else { return Some(delivery) };
        let Ok(live) = self.live() else { return Some(delivery) };
        let told = Box::pin(self.ask_to_tell(&live, shown, audience)).await?;
        Some(Delivery { subscription: delivery.subscription, told })
    }

    async fn ask_to_tell(
        &self,
        live: &Arc<Live>,
        shown: &Arc<Shown>,
        audience: &Arc<Audience>,
    ) -> Option<Told> {
        let identity = match audience.identify(live.app()).await {
            Ok(identity) => identity,
            // That the session is over is told by itself.
            Err(error) if error.code() == Code::InvalidSessionToken => return None,
            Err(_) => return Some(Told::Missed(Arc::clone(&shown.sequence))),
        };
        let ctx = self.request(live.app(), &identity);
        let telling = Telling {
            event: shown.kind.name(),
            object: &shown.object,
            original: shown.original.as_ref(),
            keys: shown.keys.as_deref(),
        };
        let scene = live.scene(Some(audience.who()));
        let heard = live_hooks::before_telling(&ctx, scene, telling).await;
        let told = |shown| Some(Told::Event(shown, Arc::clone(audience)));
        match heard {
            Ok(Heard::Unchanged) => told(Arc::clone(shown)),
            Ok(Heard::Withheld) => None,
            Ok(Heard::Changed(changed)) => {
                let Changed { event, object, original } = *changed;
                let kind = Kind::named(&event).unwrap_or(shown.kind);
                let (keys, sequence) = (shown.keys.clone(), Arc::clone(&shown.sequence));
                told(Arc::new(Shown::new(kind, object, original, keys, sequence)))
            }
            Err(error) => Some(Told::Failed(Arc::new(error))),
        }
    }

    /// A request of this connection that begins now.
    fn request(&self, app: &Arc<App>, identity: &Identity) -> Ctx {
        let mut ctx = request(app, identity);
        let profile = self.profile();
        ctx.address = Some(profile.address);
        ctx.installation_id = profile.installation_id.clone();
        ctx.origin = profile.origin.clone();
        ctx
    }
}
