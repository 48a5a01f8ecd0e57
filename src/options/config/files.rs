//! Who may upload and download which files.

use std::fmt;
use std::sync::Arc;

use super::reader::Reader;
use crate::options::secret::Secret;

/// Steps that matching an extension may take.
const PATTERN_STEPS_MAX: usize = 100_000;

/// Rules of files.
#[derive(Debug, Clone, PartialEq)]
pub struct FileRules {
    /// Who may upload.
    pub upload: FileAccess,
    /// Who may download.
    pub download: FileAccess,
    /// Which extensions are accepted from callers without the master key.
    pub extensions: FileExtensions,
    /// Hosts that addresses of file objects may name.
    pub url_domains: UrlDomains,
    /// Whether files keep the names that they are uploaded with.
    pub preserve_names: bool,
    /// The key that files in the database are encrypted with.
    pub encryption_key: Option<Secret>,
}

/// Groups of callers that may do something with files. Whoever holds the master key may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileAccess {
    /// Callers without a session.
    pub public: bool,
    /// Anonymous users.
    pub anonymous: bool,
    /// All other users.
    pub authenticated: bool,
}

/// Patterns of file extensions, in JavaScript's dialect.
#[derive(Clone)]
pub struct FileExtensions(Arc<Vec<Pattern>>);

enum Pattern {
    Any,
    Of(fancy_regex::Regex),
}

impl FileExtensions {
    fn compile(sources: &[String]) -> Result<Self, String> {
        let compile = |source: &String| match source.as_str() {
            "*" => Ok(Pattern::Any),
            source => {
                let mut builder = fancy_regex::RegexBuilder::new(source);
                let built = builder.backtrack_limit(PATTERN_STEPS_MAX).build();
                built.map(Pattern::Of).map_err(|_| source.to_owned())
            }
        };
        Ok(Self(Arc::new(sources.iter().map(compile).collect::<Result<_, _>>()?)))
    }

    /// Whether an extension is accepted. One that takes too many steps to tell is not.
    pub fn allow(&self, extension: &str) -> bool {
        self.0.iter().any(|pattern| match pattern {
            Pattern::Any => true,
            Pattern::Of(regex) => regex.is_match(extension).unwrap_or(false),
        })
    }

    fn sources(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|pattern| match pattern {
            Pattern::Any => "*",
            Pattern::Of(regex) => regex.as_str(),
        })
    }
}

impl fmt::Debug for FileExtensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.sources()).finish()
    }
}

impl PartialEq for FileExtensions {
    fn eq(&self, other: &Self) -> bool {
        self.sources().eq(other.sources())
    }
}

/// Host names; `*` is every host, `*.example.com` every host below `example.com`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrlDomains(Vec<String>);

impl UrlDomains {
    /// The list that holds these.
    pub fn new(domains: impl IntoIterator<Item = String>) -> Self {
        Self(domains.into_iter().map(|domain| domain.to_ascii_lowercase()).collect())
    }

    /// Whether every host is on the list.
    pub fn allow_any(&self) -> bool {
        self.0.iter().any(|domain| domain == "*")
    }

    /// Whether a host, in lower case, is on the list.
    pub fn allow(&self, host: &str) -> bool {
        self.0.iter().any(|domain| match domain.strip_prefix('*') {
            Some(parent) => {
                parent.is_empty() || (parent.starts_with('.') && host.ends_with(parent))
            }
            None => domain == host,
        })
    }
}

/// Reads the options of files.
pub(super) fn read(reader: &mut Reader<'_>) -> FileRules {
    let access = |reader: &Reader<'_>, group: &str| FileAccess {
        public: reader.flag(&format!("{group}.enableForPublic")),
        anonymous: reader.flag(&format!("{group}.enableForAnonymousUser")),
        authenticated: reader.flag(&format!("{group}.enableForAuthenticatedUser")),
    };
    FileRules {
        upload: access(reader, "fileUpload"),
        download: access(reader, "fileDownload"),
        extensions: extensions(reader),
        url_domains: UrlDomains::new(reader.texts("fileUpload.allowedFileUrlDomains")),
        preserve_names: reader.flag("preserveFileName"),
        encryption_key: reader.secret("encryptionKey"),
    }
}

fn extensions(reader: &mut Reader<'_>) -> FileExtensions {
    const PATH: &str = "fileUpload.fileExtensions";
    let sources = reader.texts(PATH);
    FileExtensions::compile(&sources).unwrap_or_else(|bad| {
        reader.problem(PATH, &format!("`{bad}` is no regular expression"));
        FileExtensions(Arc::new(Vec::new()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extensions(sources: &[&str]) -> FileExtensions {
        let sources: Vec<String> = sources.iter().map(|&source| source.to_owned()).collect();
        FileExtensions::compile(&sources).unwrap()
    }

    #[test]
    fn extensions_are_patterns() {
        let some = extensions(&["txt", "^png$"]);
        assert!(some.allow("txt") && some.allow("png") && some.allow("mytxt"));
        assert!(!some.allow("pdf") && !some.allow("xpng"));
        assert!(extensions(&["*"]).allow("anything"));
        assert!(!extensions(&[]).allow("txt"));
        let bad = FileExtensions::compile(&["(".to_owned()]);
        assert_eq!(bad.unwrap_err(), "(");
        // A pattern that tries and tries again lets nothing in.
        assert!(!extensions(&["^(a+)+$"]).allow(&format!("{}!", "a".repeat(64))));
    }

    #[test]
    fn domains_are_compared_as_a_whole() {
        let domains = |list: &[&str]| UrlDomains::new(list.iter().map(|&name| name.to_owned()));
        let some = domains(&["Files.example.com", "*.ok.example.com"]);
        for (host, expected) in [
            ("files.example.com", true),
            ("a.b.ok.example.com", true),
            ("ok.example.com", false),
            ("files.example.com.evil.com", false),
            ("evilok.example.com", false),
            ("xfiles.example.com", false),
        ] {
            assert_eq!(some.allow(host), expected, "{host}");
        }
        assert!(domains(&["*"]).allow("x") && domains(&["*"]).allow_any());
        assert!(!domains(&[]).allow("x"));
        assert!(!domains(&["*evil.com"]).allow("evil.com"));
    }
}
