//! Runs the root fields of a plan: arguments become calls of verbs, and what the verbs return is kept for
//! the writer. What lies in relations is read for all objects of a level at once.
//!
//! No rule of the data and no permission is decided here.

mod below;
mod classes;
mod cloud;
mod config;
mod custom;
mod direct;
mod event;
mod fields;
mod files;
mod filter;
mod find;
mod objects;
mod rate;
mod users;
mod window;

use std::sync::Arc;

pub(crate) use below::{Below, ObjectSet, PageRows, Related};
pub(crate) use config::ConfigValue;
pub(crate) use custom::{CustomValues, Knot, KnotId, Member, Tree};
pub(crate) use event::{Asked, EventOutcome, asked, standing, who};
pub(crate) use users::Viewer;

use super::build::GraphQlSchema;
use super::document::Document;
use super::plan::{Action, ObjectSelection, Root};
use super::uploads::Uploads;
use super::values::read_arguments;
use crate::error::{Error, Result};
use crate::ops::Ctx;
use crate::ops::files::SavedFile;
use crate::schema::ClassSchema;
use crate::value::{Json, Members, ObjectId};

/// One request: its document, its variables and the schema that both were held against.
pub(crate) struct Run {
    /// The schema.
    pub(crate) schema: Arc<GraphQlSchema>,
    /// The document.
    pub(crate) document: Arc<Document>,
    /// The variables, typed.
    pub(crate) variables: Members,
    /// The files that came with the request.
    pub(crate) uploads: Uploads,
}

/// What a root field gave.
pub(crate) enum Outcome {
    /// Something that the plan knows already.
    Known,
    /// An object.
    Object(ObjectSet),
    /// An object of a class that only its id named, and what is written of it.
    Node(Box<ObjectSelection>, ObjectSet),
    /// A page of objects.
    Page(ObjectSet, PageRows),
    /// A class.
    Class(Arc<ClassSchema>),
    /// All classes.
    Classes(Vec<Arc<ClassSchema>>),
    /// A value of the app's configuration.
    Config(ConfigValue),
    /// The caller.
    Viewer(Viewer),
    /// What a mutation wrote.
    Written(Written),
    /// An event of a class.
    Event(Box<EventOutcome>),
    /// A value of a field of the user's own definitions.
    Custom(Tree),
}

/// What a mutation wrote, and what the client called the mutation.
pub(crate) struct Written {
    /// What was written.
    pub(crate) subject: Subject,
    /// What the client called the mutation.
    pub(crate) client_mutation_id: Option<Json>,
}

/// What a mutation wrote.
pub(crate) enum Subject {
    /// An object.
    Object(Shown),
    /// Whoever logged in.
    Viewer(Viewer),
    /// A plain value.
    Value(Json),
    /// A class.
    Class(Arc<ClassSchema>),
    /// A value of the app's configuration.
    Config(ConfigValue),
    /// A file.
    File(SavedFile),
}

/// An object that was written, as far as the client wants to see it.
pub(crate) enum Shown {
    /// Only the id is wanted, or nothing.
    Id(ObjectId),
    /// The object, read back as the caller.
    Set(Box<ObjectSet>),
}

impl Shown {
    /// The same, with what identity providers answered: one of the things that a verb tells of a write.
    fn with_response(mut self, mut news: Members) -> Self {
        if let Self::Set(set) = &mut self {
            set.auth_data_response = news.shift_remove("authDataResponse");
        }
        self
    }
}

impl Run {
    /// Runs a root field.
    pub(crate) async fn root(&self, ctx: &Ctx, root: &Root) -> Result<Outcome> {
        let arguments = read_arguments(self.schema.types(), &root.field, &self.variables);
        rate::charge(ctx, &root.action, &arguments)?;
        match &root.action {
            Action::TypeName | Action::Types | Action::Health => Ok(Outcome::Known),
            Action::Get(selection, columns) => {
                find::get(self, ctx, (selection, columns), &arguments).await
            }
            Action::Find(class, selection) => {
                find::find(self, ctx, class, selection, arguments).await
            }
            Action::Node(fields) => find::node(self, ctx, fields, &arguments).await,
            Action::Class(_) => classes::one(ctx, &arguments),
            Action::Classes(_) => classes::all(ctx),
            Action::Config(_) => config::get(ctx, &arguments).await,
            Action::WriteConfig(_) => config::write(ctx, &arguments).await,
            Action::CreateFile(_) => Box::pin(files::create(self, ctx, arguments)).await,
            Action::Viewer(selection) => users::viewer(self, ctx, selection).await,
            Action::LogIn(verb, payload) => {
                users::log_in(self, ctx, *verb, payload, arguments).await
            }
            Action::Account(verb, _) => users::write(ctx, *verb, arguments).await,
            Action::WriteObject(verb, payload) => {
                objects::write(self, ctx, *verb, payload, arguments).await
            }
            Action::WriteClass(verb, _) => classes::write(ctx, *verb, &arguments).await,
            Action::CallFunction(_) => cloud::call(ctx, arguments).await,
            Action::Subscribe(_) => Err(Error::internal("a subscription is no request")),
            Action::Custom(field) => custom::of_root(self, ctx, field).await.map(Outcome::Custom),
        }
    }
}

/// A text among the arguments; empty if it is not there.
fn text<'a>(arguments: &'a Members, name: &str) -> &'a str {
    arguments.get(name).and_then(Json::as_str).unwrap_or_default()
}
