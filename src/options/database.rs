//! Which database is used.

use std::path::PathBuf;

use crate::options::postgres::PostgresAddress;

/// The database that `databaseURI` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A SQLite database that lives as long as the process.
    SqliteMemory,
    /// A database of a PostgreSQL server.
    Postgres(Box<PostgresAddress>),
}

impl Database {
    /// Reads an address; the problem text never repeats it, because it may hold a password.
    pub(crate) fn parse(uri: &str) -> Result<Self, String> {
        let Some((scheme, rest)) = uri.split_once(':') else {
            return Err("expected an address such as `sqlite:parsimony.db` or \
                        `postgres://user:password@host/name`"
                .to_owned());
        };
        match scheme.to_ascii_lowercase().as_str() {
            "sqlite" if rest == ":memory:" => Ok(Self::SqliteMemory),
            "sqlite" => match rest.strip_prefix("//").unwrap_or(rest) {
                "" => Err("the name of a file is missing behind `sqlite:`".to_owned()),
                path => Ok(Self::Sqlite(PathBuf::from(path))),
            },
            "postgres" | "postgresql" => {
                PostgresAddress::parse(uri).map(|address| Self::Postgres(Box::new(address)))
            }
            "mongodb" | "mongodb+srv" => Err("the MongoDB adapter is missing in this version; \
                 use `postgres://user:password@host/name` or `sqlite:<file>`, \
                 or leave the option out for the file `parsimony.db`"
                .to_owned()),
            _ => Err("unknown kind of database; known are `sqlite:` and `postgres:`".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(uri: &str, expected: Database) {
        assert_eq!(Database::parse(uri), Ok(expected), "{uri}");
    }

    fn check_problem(uri: &str, expected: &str) {
        let problem = Database::parse(uri).unwrap_err();
        assert!(problem.contains(expected), "{uri}: {problem}");
        assert!(!problem.contains("hush"), "{problem}");
    }

    #[test]
    fn sqlite() {
        check("sqlite:parsimony.db", Database::Sqlite("parsimony.db".into()));
        check("sqlite:/var/lib/a.db", Database::Sqlite("/var/lib/a.db".into()));
        check("sqlite:///var/lib/a.db", Database::Sqlite("/var/lib/a.db".into()));
        check("sqlite://a.db", Database::Sqlite("a.db".into()));
        check("SQLite:a.db", Database::Sqlite("a.db".into()));
        check("sqlite::memory:", Database::SqliteMemory);
    }

    #[test]
    fn others_say_what_is_missing() {
        check_problem("postgresql:user:hush@host/db", "an address such as `postgres:");
        check_problem("mongodb://user:hush@host/db", "MongoDB adapter is missing");
        check_problem("mongodb+srv://user:hush@host/db", "MongoDB adapter is missing");
        check_problem("mysql://user:hush@host/db", "unknown kind of database");
        check_problem("parsimony.db", "expected an address such as");
        check_problem("sqlite:", "name of a file is missing");
    }
}
