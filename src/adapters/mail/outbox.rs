//! Mail that stays in memory: for tests, and for servers whose mail nobody reads.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use super::Mail;

/// How many messages are kept; older ones are forgotten.
const KEPT_MAX: usize = 100;

/// The latest messages.
#[derive(Debug, Default)]
pub struct Outbox(Mutex<VecDeque<Mail>>);

impl Outbox {
    pub(super) fn send(&self, mail: &Mail) {
        let mut mails = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if mails.len() == KEPT_MAX {
            mails.pop_front();
        }
        mails.push_back(mail.clone());
    }

    /// The messages that are kept, the oldest first.
    pub fn mails(&self) -> Vec<Mail> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}
