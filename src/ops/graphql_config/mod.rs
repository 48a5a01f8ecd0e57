//! Which classes the GraphQL API shows, and how: a configuration that is kept on the server and changed by the
//! holder of the master key (`parse-server:src/Controllers/ParseGraphQLController.js`).

mod parse;

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::watch;

use super::{App, Ctx, only_object};
use crate::error::Result;
use crate::value::{Fields, Members, Value};

/// The class of the one object that holds the configuration, and its field.
const CLASS: &str = "_GraphQLConfig";
const FIELDS: [&str; 1] = ["config"];

/// What the GraphQL API shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GraphQlConfig {
    /// It as it was given.
    pub given: Members,
    /// The only classes that are shown.
    enabled: Option<Vec<String>>,
    /// Classes that are not shown.
    disabled: Vec<String>,
    classes: HashMap<String, Arc<ClassConfig>>,
}

/// How a class is shown. What is nothing is as it would be without a configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClassConfig {
    /// The fields that a create takes.
    pub create_fields: Option<Vec<String>>,
    /// The fields that an update takes.
    pub update_fields: Option<Vec<String>>,
    /// The fields of the object type.
    pub output_fields: Option<Vec<String>>,
    /// The fields that conditions name.
    pub constraint_fields: Option<Vec<String>>,
    /// The fields that objects are ordered by.
    pub sort_fields: Option<Vec<SortField>>,
    /// The query of one object.
    pub get: RootField,
    /// The query of many.
    pub find: RootField,
    /// The mutation that makes an object.
    pub create: RootField,
    /// The mutation that changes an object.
    pub update: RootField,
    /// The mutation that removes an object.
    pub destroy: RootField,
}

/// A field that objects are ordered by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortField {
    /// The field.
    pub field: String,
    /// Whether upwards.
    pub ascending: bool,
    /// Whether downwards.
    pub descending: bool,
}

/// A field of a root type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RootField {
    /// Whether it is left out.
    pub is_left_out: bool,
    /// Its name, if not the usual one.
    pub alias: Option<String>,
}

impl GraphQlConfig {
    /// Whether a class is shown.
    pub fn shows(&self, class: &str) -> bool {
        let is_enabled =
            self.enabled.as_ref().is_none_or(|enabled| enabled.iter().any(|name| name == class));
        is_enabled && !self.disabled.iter().any(|name| name == class)
    }

    /// The configuration that a text says, for tests.
    #[cfg(test)]
    pub(crate) fn of(text: &str) -> Arc<Self> {
        let json = crate::value::Json::parse(text.as_bytes()).unwrap();
        Arc::new(parse::parse(json.as_object().unwrap()).unwrap())
    }

    /// How a class is shown, if anything is said of that.
    pub fn class(&self, class: &str) -> Option<&Arc<ClassConfig>> {
        self.classes.get(class)
    }
}

/// The configuration in force on this server.
#[derive(Debug)]
pub struct GraphQlConfigStore {
    current: ArcSwap<GraphQlConfig>,
    changed: watch::Sender<u64>,
}

impl Default for GraphQlConfigStore {
    fn default() -> Self {
        Self { current: ArcSwap::default(), changed: watch::Sender::new(0) }
    }
}

impl GraphQlConfigStore {
    /// The configuration.
    pub fn current(&self) -> Arc<GraphQlConfig> {
        self.current.load_full()
    }

    /// Tells of every change.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    fn set(&self, config: GraphQlConfig) {
        if *self.current.load_full() != config {
            self.current.store(Arc::new(config));
            self.changed.send_modify(|version| *version += 1);
        }
    }
}

/// The configuration, for the holder of the master key.
pub async fn get(ctx: &Ctx) -> Result<Members> {
    ctx.demand_master()?;
    let [config] = only_object::read(&ctx.app, ctx.data(), CLASS, FIELDS).await?;
    Ok(config)
}

/// Replaces the configuration. Error 107 if it is malformed.
pub async fn update(ctx: &Ctx, given: Members) -> Result<()> {
    let access = ctx.demand_master_writer()?;
    ctx.demand_no_transaction()?;
    let config = parse::parse(&given)?;
    let mut fields = Fields::default();
    fields.set("config", Value::Object(given));
    ctx.app.denylist.check(&fields)?;
    let fields = &fields;
    ctx.settled(|ctx| async move { only_object::store(&ctx, access, CLASS, FIELDS, fields).await })
        .await?;
    ctx.app.graphql_config.set(config);
    Ok(())
}

/// Takes over what is stored: at start, and what other servers have changed. What is malformed, as only another
/// program can have written it, is told in the log and not heeded.
pub async fn refresh(app: &App) -> Result<()> {
    let [given] = only_object::read(app, &*app.storage, CLASS, FIELDS).await?;
    match parse::parse(&given) {
        Ok(config) => app.graphql_config.set(config),
        Err(error) => {
            tracing::warn!(error = %error.log_text(), "the GraphQL configuration is malformed")
        }
    }
    Ok(())
}
