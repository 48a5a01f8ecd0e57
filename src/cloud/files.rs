//! Files that an adapter written in JavaScript keeps. Its methods take and give whole files; those that it does not have
//! are the server's own.

use std::sync::Arc;

use async_trait::async_trait;
use base64::prelude::{BASE64_STANDARD, Engine};
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};

use super::Cloud;
use crate::adapters::files::{Content, Created, FileStore, NameVerdict, NewFile, OpenFile};
use crate::error::{Error, Result};
use crate::options::HostReference;
use crate::value::{Json, Members};

/// The files of an adapter of the host.
pub struct HostFiles {
    cloud: Arc<Cloud>,
    adapter: HostReference,
}

impl HostFiles {
    /// The files of this adapter.
    pub fn new(cloud: Arc<Cloud>, adapter: HostReference) -> Self {
        Self { cloud, adapter }
    }

    async fn call(&self, method: &str, args: Vec<Json>) -> Result<Option<Json>> {
        self.cloud.callback(&self.adapter, Some(method), args).await
    }

    fn has(&self, method: &str) -> bool {
        let loaded = self.cloud.adapter(self.adapter.path());
        let described = self.adapter.described();
        loaded
            .is_some_and(|adapter| adapter.description.methods.iter().any(|known| known == method))
            || described.is_some_and(|adapter| adapter.has(method))
    }
}

#[async_trait]
impl FileStore for HostFiles {
    async fn create(&self, file: NewFile, mut content: Content) -> Result<Created> {
        let mut bytes = BytesMut::new();
        while let Some(piece) = content.next().await {
            bytes.extend_from_slice(&piece?);
        }
        let content = Json::from([("$bytes", Json::from(BASE64_STANDARD.encode(bytes)))]);
        let content_type = file.content_type.map_or(Json::Null, Json::from);
        let mut options = Members::from([("metadata".to_owned(), Json::Object(file.metadata))]);
        if !file.tags.is_empty() {
            options.insert("tags".to_owned(), Json::Object(file.tags));
        }
        let args =
            vec![Json::from(file.name.as_str()), content, content_type, Json::Object(options)];
        let made = self.call("createFile", args).await?.unwrap_or_default();
        let text = |name: &str| made.get(name).and_then(Json::as_str).map(str::to_owned);
        let url = match text("url") {
            None => self.location(text("name").as_deref().unwrap_or(&file.name)).await?,
            url => url,
        };
        Ok(Created { name: text("name"), url })
    }

    async fn open(&self, name: &str) -> Result<Option<Box<dyn OpenFile>>> {
        let content = match self.call("getFileData", vec![Json::from(name)]).await {
            // Adapters throw what their services throw: most of all that there is no such file.
            Err(error) if error.status() < 500 => {
                tracing::debug!(cause = %error.log_text(), "a file was not found");
                return Ok(None);
            }
            content => content?,
        };
        let content = content.as_ref().and_then(|content| content.get("$bytes")?.as_str());
        let Some(content) = content else { return Ok(None) };
        let bytes = BASE64_STANDARD.decode(content).map_err(Error::internal)?;
        Ok(Some(Box::new(Whole(Bytes::from(bytes)))))
    }

    async fn delete(&self, name: &str) -> Result<bool> {
        self.call("deleteFile", vec![Json::from(name)]).await.map(|_| true)
    }

    async fn details(&self, name: &str) -> Result<Json> {
        if !self.has("getMetadata") {
            return Ok(Json::empty());
        }
        match self.call("getMetadata", vec![Json::from(name)]).await {
            Ok(details) => Ok(details.unwrap_or_else(Json::empty)),
            Err(error) if error.status() < 500 => Ok(Json::empty()),
            Err(error) => Err(error),
        }
    }

    async fn refusal(&self, name: &str) -> Result<Option<NameVerdict>> {
        if !self.has("validateFilename") {
            return Ok(None);
        }
        let said = self.call("validateFilename", vec![Json::from(name)]).await?;
        let error = said.filter(Json::is_truthy);
        let Some(error) = error else { return Ok(Some(NameVerdict::Good)) };
        let thrown = error.get("$error").unwrap_or(&error);
        let text = thrown.get("message").and_then(Json::as_str);
        Ok(Some(NameVerdict::Bad(
            text.unwrap_or("Filename contains invalid characters.").to_owned(),
        )))
    }

    async fn location(&self, name: &str) -> Result<Option<String>> {
        if !self.has("getFileLocation") {
            return Ok(None);
        }
        let config = Json::empty();
        let url = self.call("getFileLocation", vec![config, Json::from(name)]).await?;
        Ok(url.as_ref().and_then(Json::as_str).map(str::to_owned))
    }
}

/// A file that came as a whole.
struct Whole(Bytes);

impl OpenFile for Whole {
    fn bytes(&self) -> u64 {
        self.0.len() as u64
    }

    fn version(&self) -> Option<String> {
        None
    }

    fn read(&self, from: u64, to: u64) -> Content {
        let part = self.0.slice(from as usize..to as usize);
        Box::pin(stream::iter((!part.is_empty()).then_some(Ok(part))))
    }
}
