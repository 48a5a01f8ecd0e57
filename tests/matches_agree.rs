//! `query::matches` and `RowFilter::admits` and the database give the same answer, for random objects and random conditions: true, false, and
//! neither where a value is missing.

#![expect(clippy::unwrap_used, reason = "what goes wrong fails the test")]

#[path = "matches_agree/dice.rs"]
mod dice;
#[path = "matches_agree/rows.rs"]
mod rows;

use std::sync::Arc;

use dice::{Dice, Object, class, object};
use parsimony::access::{Allowed, Plan, WriteAccess};
use parsimony::query::{Matcher, Query, Subject, Where};
use parsimony::schema::{Assign, ClassChange, ClassSchema, Row};
use parsimony::storage::sqlite::{Location, SqliteOptions, SqliteStorage, Synchronous};
use parsimony::storage::{Change, ClassChanged, Insert, Storage, Verbs};
use parsimony::value::{Date, FieldName, ObjectId, Value};

const OBJECTS: usize = 60;
const CONDITIONS: usize = 4_000;

fn insert(class: &Arc<ClassSchema>, id: usize, object: &Object) -> Change {
    let set = |(name, value): (&FieldName, &Value)| (name.clone(), Assign::Set(value.clone()));
    let row = Row { columns: object.iter().map(set).collect(), relations: Vec::new() };
    let id = ObjectId::from(format!("o{id:03}"));
    Change::Insert(Plan::server(class).allow_change(
        Insert { class: Arc::clone(class), id, now: Date::EPOCH, row },
        WriteAccess::of_server(),
    ))
}

fn query(class: &Arc<ClassSchema>, filter: Where) -> Allowed<Query> {
    let columns = vec![FieldName::from("objectId")];
    let query = Query {
        class: Arc::clone(class),
        filter,
        order: Vec::new(),
        skip: 0,
        limit: None,
        columns,
        hint: None,
    };
    Plan::server(class).allow(query).unwrap()
}

async fn ids(storage: &SqliteStorage, class: &Arc<ClassSchema>, filter: &Where) -> Vec<String> {
    let found = storage
        .find(query(class, filter.clone()))
        .await
        .unwrap_or_else(|error| panic!("{filter:?}: {}", error.log_text()));
    let mut ids: Vec<String> = found.rows().map(|row| row.id().to_owned()).collect();
    ids.sort();
    ids
}

fn expected(objects: &[Object], matcher: &Matcher, answer: Option<bool>) -> Vec<String> {
    let meets = |(at, object): (usize, &Object)| {
        (matcher.matches(object as &dyn Subject) == answer).then(|| format!("o{at:03}"))
    };
    objects.iter().enumerate().filter_map(meets).collect()
}

#[tokio::test]
async fn database_and_memory_agree() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let options =
        SqliteOptions { location: Location::Memory, readers: 1, synchronous: Synchronous::Normal };
    let storage = SqliteStorage::open(options).unwrap();
    let class = Arc::new(class());
    let version = storage.load().await.unwrap().version();
    let change = ClassChange { before: None, after: Some(ClassSchema::clone(&class)) };
    assert!(matches!(
        storage.change_class(version, Arc::new(change)).await.unwrap(),
        ClassChanged::To(_)
    ));
    let objects: Vec<Object> = (0..OBJECTS).map(|_| object(&mut dice, &class)).collect();
    let changes =
        objects.iter().enumerate().map(|(at, object)| insert(&class, at, object)).collect();
    storage.write(changes).await.unwrap();
    let (mut met, mut open) = (0, 0);
    for _ in 0..CONDITIONS {
        let filter = dice.condition(&class, 2);
        let matcher = Matcher::new(filter.clone());
        let yes = expected(&objects, &matcher, Some(true));
        let no = expected(&objects, &matcher, Some(false));
        assert_eq!(ids(&storage, &class, &filter).await, yes, "met: {filter:?}");
        assert_eq!(
            ids(&storage, &class, &Where::Nor(vec![filter.clone()])).await,
            no,
            "not met: {filter:?}"
        );
        met += yes.len();
        open += OBJECTS - yes.len() - no.len();
    }
    assert!(
        met > CONDITIONS && open > CONDITIONS,
        "the conditions say something: {met} met, {open} open"
    );
}

async fn make_class(storage: &SqliteStorage, class: &Arc<ClassSchema>) {
    let known = storage.load().await.unwrap();
    let before = known.class(&class.name).cloned();
    let change = ClassChange { before, after: Some(ClassSchema::clone(class)) };
    assert!(matches!(
        storage.change_class(known.version(), Arc::new(change)).await.unwrap(),
        ClassChanged::To(_)
    ));
}

#[tokio::test]
async fn database_and_memory_open_the_same_rows() {
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    let options =
        SqliteOptions { location: Location::Memory, readers: 1, synchronous: Synchronous::Normal };
    let storage = SqliteStorage::open(options).unwrap();
    let (mut open, mut closed) = (0, 0);
    for name in rows::CLASSES {
        let class = Arc::new(rows::class(name));
        make_class(&storage, &class).await;
        let rows: Vec<Object> =
            (0..rows::ROWS).map(|at| rows::row(&mut dice, &format!("o{at:03}"))).collect();
        let changes = rows.iter().enumerate().map(|(at, row)| insert(&class, at, row)).collect();
        storage.write(changes).await.unwrap();
        for (name, plan) in rows::plans(&class) {
            let question = query(plan.class(), Where::Everything).inner().clone();
            let found = storage.find(plan.allow(question.clone()).unwrap()).await.unwrap();
            let mut found: Vec<String> = found.rows().map(|row| row.id().to_owned()).collect();
            found.sort();
            let admitted = |(at, row): (usize, &Object)| {
                plan.rows().admits(row as &dyn Subject).then(|| format!("o{at:03}"))
            };
            let expected: Vec<String> = rows.iter().enumerate().filter_map(admitted).collect();
            assert_eq!(found, expected, "{name}");
            let count = storage.count(plan.allow(question).unwrap()).await.unwrap();
            assert_eq!(count as usize, expected.len(), "{name}");
            open += expected.len();
            closed += rows::ROWS - expected.len();
        }
    }
    assert!(open > 2_000 && closed > 2_000, "plans differ: {open} rows open, {closed} closed");
}
