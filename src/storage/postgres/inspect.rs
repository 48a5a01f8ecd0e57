//! A look at a database that may be taken over. Everything is read in one transaction that can not write.

use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, FromRow};

use super::failure::failure;
use super::pool::Pool;
use crate::error::Result;
use crate::options::PostgresAddress;
use crate::storage::{
    IndexFacts, Inspection, ProviderFacts, RoleFacts, ServerFacts, SessionFacts, Table,
};

const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

const SERVER: &str = "\
SELECT current_setting('server_version_num')::bigint, current_setting('server_version'), \
    current_setting('server_encoding'), \
    (SELECT extversion::text FROM pg_extension WHERE extname = 'postgis'), \
    least(current_setting('max_connections')::bigint - current_setting('superuser_reserved_connections')::bigint \
            - (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'), \
        (SELECT nullif(rolconnlimit, -1)::bigint FROM pg_roles WHERE rolname = current_user), \
        (SELECT nullif(datconnlimit, -1)::bigint FROM pg_database WHERE datname = current_database())), \
    pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean";

const ROLE: &str = "\
SELECT current_user::text, current_schema()::text, \
    coalesce(has_schema_privilege(current_schema(), 'CREATE'), false)";

const TABLES: &str = "\
SELECT c.oid::bigint, c.relname::text, c.reltuples::bigint, pg_has_role(c.relowner, 'USAGE'), \
    has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT') \
        AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE'), \
    has_table_privilege(c.oid, 'SELECT') \
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace \
WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') \
    AND NOT EXISTS (SELECT 1 FROM pg_depend AS d WHERE d.objid = c.oid AND d.deptype = 'e') \
ORDER BY 2";

const COLUMNS: &str = "\
SELECT a.attrelid::bigint, a.attname::text, format_type(a.atttypid, NULL) \
FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace \
WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped \
ORDER BY a.attrelid, a.attnum";

const INDEXES: &str = "\
SELECT i.indrelid::bigint, c.relname::text, i.indisvalid, i.indpred IS NOT NULL, \
    ARRAY(SELECT coalesce(a.attname::text, '') FROM unnest(i.indkey::smallint[]) WITH ORDINALITY AS k(number, place) \
        LEFT JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.number AND k.number > 0 ORDER BY k.place) \
FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace \
WHERE n.nspname = current_schema() ORDER BY 2";

const CLASSES: &str = "\
SELECT \"className\"::text, \"schema\"::text FROM \"_SCHEMA\" ORDER BY \"className\"";

const PROVIDERS: &str = "\
SELECT name, count(DISTINCT \"user\"), count(*) FILTER (WHERE owners > 1 AND place = 1) FROM ( \
    SELECT p.key AS name, u.\"objectId\" AS \"user\", \
        count(*) OVER account AS owners, row_number() OVER account AS place \
    FROM \"_User\" AS u, \
        jsonb_each(CASE jsonb_typeof(u.\"authData\") WHEN 'object' THEN u.\"authData\" ELSE '{}' END) AS p \
    WHERE jsonb_typeof(p.value) = 'object' \
    WINDOW account AS (PARTITION BY p.key, coalesce(p.value ->> 'id', u.\"objectId\")) \
) AS accounts GROUP BY name ORDER BY name";

const SESSIONS: &str = "\
SELECT count(*) FILTER (WHERE lives), \
    count(*) FILTER (WHERE lives AND \"sessionToken\" NOT LIKE 'r:%'), \
    count(*) FILTER (WHERE NOT lives), \
    count(*) FILTER (WHERE \"user\" IS NULL OR NOT EXISTS (SELECT 1 FROM \"_User\" AS u WHERE u.\"objectId\" = s.\"user\")) \
FROM (SELECT *, coalesce(\"expiresAt\" > now(), true) AS lives FROM \"_Session\") AS s";

/// Looks at the database of an address.
pub async fn inspect(address: &PostgresAddress) -> Result<Inspection> {
    let pool = Pool::open(address, "");
    let inspection = look(&pool).await;
    pool.close().await;
    inspection.map_err(failure)
}

async fn look(pool: &Pool) -> sqlx::Result<Inspection> {
    let mut transaction = pool.begin(BEGIN.to_owned()).await?;
    let inspection = everything(transaction.raw()).await?;
    transaction.roll_back().await?;
    Ok(inspection)
}

async fn everything(connection: &mut PgConnection) -> sqlx::Result<Inspection> {
    let mut inspection = Inspection {
        server: server(connection).await?,
        role: role(connection).await?,
        tables: tables(connection).await?,
        ..Inspection::default()
    };
    let has = |table: &str, columns: &[&str]| {
        let table = inspection.table(table);
        table.is_some_and(|table| columns.iter().all(|column| table.has_column(column)))
    };
    let (classes, users) = (has("_SCHEMA", &["className", "schema"]), has("_User", &["objectId"]));
    let sessions = users && has("_Session", &["user", "expiresAt", "sessionToken"]);
    let [names, addresses, passwords, providers] =
        ["username", "email", "_hashed_password", "authData"].map(|column| has("_User", &[column]));
    if classes {
        inspection.classes = Some(rows(connection, CLASSES).await?);
    }
    let facts = &mut inspection.users;
    if names {
        (facts.usernames_twice, facts.usernames_twice_by_case) =
            twice(connection, "username").await?;
    }
    if addresses {
        (facts.emails_twice, facts.emails_twice_by_case) = twice(connection, "email").await?;
    }
    if passwords {
        facts.passwords_of_other_kinds = other_passwords(connection).await?;
    }
    if users && providers {
        facts.providers = self::providers(connection).await?;
    }
    if sessions {
        inspection.sessions = self::sessions(connection).await?;
    }
    Ok(inspection)
}

