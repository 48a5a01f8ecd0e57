//! Permissions, crossed: every door that reads or writes, with every device that permits or hides, for every
//! kind of caller. What all doors must answer is worked out by a model of a few rules, from the fixture alone.
//!
//! Where a door is refused as a whole, its row in the table of doors says by which operation's permission.

mod changes;
mod coverage;
mod doors;
mod fixture;
mod graphql_doors;
mod graphql_names;
mod model;
mod owners;
mod rest_doors;
mod writes;

use std::panic::{self, AssertUnwindSafe};

use doors::Scene;
use fixture::{Target, World};
use graphql_names::Roots;
use model::{CALLERS, Outcome, Who};

use crate::support::together;

/// Enough to keep the server busy.
const THREADS: usize = 3;
const SHOWN_MAX: usize = 30;

/// Fails with the first of many complaints.
fn assert_none(wrong: &[String]) {
    let shown = wrong[..wrong.len().clamp(0, SHOWN_MAX)].join("\n");
    assert!(wrong.is_empty(), "{} differences:\n{shown}", wrong.len());
}

/// Does a part of the work for every target, on a few threads.
fn on_targets(world: &World, work: impl Fn(&Target) -> Vec<String> + Sync) -> Vec<String> {
    let parts = together(THREADS, |number| {
        let mine = world.targets.iter().enumerate().filter(|(at, _)| at % THREADS == number);
        mine.flat_map(|(_, target)| work(target)).collect::<Vec<_>>()
    });
    parts.concat()
}

/// Asks. A door that can not read its answer is a complaint like others.
fn caught(ask: impl FnOnce() -> Outcome) -> Outcome {
    panic::catch_unwind(AssertUnwindSafe(ask)).unwrap_or_else(|cause| {
        let text = cause.downcast_ref::<String>().cloned();
        Outcome::Unreadable(text.unwrap_or_else(|| "an answer of another kind".to_owned()))
    })
}

/// Asks every door of every class for every caller, and compares with the model.
fn cross(world: &World) -> Vec<String> {
    let roots = Roots::of(&world.caller(Who::Master));
    let doors = doors::all();
    on_targets(world, |target| {
        let mut wrong = Vec::new();
        for who in CALLERS {
            let names = roots.names(&target.class);
            let names = names.unwrap_or_else(|| panic!("not in the schema: {}", target.class));
            let scene = Scene { target, roots: &roots, names, who, caller: world.caller(who) };
            for door in doors.iter().filter(|door| door.leads_to(target)) {
                let expected = door.expected(&target.seen_by(who));
                let was = caught(|| (door.ask)(&scene));
                if expected != was {
                    wrong.push(format!(
                        "{} through `{}` by {who:?}:\n  expected {expected:?}\n  was      {was:?}",
                        target.class, door.name
                    ));
                }
            }
        }
        wrong
    })
}

#[test]
fn all_doors_give_the_same_rows_and_fields() {
    assert_none(&cross(&World::new()));
}

#[test]
fn all_doors_give_the_same_as_of_9_10() {
    assert_none(&cross(&World::as_of_9_10()));
}

#[test]
fn all_doors_allow_the_same_writes() {
    let world = World::new();
    let roots = Roots::of(&world.caller(Who::Master));
    // What may be written of the server's own classes has rules of its own, and tests of its own.
    let is_own = |target: &Target| target.class.starts_with('_');
    let wrong = on_targets(&world, |target| match is_own(target) {
        true => Vec::new(),
        false => writes::Writes::new(&world, &roots, target).cross(),
    });
    assert_none(&wrong);
}

#[test]
fn all_doors_add_fields_alike() {
    const DEVICES: [&str; 7] = [
        "AddFieldClosed",
        "ForUser",
        "ForAnyUser",
        "ByUserField",
        "ByPointerField",
        "PointerOrRole",
        "PointerOfUser",
    ];
    let devices = fixture::devices().into_iter().filter(|device| DEVICES.contains(&device.name));
    let world = World::with(devices.collect());
    let roots = Roots::of(&world.caller(Who::Master));
    let wrong = on_targets(&world, |target| match DEVICES.contains(&target.device.name) {
        true => writes::Writes::adding_fields(&world, &roots, target).cross(),
        false => Vec::new(),
    });
    assert_none(&wrong);
}
