//! What was done to servers of this kind, and the tests that it can not be done here: attacks on authorization,
//! sessions, auth adapters, enumeration, single use and calls of cloud code. Each attack has tests of its own, and each test is there.

use std::fs;
use std::path::Path;

/// The tests of an attack: the class of attacks, the attack, and `file::test` for each test.
type Row = (&'static str, &'static str, &'static [&'static str]);

/// Files of `tests` that stand beside `tests/it`.
const PROVIDERS: [&str; 6] =
    ["by_code", "by_directory", "by_question", "by_signature", "by_signed_token", "settings"];

const AUTHORIZATION: &[Row] = &[
    (
        "a door forgets a rule",
        "one path checks less than another: find, get, count, relation, include, subquery, batch, GraphQL",
        &[
            "permissions::all_doors_give_the_same_rows_and_fields",
            "permissions::all_doors_give_the_same_as_of_9_10",
            "permissions::all_doors_allow_the_same_writes",
            "permissions::all_doors_add_fields_alike",
            "permissions/coverage::every_route_is_crossed",
            "permissions/coverage::every_root_field_is_crossed",
            "permissions/coverage::every_other_name_of_a_class_is_asked",
            "permissions/coverage::every_target_of_the_process_is_known",
        ],
    ),
    (
        "a door forgets a rule",
        "rights that were taken away still hold in a cache",
        &[
            "permissions/changes::members_come_and_go",
            "permissions/changes::members_come_and_go_in_batches_and_transactions",
            "permissions/changes::members_come_and_go_through_graphql",
            "permissions/changes::roles_inside_of_roles_come_and_go",
            "permissions/changes::a_role_that_is_gone_gives_nothing",
            "permissions/changes::class_level_permissions_change",
            "permissions/changes::sessions_end",
            "roles::who_lost_a_role_never_sees_what_it_sees",
            "concurrency_identity::members_who_come_at_once_all_stay",
        ],
    ),
    (
        "a door forgets a rule",
        "accounts and roles are written by somebody else, roles lose their list or take a name",
        &[
            "security_accounts::accounts_are_written_by_their_owner_alone",
            "security_accounts::a_role_keeps_its_name_and_its_list",
            "security_accounts::lists_that_are_none_open_nothing",
            "security_accounts::the_list_of_a_class_is_for_objects_without_one",
            "roles::a_role_is_written_by_whom_its_list_names",
        ],
    ),
    (
        "operator smuggling",
        "an operator where a name, a password, an id or a token belongs",
        &[
            "security_accounts::operators_where_credentials_belong",
            "security_accounts::operators_where_session_tokens_belong",
            "security_mails::operator_smuggling_in_tokens_and_addresses",
            "security_smuggling::keys_of_callers_are_texts",
            "security_smuggling::ids_of_new_objects_are_texts",
            "security_smuggling::arguments_of_graphql_are_typed",
        ],
    ),
    (
        "guessing hidden values by search",
        "hidden fields in where, order, keys, distinct, subqueries, of objects and of accounts",
        &[
            "security_accounts::guessing_hidden_values_of_accounts_by_search",
            "security_accounts::no_aggregation_answers_what_only_the_server_reads",
            "security_mails::guessing_hidden_values_tokens_are_not_to_be_seen_or_asked_for",
            "security_hidden_fields::where_on_a_hidden_field",
            "security_hidden_fields::a_hidden_field_in_a_query_inside_a_query",
            "security_hidden_fields::order_by_a_hidden_field",
            "security_hidden_fields::query_plans_are_no_oracle",
            "security_hidden_fields::where_of_graphql_on_a_hidden_field",
        ],
    ),
    (
        "relations as a side door",
        "related objects without the right to read their owner, join tables written directly",
        &[
            "permissions/owners::relations_are_for_readers_of_their_owners",
            "security_relations::the_owner_must_be_readable",
            "security_relations::counting_needs_a_readable_owner_too",
            "security_relations::nested_relations_of_graphql",
            "security_relations::join_tables_are_not_addressable",
        ],
    ),
    (
        "secret fields from account endpoints",
        "log-in, me, verifyPassword, sessions, loginAs, viewer answer what only the server knows",
        &[
            "security_accounts::secret_fields_are_in_no_answer_of_account_endpoints",
            "security_accounts::secret_fields_of_others_are_in_no_answer",
            "security_accounts::protected_fields_are_hidden_by_all_account_endpoints_alike",
            "second_factor::secrets_of_second_factors_are_shown_to_nobody",
        ],
    ),
    (
        "internal classes and ids",
        "internal classes by any route, `role:x` as an id, pointers and redirects into them",
        &[
            "security_internal_classes::clients_can_not_touch_them",
            "security_internal_classes::a_query_inside_a_query_does_not_reach_them",
            "security_internal_classes::includes_do_not_reach_them",
            "security_internal_classes::a_redirect_does_not_reach_them",
            "security_internal_classes::global_ids_name_only_classes_of_the_schema",
            "security_accounts::a_session_opens_no_internal_class",
            "security_accounts::ids_that_clients_choose_are_no_principals",
            "security_sessions::ids_of_users_are_no_names_of_roles",
        ],
    ),
    (
        "read-only master key that writes",
        "any route, batch entry, mutation or stage of an aggregation",
        &[
            "permissions/coverage::every_route_that_writes_is_closed_to_the_read_only_key",
            "security_accounts::the_read_only_key_writes_no_account",
            "security_sessions::the_read_only_key_opens_and_ends_no_session",
            "security_sessions::aggregation_is_for_the_read_only_key_only_if_it_is_said",
            "security_read_only_key::no_route_lets_it_write",
            "security_read_only_key::no_override_of_the_method_lets_it_write",
            "security_read_only_key::no_batch_lets_it_write",
            "security_read_only_key::no_mutation_lets_it_write",
            "security_read_only_key::no_aggregation_writes",
        ],
    ),
    (
        "proxy and address trust",
        "a forged header passes masterKeyIps",
        &[
            "security_addresses::forged_headers_are_not_believed",
            "security_addresses::a_refused_address_is_refused_on_every_door",
            "security_addresses::only_the_address_that_the_proxy_named_counts",
            "security_addresses::the_read_only_key_has_addresses_of_its_own",
            "security_accounts::a_session_does_not_lend_rights_to_a_wrong_key",
        ],
    ),
];

