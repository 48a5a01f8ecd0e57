//! Subscriptions: what the engine tells of becomes an answer to the client's document.
//!
//! What is needed to write answers is prepared once for all who subscribe with the same document and the same
//! variables. If an event holds all that they select, its answer is written once for all who see the same of it; what
//! lies behind pointers and in relations is read, and written, once per caller. How answers travel, the files below
//! say: `socket` by WebSocket (graphql-transport-ws), `stream` by server-sent events.

mod end;
mod forms;
mod greeting;
mod message;
mod socket;
mod stream;

use std::sync::Arc;

use bytes::Bytes;

pub(super) use forms::{Forms, Prepared};
pub use socket::{Greeting, PROTOCOL, converse, greet};
pub use stream::{stream, wants_stream};

use super::answer::{Surroundings, write_answer};
use super::errors::{GraphQlError, Kind, Place, Refusal, Step, from_verb, write_errors};
use super::resolve::{Asked, EventOutcome, Outcome, asked, standing, who};
use super::serve::{GraphQl, Ready, plan};
use crate::error::{Code, Error};
use crate::live::{Audience, Client, Delivery, Shown, Told};
use crate::ops::Ctx;

type Refused<T> = Result<T, Refusal>;

/// The first answer, with its sequence, if there is one at once.
type First = Option<(Arc<str>, Bytes)>;

/// What a client is told of a delivery.
enum Answer {
    /// An answer, with the sequence of its event.
    Next(Option<Arc<str>>, Bytes),
    /// The subscription is over.
    End(Refusal),
}

impl GraphQl {
    /// Prepares a subscription. Nothing is subscribed to yet.
    pub(super) fn prepare(&self, ready: Ready) -> Refused<(Ctx, Arc<Prepared>)> {
        let operation = ready.operation()?;
        let plan = plan(&ready.run, operation);
        if plan.roots.len() != 1 {
            let message = "A subscription has exactly one field.";
            return Err(Refusal::new(400, Kind::ValidationFailed, message));
        }
        let name = operation.name.as_ref().map(|name| name.to_string());
        let Ready { ctx, run, .. } = ready;
        Ok((ctx, self.forms.prepared(run, plan, name)))
    }

    /// Subscribes. `after` is what the client knows, if the way that it came says so rather than an argument.
    pub(super) async fn subscribe(
        &self,
        ctx: &Ctx,
        prepared: &Prepared,
        (client, name): (&Client, u64),
        after: Option<&str>,
    ) -> Refused<First> {
        let refuse = |error: Error| prepared.refusal(&error, self.openness());
        let Asked { who, terms, from_nothing } =
            asked(&prepared.run, ctx, prepared.root(), after).map_err(refuse)?;
        let names_one = terms.after.is_some();
        let subscribed = client.subscribe(name, &who, terms).await.map_err(refuse)?;
        let is_behind = from_nothing || (names_one && !subscribed.is_resumed);
        Ok(is_behind.then(|| {
            let sequence = standing(subscribed.sequence);
            let body = self.missed(prepared, Arc::clone(&sequence));
            (sequence, body)
        }))
    }

    /// What a client is told of a delivery, if anything. Hooks hear of it before: this must not be given up half-way.
    async fn answer(
        &self,
        prepared: &Prepared,
        client: &Client,
        delivery: Delivery,
    ) -> Option<Answer> {
        match client.hear(delivery).await?.told {
            Told::Event(shown, audience) => {
                let body = self.told(prepared, &shown, &audience).await?;
                Some(Answer::Next(Some(Arc::clone(&shown.sequence)), body))
            }
            Told::Missed(sequence) => {
                let body = self.missed(prepared, Arc::clone(&sequence));
                Some(Answer::Next(Some(sequence), body))
            }
            Told::Failed(error) => {
                Some(Answer::Next(None, prepared.refusal(&error, self.openness()).body()))
            }
            Told::Ended(error) => Some(Answer::End(prepared.refusal(&error, self.openness()))),
        }
    }

    /// The answer that tells that events may have been missed.
    fn missed(&self, prepared: &Prepared, sequence: Arc<str>) -> Bytes {
        self.written(prepared, EventOutcome::missed(sequence))
    }

    /// The answer that tells of an event; nothing if it is not known any more on whose behalf.
    async fn told(&self, prepared: &Prepared, shown: &Shown, audience: &Audience) -> Option<Bytes> {
        let selection = prepared.selection()?;
        let form = prepared.number;
        if selection.stays_in_row() {
            return Some(shown.encoded(form, |shown| {
                self.written(prepared, EventOutcome::of_row(selection, shown))
            }));
        }
        let place = shown.shared(form, audience.number());
        let written = place.get_or_try_init(|| async {
            let ctx = audience.request(&self.app).await?;
            let run = &prepared.run;
            let outcome = Box::pin(EventOutcome::of_caller(run, &ctx, selection, shown)).await;
            Ok::<_, Error>(self.written(prepared, outcome))
        });
        match written.await {
            Ok(bytes) => Some(bytes.clone()),
            // The engine ends the subscription.
            Err(error) if error.code() == Code::InvalidSessionToken => None,
            Err(error) => Some(prepared.refusal(&error, self.openness()).body()),
        }
    }

    fn written(&self, prepared: &Prepared, outcome: EventOutcome) -> Bytes {
        let surroundings = Surroundings {
            files: &self.app.files,
            sources: &prepared.run.document.executable.sources,
            root_type: "Subscription",
            types: None,
            openness: self.openness(),
        };
        let outcomes = [Ok(Outcome::Event(Box::new(outcome)))];
        Bytes::from(write_answer(&prepared.plan, &outcomes, surroundings))
    }

    /// The same subscription under the schema that is in force now. Refused if it does not fit that schema any more.
    pub(super) async fn renewed(&self, prepared: &Arc<Prepared>) -> Refused<Arc<Prepared>> {
        let version = self.app.catalog.snapshot().version();
        let schema = self.schemas.at_least(version).await.map_err(|error| {
            tracing::error!(error = %error.log_text(), "the GraphQL schema could not be built");
            Refusal::new(500, Kind::InternalServerError, "Internal server error")
        })?;
        if schema.generation() == prepared.run.schema.generation() {
            return Ok(Arc::clone(prepared));
        }
        let gone = |_| {
            let message = "The schema has changed, and the subscription does not fit it any more.";
            Refusal::new(400, Kind::ValidationFailed, message)
        };
        self.forms.renewed(&self.documents, &schema, prepared).map_err(gone)
    }
}

impl Prepared {
    /// An error of the only field, as the answer of a request that has no data.
    fn refusal(&self, error: &Error, openness: super::errors::Openness) -> Refusal {
        let mut told: GraphQlError = from_verb(error, openness);
        let slot = &self.root().slot;
        told.places.extend(Place::of(slot.span, &self.run.document.executable.sources));
        told.path.push(Step::Key(slot.key.to_string()));
        Refusal { status: 200, errors: vec![told] }
    }
}

impl Refusal {
    /// The answer's body.
    pub(super) fn body(&self) -> Bytes {
        let mut body = vec![b'{'];
        write_errors(&self.errors, &mut body);
        body.push(b'}');
        body.into()
    }

    /// The list of errors alone.
    fn list(&self) -> Vec<u8> {
        let mut list = Vec::new();
        write_errors(&self.errors, &mut list);
        list.split_off(b"\"errors\":".len())
    }
}
