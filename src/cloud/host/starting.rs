//! How hosts come and go: started, connected, watched, replaced, ended.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UnixStream;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::member::Member;
use super::serving::Desk;
use super::{Host, HostAdapter, Owner, Place};
use crate::cloud::worker::{
    Connection, Directory, Failure, Process, ProcessSettings, Registration, same_meaning,
};
use crate::cloud::{Cloud, Gateway};
use crate::error::{Error, Result};
use crate::options::HostDescription;
use crate::value::Json;

/// The pause before a host is started or connected again, at first; each time doubles it.
const PAUSE_FIRST: Duration = Duration::from_millis(10);
const PAUSE_MAX: Duration = Duration::from_secs(1);
/// How long a host may take to answer that it shuts down.
const SHUTDOWN_MAX: Duration = Duration::from_secs(6);
/// How long a worker that has closed its connection while it started may take to end.
const LAST_WORDS_MAX: Duration = Duration::from_secs(2);

/// A worker that was started, and what it said.
struct Started {
    process: Process,
    ready: Ready,
}

/// A host that has loaded its code.
struct Ready {
    member: Arc<Member>,
    adapters: Vec<Arc<HostAdapter>>,
}

/// What looks after one host, beside the requests.
#[derive(Clone)]
pub(super) struct Keeper {
    owner: Owner,
    gateway: Arc<dyn Gateway>,
    /// The private directory of workers; it goes with the last of them.
    directory: Option<Arc<Directory>>,
    is_stopping: watch::Receiver<bool>,
}

impl Host {
    /// Starts whatever runs cloud code and waits until it has loaded it.
    pub(in crate::cloud) async fn start(
        &self,
        cloud: &Arc<Cloud>,
        gateway: Arc<dyn Gateway>,
    ) -> Result<()> {
        let is_stopping = self.is_stopping.subscribe();
        let keeper = Keeper { owner: Arc::downgrade(cloud), gateway, directory: None, is_stopping };
        match &self.settings.place {
            Place::Workers { count, process } => {
                let directory = Directory::create().map_err(Error::internal)?;
                let keeper = Keeper { directory: Some(Arc::new(directory)), ..keeper };
                *self.keeper() = Some(keeper.clone());
                self.start_workers(cloud, &keeper, *count, process).await
            }
            Place::Elsewhere(path) => {
                tracing::info!(path = %path.display(), "waiting for the host of cloud code");
                let ready = self.connected_elsewhere(&keeper, path, true).await?;
                self.welcome(cloud, &ready);
                keeper.gateway.spawn(Box::pin(keeper.clone().keep_elsewhere(ready.member)));
                Ok(())
            }
        }
    }

    /// Loads the code again, in new workers or in the host that runs elsewhere.
    pub(in crate::cloud) async fn reload(&self, cloud: &Arc<Cloud>) -> Result<()> {
        let keeper = self.keeper().clone();
        match (&self.settings.place, keeper) {
            (Place::Workers { count, process }, Some(keeper)) => {
                self.start_workers(cloud, &keeper, *count, process).await
            }
            // Whoever runs it elsewhere loads it there.
            (Place::Workers { .. }, None) | (Place::Elsewhere(_), _) => Ok(()),
        }
    }

    /// Ends all hosts; what looks after them ends with them.
    pub(in crate::cloud) fn stop(&self) {
        self.is_stopping.send_replace(true);
        *self.keeper() = None;
        for member in self.pool.replace(Vec::new()) {
            member.retire();
        }
    }

    /// Starts as many workers as there are to be; they take over together, or not at all.
    async fn start_workers(
        &self,
        cloud: &Arc<Cloud>,
        keeper: &Keeper,
        count: usize,
        settings: &ProcessSettings,
    ) -> Result<()> {
        let starting = (0..count).map(|_| self.started(keeper, settings));
        let mut started = Vec::with_capacity(count);
        for outcome in futures_util::future::join_all(starting).await {
            started.push(outcome.map_err(Error::internal)?);
        }
        if let Some(first) = started.first() {
            self.adopt(cloud, &first.ready);
        }
        let members = started.iter().map(|one| Arc::clone(&one.ready.member)).collect();
        for old in self.pool.replace(members) {
            old.retire();
        }
        for Started { process, ready } in started {
            let (keeper, settings) = (keeper.clone(), settings.clone());
            keeper.gateway.clone().spawn(Box::pin(keeper.keep(process, ready.member, settings)));
        }
        Ok(())
    }

