//! `/files`: upload, download, what is kept beside a file, deletion. Content streams in both directions
//! (`parse-server:src/Routers/FilesRouter.js`).

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::header::{self, HeaderName};
use axum::http::{HeaderMap, Response};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;

use super::range::{Part, part, quoted};
use crate::error::{Code, Error, Result};
use crate::http::guard::{rate, routes};
use crate::http::{Caller, Incoming, Inside, Reply, TEXT, unescape_segment};
use crate::ops::files::{self, Content, Download, Upload, UploadKind};
use crate::ops::{App, Ctx};
use crate::value::wire::percent_encoded;
use crate::value::{Json, Members};

/// What a body in JSON may have besides the content.
const JSON_BYTES: u64 = 64 * 1_024;

/// What a method and a path below `/files` mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileRoute {
    /// `POST /files/:name`
    Upload(String),
    /// `DELETE /files/:name`
    Delete(String),
    /// `GET /files/:appId/:name`
    Download(String, String),
    /// `GET /files/:appId/metadata/:name`
    Details(String, String),
}

impl FileRoute {
    /// The route of a method and a path below the mount path, if it is one of files. Names may contain slashes.
    pub fn of(method: &str, path: &str) -> Option<Self> {
        let below = path.strip_prefix("/files")?;
        if !below.is_empty() && !below.starts_with('/') {
            return None;
        }
        let segments: Vec<String> = below.split('/').skip(1).map(unescape_segment).collect();
        match (method, segments.as_slice()) {
            ("POST", name) => Some(Self::Upload(name.join("/"))),
            ("DELETE", name) if !name.concat().is_empty() => Some(Self::Delete(name.join("/"))),
            ("GET" | "HEAD", [app, metadata, name @ ..])
                if metadata == "metadata" && !name.concat().is_empty() =>
            {
                Some(Self::Details(app.clone(), name.join("/")))
            }
            ("GET" | "HEAD", [app, name @ ..]) if !app.is_empty() && !name.concat().is_empty() => {
                Some(Self::Download(app.clone(), name.join("/")))
            }
            _ => None,
        }
    }
}

/// Content of a request, piece by piece.
pub fn content_of(body: Body) -> Content {
    Box::pin(
        body.into_data_stream().map(|piece| {
            piece.map_err(|cause| Error::plain(400, "request aborted").with_cause(cause))
        }),
    )
}

/// Answers a request that changes files, or any request of cloud code to files.
pub async fn change(
    app: &Arc<App>,
    incoming: Incoming,
    route: FileRoute,
    content: Content,
    uri_path: &str,
) -> Reply {
    let request_id = incoming.request_id.clone();
    let changed = match route {
        FileRoute::Upload(name) => upload(app, &incoming, name, content).await,
        FileRoute::Delete(name) => delete(app, &incoming, &name).await,
        FileRoute::Download(..) | FileRoute::Details(..) => {
            return in_one_piece(app, incoming, route, uri_path).await;
        }
    };
    match changed {
        Ok(reply) => reply,
        Err(Refused::With(reply)) => reply,
        Err(Refused::By(error)) => Reply::of_error(&error, &app.config, &request_id),
    }
}

/// Why a request is not answered.
enum Refused {
    With(Reply),
    By(Error),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::By(error)
    }
}

async fn upload(
    app: &Arc<App>,
    incoming: &Incoming,
    name: String,
    content: Content,
) -> std::result::Result<Reply, Refused> {
    if name.is_empty() {
        return Err(Error::new(Code::InvalidFileName, "Filename not provided.").into());
    }
    let caller = Caller::read(&incoming.headers, &mut Json::empty(), app);
    // Cloud code has its keys in the headers and yet sends what SDKs send.
    let is_raw = caller.names(app) && matches!(incoming.inside, Inside::No);
    let (ctx, upload) = match is_raw {
        true => (caller.admit(app, incoming).await, of_headers(&incoming.headers, name, content)),
        // SDKs put the keys into the body, and the content beside them.
        false => of_body(app, incoming, name, content).await?,
    };
    let ctx = ctx.map_err(Refused::With)?;
    routes::check(&ctx, &incoming.method, &incoming.path)?;
    let standing = rate::charge(&ctx, &incoming.method, &incoming.path)?;
    let upload = upload?;
    // What says that it is too long is not read at all.
    let length =
        incoming.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let length = length.and_then(|length| length.parse::<u64>().ok());
    if upload.kind == UploadKind::Body && length.is_some_and(|length| length > body_bytes_max(app))
    {
        return Err(Error::plain(413, "request entity too large").into());
    }
    let saved = files::save(&ctx, upload).await?;
    let (name, url) = (Json::from(saved.name), Json::from(saved.url.as_str()));
    let reply = Reply::json(201, Json::from([("url", url), ("name", name)]).to_text());
    Ok(rate::told(reply.with(header::LOCATION, saved.url), standing))
}

/// A body whose base64 is as long as the longest file.
fn body_bytes_max(app: &App) -> u64 {
    let base64 = app.config.upload_bytes_max.saturating_mul(4) / 3;
    let most = base64.saturating_add(JSON_BYTES);
    if most < app.config.json_body_bytes_max { app.config.json_body_bytes_max } else { most }
}

