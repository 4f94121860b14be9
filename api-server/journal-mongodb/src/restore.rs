//! The mark of a restore that is not finished: at most one document.

use async_trait::async_trait;
use mongodb::bson::{Document, doc};
use ssm_engine::activity::StoreError;
use ssm_engine::journal::ReadError;
use ssm_engine::restore::RestoreStore;

use crate::MongoJournal;
use crate::bytes::binary;
use crate::calls::{read, store};

#[async_trait]
impl RestoreStore for MongoJournal {
    async fn unfinished_restore(&self) -> Result<Option<Vec<u8>>, ReadError> {
        let marks = self.layout.unfinished_restore();
        let found = read(async move { marks.find_one(doc! {}).await }).await?;
        let mark = |document: Document| {
            let mark = document.get_binary_generic("mark").cloned();
            mark.map_err(|_| ReadError::Damaged("the mark of a restore is none".to_owned()))
        };
        found.map(mark).transpose()
    }

    async fn mark_restore(&self, mark: Option<&[u8]>) -> Result<(), StoreError> {
        let (marks, mark) = (self.layout.unfinished_restore(), mark.map(binary));
        store(async move {
            let one = doc! { "_id": "restore" };
            match mark {
                None => marks.delete_one(one).await.map(drop),
                Some(mark) => {
                    let document = doc! { "_id": "restore", "mark": mark };
                    let put = marks.replace_one(one, document).upsert(true);
                    put.await.map(drop)
                }
            }
        })
        .await
    }
}