const LIVE: &[Row] = &[
    (
        "LiveQuery authorization",
        "the rules of the class, pointer permissions and hidden fields do not hold for events",
        &[
            "security_live::the_rules_of_a_class_hold_for_subscriptions",
            "security_live::pointer_permissions_hold_for_each_row",
            "security_live::hidden_fields_are_hidden_before_and_after",
            "security_live::accounts_show_no_internals",
            "security_live::sessions_are_heard_of_by_their_owner_alone",
            "security_live::classes_of_the_server_are_closed",
        ],
    ),
    (
        "LiveQuery authorization",
        "a list that changes, a role that comes and goes, a session that is over",
        &[
            "security_live::lists_that_change_show_nothing_of_what_may_not_be_seen",
            "security_live::sessions_that_are_over_hear_nothing",
        ],
    ),
    (
        "LiveQuery authorization",
        "a trigger brings back what is hidden, or asks what the caller may not ask",
        &["security_live_hooks::what_a_trigger_changes_shows_no_hidden_field"],
    ),
    (
        "LiveQuery authorization",
        "subscriptions of GraphQL pass by a guard of the API",
        &[
            "live/graphql::keys_hold_as_for_requests",
            "live/graphql::hidden_fields_stay_hidden_and_are_no_oracle",
            "live/graphql::classes_that_may_not_be_found_may_not_be_subscribed_to",
            "live/graphql::a_session_that_ends_ends_the_subscription_and_not_the_socket",
            "live/graphql_stream::keys_and_sessions_hold",
            "security_live_hooks::graphql_is_told_what_a_trigger_makes_of_an_event",
        ],
    ),
    (
        "guessing hidden values by search",
        "hidden fields in the conditions and in the watch list of a subscription",
        &["security_live::hidden_fields_can_not_be_asked_for"],
    ),
    (
        "operator smuggling",
        "an operator where a session token, a class, a key or a request id belongs in a message",
        &["security_live::operators_where_texts_belong"],
    ),
    (
        "denial of service",
        "patterns that take exponential time, deep conditions, prototype keys in a subscription",
        &["security_live::questions_that_cost_much_are_refused_or_cheap"],
    ),
    (
        "keys beyond their limits",
        "read-only and maintenance keys, a master key from elsewhere, on a socket",
        &["security_live::a_master_key_is_worth_what_the_options_say"],
    ),
];

