//! From the options to where files are kept and may be.

use std::path::PathBuf;
use std::sync::Arc;

use crate::adapters::files::{DatabaseFiles, DiskFiles, FileStore, Seal};
use crate::adapters::random::Random;
use crate::cloud::{Cloud, HostFiles};
use crate::error::{Error, Result};
use crate::ops::FilePlaces;
use crate::options::{Config, FilesAdapter};
use crate::storage::{Blobs, Storage};
use crate::value::wire::FileUrls;

/// Where files may be that requests name by their addresses: at the hosts that the options name, and here.
pub(super) fn places(config: &Config, files: &FileUrls, server_url: &str) -> FilePlaces {
    let here = format!("{server_url}/files/{}/", config.keys.app_id);
    FilePlaces {
        domains: config.file_rules.url_domains.clone(),
        own: vec![files.prefix.clone(), here],
    }
}

/// Where files are kept, as the options say.
pub(super) async fn store(
    config: &Config,
    storage: &Arc<dyn Storage>,
    cloud: &Arc<Cloud>,
) -> Result<Arc<dyn FileStore>> {
    let seal = |key: &str| Seal::new(key, Random);
    match &config.files {
        FilesAdapter::Database => {
            let key = config.file_rules.encryption_key.as_ref();
            let seal = key.map(|key| seal(key.expose()));
            let blobs: Arc<dyn Blobs> = Arc::clone(storage) as _;
            Ok(Arc::new(DatabaseFiles::new(blobs, seal)))
        }
        FilesAdapter::FileSystem(options) => {
            let text = |name: &str| options.get(name).and_then(|value| value.as_str());
            // The adapter of the original keeps everything below this directory.
            let directory =
                PathBuf::from("files").join(text("filesSubDirectory").unwrap_or_default());
            let seal = text("encryptionKey").or(text("fileKey")).map(seal);
            let opened = tokio::task::spawn_blocking(move || {
                DiskFiles::open(&directory, seal, Random).map_err(|cause| {
                    let directory = directory.display();
                    Error::internal(format!("option `filesAdapter`: {directory}: {cause}"))
                })
            });
            Ok(Arc::new(opened.await.map_err(Error::internal)??))
        }
        FilesAdapter::Host(adapter) => {
            Ok(Arc::new(HostFiles::new(Arc::clone(cloud), adapter.clone())))
        }
    }
}
