//! Files that come with a request (`jaydenseric/graphql-multipart-request-spec`): `operations`, then `map`, then the files.
//! They wait in nameless files of the system's temporary directory, until a field of the document wants them.

use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use async_graphql::UploadValue;
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};
use multer::{Constraints, Field, Multipart, SizeLimit};

use crate::error::{Error, Result};
use crate::ops::files::Content;
use crate::options::Config;
use crate::value::{Json, Members};

/// Files of one request.
const FILES_MAX: usize = 16;
/// Places of one request where files stand.
const PLACES_MAX: usize = 64;
/// Bytes of the map.
const MAP_BYTES_MAX: u64 = 64 * 1_024;
/// Bytes of a file that are held in memory at a time.
const MEMORY_BYTES_MAX: usize = 256 * 1_024;
/// The member that stands for a file among the variables. No client gets one past the types but by a map.
const MARK: &str = "$upload";

/// The files of a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Uploads(Vec<Option<Arc<Upload>>>);

/// One file.
pub(crate) struct Upload {
    value: Arc<UploadValue>,
    bytes: u64,
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a request may bring.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UploadLimits {
    /// Bytes of the document with its variables.
    pub(crate) operations_bytes: u64,
    /// Bytes of a file.
    pub(crate) file_bytes: u64,
}

impl UploadLimits {
    /// Those of the options.
    pub(crate) fn of(config: &Config) -> Self {
        Self { operations_bytes: config.json_body_bytes_max, file_bytes: config.upload_bytes_max }
    }
}

/// Whether a value stands for a file of the request.
pub(crate) fn is_upload(value: &Json) -> bool {
    value.get(MARK).and_then(Json::as_number).is_some()
}

impl Uploads {
    /// The file that a value stands for, if it came.
    pub(crate) fn get(&self, value: &Json) -> Option<&Arc<Upload>> {
        let number = value.get(MARK)?.as_number()?;
        self.0.get(number as usize)?.as_ref()
    }
}

/// Reads a body of several parts: the operations, with marks where files stand, and the files.
pub(crate) async fn receive(
    content_type: &str,
    body: Content,
    limits: UploadLimits,
) -> Result<(Members, Uploads)> {
    let boundary = multer::parse_boundary(content_type).map_err(malformed)?;
    let parts = limits.operations_bytes.saturating_add(MAP_BYTES_MAX);
    let all = limits.file_bytes.saturating_mul(FILES_MAX as u64).saturating_add(parts);
    let sizes = SizeLimit::new()
        .whole_stream(all)
        .per_field(limits.file_bytes)
        .for_field("operations", limits.operations_bytes)
        .for_field("map", MAP_BYTES_MAX);
    let constraints = Constraints::new().size_limit(sizes);
    let mut parts = Multipart::with_constraints(body, boundary, constraints);
    let operations = named(&mut parts, "operations").await?;
    let Json::Object(mut operations) = operations else { return Err(bad("operations")) };
    let Json::Object(map) = named(&mut parts, "map").await? else { return Err(bad("map")) };
    if map.len() > FILES_MAX {
        return Err(Error::plain(413, "too many files"));
    }
    mark(&mut operations, &map)?;
    let mut uploads = vec![None; map.len()];
    while let Some(field) = parts.next_field().await.map_err(malformed)? {
        let number = field.name().and_then(|name| map.get_index_of(name));
        if let Some(number) = number {
            uploads[number] = Some(Arc::new(keep(field).await?));
        }
    }
    Ok((operations, Uploads(uploads)))
}

fn malformed(cause: multer::Error) -> Error {
    let is_too_long = matches!(
        cause,
        multer::Error::FieldSizeExceeded { .. } | multer::Error::StreamSizeExceeded { .. }
    );
    match is_too_long {
        true => Error::plain(413, "request entity too large"),
        false => Error::plain(400, "The multipart body is malformed.").with_cause(cause),
    }
}

fn bad(part: &str) -> Error {
    Error::plain(400, format!("The multipart field `{part}` is missing or malformed."))
}

/// The next part, which must have this name and be JSON.
async fn named(parts: &mut Multipart<'_>, name: &str) -> Result<Json> {
    let field = parts.next_field().await.map_err(malformed)?;
    let field = field.filter(|field| field.name() == Some(name)).ok_or_else(|| bad(name))?;
    let text = field.bytes().await.map_err(malformed)?;
    Json::parse(&text).map_err(|_| bad(name))
}

/// Puts a mark wherever the map says that a file stands; there must be a null.
fn mark(operations: &mut Members, map: &Members) -> Result<()> {
    let mut places = 0;
    for (number, paths) in map.values().enumerate() {
        for path in paths.as_array().ok_or_else(|| bad("map"))? {
            places += 1;
            let place = path.as_str().and_then(|path| place(operations, path));
            let place = place.filter(|place| place.is_null() && places <= PLACES_MAX);
            *place.ok_or_else(|| bad("map"))? = Json::from([(MARK, Json::Number(number as f64))]);
        }
    }
    Ok(())
}

fn place<'o>(operations: &'o mut Members, path: &str) -> Option<&'o mut Json> {
    let mut steps = path.split('.');
    if steps.next() != Some("variables") {
        return None;
    }
    let mut place = operations.get_mut("variables")?;
    for step in steps {
        place = match place {
            Json::Object(members) => members.get_mut(step)?,
            Json::Array(elements) => elements.get_mut(step.parse::<usize>().ok()?)?,
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => return None,
        };
    }
    Some(place)
}