const HOOKS: &[Row] = &[
    (
        "a door forgets a rule",
        "hooks that hear of questions are gone round by includes, queries inside queries, plans or pipelines",
        &[
            "cloud/trigger_finds::answers_are_changed",
            "cloud/trigger_finds::inner_questions_are_heard_too",
            "cloud/trigger_finds::a_question_is_refused_or_replaced",
            "cloud/trigger_finds::graphql_shows_what_hooks_show",
        ],
    ),
    (
        "a door forgets a rule",
        "a hook's question shows more than its caller may see; its answer to a write tells hidden fields",
        &[
            "cloud/trigger_finds::a_hook_never_shows_more_than_the_caller_may_see",
            "cloud/trigger_finds::a_hook_answers_in_place_of_the_database",
            "cloud/trigger_saves::hidden_fields_are_not_told",
            "cloud/trigger_saves::hooks_hear_of_nothing_that_the_caller_may_not_do",
            "cloud/trigger_saves::what_a_hook_sets_is_checked_like_what_a_client_sets",
        ],
    ),
    (
        "forged identity",
        "a hook gives an account an identity that no provider confirmed, or tells a password",
        &[
            "cloud/trigger_users::only_providers_say_who_somebody_is_elsewhere",
            "cloud/trigger_users::signing_up_is_heard_of",
            "cloud/trigger_users::logging_in_and_out_is_heard_of",
        ],
    ),
    (
        "denial of service",
        "hooks that call themselves without end, or hold a transaction open",
        &[
            "cloud/trigger_saves::cloud_code_does_not_call_itself_without_end",
            "cloud/trigger_transactions::a_hook_that_hangs_ends_the_transaction_and_nothing_else",
        ],
    ),
];

const SESSIONS: &[Row] = &[
    (
        "session fields writable",
        "server-owned fields of sessions and accounts set by clients",
        &[
            "security_sessions::server_owned_fields_of_sessions_are_not_writable",
            "security_sessions::server_owned_fields_of_new_sessions_are_the_servers",
            "security_accounts::server_owned_fields_of_accounts_are_not_writable",
            "security_accounts::sessions_are_no_way_to_other_accounts",
            "security_sessions::sessions_of_others_are_out_of_reach",
        ],
    ),
    (
        "session fields writable",
        "expiry and end of a session ignored where it is known",
        &[
            "security_sessions::a_session_that_is_over_is_refused_though_it_is_known",
            "permissions/changes::sessions_end",
            "sessions::a_user_who_goes_takes_his_sessions_along",
            "sessions::a_new_password_ends_all_sessions",
        ],
    ),
];

