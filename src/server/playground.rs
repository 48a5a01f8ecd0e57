//! The page on which a developer tries GraphQL. It never holds a key: he types it, and his browser keeps it.

use crate::http::{HTML, Reply};

/// The page that the build script chose; the placeholders stand near its top.
const PAGE: &str = include_str!(concat!(env!("OUT_DIR"), "/playground.html"));

/// The page of this application.
pub(super) fn page(app_id: &str, graphql_path: &str) -> Reply {
    let html = PAGE.replacen("{{appId}}", &escape(app_id), 1).replacen(
        "{{graphqlPath}}",
        &escape(graphql_path),
        1,
    );
    Reply::text(200, HTML, html)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_the_application_and_no_key() {
        let page = String::from_utf8(page("my<app>", "/graphql").body.to_vec()).unwrap();
        assert!(page.contains("my&lt;app&gt;"));
        assert!(!page.contains("{{appId}}") && !page.contains("{{graphqlPath}}"));
    }
}
