//! The SQL for PostgreSQL: every operator on every type, every order, every kind of statement is accepted by a real server,
//! and random conditions find there what `query::matches` says.
//!
//! The server is named by `PARSIMONY_TEST_POSTGRES` (a URL that `psql` understands; its database is written to). Without
//! it, only the texts of a few statements are checked.

#![expect(clippy::unwrap_used, reason = "what goes wrong fails the test")]

#[path = "matches_agree/dice.rs"]
mod dice;
#[path = "matches_agree/rows.rs"]
mod rows;

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;

use dice::{Dice, Object};
use parsimony::access::{Allowed, Plan, Principal, Protection, UserIdentity, WriteAccess};
use parsimony::query::{
    Comparison, Direction, FieldPath, FindRequest, Matcher, OrderBy, Pattern, Query, RegexOptions,
    Subject, Test, TextSearch, Where, parse_filter, parse_pipeline, resolve, resolve_order,
};
use parsimony::schema::{
    Assign, ClassOperation, ClassSchema, Field, FieldChange, FieldType, RelationChange, Row,
};
use parsimony::storage::sql::{self, Bind, Postgres, Statement};
use parsimony::storage::{Delete, Insert, Related, RolesOf, Update};
use parsimony::value::{
    Acl, ClassName, Date, FieldName, Fields, GeoPoint, Json, Members, ObjectId, Pointer, Polygon,
    Value,
};

const SERVER: &str = "PARSIMONY_TEST_POSTGRES";
const CONDITIONS: usize = 1_500;

fn class() -> Arc<ClassSchema> {
    let mut class = dice::class();
    class.fields.insert(
        FieldName::from("friends"),
        Field::plain(FieldType::Relation(ClassName::from("Thing"))),
    );
    Arc::new(class)
}

fn json(text: &str) -> Json {
    Json::parse(text.as_bytes()).unwrap_or_else(|cause| panic!("{text}: {cause}"))
}

fn question(class: &Arc<ClassSchema>, filter: Where) -> Query {
    let columns = class.fields.keys().cloned().collect();
    Query {
        class: Arc::clone(class),
        filter,
        order: Vec::new(),
        skip: 0,
        limit: None,
        columns,
        hint: None,
    }
}

fn allowed(query: Query) -> Allowed<Query> {
    Plan::server(&Arc::clone(&query.class)).allow(query).unwrap()
}

fn find(class: &Arc<ClassSchema>, filter: Where) -> Statement {
    sql::find(&Postgres, &allowed(question(class, filter))).0
}

// ------------------------------------------------------------------------------------------------ without a server

fn check_text(filter: &str, order: &str, expected: &str) {
    let class = class();
    let mut query =
        question(&class, resolve(&parse_filter(&json(filter)).unwrap(), &class).unwrap());
    query.order = resolve_order(&FindRequest::parse_order(order), &class).unwrap();
    query.columns = vec![FieldName::from("objectId"), FieldName::from("point")];
    let text = sql::find(&Postgres, &allowed(query)).0.text;
    let (before, after) = text.split_once(" FROM \"Thing\" AS o").expect("a table");
    assert_eq!(before, "SELECT o.\"objectId\", o.\"point\"[1], o.\"point\"[0]");
    assert_eq!(after, expected, "{filter}");
}