/// The rows of a statement of this program's own.
async fn rows<T>(connection: &mut PgConnection, statement: &str) -> sqlx::Result<Vec<T>>
where
    T: for<'r> FromRow<'r, PgRow> + Send + Unpin,
{
    sqlx::query_as(AssertSqlSafe(statement)).fetch_all(connection).await
}

async fn one<T>(connection: &mut PgConnection, statement: &str) -> sqlx::Result<T>
where
    T: for<'r> FromRow<'r, PgRow> + Send + Unpin,
{
    sqlx::query_as(AssertSqlSafe(statement)).fetch_one(connection).await
}

async fn server(connection: &mut PgConnection) -> sqlx::Result<ServerFacts> {
    let (version_number, version, encoding, postgis, connections_free, is_read_only) =
        one(connection, SERVER).await?;
    Ok(ServerFacts { version_number, version, encoding, postgis, connections_free, is_read_only })
}

async fn role(connection: &mut PgConnection) -> sqlx::Result<RoleFacts> {
    let (name, schema, may_create) = one(connection, ROLE).await?;
    Ok(RoleFacts { name, schema, may_create })
}

async fn tables(connection: &mut PgConnection) -> sqlx::Result<Vec<Table>> {
    let mut tables: Vec<(i64, Table)> = Vec::new();
    let found: Vec<(i64, String, i64, bool, bool, bool)> = rows(connection, TABLES).await?;
    for (oid, name, estimate, is_owned, is_writable, is_readable) in found {
        let mut has_rows = false;
        if is_readable {
            let any =
                format!("SELECT EXISTS (SELECT 1 FROM {})", crate::storage::sql::quoted(&name));
            (has_rows,) = one(connection, &any).await?;
        }
        // A table that was never analysed has the estimate -1, and before PostgreSQL 14 it had 0.
        let rows_estimate = (estimate > 0 || estimate == 0 && !has_rows).then_some(estimate);
        let table =
            Table { name, rows_estimate, has_rows, is_owned, is_writable, ..Table::default() };
        tables.push((oid, table));
    }
    let columns: Vec<(i64, String, String)> = rows(connection, COLUMNS).await?;
    for (oid, name, kind) in columns {
        if let Some((_, table)) = tables.iter_mut().find(|(known, _)| *known == oid) {
            table.columns.push((name, kind));
        }
    }
    let indexes: Vec<(i64, String, bool, bool, Vec<String>)> = rows(connection, INDEXES).await?;
    for (oid, name, is_valid, is_partial, columns) in indexes {
        if let Some((_, table)) = tables.iter_mut().find(|(known, _)| *known == oid) {
            table.indexes.push(IndexFacts { name, columns, is_valid, is_partial });
        }
    }
    Ok(tables.into_iter().map(|(_, table)| table).collect())
}

/// Values of a column of users that stand there several times: as they are, and if case does not count.
async fn twice(connection: &mut PgConnection, column: &str) -> sqlx::Result<(u64, u64)> {
    let statement = format!(
        "SELECT (SELECT count(*) FROM (SELECT 1 FROM \"_User\" WHERE \"{column}\" IS NOT NULL \
             GROUP BY \"{column}\" HAVING count(*) > 1) AS s), \
         (SELECT count(*) FROM (SELECT 1 FROM \"_User\" WHERE \"{column}\" IS NOT NULL \
             GROUP BY lower(\"{column}\") HAVING count(*) > 1) AS s)"
    );
    let (same, by_case): (i64, i64) = one(connection, &statement).await?;
    Ok((same.unsigned_abs(), by_case.unsigned_abs()))
}

async fn other_passwords(connection: &mut PgConnection) -> sqlx::Result<u64> {
    let statement = "SELECT count(*) FROM \"_User\" WHERE \"_hashed_password\" !~ '^\\$2[abxy]\\$'";
    let (count,): (i64,) = one(connection, statement).await?;
    Ok(count.unsigned_abs())
}

async fn providers(connection: &mut PgConnection) -> sqlx::Result<Vec<ProviderFacts>> {
    let found: Vec<(String, i64, i64)> = rows(connection, PROVIDERS).await?;
    let facts = |(name, users, twice): (String, i64, i64)| ProviderFacts {
        name,
        users: users.unsigned_abs(),
        accounts_twice: twice.unsigned_abs(),
    };
    Ok(found.into_iter().map(facts).collect())
}

async fn sessions(connection: &mut PgConnection) -> sqlx::Result<SessionFacts> {
    let (live, legacy, expired, orphaned): (i64, i64, i64, i64) = one(connection, SESSIONS).await?;
    let [live, legacy, expired, orphaned] =
        [live, legacy, expired, orphaned].map(i64::unsigned_abs);
    Ok(SessionFacts { live, legacy, expired, orphaned })
}
