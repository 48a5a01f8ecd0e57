//! Definitions against the classes of the contract.

use std::sync::Arc;

use super::*;
use crate::graphql::build::tests::{
    classes, contract_classes, contract_schema, contract_schema_with,
};
use crate::graphql::build::{Fixed, GraphQlSchema, Inputs};
use crate::schema::Snapshot;
use crate::value::ClassName;

/// What is wrong with definitions, as the operator reads it; nothing if nothing is.
fn problems(text: &str) -> String {
    let checked = CustomSchema::read("a.graphql", text).and_then(|custom| {
        let plain = contract_schema();
        let merged = contract_schema_with(CustomSchema::read("a.graphql", text)?);
        check("a.graphql", &custom, &plain, &merged)
    });
    checked.err().map(|problems| problems.to_string()).unwrap_or_default()
}

fn check_problem(text: &str, expected: &str) {
    assert_eq!(problems(text), expected, "{text}");
}

fn mismatch(text: &str, expected: &str) -> Option<String> {
    let found = problems(text);
    (found != expected).then(|| format!("{text}\n  {found}\n  instead of\n  {expected}"))
}

#[test]
fn the_definitions_of_the_contract_are_fine() {
    let text = include_str!("../../../tests/contract/graphql/custom.graphql");
    check_problem(text, "");
    let schema = contract_schema_with(CustomSchema::read("a.graphql", text).unwrap());
    let field = |ty: &str, field: &str| {
        schema.types().type_field(ty, field).map(|field| field.ty.to_string()).unwrap_or_default()
    };
    assert_eq!(field("Query", "customHello"), "String!");
    assert_eq!(field("Query", "teams"), "TeamConnection!");
    assert_eq!(field("Team", "motto"), "String");
    assert_eq!(field("Team", "name"), "String!");
    assert_eq!(field("CustomPair", "b"), "Int");
    assert_eq!(
        schema.custom().functions(),
        ["customHello", "customMutation", "functionThatDoesNotExist", "hello"]
    );
}

