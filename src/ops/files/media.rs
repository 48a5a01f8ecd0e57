//! What kind of content the end of a file name means, and which of it a browser may show.
//!
//! Served is what the name says, never what an uploader claimed: so a file that was let in under one name is not
//! interpreted as something else.

/// Media types with the ends of file names that mean them; the first is the one that a file without any gets.
#[rustfmt::skip]
const TYPES: &[(&str, &[&str])] = &[
    ("application/atom+xml", &["atom"]),
    ("application/epub+zip", &["epub"]),
    ("application/geo+json", &["geojson"]),
    ("application/gzip", &["gz"]),
    ("application/java-archive", &["jar", "war", "ear"]),
    ("application/json", &["json", "map"]),
    ("application/ld+json", &["jsonld"]),
    ("application/manifest+json", &["webmanifest"]),
    ("application/mathml+xml", &["mathml"]),
    ("application/msword", &["doc", "dot"]),
    ("application/octet-stream", &["bin", "dms", "lrf", "mar", "so", "dist", "distz", "pkg", "bpk", "dump", "elc", "deploy", "exe", "dll", "deb", "dmg", "iso", "img", "msi", "msp", "msm", "buffer"]),
    ("application/ogg", &["ogx"]),
    ("application/pdf", &["pdf"]),
    ("application/pgp-signature", &["sig", "asc"]),
    ("application/postscript", &["ai", "eps", "ps"]),
    ("application/rdf+xml", &["rdf", "owl"]),
    ("application/rss+xml", &["rss"]),
    ("application/rtf", &["rtf"]),
    ("application/sql", &["sql"]),
    ("application/toml", &["toml"]),
    ("application/vnd.android.package-archive", &["apk"]),
    ("application/vnd.apple.mpegurl", &["m3u8"]),
    ("application/vnd.apple.pkpass", &["pkpass"]),
    ("application/vnd.google-earth.kml+xml", &["kml"]),
    ("application/vnd.google-earth.kmz", &["kmz"]),
    ("application/vnd.ms-excel", &["xls", "xlm", "xla", "xlc", "xlt", "xlw"]),
    ("application/vnd.ms-fontobject", &["eot"]),
    ("application/vnd.ms-powerpoint", &["ppt", "pps", "pot"]),
    ("application/vnd.oasis.opendocument.presentation", &["odp"]),
    ("application/vnd.oasis.opendocument.spreadsheet", &["ods"]),
    ("application/vnd.oasis.opendocument.text", &["odt"]),
    ("application/vnd.openxmlformats-officedocument.presentationml.presentation", &["pptx"]),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", &["xlsx"]),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", &["docx"]),
    ("application/vnd.rar", &["rar"]),
    ("application/vnd.visio", &["vsd", "vst", "vss", "vsw"]),
    ("application/wasm", &["wasm"]),
    ("application/x-7z-compressed", &["7z"]),
    ("application/x-bzip", &["bz"]),
    ("application/x-bzip2", &["bz2", "boz"]),
    ("application/x-csh", &["csh"]),
    ("application/x-sh", &["sh"]),
    ("application/x-shockwave-flash", &["swf"]),
    ("application/x-sqlite3", &["sqlite", "sqlite3"]),
    ("application/x-tar", &["tar"]),
    ("application/xhtml+xml", &["xhtml", "xht"]),
    ("application/xml", &["xml", "xsl", "xsd", "rng"]),
    ("application/xml-dtd", &["dtd"]),
    ("application/xslt+xml", &["xslt"]),
    ("application/zip", &["zip"]),
    ("audio/3gpp", &["3gpp"]),
    ("audio/aac", &["adts", "aac"]),
    ("audio/amr", &["amr"]),
    ("audio/basic", &["au", "snd"]),
    ("audio/midi", &["mid", "midi", "kar", "rmi"]),
    ("audio/mp4", &["m4a", "mp4a"]),
    ("audio/mpeg", &["mpga", "mp2", "mp2a", "mp3", "m2a", "m3a"]),
    ("audio/ogg", &["oga", "ogg", "spx", "opus"]),
    ("audio/wav", &["wav"]),
    ("audio/webm", &["weba"]),
    ("audio/x-aiff", &["aif", "aiff", "aifc"]),
    ("audio/x-caf", &["caf"]),
    ("audio/x-flac", &["flac"]),
    ("audio/x-ms-wma", &["wma"]),
    ("font/collection", &["ttc"]),
    ("font/otf", &["otf"]),
    ("font/ttf", &["ttf"]),
    ("font/woff", &["woff"]),
    ("font/woff2", &["woff2"]),
    ("image/apng", &["apng"]),
    ("image/avif", &["avif"]),
    ("image/bmp", &["bmp", "dib"]),
    ("image/gif", &["gif"]),
    ("image/heic", &["heic"]),
    ("image/heif", &["heif"]),
    ("image/jp2", &["jp2", "jpg2"]),
    ("image/jpeg", &["jpg", "jpeg", "jpe"]),
    ("image/jxl", &["jxl"]),
    ("image/png", &["png"]),
    ("image/svg+xml", &["svg", "svgz"]),
    ("image/tiff", &["tif", "tiff"]),
    ("image/vnd.adobe.photoshop", &["psd"]),
    ("image/vnd.microsoft.icon", &["ico"]),
    ("image/webp", &["webp"]),
    ("message/rfc822", &["eml", "mime", "mht", "mhtml"]),
    ("model/gltf+json", &["gltf"]),
    ("model/gltf-binary", &["glb"]),
    ("model/stl", &["stl"]),
    ("model/vnd.usdz+zip", &["usdz"]),
    ("text/cache-manifest", &["appcache", "manifest"]),
    ("text/calendar", &["ics", "ifb"]),
    ("text/css", &["css"]),
    ("text/csv", &["csv"]),
    ("text/html", &["html", "htm", "shtml"]),
    ("text/javascript", &["js", "mjs"]),
    ("text/jsx", &["jsx"]),
    ("text/markdown", &["md", "markdown"]),
    ("text/plain", &["txt", "text", "conf", "def", "list", "log", "in", "ini"]),
    ("text/tab-separated-values", &["tsv"]),
    ("text/vcard", &["vcard", "vcf"]),
    ("text/vtt", &["vtt"]),
    ("text/yaml", &["yaml", "yml"]),
    ("video/3gpp", &["3gp"]),
    ("video/3gpp2", &["3g2"]),
    ("video/iso.segment", &["m4s"]),
    ("video/mp2t", &["ts", "m2t", "m2ts", "mts"]),
    ("video/mp4", &["mp4", "mp4v", "mpg4"]),
    ("video/mpeg", &["mpeg", "mpg", "mpe", "m1v", "m2v"]),
    ("video/ogg", &["ogv"]),
    ("video/quicktime", &["qt", "mov"]),
    ("video/webm", &["webm"]),
    ("video/x-flv", &["flv"]),
    ("video/x-m4v", &["m4v"]),
    ("video/x-matroska", &["mkv", "mk3d", "mks"]),
    ("video/x-ms-wmv", &["wmv"]),
    ("video/x-msvideo", &["avi"]),
];