const ADAPTERS: &[Row] = &[
    (
        "auth adapters",
        "`alg` of the token, a key of somebody else, missing or wrong audience, issuer and time",
        &[
            "by_signed_token::auth_adapters_do_not_let_a_token_choose_its_algorithm",
            "by_signed_token::auth_adapters_refuse_tokens_that_say_something_else",
            "by_signed_token::auth_adapters_refuse_tokens_that_the_provider_did_not_sign",
        ],
    ),
    (
        "auth adapters",
        "a token of another app or account, an app id that only begins alike",
        &[
            "by_question::auth_adapters_refuse_tokens_of_other_accounts_and_apps",
            "by_question::auth_adapters_compare_whole_app_ids",
            "by_code::auth_adapters_refuse_the_id_of_somebody_else",
        ],
    ),
    (
        "auth adapters",
        "a fake certificate, an address of a certificate that the client chose",
        &[
            "by_signature::auth_adapters_refuse_certificates_that_the_authority_did_not_sign",
            "by_signature::auth_adapters_ask_no_address_of_a_client_but_apples",
        ],
    ),
    (
        "auth adapters",
        "empty or partial authentication data",
        &[
            "security_accounts::partial_and_empty_authentication_data_prove_nothing",
            "by_question::auth_adapters_refuse_partial_data",
            "by_signed_token::auth_adapters_refuse_partial_data",
            "by_signature::auth_adapters_refuse_partial_data",
            "identity_providers::auth_adapters_make_no_account_without_proof",
        ],
    ),
    (
        "auth adapters",
        "state shared between providers, insecure forms on by themselves, redirects followed",
        &[
            "by_code::auth_adapters_share_no_state",
            "by_code::auth_adapters_follow_no_redirects",
            "identity_providers::auth_adapters_keep_no_credentials",
            "by_code::auth_adapters_take_no_token_from_clients_unless_told_to",
            "settings::auth_adapters_that_are_insecure_are_off_unless_enabled",
        ],
    ),
    (
        "auth adapters",
        "a log-in that goes around the second factor",
        &[
            "security_accounts::the_second_factor_is_demanded_at_every_log_in",
            "second_factor::who_has_a_second_factor_needs_it",
            "security_accounts::what_names_nobody_spares_no_verification_of_an_address",
            "security_accounts::a_new_address_is_not_verified_because_the_old_one_was",
            "second_factor::a_second_factor_is_no_account",
        ],
    ),
    (
        "LDAP",
        "names and filters that a client writes into, passwords that are kept",
        &[
            "by_directory::ldap_ids_do_not_reach_into_names_of_entries",
            "by_directory::ldap_ids_do_not_reach_into_filters",
            "by_directory::ldap_passwords_are_not_stored",
        ],
    ),
];

const ENUMERATION: &[Row] = &[
    (
        "enumeration",
        "another answer or other work for users who exist, at log-in",
        &[
            "security_enumeration::log_in_answers_alike_for_known_and_unknown_users",
            "security_enumeration::log_in_works_as_much_for_unknown_users",
            "security_enumeration::users_without_a_password_are_no_exception",
            "security_enumeration::locked_accounts_look_like_that_only_to_who_tried_them",
            "security_enumeration::unverified_users_are_told_so_only_with_their_password",
        ],
    ),
    (
        "enumeration",
        "another answer for addresses that are known, at requests for mails",
        &[
            "security_enumeration::mails_are_asked_for_alike_for_known_and_unknown_addresses",
            "security_enumeration::verified_addresses_ask_for_verification_like_all_others",
            "security_enumeration::pages_answer_alike_for_known_and_unknown_names",
            "security_mails::enumeration_requests_for_mails_do_not_tell_who_has_an_account",
        ],
    ),
    (
        "enumeration",
        "private users and ended sessions told from what never was",
        &[
            "security_enumeration::private_users_are_not_told_from_missing_ones",
            "security_enumeration::tokens_that_never_were_look_like_ended_ones",
        ],
    ),
];

