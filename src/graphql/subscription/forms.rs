//! What subscriptions with the same document and the same variables have in common.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::graphql::build::GraphQlSchema;
use crate::graphql::document::Documents;
use crate::graphql::errors::{Kind, Refusal};
use crate::graphql::plan::{Action, EventSelection, Plan, Root};
use crate::graphql::resolve::Run;
use crate::graphql::serve::plan;
use crate::graphql::uploads::Uploads;
use crate::graphql::values::coerce_variables;
use crate::value::{Json, Members};

/// The numbers of forms begin here; those below belong to other doors.
const FIRST_NUMBER: u64 = 1 << 32;
/// So many are known before those are looked for that nobody needs any more.
const KNOWN_MIN: usize = 64;

/// A subscription, ready to answer events.
pub(crate) struct Prepared {
    /// No other form of answers has this number.
    pub(super) number: u64,
    pub(super) run: Run,
    /// It has one field.
    pub(super) plan: Arc<Plan>,
    name: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    generation: u64,
    document: String,
    name: Option<String>,
    variables: String,
}

/// All forms that are in use.
#[derive(Default)]
pub(crate) struct Forms(Mutex<Known>);

#[derive(Default)]
struct Known {
    forms: HashMap<Key, Weak<Prepared>>,
    made: u64,
    looked_at: usize,
}

impl Forms {
    /// The form of a subscription: the one that is in use, or a new one.
    pub(super) fn prepared(
        &self,
        run: Run,
        plan: Arc<Plan>,
        name: Option<String>,
    ) -> Arc<Prepared> {
        let key = Key {
            generation: run.schema.generation(),
            document: run.document.text.clone(),
            name: name.clone(),
            variables: to_text(&run.variables),
        };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(form) = known.forms.get(&key).and_then(Weak::upgrade) {
            return form;
        }
        if known.forms.len() >= known.looked_at.saturating_mul(2) + KNOWN_MIN {
            known.forms.retain(|_, form| form.strong_count() > 0);
            known.looked_at = known.forms.len();
        }
        let number = FIRST_NUMBER + known.made;
        known.made += 1;
        let form = Arc::new(Prepared { number, run, plan, name });
        known.forms.insert(key, Arc::downgrade(&form));
        form
    }

    /// The same subscription under another schema.
    pub(super) fn renewed(
        &self,
        documents: &Documents,
        schema: &Arc<GraphQlSchema>,
        old: &Prepared,
    ) -> Result<Arc<Prepared>, Refusal> {
        let misfit = || Refusal::new(400, Kind::BadUserInput, "The variables do not fit any more.");
        let document = documents.get(schema, &old.run.document.text)?;
        let operation = document.operation(old.name.as_deref())?;
        let variables = coerce_variables(schema.types(), operation, &old.run.variables);
        let variables = variables.map_err(|_| misfit())?;
        let run = Run {
            schema: Arc::clone(schema),
            document: Arc::clone(&document),
            variables,
            uploads: Uploads::default(),
        };
        let plan = plan(&run, operation);
        let form = (plan.roots.len() == 1).then(|| self.prepared(run, plan, old.name.clone()));
        form.filter(|form| form.selection().is_some()).ok_or_else(misfit)
    }
}

impl Prepared {
    /// The only field.
    pub(super) fn root(&self) -> &Root {
        self.plan.roots.first().expect("a subscription is prepared with one field")
    }

    /// What is written of events.
    pub(super) fn selection(&self) -> Option<&EventSelection> {
        match &self.root().action {
            Action::Subscribe(selection) => Some(selection),
            Action::TypeName
            | Action::Types
            | Action::Health
            | Action::Get(..)
            | Action::Find(..)
            | Action::Node(_)
            | Action::Class(_)
            | Action::Classes(_)
            | Action::Config(_)
            | Action::Viewer(_)
            | Action::LogIn(..)
            | Action::Account(..)
            | Action::WriteObject(..)
            | Action::WriteClass(..)
            | Action::WriteConfig(_)
            | Action::CallFunction(_)
            | Action::CreateFile(_)
            | Action::Custom(_) => None,
        }
    }
}

fn to_text(variables: &Members) -> String {
    match variables.is_empty() {
        true => String::new(),
        false => Json::Object(variables.clone()).to_text(),
    }
}
