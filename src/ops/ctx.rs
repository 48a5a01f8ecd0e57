//! What a verb knows of its request and of the server.

use std::any::Any;
use std::collections::HashMap;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::access::{Plan, Principal, Protection, WriteAccess};
use crate::adapters::clock::Clock;
use crate::adapters::files::FileStore;
use crate::adapters::mail::{Errand, Mailer};
use crate::adapters::random::Random;
use crate::auth::{Auth, Forget, Session};
use crate::catalog::Catalog;
use crate::cloud::{Cloud, Within};
use crate::error::{Code, Error, Result};
use crate::ops::graphql_config::GraphQlConfigStore;
use crate::ops::jobs::Jobs;
use crate::ops::rate::Rates;
use crate::ops::webhooks::Webhooks;
use crate::ops::write::Unmet;
use crate::ops::{Denylist, Events, Origin};
use crate::options::Config;
use crate::schema::{ClassOperation, ClassSchema, Snapshot};
use crate::storage::{Change, Storage, Tx, Verbs, Written};
use crate::telemetry::Metrics;
use crate::value::Json;
use crate::value::wire::FileUrls;

/// The server: built once, shared by all requests.
pub struct App {
    /// What the options say.
    pub config: Config,
    /// The database.
    pub storage: Arc<dyn Storage>,
    /// The classes in force.
    pub catalog: Arc<Catalog>,
    /// The time.
    pub clock: Clock,
    /// Randomness.
    pub random: Random,
    /// What sends mail, if the options name anything.
    pub mailer: Option<Mailer>,
    /// What proves identities.
    pub auth: Auth,
    /// Cloud code.
    pub cloud: Arc<Cloud>,
    /// Who hears of writes.
    pub events: Arc<Events>,
    /// What the GraphQL API shows.
    pub graphql_config: GraphQlConfigStore,
    /// Background jobs.
    pub jobs: Jobs,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// The URL of the REST API, with the mount path.
    pub server_url: String,
    /// Where files are kept.
    pub file_store: Arc<dyn FileStore>,
    /// Where files are found.
    pub files: FileUrls,
    /// What no write may carry.
    pub denylist: Denylist,
    /// How often what was called.
    pub rates: Rates,
    /// Web servers that answer functions and triggers.
    pub webhooks: Webhooks,
    /// Fields that the options hide: by class, by group of callers.
    pub protected: HashMap<String, Vec<(String, Vec<String>)>>,
}

/// One request: who asks, and which classes were in force when it began.
#[derive(Clone)]
pub struct Ctx {
    /// The server.
    pub app: Arc<App>,
    /// Who asks.
    pub principal: Principal,
    /// The classes in force when the request began.
    pub snapshot: Arc<Snapshot>,
    /// The session of the caller, if he has one. A master key may come with somebody's session: then this
    /// is that session, and the principal is the master.
    pub session: Option<Arc<Session>>,
    /// The session token of the request as it came, which need not name a session.
    pub session_token: Option<Arc<str>>,
    /// The installation that the request comes from.
    pub installation_id: Option<Arc<str>>,
    /// The name of the request in the log.
    pub request_id: Arc<str>,
    /// What the client hands to hooks, and one hook to the next: an object.
    pub context: Option<Json>,
    /// The address that the request comes from.
    pub address: Option<IpAddr>,
    /// Where the request comes from; known only if there is cloud code.
    pub origin: Option<Arc<dyn Origin>>,
    /// How many hooks wait for this request.
    depth: u32,
    unshown: Unshown,
    tx: Option<Arc<Open>>,
    /// Whether somebody else ends the transaction.
    is_guest: bool,
}

/// Identity providers whose data a request reads as it is stored, rather than as the adapters of the app show it.
#[derive(Clone, Default)]
enum Unshown {
    #[default]
    None,
    These(Arc<[String]>),
    All,
}

/// An open transaction, and what is not known any more when it is committed.
struct Open {
    tx: Box<dyn Tx>,
    forget: Mutex<Vec<Forget>>,
    errands: Mutex<Vec<Errand>>,
    after: Mutex<Vec<AfterCommit>>,
    unmet: Mutex<Vec<Unmet>>,
    /// Whether a part of it was taken back, so that nothing of it may last.
    is_doomed: AtomicBool,
}

fn taken<T>(list: &Mutex<Vec<T>>) -> Vec<T> {
    std::mem::take(&mut *list.lock().unwrap_or_else(PoisonError::into_inner))
}