/// What a file without a known end of its name is.
pub(super) const UNKNOWN: &str = "application/octet-stream";

/// Content that can do nothing but be looked at or listened to, besides images, sounds and films.
const INERT: &[&str] =
    &["application/json", "application/pdf", "text/csv", "text/markdown", "text/plain", "text/vtt"];
/// Images that can contain programs.
const LIVELY: &[&str] = &["image/svg+xml"];

/// The end of a file name, behind its last dot; nothing without a dot, or with nothing before it or behind it.
pub(super) fn extension(name: &str) -> Option<&str> {
    let file = name.rsplit('/').next().unwrap_or(name);
    let (stem, extension) = file.rsplit_once('.')?;
    (!stem.is_empty() && !extension.is_empty()).then_some(extension)
}

/// The media type that the end of a file name means.
pub(super) fn of_extension(extension: &str) -> Option<&'static str> {
    let is_same = |known: &str| known.eq_ignore_ascii_case(extension);
    let found = TYPES.iter().find(|(_, extensions)| extensions.iter().any(|known| is_same(known)));
    found.map(|(media, _)| *media)
}

/// The media type that the name of a file means.
pub(super) fn of_name(name: &str) -> Option<&'static str> {
    of_extension(extension(name)?)
}

/// The end of name that a file of a media type gets; parameters do not matter.
pub(super) fn extension_of(content_type: &str) -> Option<&'static str> {
    let media = content_type.split(';').next().unwrap_or_default().trim();
    let found = TYPES.iter().find(|(known, _)| known.eq_ignore_ascii_case(media));
    found.and_then(|(_, extensions)| extensions.first().copied())
}

/// Whether a browser may show it: it can not run anything.
pub(super) fn is_inert(media: &str) -> bool {
    let kind = media.split('/').next().unwrap_or_default();
    INERT.contains(&media)
        || (["image", "audio", "video"].contains(&kind) && !LIVELY.contains(&media))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_mean_types() {
        for (name, expected) in [
            ("a.txt", Some("text/plain")),
            ("a.b.PNG", Some("image/png")),
            ("d/e.d/a.html", Some("text/html")),
            ("d.txt/a", None),
            ("a.", None),
            (".png", None),
            ("noext", None),
            ("a.unknown", None),
            ("a.svg ", None),
        ] {
            assert_eq!(of_name(name), expected, "{name}");
        }
    }

    #[test]
    fn types_have_extensions() {
        for (media, expected) in [
            ("text/plain; charset=utf-8", Some("txt")),
            ("IMAGE/PNG", Some("png")),
            ("application/x-foo", None),
            ("", None),
        ] {
            assert_eq!(extension_of(media), expected, "{media}");
        }
    }

    #[test]
    fn only_inert_content_is_shown() {
        for media in ["image/png", "video/mp4", "audio/mpeg", "text/plain", "application/pdf"] {
            assert!(is_inert(media), "{media}");
        }
        for media in [
            "text/html",
            "image/svg+xml",
            "application/xml",
            "text/javascript",
            UNKNOWN,
            "text/css",
        ] {
            assert!(!is_inert(media), "{media}");
        }
    }

    #[test]
    fn no_extension_is_listed_twice() {
        let mut all: Vec<&str> =
            TYPES.iter().flat_map(|(_, extensions)| extensions.iter().copied()).collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
