//! The floor: a loop that writes the same bytes to all sockets, one `send()` each. It knows no protocol.

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::{get, post};

use crate::driver::Outcome;

/// The word that makes this program the floor.
pub(crate) const COMMAND: &str = "floor";

type Open = Arc<Mutex<Vec<TcpStream>>>;

/// Serves until the process is killed.
pub(crate) fn serve(port: &str, sockets: &str) -> Outcome<()> {
    let (port, sockets): (u16, u16) = (port.parse()?, sockets.parse()?);
    let open = Open::default();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, sockets))?;
    let accepted = Arc::clone(&open);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // The load fails if a socket stays silent.
            let _ = stream.set_nodelay(true);
            accepted.lock().unwrap_or_else(PoisonError::into_inner).push(stream);
        }
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let router = Router::new()
            .route("/health", get(|| async { "ok" }))
            .route("/send", post(send))
            .with_state(open);
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        Ok(axum::serve(listener, router).await?)
    })
}

async fn send(State(open): State<Open>, body: Bytes) -> String {
    let mut sent = 0;
    for stream in open.lock().unwrap_or_else(PoisonError::into_inner).iter_mut() {
        sent += usize::from(stream.write_all(&body).is_ok());
    }
    format!("{{\"sent\":{sent}}}")
}
