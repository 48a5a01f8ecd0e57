//! What it costs to tell many.

use std::net::{Ipv4Addr, SocketAddr};

use serde_json::json;

use crate::driver::Outcome;
use crate::driver::report::{Report, Wanted};
use crate::driver::wire::{Caller, request};
use crate::fixture::{Fixture, write};
use crate::measure::{Side, alternate};
use crate::settings::Settings;
use crate::sockets::Sockets;

const RATIO_MAX: f64 = 2.0;

/// Sockets that are all told the same, beside a bare `send()` of the same bytes to as many.
pub(crate) fn alike(settings: &Settings, fixture: &Fixture, report: &mut Report) -> Outcome<()> {
    if !settings.wants("fanout") {
        return Ok(());
    }
    let server = fixture.server(settings, "fanout")?;
    let sockets = Sockets::open(server.address, settings.sockets, |_| json!({}))?;
    let ratio = beside_floor(settings, fixture, (&server, &sockets), "who are nobody")?;
    let figure = format!("{} sockets / a bare send()", settings.sockets);
    report.add(figure, ratio, "×", Wanted::AtMost(RATIO_MAX));
    Ok(())
}

/// The same with sockets of as many users.
pub(crate) fn each_his_own(
    settings: &Settings,
    fixture: &Fixture,
    report: &mut Report,
) -> Outcome<()> {
    if !settings.wants("principals") {
        return Ok(());
    }
    let server = fixture.server(settings, "principals")?;
    let mut client = server.client()?;
    let mut tokens = Vec::new();
    for at in 0..settings.principals {
        let user = json!({ "username": format!("user{at}"), "password": "secret" }).to_string();
        let made = client.ask(&request(Caller::Public, "POST", "/parse/users", &user))?;
        tokens.push(made["sessionToken"].as_str().ok_or("no session")?.to_owned());
    }
    let members = |at: usize| json!({ "sessionToken": tokens[at] });
    let sockets = Sockets::open(server.address, settings.principals, members)?;
    let ratio = beside_floor(settings, fixture, (&server, &sockets), "of as many users")?;
    let figure = format!("{} sockets of as many users / a bare send()", settings.principals);
    report.add(figure, ratio, "×", Wanted::Nothing);
    Ok(())
}

fn beside_floor(
    settings: &Settings,
    fixture: &Fixture,
    (server, sockets): (&crate::driver::process::Process, &Sockets),
    whose: &str,
) -> Outcome<f64> {
    sockets.subscribe(1, |_, _| json!({}))?;
    let count = sockets.count();
    // What an event looks like, so that the floor sends as much.
    let known = sockets.told();
    server.client()?.ask(&write(1, 1))?;
    sockets.wait(known + count)?;
    let bytes = sockets.frame_bytes();
    let floor = fixture.floor()?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, floor.sockets));
    let bare = Sockets::bare(address, count, bytes)?;
    let body = "x".repeat(bytes);
    let sides = [
        Side {
            name: "send()",
            process: &floor.process,
            sockets: &bare,
            messages: count,
            write: Box::new(|_| request(Caller::Public, "POST", "/send", &body)),
        },
        Side {
            name: "server",
            process: server,
            sockets,
            messages: count,
            write: Box::new(|_| write(1, 1)),
        },
    ];
    let title = format!("An event that {count} sockets {whose} are told ({bytes} bytes each)");
    let costs = alternate(settings, &title, &sides)?;
    Ok(costs[1].beside(&costs[0]))
}
