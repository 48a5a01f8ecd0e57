//! The server's process: reads the options, sets up the log, runs, and says how it ended.

use std::process::ExitCode;

use parsimony::options::{self, Config, Start};
use parsimony::{adapters, server, telemetry};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The stack of a thread that answers requests: enough for the deepest JSON and the deepest condition that are
/// accepted, in a build without optimisation too. The system hands it out page by page, when it is used.
const STACK_BYTES: usize = 8 * 1024 * 1024;

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args_os().skip(1).collect();
    let key = || adapters::random::Random.text(32).unwrap_or_default();
    match options::load(&args, std::env::vars(), &key) {
        Ok(Start::Run(config)) => {
            let problems = server::problems(&config);
            if problems.is_empty() {
                return run(*config);
            }
            complain(&problems.join("\n"));
            ExitCode::from(2)
        }
        Ok(Start::Examine(examination)) => examine(&examination),
        Ok(Start::Help(text)) => say(&text),
        Ok(Start::Version) => say(&format!("parsimony {}", env!("CARGO_PKG_VERSION"))),
        Err(problems) => {
            complain(&problems.to_string());
            ExitCode::from(2)
        }
    }
}

fn run(config: Config) -> ExitCode {
    if let Err(cause) = telemetry::install(config.logging) {
        complain(&cause.to_string());
        return ExitCode::FAILURE;
    }
    if config.generated_master_key {
        say(&format!("app id {}", config.keys.app_id));
        say(&format!("master key {} (made for this run)", config.keys.master_key.expose()));
    }
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = match builder.enable_all().thread_stack_size(STACK_BYTES).build() {
        Ok(runtime) => runtime,
        Err(cause) => {
            complain(&cause.to_string());
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(server::run(config, |line| {
        say(line);
    })) {
        Ok(server::Outcome::Stopped) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error.log_text());
            ExitCode::FAILURE
        }
    }
}

/// Prints what is to be known before this server takes over.
fn examine(examination: &options::Examination) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let report = match runtime {
        Ok(runtime) => runtime.block_on(server::doctor(examination)),
        Err(cause) => {
            complain(&cause.to_string());
            return ExitCode::FAILURE;
        }
    };
    let code = ExitCode::from(report.verdict().exit_code());
    if say(&report.to_string()) == ExitCode::SUCCESS { code } else { ExitCode::FAILURE }
}

/// Writes a line for whoever started the process.
fn say(text: &str) -> ExitCode {
    use std::io::Write;
    match writeln!(std::io::stdout().lock(), "{text}").and_then(|()| std::io::stdout().flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn complain(text: &str) {
    use std::io::Write;
    // If standard error is closed there is nobody left to tell.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
