//! Options of the section "Files".

use super::{OptionSpec, Preset, adapter, flag, group, list};

/// Every extension but those of markup that browsers run scripts in.
const SAFE_EXTENSIONS: &str = r#"["^(?!([xXsS]?[hH][tT][mM][lL]?(\\+[xX][mM][lL])?|[xX][hH][tT]|[sS][vV][gG]([zZ]|\\+[xX][mM][lL])?|[xX][mM][lL]|[xX][sS][lL][tT]?(\\+[xX][mM][lL])?|[xX][sS][dD]|[rR][nN][gG]|[rR][dD][fF](\\+[xX][mM][lL])?|[oO][wW][lL]|[mM][aA][tT][hH][mM][lL](\\+[xX][mM][lL])?)$)"]"#;

/// The options, in the order of the help text.
pub(super) const OPTIONS: &[OptionSpec] = &[
    adapter("filesAdapter", "PARSE_SERVER_FILES_ADAPTER", "Adapter that stores files.")
        .secret()
        .now(),
    flag(
        "preserveFileName",
        "PARSE_SERVER_PRESERVE_FILE_NAME",
        "Keep the name of an uploaded file as it is.",
    )
    .preset(Preset::Flag(false))
    .now(),
    group("fileUpload", "PARSE_SERVER_FILE_UPLOAD_OPTIONS", "Who may upload which files.")
        .preset(Preset::Json("{}"))
        .now(),
    list(
        "fileUpload.allowedFileUrlDomains",
        "PARSE_SERVER_FILE_UPLOAD_ALLOWED_FILE_URL_DOMAINS",
        "Hosts that addresses of file objects may name.",
    )
    .preset(Preset::Json(r#"["*"]"#))
    .stricter(Preset::Json("[]"))
    .now(),
    flag(
        "fileUpload.enableForAnonymousUser",
        "PARSE_SERVER_FILE_UPLOAD_ENABLE_FOR_ANONYMOUS_USER",
        "Anonymous users may upload.",
    )
    .preset(Preset::Flag(false))
    .now(),
    flag(
        "fileUpload.enableForAuthenticatedUser",
        "PARSE_SERVER_FILE_UPLOAD_ENABLE_FOR_AUTHENTICATED_USER",
        "Logged-in users may upload.",
    )
    .preset(Preset::Flag(true))
    .now(),
    flag(
        "fileUpload.enableForPublic",
        "PARSE_SERVER_FILE_UPLOAD_ENABLE_FOR_PUBLIC",
        "Everybody may upload.",
    )
    .preset(Preset::Flag(false))
    .now(),
    list(
        "fileUpload.fileExtensions",
        "PARSE_SERVER_FILE_UPLOAD_FILE_EXTENSIONS",
        "Patterns of the file extensions that are accepted.",
    )
    .preset(Preset::Json(SAFE_EXTENSIONS))
    .now(),
    group("fileDownload", "PARSE_SERVER_FILE_DOWNLOAD_OPTIONS", "Who may download files.")
        .preset(Preset::Json("{}"))
        .now(),
    flag(
        "fileDownload.enableForAnonymousUser",
        "PARSE_SERVER_FILE_DOWNLOAD_ENABLE_FOR_ANONYMOUS_USER",
        "Anonymous users may download.",
    )
    .preset(Preset::Flag(true))
    .now(),
    flag(
        "fileDownload.enableForAuthenticatedUser",
        "PARSE_SERVER_FILE_DOWNLOAD_ENABLE_FOR_AUTHENTICATED_USER",
        "Logged-in users may download.",
    )
    .preset(Preset::Flag(true))
    .now(),
    flag(
        "fileDownload.enableForPublic",
        "PARSE_SERVER_FILE_DOWNLOAD_ENABLE_FOR_PUBLIC",
        "Everybody may download.",
    )
    .preset(Preset::Flag(true))
    .now(),
];
