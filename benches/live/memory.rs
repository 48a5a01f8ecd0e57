//! What connections and subscriptions hold in memory while nothing happens.

use std::thread::sleep;
use std::time::Duration;

use serde_json::json;

use crate::driver::Outcome;
use crate::driver::process::Process;
use crate::driver::report::{Report, Wanted};
use crate::driver::wire::{Caller, request};
use crate::fixture::{Fixture, write};
use crate::settings::Settings;
use crate::sockets::Sockets;

/// Each socket subscribes to so many questions.
const EACH: usize = 20;
const SOCKET_KIB_MAX: f64 = 20.0;
const SUBSCRIPTION_KIB_MAX: f64 = 4.0;
/// How long a server may put away what it does not need any more.
const SETTLE: Duration = Duration::from_secs(2);

/// Memory per idle socket and per idle subscription.
pub(crate) fn idle(settings: &Settings, fixture: &Fixture, report: &mut Report) -> Outcome<()> {
    if !settings.wants("memory") {
        return Ok(());
    }
    let server = fixture.server(settings, "memory")?;
    // What the first of each kind needs is not counted.
    let warm = Sockets::open(server.address, 20, |_| json!({}))?;
    warm.subscribe(EACH, |at, id| json!({ "category": format!("warm-{at}-{id}") }))?;
    server.client()?.ask(&write(1, 1))?;
    server.client()?.ask(&request(Caller::Public, "GET", "/parse/classes/Post?limit=1", ""))?;
    let before = resident_kib(&server)?;
    let sockets = Sockets::open(server.address, settings.sockets, |_| json!({}))?;
    let connected = resident_kib(&server)?;
    sockets.subscribe(EACH, |at, id| json!({ "category": format!("category-{at}-{id}") }))?;
    let subscribed = resident_kib(&server)?;
    let count = settings.sockets as f64;
    let per_socket = (connected - before) / count;
    let per_subscription = (subscribed - connected) / (count * EACH as f64);
    report.add("memory per idle socket", per_socket, " KiB", Wanted::AtMost(SOCKET_KIB_MAX));
    let wanted = Wanted::AtMost(SUBSCRIPTION_KIB_MAX);
    report.add("memory per idle subscription", per_subscription, " KiB", wanted);
    Ok(())
}

fn resident_kib(server: &Process) -> Outcome<f64> {
    sleep(SETTLE);
    Ok(server.memory()?.resident * 1_024.0)
}
