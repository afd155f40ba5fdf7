//! Brings the tables up to date, whatever release made them, in one transaction: it is done whole or not at all.

use rusqlite::{Connection, TransactionBehavior};

use super::super::error::StoreError;

/// The schema that this program works with; SQLite keeps the number in the file.
const VERSION: i64 = 2;

/// The tables of the present schema.
const TABLES: &str = include_str!("v2.sql");

/// The tables of the first schema, which another library kept account of.
const FIRST: [&str; 7] = ["meta", "users", "sessions", "rooms", "members", "events", "txns"];

/// From the first schema's tables into those of the second.
const FROM_FIRST: &str = include_str!("v1_to_v2.sql");

/// Makes the tables, or changes those of an older release.
pub(super) fn up_to_date(connection: &mut Connection) -> Result<(), StoreError> {
    let is_old = match version(connection)? {
        VERSION => return Ok(()),
        0 => has_table(connection, "_sqlx_migrations")?,
        found => return Err(StoreError::Newer { found, known: VERSION }),
    };
    // Rows are copied before what they refer to is complete; the check below looks at all of them.
    connection.pragma_update(None, "foreign_keys", false)?;
    let changed = change(connection, is_old);
    connection.pragma_update(None, "foreign_keys", true)?;
    changed?;
    if is_old && let Err(error) = connection.execute_batch("VACUUM") {
        tracing::warn!(%error, "the space of the old tables could not be given back; it will be used again");
    }
    Ok(())
}

fn change(connection: &mut Connection, is_old: bool) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another program may have done it while this one waited.
    if version(&transaction)? == VERSION {
        return Ok(());
    }
    if is_old {
        let first: i64 =
            transaction.query_row("SELECT COUNT(*) FROM _sqlx_migrations", [], |row| row.get(0))?;
        if first != 1 {
            return Err(StoreError::Newer { found: first, known: VERSION });
        }
        transaction.execute_batch("DROP INDEX members_by_user")?;
        for table in FIRST {
            transaction.execute_batch(&format!("ALTER TABLE {table} RENAME TO old_{table}"))?;
        }
    }
    transaction.execute_batch(TABLES)?;
    if is_old {
        transaction.execute_batch(FROM_FIRST)?;
        transaction.execute_batch("DROP TABLE _sqlx_migrations")?;
        let dangling = transaction.prepare("PRAGMA foreign_key_check")?.exists([])?;
        if dangling {
            return Err(StoreError::Broken("row that refers to nothing"));
        }
        tracing::info!("the database was brought up to date");
    }
    transaction.pragma_update(None, "user_version", VERSION)?;
    Ok(transaction.commit()?)
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

fn has_table(connection: &Connection, name: &str) -> rusqlite::Result<bool> {
    connection.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?")?.exists([name])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_of_a_newer_program_is_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "user_version", VERSION + 1).unwrap();
        let error = up_to_date(&mut connection).unwrap_err();
        assert!(matches!(error, StoreError::Newer { found: 3, known: 2 }), "{error}");
        assert!(!has_table(&connection, "events").unwrap());
    }

    #[test]
    fn tables_are_made_once() {
        let mut connection = Connection::open_in_memory().unwrap();
        up_to_date(&mut connection).unwrap();
        connection.execute_batch("INSERT INTO users VALUES (1, x'01', 'Ada', NULL, 0)").unwrap();
        up_to_date(&mut connection).unwrap();
        assert_eq!(connection.query_row("SELECT COUNT(*) FROM users", [], |row| row.get::<_, i64>(0)), Ok(1));
    }
}