async fn keep(mut field: Field<'_>) -> Result<Upload> {
    let filename = field.file_name().unwrap_or_default().to_owned();
    let content_type = field.headers().get("content-type").and_then(|given| given.to_str().ok());
    let content_type = content_type.map(str::to_owned);
    let (mut memory, mut disk) = (BytesMut::new(), None);
    while let Some(piece) = field.chunk().await.map_err(malformed)? {
        memory.extend_from_slice(&piece);
        if memory.len() > MEMORY_BYTES_MAX {
            disk = Some(put(disk, memory.split().freeze()).await?);
        }
    }
    let (content, bytes) = put(disk, memory.freeze()).await?;
    Ok(Upload { value: Arc::new(UploadValue { filename, content_type, content }), bytes })
}

/// Adds to a file of the temporary directory, which goes away with whoever has it.
async fn put(disk: Option<(File, u64)>, piece: Bytes) -> Result<(File, u64)> {
    let written = tokio::task::spawn_blocking(move || {
        let (mut file, bytes) = match disk {
            Some(disk) => disk,
            None => (tempfile::tempfile()?, 0),
        };
        file.write_all(&piece)?;
        Ok::<_, io::Error>((file, bytes + piece.len() as u64))
    });
    written.await.map_err(Error::internal)?.map_err(Error::internal)
}

impl Upload {
    /// The name that the client gave it.
    pub(crate) fn name(&self) -> &str {
        &self.value.filename
    }

    /// What the client says that it is.
    pub(crate) fn content_type(&self) -> Option<&str> {
        self.value.content_type.as_deref()
    }

    /// Its content, as often as it is wanted.
    pub(crate) fn content(&self) -> Content {
        read(Arc::clone(&self.value), self.bytes)
    }
}