    /// Makes a member one that may be asked.
    fn welcome(&self, cloud: &Arc<Cloud>, ready: &Ready) {
        self.adopt(cloud, ready);
        self.pool.add(Arc::clone(&ready.member));
    }

    /// What a host has registered is what is registered.
    fn adopt(&self, cloud: &Arc<Cloud>, ready: &Ready) {
        self.remember(&ready.adapters);
        let registrations = ready.member.registrations();
        cloud.register_host(|known| match same_meaning(known, &registrations) {
            true => None,
            false => Some(registrations),
        });
    }

    async fn started(
        &self,
        keeper: &Keeper,
        settings: &ProcessSettings,
    ) -> std::result::Result<Started, String> {
        let directory = keeper.directory.as_ref().ok_or("workers have no directory")?;
        let mut process = Process::start(settings, directory)?;
        keeper.gateway.spawn(Box::pin(process.listen()));
        let stream = process.connect().await?;
        let ready = self.initialized(keeper, stream, process.id());
        let ready = tokio::select! {
            ready = ready => ready,
            words = process.last_words() => return Err(words),
        };
        match ready {
            Ok(ready) => Ok(Started { ready, process }),
            // The connection of a process that ends may be gone before the process is.
            Err(Failure::Closed) => Err(timeout(LAST_WORDS_MAX, process.last_words())
                .await
                .unwrap_or_else(|_| why(&Failure::Closed))),
            Err(failure) => Err(why(&failure)),
        }
    }

    async fn initialized(
        &self,
        keeper: &Keeper,
        stream: UnixStream,
        process: Option<u32>,
    ) -> std::result::Result<Ready, Failure> {
        let desk = Arc::new(Desk::new(keeper.owner.clone(), Arc::clone(&keeper.gateway)));
        let line_bytes_max = self.settings.line_bytes_max;
        let (connection, work) = Connection::over(stream, Arc::clone(&desk) as _, line_bytes_max);
        keeper.gateway.spawn(Box::pin(work));
        let member = Arc::new(Member::new(connection, process));
        desk.serves(&member);
        let hello = self.settings.hello();
        let answer = member.connection.call("initialize", None, |out| hello.write(out)).await;
        let answer = match answer {
            Ok(answer) => Json::parse(answer.get().as_bytes()),
            Err(failure) => {
                member.connection.close();
                return Err(failure);
            }
        };
        let answer = answer.map_err(|cause| Failure::Refused(cause.to_string()))?;
        let registrations = Registration::read_all(answer.get("registrations"));
        member.register(registrations.map_err(Failure::Refused)?);
        Ok(Ready { member, adapters: adapters(&answer) })
    }

    /// Connects to a host elsewhere, however long it takes. If it is the first time, code that can not be loaded is an
    /// error; later it is tried again.
    async fn connected_elsewhere(
        &self,
        keeper: &Keeper,
        path: &Path,
        is_first: bool,
    ) -> Result<Ready> {
        let mut pause = PAUSE_FIRST;
        loop {
            let failure = match UnixStream::connect(path).await {
                Ok(stream) => match self.initialized(keeper, stream, None).await {
                    Ok(ready) => return Ok(ready),
                    Err(failure @ Failure::Thrown(_)) if is_first => {
                        return Err(Error::internal(why(&failure)));
                    }
                    Err(failure) => why(&failure),
                },
                Err(cause) => cause.to_string(),
            };
            tracing::debug!(failure, path = %path.display(), "the host of cloud code is not there");
            sleep(pause).await;
            pause = doubled(pause);
        }
    }
}

impl Keeper {
    /// Looks after a worker, and after every one that replaces it, until it is retired.
    async fn keep(self, mut process: Process, mut member: Arc<Member>, settings: ProcessSettings) {
        let mut pause = PAUSE_FIRST;
        loop {
            let hang = self.owner.upgrade().and_then(|cloud| cloud.hang_timeout());
            let end = tokio::select! {
                how = process.ended() => End::Failed(how),
                () = member.connection.closed() => End::Failed("its connection broke".to_owned()),
                () = hung(&member, hang) => End::Failed("it did not react any more".to_owned()),
                () = member.retired() => End::Retired,
            };
            if let End::Retired = end {
                self.finished(&member).await;
                process.end().await;
                return;
            }
            if let End::Failed(how) = end {
                tracing::error!(how, process = member.process, "a worker of cloud code ended");
            }
            member.connection.close();
            process.kill().await;
            if member.was_asked() {
                pause = PAUSE_FIRST;
            }
            let Some(next) = self.replaced(&member, &settings, &mut pause).await else { return };
            (process, member) = (next.process, next.ready.member);
        }
    }