/// A file that is the body itself.
fn of_headers(headers: &HeaderMap, name: String, content: Content) -> Result<Upload> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let members = |name: &str, shown: &str| match text(name) {
        None | Some("") => Ok(Members::new()),
        Some(text) => match Json::parse(text.as_bytes()) {
            Ok(Json::Object(members)) => Ok(members),
            _ => Err(Error::new(Code::InvalidJson, format!("Invalid JSON in {shown} header."))),
        },
    };
    let kind = match text("x-parse-upload-mode") {
        Some("stream") => UploadKind::Stream,
        Some(_) | None => UploadKind::Body,
    };
    Ok(Upload {
        name,
        content_type: text("content-type").filter(|given| !given.is_empty()).map(str::to_owned),
        metadata: members("x-parse-file-metadata", "X-Parse-File-Metadata")?,
        tags: members("x-parse-file-tags", "X-Parse-File-Tags")?,
        directory: text("x-parse-file-directory").map(Json::from),
        kind,
        content,
    })
}

type Decoded = (std::result::Result<Ctx, Reply>, Result<Upload>);

/// A file inside of a body in JSON: `{"base64", "_ContentType", "fileData", …}` and the keys of the caller.
async fn of_body(
    app: &Arc<App>,
    incoming: &Incoming,
    name: String,
    content: Content,
) -> std::result::Result<Decoded, Refused> {
    let body = collected(content, body_bytes_max(app)).await?;
    let Ok(Json::Object(mut members)) = Json::parse(&body) else {
        return Err(Refused::With(Reply::unauthorized()));
    };
    drop(body);
    let content_type = match members.get("_ContentType") {
        Some(Json::String(given)) => Some(given.clone()),
        Some(given) if given.is_truthy() => return Err(Refused::With(Reply::unauthorized())),
        Some(_) | None => None,
    };
    let base64 = members.shift_remove("base64");
    let file_data = members.shift_remove("fileData").unwrap_or_default();
    let mut body = Json::Object(members);
    let caller = Caller::read(&incoming.headers, &mut body, app);
    let ctx = caller.admit(app, incoming).await;
    let header = || {
        let given = incoming.headers.get(header::CONTENT_TYPE);
        given.and_then(|given| given.to_str().ok()).map(str::to_owned)
    };
    let content_type = content_type.or_else(header);
    Ok((ctx, of_members(name, content_type, base64, &file_data)))
}

fn of_members(
    name: String,
    content_type: Option<String>,
    base64: Option<Json>,
    file_data: &Json,
) -> Result<Upload> {
    let members = |key: &str| match file_data.get(key) {
        None | Some(Json::Null) => Ok(Members::new()),
        Some(Json::Object(members)) => Ok(members.clone()),
        Some(Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_)) => {
            Err(Error::new(Code::InvalidJson, format!("The {key} of a file must be an object.")))
        }
    };
    let Some(Json::String(base64)) = base64 else {
        return Err(Error::new(Code::FileSaveFailed, "Invalid file upload."));
    };
    Ok(Upload {
        name,
        content_type: content_type.filter(|given| !given.is_empty()),
        metadata: members("metadata")?,
        tags: members("tags")?,
        directory: file_data.get("directory").cloned(),
        kind: UploadKind::Body,
        content: files::whole(files::from_base64(&base64)),
    })
}

async fn collected(mut content: Content, bytes_max: u64) -> Result<Bytes> {
    let mut bytes = BytesMut::new();
    while let Some(piece) = content.next().await {
        bytes.extend_from_slice(&piece?);
        if bytes.len() as u64 > bytes_max {
            return Err(Error::plain(413, "request entity too large"));
        }
    }
    Ok(bytes.freeze())
}

async fn delete(
    app: &Arc<App>,
    incoming: &Incoming,
    name: &str,
) -> std::result::Result<Reply, Refused> {
    let caller = Caller::read(&incoming.headers, &mut Json::empty(), app);
    let ctx = caller.admit(app, incoming).await.map_err(Refused::With)?;
    routes::check(&ctx, &incoming.method, &incoming.path)?;
    let standing = rate::charge(&ctx, &incoming.method, &incoming.path)?;
    files::delete(&ctx, name).await?;
    let done = Reply { content_type: None, ..Reply::json(200, Bytes::new()) };
    Ok(rate::told(done, standing))
}

/// Answers a request that only reads files. Its content streams.
pub async fn download(app: &Arc<App>, incoming: Incoming, route: FileRoute) -> Response<Body> {
    let request_id = incoming.request_id.clone();
    match served(app, incoming, route).await {
        Ok(response) => response,
        Err(Refused::With(reply)) => reply.into_response(),
        Err(Refused::By(error)) => {
            Reply::of_error(&error, &app.config, &request_id).into_response()
        }
    }
}

