//! What LiveQuery costs: figures of the real binary with a thousand sockets beside those of a bare `send()` to as many, and
//! beside npm parse-server where that is installed. `benches/README.md` says how to read them.
//!
//! Nothing here is a test: no figure makes it fail.

#![expect(clippy::print_stdout, reason = "a benchmark is there to print")]

#[path = "driver/mod.rs"]
mod driver;

#[path = "../tests/postgres/mod.rs"]
mod postgres;

#[path = "live/settings.rs"]
mod settings;

#[path = "live/fixture.rs"]
mod fixture;

#[path = "live/floor.rs"]
mod floor;

#[path = "live/sockets.rs"]
mod sockets;

#[path = "live/measure.rs"]
mod measure;

#[path = "live/questions.rs"]
mod questions;

#[path = "live/fanout.rs"]
mod fanout;

#[path = "live/memory.rs"]
mod memory;

#[path = "live/original.rs"]
mod original;

use std::process::ExitCode;

use driver::Outcome;
use driver::report::Report;
use fixture::Fixture;
use settings::Settings;

/// The floor is measured with the allocator of the server.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let part = |words: &[&str]| match words {
        [floor::COMMAND, port, sockets] => Some(floor::serve(port, sockets)),
        _ => None,
    };
    driver::run(part, run)
}

fn run() -> Outcome<()> {
    let settings = Settings::read()?;
    println!("{settings}");
    let fixture = Fixture::build(&settings)?;
    let mut report = Report::default();
    questions::many(&settings, &fixture, &mut report)?;
    fanout::alike(&settings, &fixture, &mut report)?;
    fanout::each_his_own(&settings, &fixture, &mut report)?;
    memory::idle(&settings, &fixture, &mut report)?;
    original::beside(&settings, &fixture, &mut report)?;
    report.print();
    Ok(())
}
