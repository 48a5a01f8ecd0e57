//! Cloud code: where it is and how it is run.

use std::path::PathBuf;

use super::reader::Reader;

/// Cloud code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloudConfig {
    /// The file with it, relative to the working directory.
    pub file: Option<PathBuf>,
    /// The socket of a host that runs elsewhere.
    pub host: Option<PathBuf>,
    /// How many processes run it; nothing leaves it to the machine.
    pub workers: Option<usize>,
    /// Largest heap of such a process, in megabytes.
    pub worker_memory_mb: Option<u64>,
    /// The program that runs it.
    pub node: PathBuf,
    /// Milliseconds that a function or a trigger may take.
    pub function_timeout_ms: Option<u64>,
    /// Milliseconds that a request waits for a host that is being started.
    pub host_timeout_ms: u64,
    /// Milliseconds after which a worker that does not react is replaced.
    pub hang_timeout_ms: u64,
    /// How deep cloud code may call itself.
    pub depth_max: u32,
    /// Whether it, and GraphQL definitions, are loaded again when their files change.
    pub watch: bool,
}

/// More processes than this help nobody.
const WORKERS_MAX: u64 = 256;

pub(super) fn read(reader: &mut Reader<'_>) -> CloudConfig {
    let host = reader.text("cloudHost").and_then(|address| match address.strip_prefix("unix:") {
        Some(path) if !path.is_empty() => Some(PathBuf::from(path)),
        Some(_) | None => {
            reader.bad("cloudHost", "the path of a socket, such as `unix:/run/cloud.sock`");
            None
        }
    });
    CloudConfig {
        file: reader.text("cloud").map(PathBuf::from),
        host,
        workers: reader.integer("cloudWorkers", 1..=WORKERS_MAX).map(|count| count as usize),
        worker_memory_mb: reader.integer("cloudWorkerMemory", 16..=u64::from(u32::MAX)),
        node: reader.text("cloudNode").map_or_else(|| PathBuf::from("node"), PathBuf::from),
        function_timeout_ms: reader.integer("cloudFunctionTimeout", 1..=u64::from(u32::MAX)),
        host_timeout_ms: reader
            .integer("cloudHostTimeout", 0..=u64::from(u32::MAX))
            .unwrap_or_default(),
        hang_timeout_ms: reader
            .integer("cloudHangTimeout", 1..=u64::from(u32::MAX))
            .unwrap_or(u64::from(u32::MAX)),
        watch: reader.flag("watch"),
        depth_max: reader.integer("cloudDepthMax", 1..=1_000).map_or(1, |depth| depth as u32),
    }
}
