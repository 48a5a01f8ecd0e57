//! The floor: a bare axum handler that sends the body of a request to a Node process, one line of JSON-RPC over a Unix
//! socket, and answers with what comes back. No functions, no permissions, no triggers.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{Response, header};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot};

use crate::driver::Outcome;

/// The word that makes this program the floor.
pub(crate) const COMMAND: &str = "floor";

/// How often the echo is looked for while it starts.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Calls that have no answer yet.
type Calls = Mutex<HashMap<u64, oneshot::Sender<Box<RawValue>>>>;

struct Echo {
    lines: mpsc::UnboundedSender<Vec<u8>>,
    calls: Calls,
    last: AtomicU64,
}

#[derive(Deserialize)]
struct Answer {
    id: u64,
    result: Box<RawValue>,
}

/// Serves until the process is killed.
pub(crate) fn serve(program: &Path, socket: &Path, port: &str) -> Outcome<()> {
    let port = port.parse()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let (_child, stream) = start(program, socket).await?;
        let (reading, writing) = stream.into_split();
        let (lines, queue) = mpsc::unbounded_channel();
        let echo = Arc::new(Echo { lines, calls: Calls::default(), last: AtomicU64::new(0) });
        tokio::task::spawn(send(writing, queue));
        tokio::task::spawn(receive(reading, Arc::clone(&echo)));
        let router = Router::new()
            .route("/health", get(|| async { "ok" }))
            .route("/functions/nothing", post(call))
            .with_state(echo);
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        Ok(axum::serve(listener, router).await?)
    })
}

async fn start(program: &Path, socket: &Path) -> Outcome<(Child, UnixStream)> {
    let mut command = Command::new("node");
    command.arg(program).arg(socket).stdin(Stdio::null());
    let mut child = command.kill_on_drop(true).spawn()?;
    loop {
        if let Ok(stream) = UnixStream::connect(socket).await {
            return Ok((child, stream));
        }
        if let Some(status) = child.try_wait()? {
            return Err(format!("the echo ended with {status}").into());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Lines that wait together are sent together.
async fn send(mut writing: OwnedWriteHalf, mut queue: mpsc::UnboundedReceiver<Vec<u8>>) {
    while let Some(mut bytes) = queue.recv().await {
        while let Ok(line) = queue.try_recv() {
            bytes.extend_from_slice(&line);
        }
        if writing.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

async fn receive(reading: OwnedReadHalf, echo: Arc<Echo>) {
    let mut reading = BufReader::with_capacity(65_536, reading);
    let mut line = Vec::new();
    while let Ok(1..) = reading.read_until(b'\n', &mut line).await {
        if let Ok(Answer { id, result }) = serde_json::from_slice(&line)
            && let Some(call) = echo.calls().remove(&id)
        {
            // Who does not wait any more needs no answer.
            let _ = call.send(result);
        }
        line.clear();
    }
}

impl Echo {
    fn calls(&self) -> std::sync::MutexGuard<'_, HashMap<u64, oneshot::Sender<Box<RawValue>>>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn call(&self, params: &[u8]) -> Outcome<Box<RawValue>> {
        let id = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let mut line = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"echo\",\"params\":")
            .into_bytes();
        line.extend_from_slice(params);
        line.extend_from_slice(b"}\n");
        let (call, answered) = oneshot::channel();
        self.calls().insert(id, call);
        self.lines.send(line)?;
        Ok(answered.await?)
    }
}

async fn call(State(echo): State<Arc<Echo>>, body: Bytes) -> Response<Body> {
    let (status, body) = match echo.call(&body).await {
        Ok(result) => (200, [b"{\"result\":", result.get().as_bytes(), b"}"].concat()),
        Err(cause) => (500, cause.to_string().into_bytes()),
    };
    let response = Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/json; charset=utf-8");
    response.body(Body::from(body)).expect("status and header are valid")
}