    /// Starts a worker in the place of one that ended. Nothing if there is to be none any more.
    async fn replaced(
        &self,
        gone: &Arc<Member>,
        settings: &ProcessSettings,
        pause: &mut Duration,
    ) -> Option<Started> {
        loop {
            {
                let cloud = self.owner.upgrade()?;
                let host = cloud.host.as_ref()?;
                // The place of one that was retired meanwhile is taken.
                if gone.is_retired() || !host.pool.has(gone) {
                    return None;
                }
                match host.started(self, settings).await {
                    Ok(started) => {
                        if gone.is_retired() {
                            started.ready.member.connection.close();
                            return None;
                        }
                        host.pool.remove(gone);
                        host.welcome(&cloud, &started.ready);
                        return Some(started);
                    }
                    Err(cause) => tracing::error!(cause, "a worker of cloud code does not start"),
                }
            }
            tokio::select! {
                () = sleep(*pause) => {}
                () = gone.retired() => return None,
            }
            *pause = doubled(*pause);
        }
    }

    /// Looks after the connection to a host elsewhere, and connects again when it breaks.
    async fn keep_elsewhere(self, mut member: Arc<Member>) {
        loop {
            let is_retired = tokio::select! {
                () = member.connection.closed() => false,
                () = member.retired() => true,
            };
            if is_retired {
                // It is not ours to end.
                member.connection.close();
                return;
            }
            tracing::warn!("the connection to the host of cloud code broke");
            let Some(cloud) = self.owner.upgrade() else { return };
            let Some(host) = &cloud.host else { return };
            let Place::Elsewhere(path) = &host.settings.place else { return };
            let connected = tokio::select! {
                connected = host.connected_elsewhere(&self, path, false) => connected,
                () = member.retired() => return,
            };
            let Ok(ready) = connected else { return };
            host.pool.remove(&member);
            host.welcome(&cloud, &ready);
            member = ready.member;
        }
    }
}

impl Keeper {
    /// Lets a worker that is replaced finish what it does, however long a job takes, and tells it to end; a server that
    /// stops waits no longer than the worker itself does.
    async fn finished(&self, member: &Member) {
        let mut is_stopping = self.is_stopping.clone();
        tokio::select! {
            () = member.idle() => {}
            _ = is_stopping.wait_for(|stopping| *stopping) => {}
            () = member.connection.closed() => {}
        }
        let params = |out: &mut Vec<u8>| out.extend_from_slice(b"{}");
        // Whether it answers or not, it is over.
        let _ = timeout(SHUTDOWN_MAX, member.connection.call("shutdown", None, params)).await;
        member.connection.close();
    }
}

/// How a worker ends.
enum End {
    Failed(String),
    Retired,
}

/// Ends when a host has not reacted for too long.
async fn hung(member: &Member, most: Option<Duration>) {
    let Some(most) = most else { return std::future::pending().await };
    loop {
        sleep(most / 2).await;
        let ping = member.connection.call("ping", None, |out| out.extend_from_slice(b"{}"));
        if timeout(most, ping).await.is_err() {
            return;
        }
    }
}

fn doubled(pause: Duration) -> Duration {
    if pause * 2 < PAUSE_MAX { pause * 2 } else { PAUSE_MAX }
}

/// What the log says of a host that could not be started.
fn why(failure: &Failure) -> String {
    match failure {
        Failure::Thrown(thrown) => {
            let text = |key: &str| thrown.0.get(key).and_then(Json::as_str).map(str::to_owned);
            let told = text("stack").or_else(|| text("message"));
            format!("cloud code can not be loaded: {}", told.unwrap_or_else(|| thrown.0.to_text()))
        }
        Failure::Closed => "the host of cloud code closed the connection".to_owned(),
        Failure::TimedOut => "the host of cloud code took too long".to_owned(),
        Failure::Refused(reason) => reason.clone(),
    }
}

fn adapters(answer: &Json) -> Vec<Arc<HostAdapter>> {
    let list = answer.get("adapters").and_then(Json::as_array).unwrap_or_default();
    let read = |adapter: &Json| {
        let path = adapter.get("path")?.as_str()?.to_owned();
        let described = serde_json::from_str(&adapter.to_text()).ok()?;
        Some(Arc::new(HostAdapter {
            path,
            description: Arc::new(HostDescription::read(&described)?),
        }))
    };
    list.iter().filter_map(read).collect()
}
