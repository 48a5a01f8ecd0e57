//! The load: a bounded number of connections, each with one request under way at a time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::Outcome;
use super::wire::head;

/// Requests that are sent in turn.
pub(crate) type Requests = Arc<[Vec<u8>]>;

/// What a round of load came to.
#[derive(Debug)]
pub(crate) struct Load {
    /// How long each answered request took, in milliseconds.
    pub(crate) latencies_ms: Vec<f64>,
    /// How long it lasted.
    pub(crate) seconds: f64,
}

impl Load {
    /// How many requests were answered.
    pub(crate) fn requests(&self) -> f64 {
        self.latencies_ms.len() as f64
    }

    /// Requests per second.
    pub(crate) fn rate(&self) -> f64 {
        self.requests() / self.seconds
    }
}

/// Sends requests for a while. An answer that is not good ends the run.
pub(crate) fn run(
    address: SocketAddr,
    requests: &Requests,
    connections: usize,
    lasting: Duration,
) -> Outcome<Load> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let open = open(address, connections).await?;
        let begun = Instant::now();
        let mut tasks = JoinSet::new();
        for (at, stream) in open.into_iter().enumerate() {
            let from = at * requests.len() / connections;
            tasks.spawn(keep_asking(stream, Arc::clone(requests), from, begun + lasting));
        }
        let mut latencies_ms = Vec::new();
        while let Some(task) = tasks.join_next().await {
            latencies_ms.extend(task??);
        }
        Ok(Load { latencies_ms, seconds: begun.elapsed().as_secs_f64() })
    })
}

/// Sends one request over each of many connections at once. An answer that is not good ends the run.
pub(crate) fn once(address: SocketAddr, request: &[u8], connections: usize) -> Outcome<Load> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let open = open(address, connections).await?;
        let request: Arc<[u8]> = request.into();
        let begun = Instant::now();
        let mut tasks = JoinSet::new();
        for stream in open {
            let request = Arc::clone(&request);
            tasks.spawn(async move {
                let begun = Instant::now();
                exchange(&stream, &request, &mut Vec::new()).await?;
                Outcome::Ok(begun.elapsed().as_secs_f64() * 1_000.0)
            });
        }
        let mut latencies_ms = Vec::with_capacity(connections);
        while let Some(task) = tasks.join_next().await {
            latencies_ms.push(task??);
        }
        Ok(Load { latencies_ms, seconds: begun.elapsed().as_secs_f64() })
    })
}

async fn open(address: SocketAddr, connections: usize) -> Outcome<Vec<TcpStream>> {
    let mut open = Vec::with_capacity(connections);
    for _ in 0..connections {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        open.push(stream);
    }
    Ok(open)
}

async fn keep_asking(
    stream: TcpStream,
    requests: Requests,
    from: usize,
    deadline: Instant,
) -> Outcome<Vec<f64>> {
    let mut latencies_ms = Vec::new();
    let mut buffer = Vec::with_capacity(65_536);
    for request in requests.iter().cycle().skip(from) {
        let begun = Instant::now();
        if begun >= deadline {
            break;
        }
        exchange(&stream, request, &mut buffer).await?;
        latencies_ms.push(begun.elapsed().as_secs_f64() * 1_000.0);
    }
    Ok(latencies_ms)
}

async fn exchange(stream: &TcpStream, request: &[u8], buffer: &mut Vec<u8>) -> Outcome<()> {
    let mut rest = request;
    while !rest.is_empty() {
        stream.writable().await?;
        match stream.try_write(rest) {
            Ok(bytes) => rest = &rest[bytes..],
            Err(cause) if cause.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(cause) => return Err(cause.into()),
        }
    }
    buffer.clear();
    loop {
        stream.readable().await?;
        match stream.try_read_buf(buffer) {
            Ok(0) => return Err("the connection was closed".into()),
            Ok(_) => {}
            Err(cause) if cause.kind() == std::io::ErrorKind::WouldBlock => continue,
            Err(cause) => return Err(cause.into()),
        }
        match head(buffer)? {
            Some(head) if head.status >= 300 => return Err(String::from_utf8_lossy(buffer).into()),
            Some(head) if buffer.len() >= head.end => return Ok(()),
            _ => {}
        }
    }
}
