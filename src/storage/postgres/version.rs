//! The version of the classes, and how the database tells of changes: triggers, so that whoever changes something
//! tells of it, whether it is a server of this kind, one of the original, or somebody with `psql`.
//!
//! A note is a JSON object: `server` names the storage that made the change, if it is one of ours; then one of
//! `classes` (the version), or `sessions`, `members`, `roles` (ids; `null` stands for all), or `probe`. No note
//! carries a token.

use crate::storage::sql::quoted;

/// Where notes are sent (`NOTIFY`).
pub(super) const CHANNEL: &str = "parsimony";
/// The setting of a session of the database that says which server has it.
pub(super) const SERVER: &str = "parsimony.server";

/// What is watched.
const TABLES: [&str; 6] =
    ["_SCHEMA", "_Session", "_User", "_Role", "_Join:users:_Role", "_Join:roles:_Role"];

/// The table of the version and the functions of the triggers; may be run again. Needs `"_SCHEMA"`.
///
/// The version grows by one with every transaction that changes classes. Its row is locked from then on, and last of
/// all locks, because that is the order in which the original's changes come to it.
pub(super) const PREPARE: &str = r#"
CREATE TABLE IF NOT EXISTS "_VERSION" ("id" integer PRIMARY KEY CHECK ("id" = 1), "version" bigint NOT NULL,
    "transaction" bigint NOT NULL DEFAULT 0);
INSERT INTO "_VERSION" ("id", "version") VALUES (1, 1) ON CONFLICT DO NOTHING;
CREATE OR REPLACE FUNCTION parsimony_tell(kind text, content json) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    note text := json_build_object('server', nullif(current_setting('parsimony.server', true), ''), kind, content)::text;
BEGIN
    IF octet_length(note) > 7000 THEN
        note := json_build_object('server', nullif(current_setting('parsimony.server', true), ''), kind, NULL)::text;
    END IF;
    PERFORM pg_notify('parsimony', note);
END $$;
CREATE OR REPLACE FUNCTION parsimony_classes_changed() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    changed bigint;
BEGIN
    UPDATE "_VERSION" SET "version" = "version" + 1, "transaction" = txid_current()
        WHERE "transaction" <> txid_current() RETURNING "version" INTO changed;
    IF changed IS NOT NULL THEN
        PERFORM parsimony_tell('classes', to_json(changed));
        -- A parse-server with `enableSchemaHooks` listens there; of its own changes it tells itself.
        IF nullif(current_setting('parsimony.server', true), '') IS NOT NULL THEN
            PERFORM pg_notify('schema.change',
                json_build_object('senderId', current_setting('parsimony.server', true))::text);
        END IF;
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION parsimony_rows_changed() RETURNS trigger LANGUAGE plpgsql
    SET search_path FROM CURRENT AS $$
DECLARE
    ids json;
    many bigint;
BEGIN
    SELECT json_agg(id), count(*) INTO ids, many FROM
        (SELECT DISTINCT to_jsonb(c) ->> TG_ARGV[1] AS id FROM changed c LIMIT 101) d WHERE id IS NOT NULL;
    IF many > 0 THEN
        PERFORM parsimony_tell(TG_ARGV[0], CASE WHEN many > 100 THEN NULL ELSE ids END);
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION parsimony_row_changed() RETURNS trigger LANGUAGE plpgsql
    SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM parsimony_tell(TG_ARGV[0], json_build_array(to_jsonb(OLD) ->> TG_ARGV[1], to_jsonb(NEW) ->> TG_ARGV[1]));
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION parsimony_all_changed() RETURNS trigger LANGUAGE plpgsql
    SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM parsimony_tell(TG_ARGV[0], NULL);
    RETURN NULL;
END $$
"#;

/// Whether a table that should be watched has no trigger yet.
pub(super) const IS_UNWATCHED: &str = r#"
SELECT EXISTS (SELECT FROM unnest(ARRAY['"_SCHEMA"', '"_Session"', '"_User"', '"_Role"', '"_Join:users:_Role"',
    '"_Join:roles:_Role"']) AS watched(name)
    WHERE to_regclass(name) IS NOT NULL AND NOT EXISTS (SELECT FROM pg_trigger
        WHERE tgrelid = to_regclass(name) AND tgname LIKE 'parsimony\_%'))"#;

