//! One set of cases that every back end passes: each is an async function over a fresh, empty database.
//!
//! `storage_suite!(name, open)` makes a test of each case for one back end.

pub(in crate::storage) mod aggregates;
pub(in crate::storage) mod blobs;
pub(in crate::storage) mod changes;
pub(in crate::storage) mod classes;
pub(in crate::storage) mod operators;
pub(in crate::storage) mod orders;
pub(in crate::storage) mod questions;
pub(in crate::storage) mod roles;
pub(in crate::storage) mod rows;
pub(in crate::storage) mod transactions;
pub(in crate::storage) mod watched;
pub(in crate::storage) mod world;

pub(crate) use world::{Opened, World};

macro_rules! cases {
    ($($file:ident: $($case:ident)*;)*) => {
        /// Makes a test of each case for one back end; `$open` gives an empty database, or nothing if there is no server
        /// to make it on.
        macro_rules! storage_suite {
            ($name:ident, $open:path) => {
                mod $name {
                    $($(
                        #[test]
                        fn $case() {
                            $crate::storage::suite::run(|| async {
                                if let Some(opened) = $open().await {
                                    let world = $crate::storage::suite::World::new(opened).await;
                                    $crate::storage::suite::$file::$case(world).await;
                                }
                            });
                        }
                    )*)*
                }
            };
        }
    };
}

cases! {
    questions: get_and_find_rows count_rows pages_are_stable limits_and_skips columns_are_read_in_order
        rows_are_filtered_by_grantee an_unknown_relation_is_empty;
    operators: text_tests number_tests boolean_tests date_tests pointer_tests array_tests object_tests path_tests
        geo_tests polygon_tests file_and_bytes_tests pattern_tests word_tests logic_tests relation_tests long_lists;
    orders: order_by_every_type empty_values_have_their_place near_points_come_first scores_rank;
    changes: every_type_comes_back update_assigns relative_changes_return paths_inside_objects
        guards_and_missing_rows deletes_take_relations_along all_changes_or_none a_taken_id_is_refused
        relations_change_with_their_object an_object_is_renamed concurrent_increments hostile_texts_stay_texts
        inserts_that_meet nul_is_kept_or_refused;
    classes: classes_are_loaded_as_they_were_made a_stale_version_is_noticed fields_come_and_go
        classes_change_under_readers unique_names indexes_come_and_go purge_and_drop names_that_differ_in_case related_pages;
    aggregates: distinct_values groups stages plans_are_explained;
    blobs: content_comes_back empty_content_is_content a_name_has_the_content_that_was_published_last
        removed_content_is_gone discarded_content_can_not_be_published uploads_under_one_name_do_not_mix
        files_are_no_classes;
    roles: roles_reach_the_users_of_roles_inside circles_of_roles_end a_role_that_is_gone_leads_nowhere;
    rows: rows_are_filtered_by_the_fields_that_name_a_user changes_are_filtered_by_the_fields_that_name_a_user
        a_user_is_not_hidden_from_himself columns_that_decide_are_read;
    transactions: a_transaction_sees_itself_only a_dropped_transaction_is_undone a_late_transaction_is_undone
        a_failed_write_leaves_the_transaction_usable writes_wait_for_a_transaction;
    watched: rows_are_seen_as_they_are_found nothing_is_seen_where_nothing_happens a_renamed_object_is_seen
        only_what_lasts_is_seen changes_that_meet_are_seen_in_their_order new_objects_that_meet_are_seen
        a_witness_that_panics_harms_nobody secrets_are_not_seen;
}

/// Runs a case on a runtime of its own.
pub(crate) fn run<F: Future<Output = ()>>(case: impl FnOnce() -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime can be made").block_on(case());
}

storage_suite!(sqlite_file, crate::storage::suite::sqlite_file);
storage_suite!(sqlite_memory, crate::storage::suite::sqlite_memory);

use crate::storage::sqlite::{Location, SqliteOptions, SqliteStorage, Synchronous};

async fn sqlite_file() -> Option<Opened> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let location = Location::File(folder.path().join("test.db"));
    let storage = SqliteStorage::open(SqliteOptions {
        location,
        readers: 2,
        synchronous: Synchronous::Normal,
    });
    Some(Opened { storage: storage.expect("a database"), keep: Some(Box::new(folder)) })
}

async fn sqlite_memory() -> Option<Opened> {
    let options =
        SqliteOptions { location: Location::Memory, readers: 2, synchronous: Synchronous::Normal };
    Some(Opened { storage: SqliteStorage::open(options).expect("a database"), keep: None })
}
