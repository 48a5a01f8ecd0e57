//! Options of the section "GraphQL".

use super::{OptionSpec, Preset, flag, text};

/// The options, in the order of the help text.
pub(super) const OPTIONS: &[OptionSpec] = &[
    flag("mountGraphQL", "PARSE_SERVER_MOUNT_GRAPHQL", "Serve the GraphQL API.")
        .preset(Preset::Flag(false))
        .stricter(Preset::Flag(true))
        .now(),
    text("graphQLPath", "PARSE_SERVER_GRAPHQL_PATH", "Path of the GraphQL API.")
        .preset(Preset::Text("/graphql"))
        .now(),
    flag(
        "graphQLPublicIntrospection",
        "PARSE_SERVER_GRAPHQL_PUBLIC_INTROSPECTION",
        "Let clients without the master key read the GraphQL schema.",
    )
    .preset(Preset::Flag(false))
    .now(),
    text(
        "graphQLSchema",
        "PARSE_SERVER_GRAPH_QLSCHEMA",
        "File with additional GraphQL definitions.",
    )
    .now(),
    flag(
        "mountPlayground",
        "PARSE_SERVER_MOUNT_PLAYGROUND",
        "Serve a page for trying out GraphQL.",
    )
    .preset(Preset::Flag(false))
    .now(),
    text("playgroundPath", "PARSE_SERVER_PLAYGROUND_PATH", "Path of that page.")
        .preset(Preset::Text("/playground"))
        .now(),
];
