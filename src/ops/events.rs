//! What is told of writes: objects of live classes, before and after, once they are lasting.
//!
//! The database tells of them itself, so that there is no way to write past this: whoever changes an object, through
//! whatever door, in a transaction or not, does nothing for it. When a write is answered, what it did has been told.

use crate::adapters::pubsub::{Bus, Described};
use crate::auth::Forget;
use crate::options::LiveClasses;
use crate::schema::ClassSchema;
use crate::storage::{Seen, Witness};
use crate::value::{ClassName, ObjectId};

/// Who hears of writes.
pub struct Events {
    classes: LiveClasses,
    bus: Option<Bus>,
}

impl Events {
    /// Tells a bus of the classes that are live.
    pub fn new(classes: LiveClasses, bus: Option<Bus>) -> Self {
        Self { classes, bus }
    }

    /// Whether anybody is told of objects of a class. It costs next to nothing to ask where no class is live.
    pub fn is_live(&self, class: &ClassName) -> bool {
        self.bus.is_some() && self.classes.include(class)
    }

    /// The classes that are live.
    pub fn classes(&self) -> &LiveClasses {
        &self.classes
    }

    /// The bus, if any class is live.
    pub fn bus(&self) -> Option<&Bus> {
        self.bus.as_ref()
    }

    /// The users whose sessions or roles change by this, if other processes are told of it.
    pub(super) fn concerned(&self, changes: &[Forget]) -> Vec<ObjectId> {
        if !self.bus.as_ref().is_some_and(Bus::has_others) {
            return Vec::new();
        }
        let mut users: Vec<ObjectId> = Vec::new();
        for change in changes {
            match change {
                Forget::SessionsOf(user) | Forget::RolesOf(user) if !users.contains(user) => {
                    users.push(user.clone());
                }
                // Nobody knows whom else these are about without asking; who hears of nothing finds out after a while.
                Forget::SessionsOf(_)
                | Forget::RolesOf(_)
                | Forget::Session(_)
                | Forget::SessionObject(_)
                | Forget::Role(_)
                | Forget::AllSessions
                | Forget::AllRoles => {}
            }
        }
        users
    }

    /// Tells other processes that what they know of these users is void. parse-server's LiveQuery server goes by it
    /// (`parse-server:src/LiveQuery/ParseLiveQueryServer.ts`, `clearCache`).
    pub(super) fn forget(&self, users: &[ObjectId]) {
        if let Some(bus) = &self.bus {
            users.iter().for_each(|user| bus.forget(user));
        }
    }
}

impl Witness for Events {
    fn watches(&self, class: &ClassName) -> bool {
        self.is_live(class)
    }

    /// An object that got another id is told of by its new one.
    fn saw(&self, seen: Seen) {
        let Seen { class, before, after } = seen;
        let Some((bus, row)) = self.bus.as_ref().zip(after.as_ref().or(before.as_ref())) else {
            return;
        };
        let id = ObjectId::from(row.row(0).id());
        bus.publish((class.name.clone(), id), (before, after), || described(&class));
    }
}

/// What other processes want to know of a class.
fn described(class: &ClassSchema) -> Described {
    let relations = class.relations().map(|(name, target)| (name.clone(), target.clone()));
    Described { permissions: class.permissions.to_json(), relations: relations.collect() }
}
