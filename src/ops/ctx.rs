//! What a verb knows of its request and of the server.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use crate::access::{Plan, Principal};
use crate::adapters::clock::Clock;
use crate::adapters::random::Random;
use crate::catalog::Catalog;
use crate::error::{Code, Error, Result};
use crate::ops::Denylist;
use crate::options::Config;
use crate::schema::{ClassOperation, ClassSchema, Snapshot};
use crate::storage::{Storage, Tx, Verbs};
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
    /// The name of the request in the log.
    pub request_id: Arc<str>,
    tx: Option<Arc<dyn Tx>>,
}

impl Ctx {
    /// A request that begins now.
    pub fn new(app: Arc<App>, principal: Principal, request_id: Arc<str>) -> Self {
        let snapshot = app.catalog.snapshot();
        Self { app, principal, snapshot, request_id, tx: None }
    }

    /// The same request with the classes that are in force now: for a part that follows another part
    /// which may have changed them.
    #[must_use]
    pub fn refreshed(&self) -> Self {
        Self { snapshot: self.app.catalog.snapshot(), ..self.clone() }
    }

    /// Runs a verb, and again with the classes that are in force then if they changed under it. Inside a
    /// transaction classes do not change.
    pub(super) async fn settled<T, F>(&self, verb: impl Fn(Self) -> F + Send) -> Result<T>
    where
        F: Future<Output = Result<T>> + Send,
    {
        const ATTEMPTS_MAX: usize = 8;
        let mut ctx = self.clone();
        for _ in 1..ATTEMPTS_MAX {
            match verb(ctx).await {
                Err(error) if error.is_stale() && !self.in_transaction() => {
                    tracing::debug!(
                        request_id = &*self.request_id,
                        "classes changed under a request"
                    );
                    ctx = self.refreshed();
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

    /// Starts a transaction with the deadline that the options set.
    pub async fn begin(&self) -> Result<Box<dyn Tx>> {
        self.app.storage.begin(self.app.config.transaction_timeout_ms).await
    }

    /// The same request inside a transaction.
    #[must_use]
    pub fn inside(&self, tx: Arc<dyn Tx>) -> Self {
        Self { tx: Some(tx), ..self.clone() }
    }

    /// Whether the request runs inside a transaction.
    pub fn in_transaction(&self) -> bool {
        self.tx.is_some()
    }

    /// Where this request reads and writes.
    pub fn data(&self) -> &dyn Verbs {
        match &self.tx {
            Some(tx) => &**tx,
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
    pub fn demand_master_writer(&self) -> Result<()> {
        self.demand_master()?;
        if self.principal.may_write_everything() {
            return Ok(());
        }
        Err(Error::denied(Code::OperationForbidden, "read-only masterKey isn't allowed to write"))
    }

    /// What the caller may do with a class.
    pub fn plan(&self, class: &Arc<ClassSchema>, operation: ClassOperation) -> Result<Plan> {
        Plan::compile(class, operation, &self.principal, self.protection(class))
    }

    /// The fields of a class that the options hide.
    fn protection(&self, class: &ClassSchema) -> &[(String, Vec<String>)] {
        self.app.protected.get(class.name.as_str()).map_or(&[], Vec::as_slice)
    }
}

fn refused_by_door(reason: &str) -> Error {
    Error::plain(403, "Permission denied").with_reason(reason)
}
