//! The mark of a restore that is not finished: at most one row.

use async_trait::async_trait;
use rusqlite::OptionalExtension as _;
use ssm_engine::activity::StoreError;
use ssm_engine::journal::ReadError;
use ssm_engine::restore::RestoreStore;

use crate::SqliteJournal;
use crate::damage::read_error;

#[async_trait]
impl RestoreStore for SqliteJournal {
    async fn unfinished_restore(&self) -> Result<Option<Vec<u8>>, ReadError> {
        let sql = "SELECT mark FROM unfinished_restore";
        self.database
            .readers
            .run(move |connection| {
                let mark = connection.query_row(sql, [], |row| row.get(0));
                mark.optional().map_err(|error| read_error(&error))
            })
            .await
    }

    async fn mark_restore(&self, mark: Option<&[u8]>) -> Result<(), StoreError> {
        let mark = mark.map(<[u8]>::to_vec);
        self.store(move |writer| {
            let transaction = writer.begin()?;
            transaction.execute("DELETE FROM unfinished_restore", [])?;
            if let Some(mark) = mark {
                let sql = "INSERT INTO unfinished_restore (one, mark) VALUES (1, ?1)";
                transaction.execute(sql, [mark])?;
            }
            transaction.commit()
        })
        .await
    }
}