/// What is done when a transaction is lasting, while the request waits.
type AfterCommit = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Ctx {
    /// A request that begins now.
    pub fn new(app: Arc<App>, principal: Principal, request_id: Arc<str>) -> Self {
        let snapshot = app.catalog.snapshot();
        Self {
            app,
            principal,
            snapshot,
            session: None,
            session_token: None,
            installation_id: None,
            request_id,
            context: None,
            address: None,
            origin: None,
            depth: 0,
            unshown: Unshown::default(),
            tx: None,
            is_guest: false,
        }
    }

    /// What a hook of this request runs within. Error 141 if cloud code calls itself too often.
    pub(super) fn within(&self) -> Result<Within> {
        let depth = self.depth + 1;
        let most = self.app.config.cloud.depth_max;
        if depth > most {
            return Err(Error::new(
                Code::ScriptFailed,
                format!("Cloud code calls itself more than {most} times over."),
            ));
        }
        let transaction = self.tx.clone().map(|open| open as Arc<dyn Any + Send + Sync>);
        Ok(Within { depth, request_id: Arc::clone(&self.request_id), transaction })
    }

    /// The same request as a part of what a hook runs within: at its depth, and inside its transaction.
    #[must_use]
    pub fn joined(self, within: Within) -> Self {
        let tx = within.transaction.and_then(|open| open.downcast::<Open>().ok());
        Self { depth: within.depth, tx, ..self }
    }

    /// The same request, which reads what users have of these identity providers as it is stored.
    #[must_use]
    pub(super) fn with_accounts_of(&self, providers: Vec<String>) -> Self {
        Self { unshown: Unshown::These(providers.into()), ..self.clone() }
    }

    /// The same request, which reads what users have of all identity providers as it is stored.
    #[must_use]
    pub(super) fn with_accounts_of_all(&self) -> Self {
        Self { unshown: Unshown::All, ..self.clone() }
    }

    /// Whether this request sees what users have of an identity provider as the adapter of the app shows it.
    pub(super) fn shows_accounts_of(&self, provider: &str) -> bool {
        match &self.unshown {
            Unshown::None => true,
            Unshown::These(providers) => providers.iter().all(|name| name != provider),
            Unshown::All => false,
        }
    }

    /// The same request with the classes that are in force now: for a part that follows another part
    /// which may have changed them.
    #[must_use]
    pub fn refreshed(&self) -> Self {
        Self { snapshot: self.app.catalog.snapshot(), ..self.clone() }
    }

    /// Runs a verb, and again with the classes that are in force then if they changed under it: this server
    /// loads them if it has not heard of the change yet. Inside a transaction classes do not change; what
    /// began it is tried again as a whole.
    pub async fn settled<T, F>(&self, verb: impl Fn(Self) -> F + Send) -> Result<T>
    where
        F: Future<Output = Result<T>> + Send,
    {
        const ATTEMPTS_MAX: usize = 8;
        let mut ctx = self.clone();
        for _ in 1..ATTEMPTS_MAX {
            let version = ctx.snapshot.version();
            match verb(ctx).await {
                Err(error) if error.is_stale() && !self.in_transaction() => {
                    tracing::debug!(
                        request_id = &*self.request_id,
                        "classes changed under a request"
                    );
                    let snapshot = self.app.catalog.after(version).await?;
                    ctx = Self { snapshot, ..self.clone() };
                }
                done => return done,
            }
        }
        verb(ctx).await
    }

    /// Refuses what a transaction can not take back.
    pub(super) fn demand_no_transaction(&self) -> Result<()> {
        match self.in_transaction() {
            true => Err(Error::new(
                Code::OperationForbidden,
                "classes can not be changed inside a transaction",
            )),
            false => Ok(()),
        }
    }

    /// The same request inside a transaction that begins now, with the deadline that the options set. It is
    /// rolled back unless it is committed. What a hook asks inside a transaction becomes a part of that.
    pub async fn begin(&self) -> Result<Self> {
        if self.in_transaction() {
            return Ok(Self { is_guest: true, ..self.clone() });
        }
        let tx = self.app.storage.begin(self.app.config.transaction_timeout_ms).await?;
        let open = Open {
            tx,
            forget: Mutex::default(),
            errands: Mutex::default(),
            after: Mutex::default(),
            unmet: Mutex::default(),
            is_doomed: AtomicBool::new(false),
        };
        Ok(Self { tx: Some(Arc::new(open)), ..self.clone() })
    }

    /// Makes what was done inside the transaction of this request lasting, and does what waited for that.
    pub async fn commit(&self) -> Result<()> {
        let Some(open) = self.tx.as_ref().filter(|_| !self.is_guest) else { return Ok(()) };
        let is_complete = open.unmet.lock().unwrap_or_else(PoisonError::into_inner).is_empty();
        if !is_complete || open.is_doomed.load(Ordering::Acquire) {
            let text = "a part of the transaction was rolled back, and so was the whole";
            return Err(self.rolled_back(Error::new(Code::OperationForbidden, text)).await?);
        }
        let forget = taken(&open.forget);
        let users = self.app.events.concerned(&forget);
        self.app.auth.changing(forget, self.app.clock.now(), open.tx.commit()).await?;
        self.app.events.forget(&users);
        if let Some(mailer) = &self.app.mailer {
            taken(&open.errands).into_iter().for_each(|errand| mailer.later(errand));
        }
        for work in taken(&open.after) {
            work.await;
        }
        Ok(())
    }

    /// Has something done once the transaction of this request is lasting.
    pub(super) fn after_commit(&self, work: AfterCommit) {
        if let Some(open) = &self.tx {
            open.after.lock().unwrap_or_else(PoisonError::into_inner).push(work);
        }
    }

    /// Notes what the transaction of this request turned out to need of its classes. It is made when the
    /// transaction has been rolled back, which then begins anew.
    pub(super) fn note_unmet(&self, unmet: Unmet) {
        if let Some(open) = &self.tx {
            open.unmet.lock().unwrap_or_else(PoisonError::into_inner).push(unmet);
        }
    }

    /// Undoes what was done inside the transaction of this request because of an error. Returns the error, or one
    /// that says to try again if what was missing is there now.
    pub async fn rolled_back(&self, error: Error) -> Result<Error> {
        self.rollback().await?;
        let unmet = match &self.tx {
            Some(open) if !self.is_guest => taken(&open.unmet),
            Some(_) | None => Vec::new(),
        };
        if unmet.is_empty() {
            return Ok(error);
        }
        for unmet in unmet {
            unmet.make().await?;
        }
        Ok(Error::stale("a transaction needed more of its classes than was prepared"))
    }

    /// Does several things that are lasting together: in the transaction of this request, or in one of their
    /// own.
    pub(super) async fn together<T, F>(&self, work: impl FnOnce(Self) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        if self.in_transaction() {
            return work(self.clone()).await;
        }
        let inside = self.begin().await?;
        match work(inside.clone()).await {
            Ok(done) => inside.commit().await.map(|()| done),
            Err(error) => Err(inside.rolled_back(error).await?),
        }
    }

    /// Has mail sent beside the request, once what it tells of is lasting.
    pub(super) fn later(&self, errand: Errand) {
        match (&self.tx, &self.app.mailer) {
            (Some(open), _) => {
                open.errands.lock().unwrap_or_else(PoisonError::into_inner).push(errand);
            }
            (None, Some(mailer)) => mailer.later(errand),
            (None, None) => {}
        }
    }

    /// Undoes what was done inside the transaction of this request.
    pub async fn rollback(&self) -> Result<()> {
        match &self.tx {
            Some(open) if self.is_guest => {
                open.is_doomed.store(true, Ordering::Release);
                Ok(())
            }
            Some(open) => open.tx.rollback().await,
            None => Ok(()),
        }
    }

    /// Makes changes. What they make void is not known any more as soon as they are lasting.
    pub(super) async fn write(
        &self,
        changes: Vec<Change>,
        forget: Vec<Forget>,
    ) -> Result<Vec<Written>> {
        match &self.tx {
            Some(open) => {
                open.forget.lock().unwrap_or_else(PoisonError::into_inner).extend(forget);
                open.tx.write(changes).await
            }
            None => {
                let users = self.app.events.concerned(&forget);
                let write = self.app.storage.write(changes);
                let written = self.app.auth.changing(forget, self.app.clock.now(), write).await?;
                self.app.events.forget(&users);
                Ok(written)
            }
        }
    }

    /// The same request outside of any transaction, for what is done after its answer.
    #[must_use]
    pub(super) fn aside(&self) -> Self {
        Self { tx: None, is_guest: false, ..self.clone() }
    }

    /// Whether the request runs inside a transaction.
    pub fn in_transaction(&self) -> bool {
        self.tx.is_some()
    }

    /// Where this request reads and writes.
    pub fn data(&self) -> &dyn Verbs {
        match &self.tx {
            Some(open) => &*open.tx,
            None => &*self.app.storage,
        }
    }

    /// Refuses whoever does not hold a master key.
    pub fn demand_master(&self) -> Result<()> {
        if self.principal.is_master() {
            return Ok(());
        }
        Err(refused_by_door("unauthorized: master key is required"))
    }

    /// Refuses whoever may not write past every rule.
    pub fn demand_master_writer(&self) -> Result<WriteAccess> {
        self.demand_master()?;
        self.writer()
    }

    /// The caller's right to write. Error 119 if he may only read.
    pub fn writer(&self) -> Result<WriteAccess> {
        self.principal.writer()
    }

    /// What the caller may do with a class.
    pub fn plan(&self, class: &Arc<ClassSchema>, operation: ClassOperation) -> Result<Plan> {
        Plan::compile(class, operation, &self.principal, &self.protection(class))
    }

    /// What the caller sees of his own user object.
    pub(super) fn plan_of_self(&self, class: &Arc<ClassSchema>) -> Plan {
        Plan::of_self(class, &self.principal, &self.protection(class))
    }

    /// What the caller may do to objects by a change that adds fields to their class.
    pub(super) fn adding_plan(&self, class: &Arc<ClassSchema>) -> Result<Plan> {
        Plan::of_adding_update(class, &self.principal, &self.protection(class))
    }

    /// What the options say of hidden fields of a class.
    pub(super) fn protection(&self, class: &ClassSchema) -> Protection<'_> {
        let configured = self.app.protected.get(class.name.as_str()).map_or(&[][..], Vec::as_slice);
        Protection { configured, owner_exempt: self.app.config.protected_fields_owner_exempt }
    }
}

fn refused_by_door(reason: &str) -> Error {
    Error::plain(403, "Permission denied").with_reason(reason)
}
