//! What cloud code costs: figures of the real binary with a Node worker beside those of the least that such a call
//! can be, and beside npm parse-server where that is installed. `benches/README.md` says how to read them.
//!
//! Nothing here is a test: no figure makes it fail.

#![expect(clippy::print_stdout, reason = "a benchmark is there to print")]

#[path = "driver/mod.rs"]
mod driver;

#[path = "../tests/postgres/mod.rs"]
mod postgres;

#[path = "cloud/settings.rs"]
mod settings;

#[path = "cloud/fixture.rs"]
mod fixture;

#[path = "cloud/floor.rs"]
mod floor;

#[path = "cloud/measure.rs"]
mod measure;

#[path = "cloud/function.rs"]
mod function;

#[path = "cloud/save.rs"]
mod save;

#[path = "cloud/wait.rs"]
mod wait;

#[path = "cloud/spin.rs"]
mod spin;

#[path = "cloud/files.rs"]
mod files;

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
        [floor::COMMAND, program, socket, port] => {
            Some(floor::serve(Path::new(program), Path::new(socket), port))
        }
        _ => None,
    };
    driver::run(part, run)
}

fn run() -> Outcome<()> {
    let settings = Settings::read()?;
    println!("{settings}");
    let fixture = Fixture::build(&settings)?;
    let mut report = Report::default();
    function::empty(&settings, &fixture, &mut report)?;
    save::hooked(&settings, &fixture, &mut report)?;
    save::beside_original(&settings, &fixture, &mut report)?;
    wait::asleep(&settings, &fixture, &mut report)?;
    spin::reads(&settings, &fixture, &mut report)?;
    files::small(&settings, &fixture, &mut report)?;
    files::large(&settings, &fixture, &mut report)?;
    report.print();
    Ok(())
}
