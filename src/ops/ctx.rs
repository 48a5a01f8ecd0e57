//! What a verb knows of its request and of the server.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use crate::access::{Plan, Principal, Protection, WriteAccess};
use crate::adapters::clock::Clock;
use crate::adapters::mail::{Errand, Mailer};
use crate::adapters::random::Random;
use crate::auth::{Auth, Forget, Session};
use crate::catalog::Catalog;
use crate::error::{Code, Error, Result};
use crate::ops::Denylist;
use crate::options::Config;
use crate::schema::{ClassOperation, ClassSchema, Snapshot};
use crate::storage::{Change, Storage, Tx, Verbs, Written};
use crate::telemetry::Metrics;
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
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// The URL of the REST API, with the mount path.
    pub server_url: String,
    /// Where files are found.
    pub files: FileUrls,
    /// What no write may carry.
    pub denylist: Denylist,
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
    tx: Option<Arc<Open>>,
}

/// An open transaction, and what is not known any more when it is committed.
struct Open {
    tx: Box<dyn Tx>,
    forget: Mutex<Vec<Forget>>,
    errands: Mutex<Vec<Errand>>,
}

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
            tx: None,
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
    /// rolled back unless it is committed.
    pub async fn begin(&self) -> Result<Self> {
        let tx = self.app.storage.begin(self.app.config.transaction_timeout_ms).await?;
        let open = Open { tx, forget: Mutex::default(), errands: Mutex::default() };
        Ok(Self { tx: Some(Arc::new(open)), ..self.clone() })
    }

    /// Makes what was done inside the transaction of this request lasting.
    pub async fn commit(&self) -> Result<()> {
        let Some(open) = &self.tx else { return Ok(()) };
        let forget =
            std::mem::take(&mut *open.forget.lock().unwrap_or_else(PoisonError::into_inner));
        self.app.auth.changing(forget, self.app.clock.now(), open.tx.commit()).await?;
        let errands =
            std::mem::take(&mut *open.errands.lock().unwrap_or_else(PoisonError::into_inner));
        let Some(mailer) = &self.app.mailer else { return Ok(()) };
        errands.into_iter().for_each(|errand| mailer.later(errand));
        Ok(())
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
            Err(error) => {
                inside.rollback().await?;
                Err(error)
            }
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
                let write = self.app.storage.write(changes);
                self.app.auth.changing(forget, self.app.clock.now(), write).await
            }
        }
    }

    /// The same request outside of any transaction, for what is done after its answer.
    #[must_use]
    pub(super) fn aside(&self) -> Self {
        Self { tx: None, ..self.clone() }
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