fn read(value: Arc<UploadValue>, bytes: u64) -> Content {
    stream::try_unfold((value, 0), move |(value, at)| async move {
        if at >= bytes {
            return Ok(None);
        }
        let most = MEMORY_BYTES_MAX as u64;
        let length = if bytes - at < most { bytes - at } else { most };
        let piece = tokio::task::spawn_blocking(move || {
            let mut piece = vec![0; length as usize];
            value.content.read_exact_at(&mut piece, at)?;
            Ok::<_, io::Error>(Some((Bytes::from(piece), (value, at + length))))
        });
        piece.await.map_err(Error::internal)?.map_err(Error::internal)
    })
    .boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: UploadLimits = UploadLimits { operations_bytes: 10_000, file_bytes: 1_000_000 };

    fn form(parts: &[(&str, &str)]) -> Content {
        let mut text = String::new();
        for (name, value) in parts {
            let file = if name.len() == 1 { "; filename=\"a.txt\"" } else { "" };
            text.push_str(&format!(
                "--b\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{value}\r\n"
            ));
        }
        text.push_str("--b--\r\n");
        let pieces: Vec<Bytes> =
            text.as_bytes().chunks(1_000).map(Bytes::copy_from_slice).collect();
        stream::iter(pieces.into_iter().map(Ok)).boxed()
    }

    async fn received(parts: &[(&str, &str)]) -> Result<(Members, Uploads)> {
        receive("multipart/form-data; boundary=b", form(parts), LIMITS).await
    }

    #[tokio::test]
    async fn files_stand_where_the_map_says() {
        let long = "x".repeat(700_000);
        let operations = r#"{"query":"q","variables":{"a":null,"l":[null,{"b":null}]}}"#;
        let map = r#"{"0":["variables.a","variables.l.0"],"1":["variables.l.1.b"],"2":[]}"#;
        let parts =
            [("operations", operations), ("map", map), ("1", &long), ("0", "short"), ("9", "x")];
        let (operations, uploads) = received(&parts).await.unwrap();
        let variables = operations.get("variables").unwrap();
        let content = |value: Json| {
            let upload = uploads.get(&value).unwrap();
            assert_eq!(upload.name(), "a.txt");
            upload.content().collect::<Vec<_>>()
        };
        let text = |pieces: Vec<Result<Bytes>>| {
            let pieces: Vec<Bytes> = pieces.into_iter().map(Result::unwrap).collect();
            String::from_utf8(pieces.concat()).unwrap()
        };
        let (a, list) = (variables.get("a").unwrap(), variables.get("l").unwrap());
        let list = list.as_array().unwrap();
        assert_eq!(text(content(a.clone()).await), "short");
        assert_eq!(text(content(list[0].clone()).await), "short");
        for _ in 0..2 {
            assert!(text(content(list[1].get("b").unwrap().clone()).await) == long);
        }
        assert!(uploads.get(&Json::from([(MARK, Json::Number(2.0))])).is_none(), "it did not come");
        assert!(uploads.get(&Json::from([(MARK, Json::Number(7.0))])).is_none());
    }

    #[tokio::test]
    async fn bad_forms_are_refused() {
        let operations = ("operations", r#"{"variables":{"a":null,"b":1}}"#);
        let map = ("map", r#"{"0":["variables.a"]}"#);
        let big = "x".repeat(1_000_001);
        let cases: &[(&[(&str, &str)], u16)] = &[
            (&[], 400),
            (&[map, operations], 400),
            (&[operations], 400),
            (&[operations, ("map", "[]")], 400),
            (&[operations, ("map", "{")], 400),
            (&[operations, ("map", r#"{"0":"variables.a"}"#)], 400),
            (&[operations, ("map", r#"{"0":["variables.b"]}"#)], 400),
            (&[operations, ("map", r#"{"0":["variables.c"]}"#)], 400),
            (&[operations, ("map", r#"{"0":["query"]}"#)], 400),
            (&[operations, ("map", r#"{"0":["variables.a","variables.a"]}"#)], 400),
            (&[operations, ("map", r#"{"0":["__proto__.a"]}"#)], 400),
            (&[("operations", "[]"), map], 400),
            (&[operations, map, ("0", &big)], 413),
        ];
        for (parts, status) in cases {
            let error = received(parts).await.unwrap_err();
            assert_eq!(error.status(), *status, "{parts:.60?}");
        }
        let boundless = receive("multipart/form-data", form(&[]), LIMITS).await.unwrap_err();
        assert_eq!(boundless.status(), 400);
    }
}
