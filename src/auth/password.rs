//! Passwords: bcrypt hashes that parse-server reads and writes, made on few threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{Semaphore, oneshot};

use crate::error::{Error, Result};

/// The cost of a hash, as the original has it (`parse-server:src/password.js`).
const COST: u32 = 10;

/// A hash that no password has, for log-ins of users who do not exist: they cost the same work.
const NOBODY: &str = "$2b$10$C6UzMDM.H6dfI/f/IKcEeO7VbIWbMZP4mO7L9tGIhVyJkPpBq5iQa";

/// How much lower the priority of hashing is (`nice(2)`; on Linux a thread has its own).
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// Hashes and verifies passwords, on at most all cores but one, never on the threads of the event loop.
#[derive(Debug)]
pub struct Passwords {
    turns: Arc<Semaphore>,
    runs: AtomicU64,
}

impl Passwords {
    /// On at most `threads` threads at once.
    pub fn new(threads: usize) -> Self {
        Self { turns: Arc::new(Semaphore::new(threads.max(1))), runs: AtomicU64::new(0) }
    }

    /// On all cores but one, and on one at least.
    pub fn for_this_machine() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self::new(cores.saturating_sub(1))
    }

    /// The hash of a password.
    pub async fn hash(&self, password: &str) -> Result<String> {
        let password = password.to_owned();
        self.run(move || {
            bcrypt::hash_with_result(password.as_bytes(), COST)
                .map(|parts| parts.format_for_version(bcrypt::Version::TwoB))
        })
        .await?
        .map_err(Error::internal)
    }

    /// Whether a password has this hash. Without a hash the work is done all the same, and the answer is no.
    pub async fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool> {
        let is_somebody = hash.is_some();
        let (password, hash) = (password.to_owned(), hash.unwrap_or(NOBODY).to_owned());
        let fits = self.run(move || bcrypt::verify(password.as_bytes(), &hash)).await?;
        Ok(is_somebody && fits.unwrap_or(false))
    }

    /// How many hashes were made and verified since the start, those of nobody included.
    pub fn runs(&self) -> u64 {
        self.runs.load(Ordering::Relaxed)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        self.runs.fetch_add(1, Ordering::Relaxed);
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(Error::internal)?;
        let (reply, answer) = oneshot::channel();
        let work = move || {
            step_back();
            let result = work();
            drop(turn);
            // Whoever asked may be gone.
            let _ = reply.send(result);
        };
        // To start a thread costs a thousandth of a hash, and one that lives on would keep its low priority.
        std::thread::Builder::new()
            .name("password".to_owned())
            .spawn(work)
            .map_err(Error::internal)?;
        answer.await.map_err(Error::internal)
    }
}

/// Lets the threads of the event loop go first. Where that can not be had, hashing is no less right.
#[cfg(target_os = "linux")]
fn step_back() {
    let _ = rustix::process::nice(NICENESS);
}

/// Elsewhere a priority is that of the whole process.
#[cfg(not(target_os = "linux"))]
fn step_back() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hash_fits_its_password_only() {
        let passwords = Passwords::new(1);
        let hash = passwords.hash("secret").await.unwrap();
        assert!(hash.starts_with("$2b$10$"), "{hash}");
        assert!(passwords.verify("secret", Some(&hash)).await.unwrap());
        assert!(!passwords.verify("Secret", Some(&hash)).await.unwrap());
        assert!(!passwords.verify("secret", None).await.unwrap());
        assert!(!passwords.verify("secret", Some("no hash")).await.unwrap());
    }

    /// Made by the npm package `bcryptjs` 2.4 with a cost of 10.
    #[tokio::test]
    async fn hashes_of_the_original_are_read() {
        let made_by_bcryptjs = "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy";
        let passwords = Passwords::new(1);
        assert!(!passwords.verify("wrong", Some(made_by_bcryptjs)).await.unwrap());
    }

    #[test]
    fn the_hash_of_nobody_is_a_hash() {
        assert!(bcrypt::verify("x", NOBODY).is_ok());
    }
}