#[test]
fn texts_are_as_expected() {
    check_text(
        r#"{"text":"a","number":{"$gt":1}}"#,
        "",
        r#" WHERE (o."text" = $1::text AND o."number" > $2::double precision)"#,
    );
    check_text(
        r#"{"text":{"$gt":"a"}}"#,
        "-text",
        r#" WHERE o."text" > $1::text COLLATE "C" ORDER BY o."text" COLLATE "C" DESC NULLS FIRST, o."objectId""#,
    );
    check_text(
        r#"{"pointer":{"$in":["x",null]}}"#,
        "",
        r#" WHERE (o."pointer" = ANY ($1::text[]) OR o."pointer" IS NULL)"#,
    );
    check_text(
        r#"{"text":{"$regex":"^ab"}}"#,
        "",
        r#" WHERE (o."text" >= $1::text COLLATE "C" AND o."text" < $2::text COLLATE "C")"#,
    );
    check_text(
        r#"{"number":{"$ne":1}}"#,
        "",
        r#" WHERE o."number" IS DISTINCT FROM $1::double precision"#,
    );
    check_text(
        r#"{"object.a.b":{"$exists":true}}"#,
        "",
        r#" WHERE (NULLIF(o."object" #> $1::text[], 'null'::jsonb) IS NOT NULL)"#,
    );
    let drop = sql::change_field(
        &Postgres,
        &class(),
        &FieldChange::Remove(&FieldName::from("point"), &FieldType::GeoPoint),
    );
    assert_eq!(drop, [r#"ALTER TABLE "Thing" DROP COLUMN "point""#]);
}

#[test]
fn the_password_is_stored_where_the_original_stores_it() {
    let class = Arc::new(ClassSchema::new(ClassName::from("_User")));
    let text = sql::create_table(&Postgres, &class);
    assert!(text.starts_with(r#"CREATE TABLE "_User" ("objectId" text PRIMARY KEY, "createdAt" timestamp with time zone, "#), "{text}");
    assert!(
        text.contains(r#""_hashed_password" text"#) && !text.contains(r#""password""#),
        "{text}"
    );
    assert!(text.contains(r#""_rperm" text[], "_wperm" text[]"#), "{text}");
}

// ---------------------------------------------------------------------------------------------------- with a server

/// Runs a script; gives what it printed, or says which statements failed.
fn run(script: &str) -> Option<Result<String, String>> {
    let Ok(server) = std::env::var(SERVER) else {
        assert!(std::env::var_os("CI").is_none(), "{SERVER} is not set");
        eprintln!("{SERVER} is not set: nothing was sent to a server");
        return None;
    };
    let mut psql = Command::new("psql")
        .args([
            "--no-psqlrc",
            "--quiet",
            "--tuples-only",
            "--no-align",
            "--set=client_min_messages=error",
            &server,
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("psql can be started");
    let mut input = psql.stdin.take().unwrap();
    let script = script.to_owned();
    let writing = std::thread::spawn(move || input.write_all(script.as_bytes()));
    let output = psql.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    if errors.contains("ERROR") || errors.contains("FATAL") || !output.status.success() {
        return Some(Err(errors));
    }
    Some(Ok(String::from_utf8(output.stdout).unwrap()))
}

/// The tables of a class in a schema of their own.
fn tables(schema: &str, class: &ClassSchema) -> String {
    let mut script = format!(
        "SET client_min_messages = error; DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}; SET search_path = {schema};\n"
    );
    script.push_str(&format!("{};\n", sql::create_table(&Postgres, class)));
    for (key, _) in class.relations() {
        sql::create_join(&Postgres, &class.name, key)
            .iter()
            .for_each(|text| script.push_str(&format!("{text};\n")));
    }
    sql::indexes(&Postgres, class)
        .iter()
        .for_each(|index| script.push_str(&format!("{};\n", index.text)));
    script
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn literal(bind: &Bind) -> String {
    let list = |texts: Vec<String>, kind: &str| format!("ARRAY[{}]::{kind}[]", texts.join(","));
    match bind {
        Bind::Null => "NULL".to_owned(),
        Bind::Bool(flag) => flag.to_string(),
        Bind::Integer(number) => number.to_string(),
        Bind::Number(number) => format!("'{number:?}'"),
        Bind::Text(text) | Bind::Json(text) => quoted(text),
        Bind::Date(date) => quoted(&date_text(*date)),
        Bind::Bytes(bytes) => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            quoted(&format!("\\x{digits}"))
        }
        Bind::Texts(texts) => list(texts.iter().map(|text| quoted(text)).collect(), "text"),
        Bind::Grantees(grantees) => list(grantees.names().map(quoted).collect(), "text"),
        Bind::Numbers(numbers) => {
            list(numbers.iter().map(|number| format!("'{number:?}'")).collect(), "double precision")
        }
        Bind::Dates(dates) => {
            list(dates.iter().map(|date| quoted(&date_text(*date))).collect(), "timestamptz")
        }
    }
}

/// PostgreSQL has no year 0: that of ISO 8601 is 1 BC there.
fn date_text(date: Date) -> String {
    match date.to_iso().strip_prefix("0000") {
        Some(rest) => format!("0001{} BC", rest.trim_end_matches('Z')),
        None => date.to_iso(),
    }
}

fn execute(statement: &Statement) -> String {
    let values: Vec<String> = statement.binds.iter().map(literal).collect();
    let values = if values.is_empty() { String::new() } else { format!("({})", values.join(", ")) };
    format!("PREPARE s AS {}; EXECUTE s{values}; DEALLOCATE s;\n", statement.text)
}

fn point(latitude: f64, longitude: f64) -> GeoPoint {
    GeoPoint { latitude, longitude }
}

fn ring() -> Polygon {
    Polygon::new(vec![point(0.0, 0.0), point(0.0, 9.0), point(9.0, 9.0)]).unwrap()
}

fn value(kind: &FieldType) -> Value {
    match kind {
        FieldType::String => Value::String("x".to_owned()),
        FieldType::Number => Value::Number(1.5),
        FieldType::Boolean => Value::Bool(true),
        FieldType::Date => Value::Date(Date::EPOCH),
        FieldType::Object => Value::Object(Members::from([("a".to_owned(), Json::Number(1.0))])),
        FieldType::Array => Value::Array(vec![Json::from("x"), Json::Null]),
        FieldType::GeoPoint => Value::GeoPoint(point(1.0, 2.0)),
        FieldType::Polygon => Value::Polygon(ring()),
        FieldType::File => Value::File("x.png".to_owned()),
        FieldType::Bytes => Value::Bytes(Json::from("AA==")),
        FieldType::Pointer(class) => {
            Value::Pointer(Pointer { class: class.clone(), id: ObjectId::from("x") })
        }
        FieldType::Relation(_) | FieldType::Acl => Value::Null,
    }
}

fn literals(path: &FieldPath) -> Vec<Value> {
    let mut literals = vec![value(&path.kind)];
    if !path.path.is_empty() || matches!(path.kind, FieldType::Object | FieldType::Array) {
        let date = Json::from([("__type", Json::from("Date")), ("iso", Json::from("2024"))]);
        literals.extend([Value::String("x".to_owned()), Value::Number(1.0), Value::Bool(false)]);
        literals.extend(date.as_object().cloned().map(Value::Object));
    }
    literals
}

fn comparisons(literals: &[Value]) -> impl Iterator<Item = Test> {
    let all = [
        Comparison::Equal,
        Comparison::NotEqual,
        Comparison::Less,
        Comparison::LessOrEqual,
        Comparison::Greater,
        Comparison::GreaterOrEqual,
    ];
    literals
        .iter()
        .flat_map(move |literal| all.map(|comparison| Test::Compare(comparison, literal.clone())))
}

fn every_test(path: &FieldPath) -> Vec<Test> {
    let options = RegexOptions { ignore_case: true, ..RegexOptions::default() };
    let pattern = |source: &str| Pattern { source: source.to_owned(), options };
    let search = |case_sensitive| {
        let (term, language) = ("two words".to_owned(), Some("en".to_owned()));
        TextSearch { term, language, case_sensitive, diacritic_sensitive: true }
    };
    let literals = literals(path);
    let elements = vec![Json::from("x"), Json::Number(1.0)];
    let mut tests: Vec<Test> = comparisons(&literals).collect();
    tests.extend([
        Test::Contains(json(r#"{"x":1}"#)),
        Test::ContainsNot(json("null")),
        Test::In { values: literals.clone(), or_null: false },
        Test::In { values: literals.clone(), or_null: true },
        Test::In { values: Vec::new(), or_null: true },
        Test::NotIn(literals),
        Test::NotIn(Vec::new()),
        Test::Exists(true),
        Test::Exists(false),
        Test::All(elements.clone()),
        Test::ContainedBy(elements),
        Test::Regex(pattern("a.b")),
        Test::AllRegex(vec![pattern("^a"), pattern("b$")]),
        Test::Text(search(false)),
        Test::Text(search(true)),
        Test::Near(point(1.0, 2.0), None),
        Test::Near(point(1.0, 2.0), Some(0.1)),
        Test::InBox(point(1.0, 2.0), point(3.0, 4.0)),
        Test::InPolygon(ring()),
        Test::InSphere(point(1.0, 2.0), 0.1),
        Test::Intersects(point(1.0, 2.0)),
        Test::Not(vec![Test::Exists(true), Test::Regex(pattern("a"))]),
        Test::Never,
    ]);
    tests
}

fn conditions(class: &Arc<ClassSchema>) -> Vec<Statement> {
    let mut statements = Vec::new();
    for (field, definition) in &class.fields {
        if matches!(definition.kind, FieldType::Relation(_)) {
            continue;
        }
        for way in [&[][..], &["a"][..], &["0", "b"][..]] {
            let path = FieldPath {
                field: field.clone(),
                kind: definition.kind.clone(),
                path: way.iter().map(|&part| part.to_owned()).collect(),
            };
            for test in every_test(&path) {
                statements.push(find(class, Where::Field(path.clone(), test.clone())));
                statements.push(sql::count(
                    &Postgres,
                    &allowed(question(class, Where::Nor(vec![Where::Field(path.clone(), test)]))),
                ));
            }
            for direction in [Direction::Ascending, Direction::Descending] {
                let mut ordered = question(class, Where::Everything);
                ordered.order = vec![OrderBy::Field(path.clone(), direction), OrderBy::Score];
                (ordered.skip, ordered.limit) = (1, Some(2));
                statements.push(sql::find(&Postgres, &allowed(ordered)).0);
            }
            if definition.kind != FieldType::Acl {
                statements.push(
                    sql::distinct(&Postgres, &allowed(question(class, Where::Everything)), &path).0,
                );
            }
        }
    }
    let relation = FieldName::from("friends");
    let related = Where::RelatedTo {
        class: class.name.clone(),
        owner: ObjectId::from("x"),
        key: relation.clone(),
    };
    let ids = || vec![ObjectId::from("x"), ObjectId::from("y")];
    statements.push(find(
        class,
        Where::All(vec![
            related,
            Where::Relates(relation.clone(), ids()),
            Where::NotRelates(relation.clone(), ids()),
        ]),
    ));
    statements.push(find(
        class,
        Where::Any(vec![Where::Everything, Where::Nothing, Where::Nor(Vec::new())]),
    ));
    let user =
        Principal::User(Arc::new(UserIdentity::new(ObjectId::from("u"), vec!["r".to_owned()])));
    let plan = Plan::compile(class, ClassOperation::Find, &user, &Protection::default()).unwrap();
    statements
        .push(sql::find(&Postgres, &plan.allow(question(class, Where::Everything)).unwrap()).0);
    let owners = Related { class: class.name.clone(), key: relation, owners: ids() };
    let mut page = question(class, Where::Everything);
    (page.skip, page.limit) = (1, Some(2));
    statements.push(sql::find_related(&Postgres, &allowed(page.clone()), &owners).0);
    statements.push(sql::count_related(&Postgres, &allowed(page), &owners));
    statements
}

fn scored(class: &Arc<ClassSchema>) -> Statement {
    let filter = resolve(
        &parse_filter(&json(r#"{"words":{"$text":{"$search":{"$term":"a"}}}}"#)).unwrap(),
        class,
    )
    .unwrap();
    let mut query = question(class, filter);
    query.order = vec![OrderBy::Score];
    sql::find(&Postgres, &allowed(query)).0
}

/// An update by somebody, of the object `x`.
fn update(
    class: &Arc<ClassSchema>,
    columns: Vec<(FieldName, Assign)>,
    returning: Vec<FieldName>,
) -> Statement {
    let plan =
        Plan::compile(class, ClassOperation::Update, &Principal::Public, &Protection::default())
            .unwrap();
    let guard = resolve(&parse_filter(&json(r#"{"number":{"$lt":5}}"#)).unwrap(), class).unwrap();
    let row = Row { columns, relations: Vec::new() };
    let (class, id) = (Arc::clone(class), ObjectId::from("x"));
    let update = Update { class, id, guard, now: Some(Date::EPOCH), row, returning };
    sql::update(&Postgres, &plan.allow_change(update, WriteAccess::of_server())).0
}

fn whole_values(class: &Arc<ClassSchema>) -> Vec<Statement> {
    let mut dice = Dice(7);
    let mut statements = Vec::new();
    for number in 0..20 {
        let object = dice::object(&mut dice, class);
        let set = |(name, value): (&FieldName, &Value)| (name.clone(), Assign::Set(value.clone()));
        let mut columns: Vec<(FieldName, Assign)> = object.iter().map(set).collect();
        let acl = Acl::new(vec!["*".to_owned()], Vec::new());
        columns.push((FieldName::from("ACL"), Assign::Set(Value::Acl(Some(acl)))));
        let row = Row { columns: columns.clone(), relations: Vec::new() };
        let id = ObjectId::from(format!("x{number}"));
        statements.push(sql::insert(
            &Postgres,
            &Insert { class: Arc::clone(class), id, now: Date::EPOCH, row },
        ));
        statements.push(update(class, columns, class.fields.keys().cloned().collect()));
    }
    statements
}

fn relative_values(class: &Arc<ClassSchema>) -> Vec<Statement> {
    let one = || vec![json(r#"{"a":1}"#), Json::from("x")];
    let way = |parts: &[&str]| parts.iter().map(|&part| part.to_owned()).collect::<Vec<_>>();
    let nothing = || Assign::Set(Value::Null);
    let cases = [
        vec![("number", Assign::Increment(1.5)), ("array", Assign::Add(one()))],
        vec![("array", Assign::AddUnique(one()))],
        vec![
            ("array", Assign::Remove(one())),
            ("text", nothing()),
            ("point", nothing()),
            ("ACL", nothing()),
        ],
        vec![
            ("object", Assign::SetPath(way(&["a", "0", "c"]), Json::from("x"))),
            ("object", Assign::IncrementPath(way(&["b"]), 1.0)),
            ("object", Assign::UnsetPath(way(&["a", "d"]))),
        ],
    ];
    let render = |columns: Vec<(&str, Assign)>| {
        let columns =
            columns.into_iter().map(|(name, assign)| (FieldName::from(name), assign)).collect();
        update(class, columns, vec![FieldName::from("object"), FieldName::from("point")])
    };
    cases.into_iter().map(render).collect()
}

fn changes(class: &Arc<ClassSchema>) -> Vec<Statement> {
    let mut statements = whole_values(class);
    statements.extend(relative_values(class));
    let plan =
        Plan::compile(class, ClassOperation::Delete, &Principal::Public, &Protection::default())
            .unwrap();
    let id = ObjectId::from("x");
    let delete = Delete { class: Arc::clone(class), id: id.clone() };
    statements.push(sql::delete(&Postgres, &plan.allow_change(delete, WriteAccess::of_server())));
    let (add, remove) = (vec![id.clone()], vec![id.clone()]);
    let relation = RelationChange {
        field: FieldName::from("friends"),
        target: class.name.clone(),
        add,
        remove,
    };
    statements.extend(sql::relation_changes(&Postgres, class, &id, &[relation]));
    statements.extend(sql::delete_relations(&Postgres, class, &id));
    statements.extend(sql::rename_relations(&Postgres, class, &id, &ObjectId::from("y")));
    statements.extend(sql::purge(&Postgres, class));
    statements
}

fn pipelines(class: &Arc<ClassSchema>) -> Vec<Statement> {
    let accumulators = |field: &str| {
        ["sum", "avg", "min", "max", "first", "last", "push", "addToSet"]
            .map(|name| format!(r#""{name}":{{"${name}":"${field}"}}"#))
            .join(",")
    };
    let mut texts = vec![
        r#"[]"#.to_owned(),
        r#"[{"$match":{"number":{"$gt":1},"object.a":2}},{"$sort":{"text":-1,"object.a":1}},{"$skip":1},{"$limit":2},{"$sample":{"size":1}}]"#.to_owned(),
        r#"[{"$project":{"text":1,"label":"$point","inside":"$object.a","year":{"$year":"$date"},"_id":1}},{"$match":{"inside":1}}]"#.to_owned(),
        r#"[{"$addFields":{"o":{"a":"$text","b":"$number","c":"$date","d":{"$month":"$date"},"e":"$object.a","f":"literal"},"n":null,"t":{"$dateToString":{"format":"%Y-%m-%d at %H:%M","date":"$date"}}}},{"$unset":"object"}]"#.to_owned(),
        r#"[{"$unwind":{"path":"$array","includeArrayIndex":"at","preserveNullAndEmptyArrays":true}},{"$group":{"_id":"$array","n":{"$sum":"$array"}}},{"$sort":{"_id":1}}]"#.to_owned(),
        r#"[{"$unwind":"$array"},{"$unwind":"$text"},{"$count":"n"}]"#.to_owned(),
        r#"[{"$group":{"_id":{"t":"$text","y":{"$year":"$date"}},"n":{"$sum":1}}},{"$project":{"n":1}}]"#.to_owned(),
        r#"[{"$group":{"_id":{"$hour":"$date"},"n":{"$sum":2.5},"c":{"$count":{}}}},{"$match":{"n":{"$gt":1}}},{"$sort":{"n":-1}}]"#.to_owned(),
    ];
    for (field, _) in class.fields.iter().filter(|(_, field)| {
        !matches!(field.kind, FieldType::Relation(_) | FieldType::Acl | FieldType::Polygon)
    }) {
        texts.push(format!(r#"[{{"$group":{{"_id":"${field}",{}}}}}]"#, accumulators(field)));
        texts.push(format!(
            r#"[{{"$group":{{"_id":null,{}}}}}]"#,
            accumulators(&format!("{field}.a"))
        ));
    }
    let render = |text: &String| {
        let pipeline = parse_pipeline(&json(text), class)
            .unwrap_or_else(|error| panic!("{text}: {}", error.text()));
        sql::aggregate(&Postgres, &Plan::server(class).allow_pipeline(pipeline).unwrap()).0
    };
    texts.iter().map(render).collect()
}

#[test]
fn the_server_takes_every_statement() {
    let class = class();
    let mut statements = conditions(&class);
    statements.push(scored(&class));
    statements.extend(pipelines(&class));
    statements.extend(changes(&class));
    let mut script = tables("parsimony_sql", &class);
    let mut seen = BTreeSet::new();
    for statement in &statements {
        if seen.insert(statement.text.clone()) {
            // Once prepared only, as a driver does it; once with its values.
            script.push_str(&format!("PREPARE p AS {}; DEALLOCATE p;\n", statement.text));
        }
        script.push_str(&execute(statement));
    }
    script.push_str("DROP SCHEMA parsimony_sql CASCADE;\n");
    assert!(seen.len() > 500, "{} different statements", seen.len());
    if let Some(Err(errors)) = run(&script) {
        panic!(
            "{} lines of errors, the first: {}",
            errors.lines().count(),
            errors.lines().take(12).collect::<Vec<_>>().join("\n")
        );
    }
}

/// Whether PostgreSQL and this program mean the same by a condition: patterns and words have rules of their own there.
fn is_common(filter: &Where) -> bool {
    if let Where::All(parts) | Where::Any(parts) | Where::Nor(parts) = filter {
        return parts.iter().all(is_common);
    }
    if let Where::Field(_, test) = filter { is_common_test(test) } else { true }
}

fn is_common_test(test: &Test) -> bool {
    if let Test::Not(tests) = test {
        return tests.iter().all(is_common_test);
    }
    !matches!(test, Test::Regex(_) | Test::AllRegex(_) | Test::Text(_))
}

#[test]
fn the_server_finds_what_memory_finds() {
    let class = class();
    let mut dice = Dice(0x1234_5678_9abc_def1);
    let objects: Vec<Object> = (0..40).map(|_| dice::object(&mut dice, &class)).collect();
    let mut script = tables("parsimony_agree", &class);
    for (at, object) in objects.iter().enumerate() {
        let columns =
            object.iter().map(|(name, value)| (name.clone(), Assign::Set(value.clone()))).collect();
        let id = ObjectId::from(format!("o{at:03}"));
        let insert = Insert {
            class: Arc::clone(&class),
            id,
            now: Date::EPOCH,
            row: Row { columns, relations: Vec::new() },
        };
        script.push_str(&execute(&sql::insert(&Postgres, &insert)));
    }
    let filters: Vec<Where> = std::iter::repeat_with(|| dice.condition(&class, 2))
        .filter(is_common)
        .take(CONDITIONS)
        .collect();
    for filter in &filters {
        for filter in [filter.clone(), Where::Nor(vec![filter.clone()])] {
            let mut query = question(&class, filter);
            query.columns = vec![FieldName::from("objectId")];
            query.order = resolve_order(&FindRequest::parse_order("objectId"), &class).unwrap();
            script.push_str(&execute(&sql::find(&Postgres, &allowed(query)).0));
            script.push_str("SELECT 'end';\n");
        }
    }
    script.push_str("DROP SCHEMA parsimony_agree CASCADE;\n");
    let Some(output) = run(&script) else { return };
    let output = output.unwrap_or_else(|errors| {
        panic!("{}", errors.lines().take(12).collect::<Vec<_>>().join("\n"))
    });
    let mut answers = output.split("end\n");
    for filter in &filters {
        let matcher = Matcher::new(filter.clone());
        for answer in [Some(true), Some(false)] {
            let meets = |(at, object): (usize, &Object)| {
                (matcher.matches(object as &dyn Subject) == answer).then(|| format!("o{at:03}"))
            };
            let expected: Vec<String> = objects.iter().enumerate().filter_map(meets).collect();
            let found: Vec<&str> = answers
                .next()
                .expect("an answer")
                .lines()
                .map(|line| line.split('|').next().unwrap_or_default())
                .collect();
            assert_eq!(found, expected, "{answer:?}: {filter:?}");
        }
    }
}

#[test]
fn the_server_opens_the_rows_that_memory_opens() {
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    for name in rows::CLASSES {
        let class = Arc::new(rows::class(name));
        let rows: Vec<Object> =
            (0..rows::ROWS).map(|at| rows::row(&mut dice, &format!("o{at:03}"))).collect();
        let mut script = tables("parsimony_rows", &class);
        for row in &rows {
            let Some(Value::String(id)) = row.get("objectId") else { panic!("an id") };
            let set =
                |(name, value): (&FieldName, &Value)| (name.clone(), Assign::Set(value.clone()));
            let row = Row { columns: row.iter().map(set).collect(), relations: Vec::new() };
            let (class, id) = (Arc::clone(&class), ObjectId::from(id.as_str()));
            let insert = Insert { class, id, now: Date::EPOCH, row };
            script.push_str(&execute(&sql::insert(&Postgres, &insert)));
        }
        let plans = rows::plans(&class);
        for (_, plan) in &plans {
            let mut query = question(plan.class(), Where::Everything);
            query.columns = vec![FieldName::from("objectId")];
            query.order = resolve_order(&FindRequest::parse_order("objectId"), &class).unwrap();
            script.push_str(&execute(&sql::find(&Postgres, &plan.allow(query).unwrap()).0));
            script.push_str("SELECT 'end';\n");
        }
        script.push_str("DROP SCHEMA parsimony_rows CASCADE;\n");
        let Some(output) = run(&script) else { return };
        let output = output.unwrap_or_else(|errors| {
            panic!("{}", errors.lines().take(12).collect::<Vec<_>>().join("\n"))
        });
        let mut answers = output.split("end\n");
        for (name, plan) in &plans {
            let admitted = |(at, row): (usize, &Object)| {
                plan.rows().admits(row as &dyn Subject).then(|| format!("o{at:03}"))
            };
            let expected: Vec<String> = rows.iter().enumerate().filter_map(admitted).collect();
            let found: Vec<&str> = answers.next().expect("an answer").lines().collect();
            assert_eq!(found, expected, "{name}");
        }
    }
}

#[test]
fn the_server_finds_the_roles_of_a_user() {
    let class = Arc::new(ClassSchema::new(ClassName::from("_Role")));
    let mut script = tables("parsimony_roles", &class);
    // A circle (a, b, c), a role that contains itself, and one whose role inside is gone.
    for (id, users, roles) in
        [("a", "ann", "c"), ("b", "", "a"), ("c", "", "b"), ("d", "bob", "d"), ("e", "", "gone")]
    {
        let mut fields = Fields::default();
        fields.set("name", Value::String(format!("role {id}")));
        let mut row = Row::of_new(&class, fields).unwrap();
        for (field, target, related) in [("users", "_User", users), ("roles", "_Role", roles)] {
            row.relations.push(RelationChange {
                field: FieldName::from(field),
                target: ClassName::from(target),
                add: related.split_whitespace().map(ObjectId::from).collect(),
                remove: Vec::new(),
            });
        }
        let (id, now) = (ObjectId::from(id), Date::EPOCH);
        let relations = sql::relation_changes(&Postgres, &class, &id, &row.relations);
        let insert = Insert { class: Arc::clone(&class), id, now, row };
        script.push_str(&execute(&sql::insert(&Postgres, &insert)));
        relations.iter().for_each(|statement| script.push_str(&execute(statement)));
    }
    for user in ["ann", "bob", "eve", "gone"] {
        let question = RolesOf { class: Arc::clone(&class), user: ObjectId::from(user) };
        let allowed = Plan::server(&class).allow_fixed(question);
        let statement = sql::roles_of(&Postgres, &allowed);
        script.push_str(&format!("PREPARE p AS {}; DEALLOCATE p;\n", statement.text));
        script.push_str(&format!("SELECT '{user}';\n"));
        script.push_str(&execute(&statement));
    }
    script.push_str("DROP SCHEMA parsimony_roles CASCADE;\n");
    let Some(found) = run(&script) else { return };
    let found = found.unwrap_or_else(|errors| panic!("{errors}"));
    let lines: Vec<&str> = found.lines().filter(|line| !line.is_empty()).collect();
    let expected = ["ann", "a|role a", "b|role b", "c|role c", "bob", "d|role d", "eve", "gone"];
    assert_eq!(lines, expected);
}
