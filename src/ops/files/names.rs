//! What files may be called, and which kinds of them callers may upload
//! (`parse-server:src/Adapters/Files/FilesAdapter.js`, `src/Routers/FilesRouter.js`).

use super::media;
use crate::error::{Code, Error, Result};
use crate::options::FileExtensions;
use crate::value::Json;

/// Characters of a file name, without what is put before it.
const NAME_CHARS_MAX: usize = 128;
/// Characters of a directory.
const DIRECTORY_CHARS_MAX: usize = 256;

/// Refuses a name that a file can not be uploaded with.
pub(super) fn check_name(name: &str) -> Result<()> {
    if name.is_empty() {
        return Err(bad_name("Filename not provided."));
    }
    if name.chars().count() > NAME_CHARS_MAX {
        return Err(bad_name("Filename too long."));
    }
    let begins_well = name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    let fits = |c: char| c.is_ascii_alphanumeric() || "@. ~_-".contains(c);
    match begins_well && name.chars().all(fits) {
        true => Ok(()),
        false => Err(bad_name("Filename contains invalid characters.")),
    }
}

pub(super) fn bad_name(text: &'static str) -> Error {
    Error::new(Code::InvalidFileName, text)
}

/// The directory that a file is to be put into.
pub(super) fn directory(given: &Json) -> Result<&str> {
    let Some(directory) = given.as_str() else {
        return Err(bad_name("Directory must be a string."));
    };
    let problem = if directory.is_empty() {
        "Directory must not be empty."
    } else if directory.chars().count() > DIRECTORY_CHARS_MAX {
        "Directory is too long."
    } else if directory.contains("..") {
        "Directory must not contain \"..\"."
    } else if directory.starts_with('/') || directory.ends_with('/') {
        "Directory must not start or end with \"/\"."
    } else if directory.contains("//") {
        "Directory must not contain consecutive slashes."
    } else if !directory.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        || !directory.chars().all(|c| c.is_ascii_alphanumeric() || "_-/".contains(c))
    {
        "Directory contains invalid characters."
    } else if directory.split('/').next() == Some("metadata") {
        "Directory must not start with reserved segment \"metadata\"."
    } else {
        return Ok(directory);
    };
    Err(bad_name(problem))
}

/// Refuses a kind of file that the options do not allow. What counts is the end of the name; where that says nothing,
/// the content type that comes with it.
pub(super) fn check_extension(
    name: &str,
    content_type: Option<&str>,
    extensions: &FileExtensions,
) -> Result<()> {
    let squeezed = |text: &str| text.split_whitespace().collect::<String>();
    let by_name = name.rsplit_once('.').map(|(_, extension)| squeezed(extension));
    let by_name = by_name.filter(|extension| !extension.is_empty());
    if let Some(extension) = &by_name {
        demand(extensions, extension)?;
    }
    let is_known = by_name.is_some_and(|extension| media::of_extension(&extension).is_some());
    match content_type.filter(|_| !is_known) {
        Some(content_type) => demand(extensions, &squeezed(subtype(content_type)?)),
        None => Ok(()),
    }
}

fn demand(extensions: &FileExtensions, extension: &str) -> Result<()> {
    if extensions.allow(extension) {
        return Ok(());
    }
    let text = format!("File upload of extension {extension} is disabled.");
    Err(Error::new(Code::FileSaveFailed, text))
}

/// What stands behind the slash of a content type.
fn subtype(content_type: &str) -> Result<&str> {
    let media = content_type.split(';').next().unwrap_or_default();
    let fits = |part: &str| {
        !part.is_empty()
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "!#$&^_.+-".contains(c))
    };
    match media.split_once('/').map(|(kind, subtype)| (kind.trim(), subtype.trim())) {
        Some((kind, subtype)) if fits(kind) && fits(subtype) => Ok(subtype),
        _ => Err(Error::new(Code::FileSaveFailed, "Invalid Content-Type.")),
    }
}

/// The name that a file is stored under, and the content type that it has.
pub(super) fn complete(name: &str, content_type: Option<&str>) -> (String, Option<String>) {
    let given = content_type.filter(|given| !given.is_empty()).map(str::to_owned);
    if media::extension(name).is_some() {
        let known = media::of_name(name).map(str::to_owned);
        return (name.to_owned(), known.or(given));
    }
    match content_type.and_then(media::extension_of) {
        // A name that ends with a dot has its dot already.
        Some(extension) if name.ends_with('.') => (format!("{name}{extension}"), given),
        Some(extension) => (format!("{name}.{extension}"), given),
        None => (name.to_owned(), given),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text<T>(result: Result<T>) -> Option<String> {
        result.err().map(|error| error.text().to_owned())
    }

    #[test]
    fn names() {
        for name in ["a.txt", "_a", "a b@c~d-e_f.g", "x..y", &"l".repeat(128)] {
            assert_eq!(text(check_name(name)), None, "{name}");
        }
        let invalid = "Filename contains invalid characters.";
        for name in
            ["-a", ".a", " a", "a/b", "a\\b", "a?", "ä", "a+b", "a:b", "a\0", "a\nb", "..", "a%2f"]
        {
            assert_eq!(text(check_name(name)).as_deref(), Some(invalid), "{name}");
        }
        assert_eq!(text(check_name("")).as_deref(), Some("Filename not provided."));
        assert_eq!(text(check_name(&"l".repeat(129))).as_deref(), Some("Filename too long."));
    }

    #[test]
    fn directories() {
        for good in ["a", "a/b_c/d-1"] {
            assert_eq!(directory(&Json::from(good)).unwrap(), good);
        }
        for (bad, expected) in [
            ("", "Directory must not be empty."),
            ("../x", "Directory must not contain \"..\"."),
            ("/a", "Directory must not start or end with \"/\"."),
            ("a/", "Directory must not start or end with \"/\"."),
            ("a//b", "Directory must not contain consecutive slashes."),
            ("a b", "Directory contains invalid characters."),
            (".hidden", "Directory contains invalid characters."),
            ("a\0", "Directory contains invalid characters."),
            ("metadata", "Directory must not start with reserved segment \"metadata\"."),
            ("metadata/a", "Directory must not start with reserved segment \"metadata\"."),
        ] {
            assert_eq!(text(directory(&Json::from(bad))).as_deref(), Some(expected), "{bad}");
        }
        assert_eq!(text(directory(&Json::Null)).as_deref(), Some("Directory must be a string."));
        let long = Json::from("d".repeat(257));
        assert_eq!(text(directory(&long)).as_deref(), Some("Directory is too long."));
    }

    #[test]
    fn files_get_an_extension_and_a_type() {
        for (name, given, expected) in [
            ("a", Some("text/plain"), ("a.txt", Some("text/plain"))),
            ("a.", Some("text/plain"), ("a.txt", Some("text/plain"))),
            ("a.txt.", Some("text/plain"), ("a.txt.txt", Some("text/plain"))),
            ("a", Some("application/x-foo"), ("a", Some("application/x-foo"))),
            ("a", None, ("a", None)),
            ("a.png", Some("text/html"), ("a.png", Some("image/png"))),
            ("a.foo", Some("text/plain"), ("a.foo", Some("text/plain"))),
        ] {
            let (stored, content_type) = complete(name, given);
            assert_eq!((stored.as_str(), content_type.as_deref()), expected, "{name} {given:?}");
        }
    }
}
