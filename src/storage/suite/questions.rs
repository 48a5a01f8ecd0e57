//! Finding, counting, paging.

use std::sync::Arc;

use super::world::{World, ids, object, query, question};
use crate::access::{Plan, Principal, Protection, UserIdentity};
use crate::query::Where;
use crate::schema::ClassOperation;
use crate::storage::Related;
use crate::value::{ClassName, FieldName, ObjectId};

pub(in crate::storage) async fn get_and_find_rows(world: World) {
    let class =
        world.create_class("City", r#"{"name":{"type":"String"},"pop":{"type":"Number"}}"#).await;
    world.insert(&class, "berlin", r#"{"name":"Berlin","pop":3600000}"#).await;
    world.insert(&class, "paris", r#"{"name":"Paris"}"#).await;
    assert_eq!(
        world.object(&class, "berlin").await,
        r#"{"objectId":"berlin","name":"Berlin","pop":3600000}"#
    );
    assert_eq!(world.object(&class, "paris").await, r#"{"objectId":"paris","name":"Paris"}"#);
    assert_eq!(world.object(&class, "rome").await, "missing");
    world
        .check(
            &class,
            &[("{}", "berlin paris"), (r#"{"name":"Paris"}"#, "paris"), (r#"{"nothing":1}"#, "")],
        )
        .await;
}

pub(in crate::storage) async fn count_rows(world: World) {
    let class = world.create_class("Item", r#"{"n":{"type":"Number"}}"#).await;
    for n in 0..10 {
        world.insert(&class, &format!("i{n}"), &format!(r#"{{"n":{n}}}"#)).await;
    }
    let mut limited = question(&class, r#"{"n":{"$gte":4}}"#, "n");
    limited.limit = Some(2);
    limited.skip = 1;
    let count = world.storage.count(Plan::server(&class).allow(limited).unwrap()).await.unwrap();
    assert_eq!(count, 6, "the page does not count");
}

pub(in crate::storage) async fn pages_are_stable(world: World) {
    let class = world.create_class("Item", r#"{"n":{"type":"Number"}}"#).await;
    for n in 0..30 {
        world.insert(&class, &format!("i{n:02}"), r#"{"n":1}"#).await;
    }
    for order in ["", "n", "-n", "n,createdAt"] {
        let mut seen = Vec::new();
        for page in 0..6 {
            let mut question = question(&class, "{}", order);
            question.skip = page * 5;
            question.limit = Some(5);
            let stored =
                world.storage.find(Plan::server(&class).allow(question).unwrap()).await.unwrap();
            seen.extend(stored.rows().map(|row| row.id().to_owned()));
        }
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 30, "{order}");
    }
}

pub(in crate::storage) async fn limits_and_skips(world: World) {
    let class = world.create_class("Item", r#"{"n":{"type":"Number"}}"#).await;
    for n in 0..5 {
        world.insert(&class, &format!("i{n}"), &format!(r#"{{"n":{n}}}"#)).await;
    }
    let cases = [
        (0, None, "i0 i1 i2 i3 i4"),
        (3, None, "i3 i4"),
        (1, Some(2), "i1 i2"),
        (0, Some(0), ""),
        (9, Some(3), ""),
    ];
    for (skip, limit, expected) in cases {
        let mut question = question(&class, "{}", "n");
        (question.skip, question.limit) = (skip, limit);
        let stored =
            world.storage.find(Plan::server(&class).allow(question).unwrap()).await.unwrap();
        assert_eq!(ids(&stored), expected, "{skip} {limit:?}");
    }
}

pub(in crate::storage) async fn columns_are_read_in_order(world: World) {
    let class =
        world.create_class("City", r#"{"name":{"type":"String"},"pop":{"type":"Number"}}"#).await;
    world.insert(&class, "berlin", r#"{"name":"Berlin","pop":1}"#).await;
    let mut question = question(&class, "{}", "");
    question.columns = ["pop", "objectId", "name"].map(FieldName::from).to_vec();
    let stored = world.storage.find(Plan::server(&class).allow(question).unwrap()).await.unwrap();
    assert_eq!(object(&stored, 0), r#"{"objectId":"berlin","pop":1,"name":"Berlin"}"#);
}

pub(in crate::storage) async fn rows_are_filtered_by_grantee(world: World) {
    let class = world.create_class("Doc", r#"{"n":{"type":"Number"}}"#).await;
    world.insert(&class, "open", r#"{"n":1}"#).await;
    world.insert(&class, "public", r#"{"ACL":{"*":{"read":true}}}"#).await;
    world.insert(&class, "ann", r#"{"ACL":{"uAnn":{"read":true,"write":true}}}"#).await;
    world.insert(&class, "staff", r#"{"ACL":{"role:staff":{"read":true}}}"#).await;
    world.insert(&class, "closed", r#"{"ACL":{}}"#).await;
    let user = |id: &str, roles: &[&str]| {
        let roles = roles.iter().map(|&role| role.to_owned()).collect();
        Principal::User(Arc::new(UserIdentity::new(ObjectId::from(id), roles)))
    };
    let cases = [
        (Principal::Public, "open public"),
        (user("uAnn", &[]), "open public ann"),
        (user("uBob", &["staff"]), "open public staff"),
        (user("uA", &["staf"]), "open public"),
        (user("x\"] OR 1", &["%"]), "open public"),
        (Principal::Master, "open public ann staff closed"),
    ];
    for (principal, expected) in cases {
        let plan = Plan::compile(&class, ClassOperation::Find, &principal, &Protection::default())
            .unwrap();
        let stored =
            world.storage.find(plan.allow(question(&class, "{}", "")).unwrap()).await.unwrap();
        assert_eq!(ids(&stored), expected, "{principal:?}");
        let filtered = question(&class, r#"{"$or":[{"n":1},{"n":null}]}"#, "");
        assert_eq!(
            ids(&world.storage.find(plan.allow(filtered).unwrap()).await.unwrap()),
            expected,
            "{principal:?}"
        );
    }
    assert_eq!(
        world.object(&class, "ann").await,
        r#"{"objectId":"ann","ACL":{"uAnn":{"read":true,"write":true}}}"#
    );
    assert_eq!(world.object(&class, "closed").await, r#"{"objectId":"closed","ACL":{}}"#);
}

pub(in crate::storage) async fn an_unknown_relation_is_empty(world: World) {
    let class = world.create_class("City", "{}").await;
    world.insert(&class, "berlin", "{}").await;
    for (owner, key) in [("City", "nothing"), ("Nope", "x"), ("C\"ity", "k\"; DROP"), ("", "")] {
        let mut question = question(&class, "{}", "");
        let filter = Where::RelatedTo {
            class: ClassName::from(owner),
            owner: ObjectId::from("x"),
            key: FieldName::from(key),
        };
        question.filter = filter;
        let allowed = Plan::server(&class).allow(question).unwrap();
        assert_eq!(ids(&world.storage.find(allowed.clone()).await.unwrap()), "", "{owner} {key}");
        assert_eq!(world.storage.count(allowed).await.unwrap(), 0, "{owner} {key}");
    }
    let related = Related {
        class: ClassName::from("City"),
        key: FieldName::from("nothing"),
        owners: vec![ObjectId::from("berlin")],
    };
    let rows = world.storage.find_related(query(&class, "{}", ""), related.clone()).await.unwrap();
    assert!(rows.rows.is_empty() && rows.owners.is_empty());
    let counts = world.storage.count_related(query(&class, "{}", ""), related).await.unwrap();
    assert!(counts.iter().all(|(_, count)| *count == 0));
}
