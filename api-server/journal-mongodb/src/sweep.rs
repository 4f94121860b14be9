//! What lies beside the entries, by the entry that it was stored for.

use async_trait::async_trait;
use mongodb::bson::{Binary, Document, doc};
use serde::Deserialize;
use ssm_domain::command::{AuthStore, RecordName};
use ssm_domain::digest::Digest;
use ssm_domain::entry::Seq;
use ssm_engine::activity::StoreError;
use ssm_engine::journal::ReadError;
use ssm_engine::sweep::SweepStore;

use crate::MongoJournal;
use crate::append::destroy;
use crate::bytes::{binary, clamp, exactly, to_bson, to_seq};
use crate::calls::{read_all, store};

/// A value without its bytes.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Unsettled {
    #[serde(rename = "_id")]
    digest: Binary,
    stored_for: i64,
}

/// A record without its body.
#[derive(Debug, Deserialize)]
struct Name {
    #[serde(rename = "_id")]
    id: String,
}

#[async_trait]
impl SweepStore for MongoJournal {
    async fn unsettled_values(
        &self,
        last: Seq,
        limit: usize,
    ) -> Result<Vec<(Seq, Digest)>, ReadError> {
        let values = self.layout.values().clone_with_type::<Unsettled>();
        let found = read_all(async move {
            let found = values.find(up_to(last)).sort(doc! { "storedFor": 1 });
            let found = found.limit(clamp(limit));
            found.projection(doc! { "storedFor": 1 }).await
        });
        let unsettled = |value: Unsettled| {
            let digest = exactly("the digest of a value", &value.digest)?;
            Ok((to_seq(value.stored_for)?, Digest::from_bytes(digest)))
        };
        found.await?.into_iter().map(unsettled).collect()
    }

    async fn settle_values(&self, named: &[Digest], orphans: &[Digest]) -> Result<(), StoreError> {
        let those = |digests: &[Digest]| {
            let digests = digests.iter().map(|digest| binary(digest.as_bytes()));
            doc! { "_id": { "$in": digests.collect::<Vec<_>>() } }
        };
        let (named, orphans, values) = (those(named), those(orphans), self.layout.values());
        store(async move {
            values.delete_many(orphans).await?;
            let settled = doc! { "$unset": { "storedFor": "" } };
            values.update_many(named, settled).await.map(drop)
        })
        .await
    }

    async fn records_up_to(&self, last: Seq) -> Result<Vec<RecordName>, ReadError> {
        let mut names = Vec::new();
        for auth_store in AuthStore::ALL {
            let records = self.layout.records(auth_store).clone_with_type::<Name>();
            let found = read_all(async move {
                let found = records.find(up_to(last));
                found.projection(doc! { "_id": 1 }).await
            });
            names.extend(found.await?.into_iter().map(|Name { id }| RecordName {
                store: auth_store,
                id,
            }));
        }
        Ok(names)
    }

    async fn destroy_records(&self, orphans: &[RecordName]) -> Result<(), StoreError> {
        let destroyed = destroy(&self.layout, orphans).await;
        destroyed.map_err(|error| StoreError(error.to_string()))
    }
}

/// What was stored for entries up to `last`.
fn up_to(last: Seq) -> Document {
    doc! { "storedFor": { "$lte": to_bson(last) } }
}
