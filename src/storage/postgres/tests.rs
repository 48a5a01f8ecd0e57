//! The common cases on a real server: the one that `PARSIMONY_TEST_POSTGRES` names.

#[path = "../../../tests/postgres/mod.rs"]
mod database;

use super::PostgresStorage;
use crate::options::PostgresAddress;
use crate::storage::suite::Opened;

storage_suite!(suite, super::open);

async fn open() -> Option<Opened> {
    let database = database::TestDatabase::create()?;
    let mut address = PostgresAddress::parse(&database.uri()).expect("an address");
    address.pool.connections_max = 4;
    let storage = PostgresStorage::open(&address).await.expect("the database can be opened");
    Some(Opened { storage, keep: Some(Box::new(database)) })
}
