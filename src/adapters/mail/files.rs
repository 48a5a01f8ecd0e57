//! Mail into a directory, one file for each message: for development and tests.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use lettre::message::Mailbox;

use super::{Failure, Mail, message};

/// A directory of messages.
#[derive(Debug)]
pub struct Files {
    directory: PathBuf,
    from: Mailbox,
    number: AtomicU64,
}

impl Files {
    pub(super) fn new(directory: &Path, from: Mailbox) -> Result<Self, Failure> {
        std::fs::create_dir_all(directory)
            .map_err(|cause| format!("the directory for mails can not be made: {cause}"))?;
        Ok(Self { directory: directory.to_owned(), from, number: AtomicU64::new(1) })
    }

    /// The file gets its name when it is whole, so that whoever looks reads no half of it. Names sort by time.
    pub(super) async fn send(&self, mail: &Mail) -> Result<(), Failure> {
        let message = message::message(mail, &self.from)?.formatted();
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let name = format!("{:013}-{number:06}-{}", mail.written_at.millis(), mail.id);
        let begun = self.directory.join(format!("{name}.part"));
        tokio::fs::write(&begun, message).await?;
        tokio::fs::rename(&begun, self.directory.join(format!("{name}.eml"))).await?;
        Ok(())
    }
}