/// For each table that is watched, statements that make the triggers that it lacks; nothing happens if there is no
/// such table. They may be run again.
pub(super) fn watch() -> impl Iterator<Item = String> {
    TABLES.into_iter().map(watch_table)
}

/// The same for the tables of one class.
pub(super) fn watch_class(class: &str) -> impl Iterator<Item = String> {
    let is_of_class = move |table: &&str| table.rsplit(':').next() == Some(class);
    TABLES.into_iter().filter(is_of_class).map(watch_table)
}

fn watch_table(table: &str) -> String {
    let quoted = quoted(table);
    let mut text = format!("DO $do$ BEGIN IF to_regclass('{quoted}') IS NOT NULL THEN");
    for (name, events) in triggers(table) {
        let made = format!("CREATE TRIGGER {name} {}", events.replace("{table}", &quoted));
        text.push_str(&format!(
            " IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = to_regclass('{quoted}') AND tgname = '{name}') \
             THEN {made}; END IF;"
        ));
    }
    text.push_str(" END IF; END $do$");
    text
}

/// The triggers of a table: a name, and when it does what.
fn triggers(table: &str) -> Vec<(String, String)> {
    let trigger = |name: &str, text: String| (format!("parsimony_{name}"), text);
    // Tells the ids in a column of the rows that a statement took away or brought.
    let rows = |event: &str, kind: &str, column: &str| {
        let rows = if event == "INSERT" { "NEW" } else { "OLD" };
        let name = event.to_ascii_lowercase();
        let text = format!(
            "AFTER {event} ON {{table}} REFERENCING {rows} TABLE AS changed FOR EACH STATEMENT \
             EXECUTE FUNCTION parsimony_rows_changed('{kind}', '{column}')"
        );
        trigger(&name, text)
    };
    // Tells the ids that objects had and have, where one of some columns changed.
    let renamed = |kind: &str, columns: &[&str]| {
        let row = |row: &str| {
            let columns = columns.iter().map(|column| format!("{row}.{}", quoted(column)));
            columns.collect::<Vec<_>>().join(", ")
        };
        let text = format!(
            "AFTER UPDATE ON {{table}} FOR EACH ROW WHEN (({}) IS DISTINCT FROM ({})) \
             EXECUTE FUNCTION parsimony_row_changed('{kind}', 'objectId')",
            row("OLD"),
            row("NEW"),
        );
        trigger("rename", text)
    };
    let all = |event: &str, kind: &str| {
        let name = event.to_ascii_lowercase();
        let text =
            format!("AFTER {event} ON {{table}} EXECUTE FUNCTION parsimony_all_changed('{kind}')");
        trigger(&name, text)
    };
    let members = |kind: &str| {
        let events = ["INSERT", "UPDATE", "DELETE"];
        let mut triggers: Vec<_> =
            events.iter().map(|event| rows(event, kind, "relatedId")).collect();
        triggers.push(all("TRUNCATE", kind));
        triggers
    };
    match table {
        "_SCHEMA" => {
            let text = "AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} \
                EXECUTE FUNCTION parsimony_classes_changed()";
            vec![trigger("classes", text.to_owned())]
        }
        "_Session" => vec![
            rows("UPDATE", "sessions", "user"),
            rows("DELETE", "sessions", "user"),
            all("TRUNCATE", "sessions"),
        ],
        "_User" => vec![
            renamed("sessions", &["objectId"]),
            rows("DELETE", "sessions", "objectId"),
            all("TRUNCATE", "sessions"),
        ],
        // Members may have been there before their role.
        "_Role" => vec![
            all("INSERT", "roles"),
            renamed("roles", &["objectId", "name"]),
            rows("DELETE", "roles", "objectId"),
            all("TRUNCATE", "roles"),
        ],
        "_Join:users:_Role" => members("members"),
        "_Join:roles:_Role" => members("roles"),
        _ => Vec::new(),
    }
}
