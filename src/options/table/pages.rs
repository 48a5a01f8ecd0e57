//! Options of the section "Pages".

use super::{OptionSpec, Preset, flag, function, group, list_of, object, text};

/// The options, in the order of the help text.
pub(super) const OPTIONS: &[OptionSpec] = &[
    group("pages", "PARSE_SERVER_PAGES", "The pages for verification and password reset.")
        .preset(Preset::Json("{}")),
    list_of(
        "pages.customRoutes",
        "PARSE_SERVER_PAGES_CUSTOM_ROUTES",
        "Further routes of the page router.",
    )
    .preset(Preset::Json("[]")),
    function(
        "pages.customRoutes[].handler",
        "PARSE_SERVER_PAGES_ROUTE_HANDLER",
        "Function that answers the route.",
    ),
    text(
        "pages.customRoutes[].method",
        "PARSE_SERVER_PAGES_ROUTE_METHOD",
        "HTTP method of the route.",
    ),
    text("pages.customRoutes[].path", "PARSE_SERVER_PAGES_ROUTE_PATH", "Path of the route."),
    group(
        "pages.customUrls",
        "PARSE_SERVER_PAGES_CUSTOM_URLS",
        "Addresses to send the browser to instead of built-in pages.",
    )
    .preset(Preset::Json("{}")),
    text(
        "pages.customUrls.emailVerificationLinkExpired",
        "PARSE_SERVER_PAGES_CUSTOM_URL_EMAIL_VERIFICATION_LINK_EXPIRED",
        "Instead of the page for an expired verification link.",
    ),
    text(
        "pages.customUrls.emailVerificationLinkInvalid",
        "PARSE_SERVER_PAGES_CUSTOM_URL_EMAIL_VERIFICATION_LINK_INVALID",
        "Instead of the page for an unknown verification link.",
    ),
    text(
        "pages.customUrls.emailVerificationSendFail",
        "PARSE_SERVER_PAGES_CUSTOM_URL_EMAIL_VERIFICATION_SEND_FAIL",
        "Instead of the page for a verification mail that was not sent.",
    ),
    text(
        "pages.customUrls.emailVerificationSendSuccess",
        "PARSE_SERVER_PAGES_CUSTOM_URL_EMAIL_VERIFICATION_SEND_SUCCESS",
        "Instead of the page for a verification mail that was sent.",
    ),
    text(
        "pages.customUrls.emailVerificationSuccess",
        "PARSE_SERVER_PAGES_CUSTOM_URL_EMAIL_VERIFICATION_SUCCESS",
        "Instead of the page for a verified address.",
    ),
    text(
        "pages.customUrls.passwordReset",
        "PARSE_SERVER_PAGES_CUSTOM_URL_PASSWORD_RESET",
        "Instead of the page that asks for a new password.",
    ),
    text(
        "pages.customUrls.passwordResetLinkInvalid",
        "PARSE_SERVER_PAGES_CUSTOM_URL_PASSWORD_RESET_LINK_INVALID",
        "Instead of the page for an unknown reset link.",
    ),
    text(
        "pages.customUrls.passwordResetSuccess",
        "PARSE_SERVER_PAGES_CUSTOM_URL_PASSWORD_RESET_SUCCESS",
        "Instead of the page for a changed password.",
    ),
    flag(
        "pages.enableLocalization",
        "PARSE_SERVER_PAGES_ENABLE_LOCALIZATION",
        "Serve pages in the language of the reader.",
    )
    .preset(Preset::Flag(false)),
    flag(
        "pages.encodePageParamHeaders",
        "PARSE_SERVER_PAGES_ENCODE_PAGE_PARAM_HEADERS",
        "Percent-encode the page parameters in response headers.",
    )
    .preset(Preset::Flag(false))
    .stricter(Preset::Flag(true))
    .now(),
    flag(
        "pages.forceRedirect",
        "PARSE_SERVER_PAGES_FORCE_REDIRECT",
        "Always redirect to pages instead of answering with them.",
    )
    .preset(Preset::Flag(false)),
    text(
        "pages.localizationFallbackLocale",
        "PARSE_SERVER_PAGES_LOCALIZATION_FALLBACK_LOCALE",
        "Language of a page that is missing in the reader's.",
    )
    .preset(Preset::Text("en")),
    text(
        "pages.localizationJsonPath",
        "PARSE_SERVER_PAGES_LOCALIZATION_JSON_PATH",
        "File with translated texts.",
    ),
    text(
        "pages.pagesEndpoint",
        "PARSE_SERVER_PAGES_PAGES_ENDPOINT",
        "Path segment that the pages are served under.",
    )
    .preset(Preset::Text("apps"))
    .now(),
    text("pages.pagesPath", "PARSE_SERVER_PAGES_PAGES_PATH", "Directory of own pages."),
    object("pages.placeholders", "PARSE_SERVER_PAGES_PLACEHOLDERS", "Texts put into pages.")
        .preset(Preset::Json("{}")),
    group(
        "customPages",
        "PARSE_SERVER_CUSTOM_PAGES",
        "Addresses of own pages; older form of `pages.customUrls`.",
    )
    .preset(Preset::Json("{}")),
    text(
        "customPages.choosePassword",
        "PARSE_SERVER_CUSTOM_PAGES_CHOOSE_PASSWORD",
        "Page that asks for a new password.",
    ),
    text(
        "customPages.expiredVerificationLink",
        "PARSE_SERVER_CUSTOM_PAGES_EXPIRED_VERIFICATION_LINK",
        "Page for an expired verification link.",
    ),
    text(
        "customPages.invalidLink",
        "PARSE_SERVER_CUSTOM_PAGES_INVALID_LINK",
        "Page for an unknown link.",
    ),
    text(
        "customPages.invalidPasswordResetLink",
        "PARSE_SERVER_CUSTOM_PAGES_INVALID_PASSWORD_RESET_LINK",
        "Page for an unknown reset link.",
    ),
    text(
        "customPages.invalidVerificationLink",
        "PARSE_SERVER_CUSTOM_PAGES_INVALID_VERIFICATION_LINK",
        "Page for an unknown verification link.",
    ),
    text(
        "customPages.linkSendFail",
        "PARSE_SERVER_CUSTOM_PAGES_LINK_SEND_FAIL",
        "Page for a mail that was not sent.",
    ),
    text(
        "customPages.linkSendSuccess",
        "PARSE_SERVER_CUSTOM_PAGES_LINK_SEND_SUCCESS",
        "Page for a mail that was sent.",
    ),
    text(
        "customPages.parseFrameURL",
        "PARSE_SERVER_CUSTOM_PAGES_PARSE_FRAME_URL",
        "Page that frames the others.",
    ),
    text(
        "customPages.passwordResetSuccess",
        "PARSE_SERVER_CUSTOM_PAGES_PASSWORD_RESET_SUCCESS",
        "Page for a changed password.",
    ),
    text(
        "customPages.verifyEmailSuccess",
        "PARSE_SERVER_CUSTOM_PAGES_VERIFY_EMAIL_SUCCESS",
        "Page for a verified address.",
    ),
];
