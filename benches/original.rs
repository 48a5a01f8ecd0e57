//! How this server compares with the original: npm parse-server 9.10.0 and the real binary of this project on one
//! PostgreSQL database, asked the same in turn. `benches/README.md` says how to run it and how to read it.
//!
//! Nothing here is a test: no figure makes it fail, only an answer that differs does.

#![expect(clippy::print_stdout, reason = "a benchmark is there to print")]

#[path = "driver/mod.rs"]
mod driver;

#[path = "../tests/postgres/mod.rs"]
mod postgres;

#[path = "original/settings.rs"]
mod settings;

#[path = "original/report.rs"]
mod report;

#[path = "original/start.rs"]
mod start;

#[path = "original/floor.rs"]
mod floor;

#[path = "original/rows.rs"]
mod rows;

#[path = "original/binds.rs"]
mod binds;

#[path = "original/fixture.rs"]
mod fixture;

#[path = "original/scenarios.rs"]
mod scenarios;

#[path = "original/compare.rs"]
mod compare;

#[path = "original/size.rs"]
mod size;

use std::process::ExitCode;

use driver::Outcome;
use fixture::Fixture;
use report::Report;
use settings::Settings;

/// The floor is measured with the allocator of the server.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let part = |words: &[&str]| match words {
        [floor::COMMAND, database, port] => Some(floor::serve(database, port)),
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
    compare::scenarios(&settings, &fixture, &mut report)?;
    size::classes(&settings, &fixture, &mut report)?;
    report.print();
    report.write()
}
