//! An axum application with a page of its own, and Parsimony in it for everything else.
//!
//!     cargo run --example embedded            # http://127.0.0.1:1337/, PORT names another port

mod guest_book;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "whoever starts the program reads where it listens")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let port = std::env::var("PORT").map_or(Ok(1337), |port| port.parse::<u16>())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let server = guest_book::server()
        .app_id("guest-book")
        .master_key("change-me")
        .database("sqlite::memory:")
        .start()
        .await?;
    let server = Arc::new(server);
    let application = guest_book::application(&server);

    println!("ready http://{}", listener.local_addr()?);
    axum::serve(listener, application.into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(async {
            // Without a signal to wait for, the program runs until it is killed.
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        })
        .await?;
    // The router is gone with the listener, and with it every other owner.
    if let Some(server) = Arc::into_inner(server) {
        server.stop().await?;
    }
    Ok(())
}