async fn served(
    app: &Arc<App>,
    incoming: Incoming,
    route: FileRoute,
) -> std::result::Result<Response<Body>, Refused> {
    let (FileRoute::Download(app_id, name) | FileRoute::Details(app_id, name)) = &route else {
        return Err(Error::internal("a file is read by GET").into());
    };
    if *app_id != app.config.keys.app_id {
        return Err(Error::plain(403, "Permission denied").into());
    }
    let caller = Caller::read(&incoming.headers, &mut Json::empty(), app);
    let ctx = caller.admit_to_files(app, &incoming).await.map_err(Refused::With)?;
    routes::check(&ctx, &incoming.method, &incoming.path)?;
    let standing = rate::charge(&ctx, &incoming.method, &incoming.path)?;
    if matches!(route, FileRoute::Details(..)) {
        let details = files::details(&ctx, name).await?;
        return Ok(rate::told(Reply::json(200, details.to_text()), standing).into_response());
    }
    match files::open(&ctx, name).await? {
        Some(download) => {
            let (head, content) = head(&incoming.headers, &download);
            let mut response = rate::told(head, standing).into_response();
            *response.body_mut() = content;
            Ok(response)
        }
        None => {
            let missing = Reply::text(404, TEXT, "File not found.");
            Ok(rate::told(missing, standing).into_response())
        }
    }
}

/// The head of the answer with a file, and its content.
fn head(asked: &HeaderMap, download: &Download) -> (Reply, Body) {
    let bytes = download.file.bytes();
    let tag = download.file.version().map(|version| quoted(&version));
    let part = part(asked, bytes, tag.as_deref());
    let mut head = Reply { content_type: None, ..Reply::json(part.status(), Bytes::new()) };
    head = safe(head, download)
        .with(header::CONTENT_TYPE, content_type(download.media))
        .with(header::ACCEPT_RANGES, "bytes".to_owned());
    if let Some(tag) = tag {
        head = head.with(header::ETAG, tag);
    }
    if !download.is_public {
        head = head.with(header::CACHE_CONTROL, "private".to_owned());
    }
    for (name, value) in &download.headers {
        if let (Ok(name), Some(value)) = (name.parse::<HeaderName>(), value.as_str()) {
            head.headers.retain(|(known, _)| *known != name);
            head = head.with(name, value.to_owned());
        }
    }
    let (from, to) = match part {
        Part::Unchanged => return (head, Body::empty()),
        Part::Outside => {
            let range = format!("bytes */{bytes}");
            return (head.with(header::CONTENT_RANGE, range), Body::empty());
        }
        Part::Whole => (0, bytes),
        Part::Range(from, to) => {
            let range = format!("bytes {from}-{}/{bytes}", to - 1);
            head = head.with(header::CONTENT_RANGE, range);
            (from, to)
        }
    };
    let content = download.file.read(from, to).inspect(|piece| {
        if let Err(error) = piece {
            tracing::error!("a download broke off: {}", error.log_text());
        }
    });
    (head.with(header::CONTENT_LENGTH, (to - from).to_string()), Body::from_stream(content))
}

/// Headers that keep a browser from doing anything with a file but what is harmless: it never guesses what a file is, runs
/// nothing of it, and saves what it could run.
fn safe(head: Reply, download: &Download) -> Reply {
    let head = head.with(header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned());
    if !download.is_inert {
        let name = download.name.rsplit('/').next().unwrap_or_default();
        let disposition = format!("attachment; filename*=UTF-8''{}", extended(name));
        return head
            .with(header::CONTENT_DISPOSITION, disposition)
            .with(header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox".to_owned());
    }
    // Browsers show documents of this type by programs of their own, which a sandbox keeps from running.
    match download.media == "application/pdf" {
        true => head,
        false => head.with(header::CONTENT_SECURITY_POLICY, "sandbox".to_owned()),
    }
}

/// A text as a parameter of a header has it (RFC 8187).
fn extended(text: &str) -> String {
    let encoded = percent_encoded(text);
    ["'", "(", ")", "*"].iter().fold(encoded, |text, special| {
        text.replace(special, &format!("%{:02X}", special.as_bytes()[0]))
    })
}

fn content_type(media: &str) -> String {
    let is_text = media.starts_with("text/") || media == "application/json";
    if is_text { format!("{media}; charset=utf-8") } else { media.to_owned() }
}

/// An answer to cloud code, which takes it as a whole.
async fn in_one_piece(
    app: &Arc<App>,
    incoming: Incoming,
    route: FileRoute,
    uri_path: &str,
) -> Reply {
    let (method, request_id) = (incoming.method.clone(), incoming.request_id.clone());
    let (head, body) = download(app, incoming, route).await.into_parts();
    let limit = usize::try_from(body_bytes_max(app)).unwrap_or(usize::MAX);
    let Ok(body) = to_bytes(body, limit).await else {
        let error = Error::new(Code::ObjectTooLarge, format!("{method} {uri_path} is too large."));
        return Reply::of_error(&error, &app.config, &request_id);
    };
    let text = |value: &axum::http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
    let headers = head.headers.iter().map(|(name, value)| (name.clone(), text(value))).collect();
    Reply { status: head.status.as_u16(), content_type: None, headers, body }
}
