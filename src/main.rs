//! The server's process: reads the options, sets up the log, runs, and says how it ended.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use parsimony::options::{self, Config, JavaScriptFile, Outside, Start};
use parsimony::{adapters, cloud, server, telemetry};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The stack of a thread that answers requests: enough for the deepest JSON and the deepest condition that are
/// accepted, in a build without optimisation too. The system hands it out page by page, when it is used.
const STACK_BYTES: usize = 8 * 1024 * 1024;

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args_os().skip(1).collect();
    let key = || adapters::random::Random.text(32).unwrap_or_default();
    let outside = Outside { master_key: &key, javascript: &evaluate };
    match options::load(&args, std::env::vars(), &outside) {
        Ok(Start::Run(config)) => {
            let problems = server::problems(&config);
            if problems.is_empty() {
                return run(*config);
            }
            refuse(&problems.join("\n"), config.cloud.host.is_some());
            ExitCode::from(2)
        }
        Ok(Start::Examine(examination)) => examine(&examination),
        Ok(Start::Help(text)) => say(&text),
        Ok(Start::Version) => say(&format!("parsimony {}", env!("CARGO_PKG_VERSION"))),
        Err(problems) => {
            refuse(&problems.to_string(), names_cloud_host(&args));
            ExitCode::from(2)
        }
    }
}

/// Whether whoever starts the server wants it to use a host of cloud code, if the options are not even understood.
fn names_cloud_host(args: &[OsString]) -> bool {
    let is_named = |arg: &OsString| arg.to_string_lossy().starts_with("--cloudHost");
    args.iter().any(is_named) || std::env::var_os("PARSIMONY_CLOUD_HOST").is_some()
}

/// Says why the server does not start: a host of cloud code that starts it reads one line of JSON (section 8 of the host
/// protocol).
fn refuse(text: &str, has_host: bool) {
    if !has_host {
        return complain(text);
    }
    let message = parsimony::value::Json::from(text).to_text();
    complain(&format!(
        r#"{{"startupError":{{"kind":"error","name":"Error","message":{message}}}}}"#
    ));
}

fn run(config: Config) -> ExitCode {
    let (tap, lines) = telemetry::tap();
    let installed = match &config.logger {
        Some(_) => telemetry::install_tapped(config.logging, tap),
        None => telemetry::install(config.logging),
    };
    if let Err(cause) = installed {
        complain(&cause.to_string());
        return ExitCode::FAILURE;
    }
    if config.generated_master_key {
        say(&format!("app id {}", config.keys.app_id));
        say(&format!("master key {} (made for this run)", config.keys.master_key.expose()));
    }
    allow_many_connections();
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = match builder.enable_all().thread_stack_size(STACK_BYTES).build() {
        Ok(runtime) => runtime,
        Err(cause) => {
            complain(&cause.to_string());
            return ExitCode::FAILURE;
        }
    };
    let has_host = config.cloud.host.is_some();
    match runtime.block_on(server::run_logged(config, Some(lines), |line| {
        say(line);
    })) {
        Ok(server::Outcome::Stopped) => ExitCode::SUCCESS,
        Err(error) => {
            refuse(&error.start_text(), has_host);
            ExitCode::FAILURE
        }
    }
}

/// Connections are files, of which many a system grants a thousand until one asks for more.
#[cfg(target_os = "linux")]
fn allow_many_connections() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Where that is not granted the server gets along with what it has.
    let _ = setrlimit(Resource::Nofile, limit);
}

#[cfg(not(target_os = "linux"))]
fn allow_many_connections() {}

/// Has Node evaluate options that are written in JavaScript.
fn evaluate(file: &JavaScriptFile, node: &Path) -> Result<String, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|cause| cause.to_string())?;
    let evaluated = runtime.block_on(cloud::evaluate(file, node))?;
    if !evaluated.said.is_empty() {
        complain(&evaluated.said);
    }
    Ok(evaluated.json)
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
