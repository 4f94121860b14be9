//! What may be lost, in a collection of its own.

use std::sync::Arc;

use async_trait::async_trait;
use mongodb::bson::{Binary, Document, doc};
use serde::Deserialize;
use ssm_domain::time::Timestamp;
use ssm_engine::activity::{ActivityKind, ActivityRecord, ActivityStore, StoreError};
use ssm_engine::journal::ReadError;

use crate::MongoJournal;
use crate::bytes::binary;
use crate::calls::{read_all, store};

/// How many records one command stores.
const AT_ONCE: usize = 500;

/// A record.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ActivityDocument {
    kind: String,
    id: String,
    body: Binary,
    expires_at: i64,
}

#[async_trait]
impl ActivityStore for MongoJournal {
    async fn load_activity(&self) -> Result<Vec<ActivityRecord>, ReadError> {
        self.find_activity(doc! {}).await
    }

    async fn load_activity_after(
        &self,
        kind: ActivityKind,
        expires_after: Timestamp,
    ) -> Result<Vec<ActivityRecord>, ReadError> {
        let later = doc! { "$gt": expires_after.as_millis() };
        self.find_activity(doc! { "kind": kind.as_str(), "expiresAt": later })
            .await
    }

    async fn save_activity(
        &self,
        records: Arc<[ActivityRecord]>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for records in records.chunks(AT_ONCE) {
            let updates: Vec<Document> = records.iter().map(update).collect();
            let (auth, name) = (
                self.layout.auth.clone(),
                self.layout.activity::<Document>().name().to_owned(),
            );
            store(async move {
                // What fails of it may be lost, so it is written to the primary alone and nothing waits for the others.
                let command = doc! { "update": name, "updates": updates, "ordered": false };
                auth.run_command(command).await.map(drop)
            })
            .await?;
        }
        let activity = self.layout.activity::<Document>();
        let expired = doc! { "expiresAt": { "$lte": now.as_millis() } };
        store(async move { activity.delete_many(expired).await.map(drop) }).await
    }
}

impl MongoJournal {
    async fn find_activity(&self, filter: Document) -> Result<Vec<ActivityRecord>, ReadError> {
        let activity = self.layout.activity::<ActivityDocument>();
        let found = read_all(async move { activity.find(filter).await });
        // Those of another kind are a later release's.
        let record = |document: ActivityDocument| {
            Some(ActivityRecord {
                kind: ActivityKind::named(&document.kind)?,
                id: document.id,
                body: document.body.bytes,
                expires_at: Timestamp::from_millis(document.expires_at),
            })
        };
        Ok(found.await?.into_iter().filter_map(record).collect())
    }
}

fn update(record: &ActivityRecord) -> Document {
    let name = doc! { "kind": record.kind.as_str(), "id": &record.id };
    let set = doc! {
        "body": binary(&record.body), "expiresAt": record.expires_at.as_millis(),
    };
    doc! { "q": name, "u": { "$set": set }, "upsert": true }
}