const SINGLE_USE: &[Row] = &[
    (
        "single use defeated by concurrency",
        "codes of second factors used twice at once",
        &[
            "concurrency_identity::a_recovery_code_is_good_once",
            "concurrency_identity::a_code_of_an_authenticator_is_good_once",
            "second_factor::a_code_is_good_once",
            "second_factor::a_recovery_code_is_good_once",
        ],
    ),
    (
        "single use defeated by concurrency",
        "tokens of mails used twice at once",
        &[
            "concurrency_identity::a_token_to_reset_a_password_is_good_once",
            "concurrency_identity::a_token_to_verify_an_address_is_good_once",
            "security_mails::single_use_of_a_reset_token",
            "security_mails::single_use_of_a_verification_token",
        ],
    ),
    (
        "single use defeated by concurrency",
        "more tries at once than a lockout lets through",
        &[
            "concurrency_identity::a_lockout_lets_as_many_tries_through_as_it_says",
            "concurrency_identity::a_lockout_counts_the_tries_of_all_doors",
        ],
    ),
    (
        "single use defeated by concurrency",
        "two accounts, roles or sessions where there is one",
        &[
            "concurrency_identity::one_username_is_signed_up_once",
            "concurrency_identity::one_username_in_any_case_is_signed_up_once",
            "concurrency_identity::one_address_in_any_case_is_signed_up_once",
            "concurrency_identity::one_identity_makes_one_account",
            "concurrency_identity::one_identity_is_linked_to_one_account",
            "concurrency_identity::one_role_name_is_one_role",
            "concurrency_identity::a_transaction_that_loses_leaves_nothing",
            "concurrency_identity::letters_of_any_script_have_a_case",
            "concurrency_identity::one_installation_has_one_session",
        ],
    ),
    (
        "single use defeated by concurrency",
        "sessions that outlive what ends them, opened at the same time",
        &[
            "concurrency_identity::nobody_logs_in_as_a_user_who_is_gone",
            "concurrency_identity::a_changed_password_leaves_no_older_session",
            "concurrency_identity::a_session_ends_once",
        ],
    ),
];

const CALLS: &[Row] = &[
    (
        "rate-limit bypass",
        "a batch, a method in the body, another spelling or another name of a path, fields of a document",
        &[
            "cloud/rates::a_path_has_a_limit_however_it_is_spelled",
            "cloud/rates::there_is_no_way_around_a_limit",
            "cloud/rates::graphql_pays_for_every_root_field",
            "cloud/rates::validators_limit_functions_and_triggers",
            "cloud/rates::zones_say_who_is_counted_together",
        ],
    ),
    (
        "prototype pollution, RCE",
        "names that resolve on the prototype chain, parameters that change it, references that a client makes up",
        &[
            "cloud/functions::parameters_pollute_nothing",
            "cloud/functions::names_may_have_dots_and_belong_to_nobody_else",
            "cloud/functions::functions_know_who_calls",
            "cloud/validators::rules_about_values",
        ],
    ),
    (
        "a read-only key that writes, a server that is made to call",
        "webhooks registered by whoever may not, keys and addresses that a webhook or its caller learns",
        &[
            "cloud/webhooks::only_a_master_who_may_write_registers_webhooks",
            "cloud/webhooks::a_function_is_asked_with_everything_but_keys",
            "cloud/webhooks::failures_are_told_without_what_is_behind_them",
            "cloud/webhooks::declarations_are_checked",
        ],
    ),
];

/// Whether a file has a test of that name.
fn is_there(test: &str) -> bool {
    let (file, name) = test.rsplit_once("::").expect("a file and a test");
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let path = match file {
        "permissions" => tests.join("it/permissions/mod.rs"),
        _ if PROVIDERS.contains(&file) => tests.join(format!("providers/{file}.rs")),
        _ => tests.join(format!("it/{file}.rs")),
    };
    let source =
        fs::read_to_string(&path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()));
    let begins = [format!("fn {name}()"), format!("async fn {name}()")];
    let mut lines = source.lines().map(str::trim);
    let mut is_test = false;
    lines.any(|line| {
        let is_this = begins.iter().any(|begin| line.starts_with(begin.as_str()));
        let is_found = is_this && is_test;
        is_test = line.starts_with("#[test]") || line.starts_with("#[tokio::test");
        is_found
    })
}

#[test]
fn every_attack_has_its_tests() {
    let rows =
        [AUTHORIZATION, LIVE, HOOKS, SESSIONS, ADAPTERS, ENUMERATION, SINGLE_USE, CALLS].concat();
    for (class, attack, tests) in &rows {
        assert!(!tests.is_empty(), "{class}, {attack}: no test");
        for test in *tests {
            assert!(is_there(test), "{class}, {attack}: there is no test {test}");
        }
    }
}
