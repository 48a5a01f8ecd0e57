//! The roles of a user.

use super::world::{World, delete};
use crate::access::Plan;
use crate::storage::RolesOf;
use crate::value::ObjectId;

/// The names of a user's roles, with a space between them.
async fn names(world: &World, user: &str) -> String {
    let class = world.class("_Role").await;
    let question = RolesOf { class: class.clone(), user: ObjectId::from(user) };
    let found = world.storage.roles_of(Plan::server(&class).allow_fixed(question)).await.unwrap();
    assert!(found.iter().all(|(id, name)| id.to_lowercase() == name.to_lowercase()));
    found.into_iter().map(|(_, name)| name).collect::<Vec<_>>().join(" ")
}

/// A role with users, and with roles that it contains.
async fn role(world: &World, id: &str, users: &str, roles: &str) {
    let class = world.class("_Role").await;
    let relation = |class: &str, ids: &str| {
        let pointer =
            |id: &str| format!(r#"{{"__type":"Pointer","className":"{class}","objectId":"{id}"}}"#);
        let pointers: Vec<String> = ids.split_whitespace().map(pointer).collect();
        format!(r#"{{"__op":"AddRelation","objects":[{}]}}"#, pointers.join(","))
    };
    let (users, roles) = (relation("_User", users), relation("_Role", roles));
    let fields = format!(r#"{{"name":"{}","users":{users},"roles":{roles}}}"#, id.to_uppercase());
    world.insert(&class, id, &fields).await;
}

pub(in crate::storage) async fn roles_reach_the_users_of_roles_inside(world: World) {
    role(&world, "admins", "ann", "").await;
    role(&world, "editors", "bob", "admins").await;
    role(&world, "readers", "", "editors").await;
    role(&world, "others", "cid ann", "").await;
    assert_eq!(names(&world, "ann").await, "ADMINS EDITORS OTHERS READERS");
    assert_eq!(names(&world, "bob").await, "EDITORS READERS");
    assert_eq!(names(&world, "cid").await, "OTHERS");
    assert_eq!(names(&world, "nobody").await, "");
}

pub(in crate::storage) async fn circles_of_roles_end(world: World) {
    role(&world, "a", "ann", "c").await;
    role(&world, "b", "", "a").await;
    role(&world, "c", "", "b").await;
    role(&world, "self", "bob", "self").await;
    assert_eq!(names(&world, "ann").await, "A B C");
    assert_eq!(names(&world, "bob").await, "SELF");
}

pub(in crate::storage) async fn a_role_that_is_gone_leads_nowhere(world: World) {
    role(&world, "low", "ann", "").await;
    role(&world, "middle", "", "low").await;
    role(&world, "high", "", "middle").await;
    assert_eq!(names(&world, "ann").await, "HIGH LOW MIDDLE");
    let class = world.class("_Role").await;
    world.storage.write(vec![delete(&class, "middle")]).await.unwrap();
    assert_eq!(names(&world, "ann").await, "LOW");
}
