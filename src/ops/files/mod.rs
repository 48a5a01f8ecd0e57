//! Files: upload, download, what is kept beside them, deletion. One way for all doors and all verbs: who may, what it
//! may be called, what triggers say of it, and only then the store.

mod access;
mod content;
mod delete;
mod media;
mod names;
mod read;
mod save;
mod triggers;

pub use content::{from_base64, whole};
pub use delete::delete;
pub use read::{Download, details, open};
pub use save::{SavedFile, Upload, UploadKind, save};

pub use crate::adapters::files::{Content, OpenFile};
