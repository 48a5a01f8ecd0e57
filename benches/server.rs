//! How fast and how small the server is: figures of the real binary beside those of a bare axum and rusqlite
//! server that selects the same rows, in one run. `benches/README.md` says how to read them.
//!
//! Nothing here is a test: no figure makes it fail.

#![expect(clippy::print_stdout, reason = "a benchmark is there to print")]

#[path = "server/settings.rs"]
mod settings;

#[path = "driver/mod.rs"]
mod driver;

#[path = "server/start.rs"]
mod start;

#[path = "server/fixture.rs"]
mod fixture;

#[path = "server/floor.rs"]
mod floor;

#[path = "server/rows.rs"]
mod rows;

#[path = "server/scenarios.rs"]
mod scenarios;

#[path = "server/compare.rs"]
mod compare;

#[path = "server/size.rs"]
mod size;

#[path = "server/change.rs"]
mod change;

#[path = "server/identity.rs"]
mod identity;

use std::path::Path;
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
        [floor::COMMAND, form, database, port] => {
            Some(floor::serve(form, Path::new(database), port))
        }
        [identity::COMMAND, threads] => Some(identity::burn(threads)),
        _ => None,
    };
    driver::run(part, measure)
}

fn measure() -> Outcome<()> {
    let settings = Settings::read()?;
    println!("{settings}");
    let fixture = Fixture::build(&settings)?;
    let mut report = Report::default();
    size::start(&settings, &fixture, &mut report)?;
    size::idle(&settings, &fixture, &mut report)?;
    compare::scenarios(&settings, &fixture, &mut report)?;
    size::classes(&settings, &fixture, &mut report)?;
    change::visible(&settings, &fixture, &mut report)?;
    change::memory(&settings, &fixture, &mut report)?;
    identity::session(&settings, &fixture, &mut report)?;
    identity::log_ins(&settings, &fixture, &mut report)?;
    report.print();
    Ok(())
}
