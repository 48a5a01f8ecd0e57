//! A wire between a server and PostgreSQL on which the line that the server listens on can be cut, as a broken network
//! does it: nobody is told, nothing comes through, and new lines are not better.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// What the line to listen on can be told by.
const LISTENS: &[u8] = b"LISTEN \"parsimony\"";

/// The wire.
pub(crate) struct Wire {
    uri: String,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    is_cut: AtomicBool,
    /// Both ends of lines to listen on.
    lines: Mutex<Vec<TcpStream>>,
}

impl Wire {
    /// A wire to the database with this address.
    pub(crate) fn to(uri: &str) -> Self {
        let (scheme, rest) = uri.split_once("://").expect("an address");
        let (place, database) = rest.split_once('/').expect("an address of a database");
        let (user, server) = match place.rsplit_once('@') {
            Some((user, server)) => (format!("{user}@"), server),
            None => (String::new(), place),
        };
        let server =
            if server.contains(':') { server.to_owned() } else { format!("{server}:5432") };
        let database = database.split_once('?').map_or(database, |(database, _)| database);
        let entrance = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = entrance.local_addr().expect("an address");
        // What is encrypted can not be told apart.
        let uri = format!("{scheme}://{user}{address}/{database}?sslmode=disable");
        let state = Arc::<State>::default();
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for client in entrance.incoming().map_while(Result::ok) {
                if let Ok(server) = TcpStream::connect(&server) {
                    join(&client, &server, &shared).expect("threads for a line");
                }
            }
        });
        Self { uri, state }
    }

    /// The address of the database over the wire.
    pub(crate) fn uri(&self) -> &str {
        &self.uri
    }

    /// From now on nothing comes through lines to listen on.
    pub(crate) fn cut(&self) {
        self.state.is_cut.store(true, Ordering::SeqCst);
    }

    /// From now on everything does again. Lines that were cut end.
    pub(crate) fn mend(&self) {
        self.state.is_cut.store(false, Ordering::SeqCst);
        for end in self.state.lines.lock().expect("nobody panicked").drain(..) {
            // The other end may be gone.
            let _ = end.shutdown(Shutdown::Both);
        }
    }
}

/// Lets two ends talk to each other.
fn join(client: &TcpStream, server: &TcpStream, state: &Arc<State>) -> io::Result<()> {
    let listens = Arc::<AtomicBool>::default();
    for (from, to) in [(client, server), (server, client)] {
        let (mut from, mut to) = (from.try_clone()?, to.try_clone()?);
        let (state, listens) = (Arc::clone(state), Arc::clone(&listens));
        thread::spawn(move || {
            let mut bytes = [0; 16 * 1024];
            while let Ok(length @ 1..) = from.read(&mut bytes) {
                if bytes[..length].windows(LISTENS.len()).any(|window| window == LISTENS) {
                    listens.store(true, Ordering::SeqCst);
                    let mut lines = state.lines.lock().expect("nobody panicked");
                    lines.extend([from.try_clone(), to.try_clone()].into_iter().flatten());
                }
                let is_lost = state.is_cut.load(Ordering::SeqCst) && listens.load(Ordering::SeqCst);
                if !is_lost && to.write_all(&bytes[..length]).is_err() {
                    break;
                }
            }
            // The other end may be gone.
            let _ = to.shutdown(Shutdown::Both);
        });
    }
    Ok(())
}