#[test]
fn every_kind_of_definition_is_taken() {
    check_problem(
        r#"
        "Who may own." interface Owner { name: String }
        type Cat implements Owner { name: String lives: Int! @resolve(to: "lives") }
        type Dog implements Owner { name: String best: Player }
        union Pet = Cat | Dog | Team
        enum Color { RED GREEN }
        input Paint { color: Color = RED layers: [Int!] = [1] inner: Paint }
        scalar JSON @specifiedBy(url: "https://example.org/json")
        directive @cached(seconds: Int = 5) on FIELD_DEFINITION
        extend interface Owner { age: Int }
        extend type Cat { age: Int }
        extend type Dog { age: Int }
        extend enum Color { BLUE }
        extend union Pet = Player
        extend input Paint { thick: Boolean }
        type Query { pets(paint: Paint!, where: TeamWhereInput): [Pet!]! @resolve @cached owner: Owner @resolve(to: "x") any: JSON @mock(with: {a: [1, RED]}) }
        extend type Player implements Owner { age: Int @mock(with: 5) }
        extend type Comet { tail: String }
        extend type Query { comet: Comet @resolve }
        "#,
        "",
    );
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let mut wrong: Vec<String> = Vec::new();
    wrong.extend(mismatch(
        "type A {\n  b: Int\n",
        "a.graphql:2:10: syntax error: expected R_CURLY, got EOF",
    ));
    wrong.extend(mismatch(
        "type A { b: Int }\ntype A { c: Int }",
        "a.graphql:2:6: the type `A` is defined multiple times in the schema",
    ));
    wrong.extend(mismatch(
        "type A { b: Temm c: Int }\nextend type Query { a(x: Colour): A @resolve }",
        "a.graphql:1:13: there is no type Temm. Did you mean \"Team\"?\na.graphql:2:26: there is no type Colour.",
    ));
    wrong.extend(mismatch(
        "type Team { b: Int }",
        "a.graphql:1:6: the name Team is taken: it is a type of the class Team (to add fields to it: extend type Team)",
    ));
    wrong.extend(mismatch(
        "\n  enum FileInfo { A }",
        "a.graphql:2:8: the name FileInfo is taken: it is a type of the generated schema (to add fields to it: extend type FileInfo)",
    ));
    wrong.extend(mismatch(
        "extend type Query { a: Int }",
        "a.graphql:1:21: the field Query.a has no value: add @resolve or @mock(with: …)",
    ));
    wrong.extend(mismatch(
        "extend type Query { health: Int @resolve }",
        "a.graphql:1:21: the field Query.health is there already",
    ));
    wrong.extend(mismatch(
        "extend type Team { id: Int @resolve }",
        "a.graphql:1:20: the field Team.id is there already",
    ));
    wrong.extend(mismatch(
        "extend type Query { a: Int @resolve(to: \"\") b: Int @mock }",
        "a.graphql:1:28: @resolve needs the name of a cloud function: @resolve(to: \"name\")\na.graphql:1:52: @mock needs a value: @mock(with: …)",
    ));
    wrong.extend(mismatch(
        "schema { query: Query }",
        "a.graphql:1:1: the root types are fixed: extend the types Query and Mutation instead",
    ));
    wrong.extend(mismatch(
        "query { health }",
        "a.graphql:1:1: operations and fragments have no place in a schema",
    ));
    wrong.extend(mismatch(
        "type Subscription { a: Int }",
        "a.graphql:1:1: subscriptions can not be defined here",
    ));
    wrong.extend(mismatch(
        "extend enum Nothing { A }",
        "a.graphql:1:13: there is no type Nothing to extend",
    ));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_can_not_be_extended_is_refused() {
    for text in [
        "extend type Viewer { a: Int @mock(with: 1) }",
        "extend type TeamConnection { a: Int @mock(with: 1) }",
        "extend input CreateTeamFieldsInput { a: Int }",
        "extend enum TeamOrder { A }",
        "extend union ArrayResult = Team",
        "extend input Team { a: Int }",
    ] {
        assert!(problems(text).contains("can not be extended"), "{text}: {}", problems(text));
    }
}

#[test]
fn definitions_that_do_not_fit_together_are_refused() {
    let mut wrong = Vec::new();
    for (text, expected) in [
        ("interface I { a: Int } type T implements I { b: Int }", "a"),
        ("union U = Color enum Color { A }", "Color"),
        ("type T { a: TeamWhereInput }", "output type"),
        ("input I { a: Team }", "input type"),
        ("input I { a: I! }", "I"),
        ("type __T { a: Int }", "__T"),
        ("enum E { A A }", "A"),
        ("extend type Query { a: Int @unknown @resolve }", "unknown"),
        ("type T { a: Int @resolve(too: \"x\") }", "too"),
        ("type T", "T"),
    ] {
        let found = problems(text);
        if !found.starts_with("a.graphql:1:") || !found.contains(expected) {
            wrong.push(format!("{text}: {found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether the compiler finds nothing wrong with a schema.
fn assert_valid(schema: &GraphQlSchema) {
    let checked = Schema::clone(schema.types()).validate();
    assert!(checked.is_ok(), "{}", checked.unwrap_err().errors);
}

#[test]
fn classes_come_and_go_under_the_definitions() {
    let text = "
        type Duel { home: Team! away: Player winner: Comet }
        union Either = Comet | Player
        input Odds { where: CometWhereInput on: Int }
        extend type Comet { tail: String @mock(with: \"long\") }
        extend type Team { last: Duel @resolve comets(odds: Odds): [Comet] @resolve }
        extend type Query { duel: Duel @resolve comet2: Comet @resolve either: Either @resolve }
    ";
    let custom = Arc::new(CustomSchema::read("a.graphql", text).unwrap());
    let fixed = Fixed::new();
    let build = |snapshot: &Snapshot, previous: Option<&GraphQlSchema>| {
        let inputs = Inputs { custom: Arc::clone(&custom), ..classes(snapshot) };
        GraphQlSchema::build(&inputs, &fixed, previous)
    };
    let has = |schema: &GraphQlSchema, ty: &str, field: &str| {
        schema.types().type_field(ty, field).is_ok()
    };
    let first = Snapshot::new(1, contract_classes());
    let without_comet = build(&first, None);
    assert_valid(&without_comet);
    assert!(has(&without_comet, "Team", "last") && has(&without_comet, "Duel", "away"));
    assert!(!has(&without_comet, "Duel", "winner") && !has(&without_comet, "Query", "comet2"));
    assert!(!has(&without_comet, "Team", "comets"));

    let comet = crate::schema::ClassSchema::new(ClassName::from("Comet"));
    let second = first.with(2, comet);
    let with_comet = build(&second, Some(&without_comet));
    assert_valid(&with_comet);
    assert!(has(&with_comet, "Duel", "winner") && has(&with_comet, "Query", "comet2"));
    assert!(has(&with_comet, "Comet", "tail") && has(&with_comet, "Team", "comets"));
    assert_eq!(with_comet.types().types, build(&second, None).types().types);

    let third = second.without(3, &ClassName::from("Team"));
    let without_team = build(&third, Some(&with_comet));
    assert_valid(&without_team);
    assert!(!has(&without_team, "Duel", "home") && has(&without_team, "Duel", "winner"));

    let fourth = third.without(4, &ClassName::from("Comet")).without(5, &ClassName::from("Player"));
    let without_any = build(&fourth, Some(&without_team));
    assert_valid(&without_any);
    assert!(!has(&without_any, "Query", "duel") && !has(&without_any, "Query", "either"));
    assert!(has(&without_any, "Query", "health"));
}

#[test]
fn a_class_that_comes_later_gives_way() {
    let text = "type Comet { a: Int } extend type Query { tails: Comet @resolve } extend type Team { motto: Comet }";
    let custom = Arc::new(CustomSchema::read("a.graphql", text).unwrap());
    let more = ["Comet", "Tail"].map(|name| crate::schema::ClassSchema::new(ClassName::from(name)));
    let snapshot = Snapshot::new(1, contract_classes().into_iter().chain(more));
    let inputs = Inputs { custom, ..classes(&snapshot) };
    let schema = GraphQlSchema::build(&inputs, &Fixed::new(), None);
    assert_valid(&schema);
    assert!(schema.class("Comet").is_none() && schema.class("Tail").is_some());
    assert_eq!(schema.types().type_field("Query", "tails").unwrap().ty.to_string(), "Comet");
}
