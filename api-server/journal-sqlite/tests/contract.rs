//! The contract of every journal, on `SQLite`.

use std::sync::Arc;

use ssm_engine::journal::Journal;
use ssm_journal_sqlite::SqliteJournal;
use tempfile::TempDir;

async fn fresh() -> (Arc<dyn Journal>, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    (Arc::new(SqliteJournal::open(dir.path()).unwrap()), dir)
}

ssm_engine::journal_contract!(fresh);
