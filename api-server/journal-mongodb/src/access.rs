//! Access records, in a collection of their own.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use futures::TryStreamExt as _;
use mongodb::bson::{Binary, Document, doc};
use serde::{Deserialize, Serialize};
use ssm_domain::access_record::AccessPosition;
use ssm_domain::digest::Digest;
use ssm_domain::entry::Seq;
use ssm_domain::id::{Epoch, OpId, ServerId};
use ssm_domain::names::{Key, Slug};
use ssm_domain::signing::{AccessSignature, PublicKey, Signature};
use ssm_domain::time::Timestamp;
use ssm_engine::access::{
    AccessFilter, AccessStore, ChainedAccess, FoundAccess, Outcome, StoredAccess,
};
use ssm_engine::activity::StoreError;
use ssm_engine::journal::{AppendError, ReadError};

use crate::MongoJournal;
use crate::bytes::{binary, clamp, exactly, to_bson, to_seq};
use crate::calls::{call, not_inserted, read, read_all, store};
use crate::layout::all;

/// A record.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessDocument {
    server: Binary,
    seq: i64,
    hash: Binary,
    record: Binary,
    epoch: Option<Binary>,
    public_key: Option<Binary>,
    signature: Option<Binary>,
    at: i64,
    until: i64,
    id: Binary,
    project: Option<String>,
    config: Option<String>,
    key: Option<String>,
    actor: String,
    action: String,
    status: i32,
}

/// Where a record stands.
#[derive(Debug, Deserialize)]
struct Standing {
    seq: i64,
    hash: Binary,
}

#[async_trait]
impl AccessStore for MongoJournal {
    async fn append_access(&self, records: Arc<[ChainedAccess]>) -> Result<(), AppendError> {
        let missing = self.missing(&records).await?;
        if missing.is_empty() {
            return Ok(());
        }
        let access = self.layout.access::<AccessDocument>();
        call(async move { access.insert_many(missing).await.map(drop) })
            .await
            .map_err(|error| not_inserted(&error))
    }

    async fn search_access(
        &self,
        filter: &AccessFilter,
        before: Option<AccessPosition>,
        limit: usize,
        most: usize,
    ) -> Result<FoundAccess, ReadError> {
        if limit == 0 || most == 0 {
            return Ok(FoundAccess::default());
        }
        let access = self.layout.access::<AccessDocument>();
        let (wanted, filter) = (indexed(filter, before), filter.clone());
        let found = read(async move {
            let order = doc! { "at": -1, "id": -1 };
            let looked_at = access.find(wanted).sort(order).limit(clamp(most));
            let mut looked_at = looked_at.await?;
            let (mut admitted, mut passed_over, mut stopped_at) = (Vec::new(), 0, None);
            while let Some(document) = looked_at.try_next().await? {
                let position = (document.at, document.id.clone());
                if admits(&filter, &document) {
                    admitted.push(document);
                } else {
                    passed_over += 1;
                }
                if admitted.len() == limit {
                    break;
                }
                if admitted.len() + passed_over == most {
                    stopped_at = Some(position);
                }
            }
            Ok((admitted, passed_over, stopped_at))
        });
        let (admitted, passed_over, stopped_at) = found.await?;
        let position = |(at, id): (i64, Binary)| -> Result<_, ReadError> {
            Ok(AccessPosition {
                at: Timestamp::from_millis(at),
                id: OpId::from_bytes(exactly("the name of a record", &id)?),
            })
        };
        Ok(FoundAccess {
            records: admitted.into_iter().map(stored).collect::<Result<_, _>>()?,
            passed_over,
            stopped_at: stopped_at.map(position).transpose()?,
        })
    }

    async fn read_access(
        &self,
        after: Option<(ServerId, Seq)>,
        limit: usize,
    ) -> Result<Vec<StoredAccess>, ReadError> {
        let wanted = after.map_or_else(Document::new, |(server, seq)| {
            behind(binary(server.as_bytes()), to_bson(seq))
        });
        self.find_access(wanted, doc! { "server": 1, "seq": 1 }, limit)
            .await
    }

    async fn trim_access(&self, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let access = self.layout.access::<Document>();
        let servers = store(async move { access.distinct("server", doc! {}).await }).await?;
        let mut deleted = 0;
        for server in servers {
            if deleted < limit {
                let room = limit - deleted;
                deleted += self.trim_chain(server, before, room).await?;
            }
        }
        Ok(deleted)
    }
}

impl MongoJournal {
    /// Those of `records` that are not there yet, or a conflict with what is there in their place.
    async fn missing(&self, records: &[ChainedAccess]) -> Result<Vec<AccessDocument>, AppendError> {
        let (Some(first), Some(last)) = (records.first(), records.last()) else {
            return Ok(Vec::new());
        };
        let wanted = doc! {
            "server": binary(first.stored.server.as_bytes()),
            "seq": { "$gte": to_bson(first.stored.seq), "$lte": to_bson(last.stored.seq) },
        };
        let access = self.layout.access::<Standing>();
        let found = call(async move {
            let found = access.find(wanted).projection(doc! { "seq": 1, "hash": 1 });
            all(found.await?).await
        });
        let found = found
            .await
            .map_err(|error| AppendError::Unavailable(error.to_string()))?;
        let there: HashMap<i64, Vec<u8>> = found
            .into_iter()
            .map(|standing| (standing.seq, standing.hash.bytes))
            .collect();
        let mut missing = Vec::with_capacity(records.len());
        for record in records {
            match there.get(&to_bson(record.stored.seq)) {
                None => missing.push(document(record)),
                Some(hash) if hash == record.stored.hash.as_bytes() => {}
                Some(_) => return Err(AppendError::Conflict),
            }
        }
        Ok(missing)
    }

    async fn find_access(
        &self,
        wanted: Document,
        order: Document,
        limit: usize,
    ) -> Result<Vec<StoredAccess>, ReadError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let access = self.layout.access::<AccessDocument>();
        let found = read_all(async move {
            let found = access.find(wanted).sort(order);
            found.limit(clamp(limit)).await
        });
        found.await?.into_iter().map(stored).collect()
    }

    /// Cuts a chain in front of its first record that is to be kept, so that what is left of it is whole.
    async fn trim_chain(
        &self,
        server: mongodb::bson::Bson,
        before: Timestamp,
        limit: usize,
    ) -> Result<usize, StoreError> {
        let access = self.layout.access::<Standing>();
        let kept = doc! { "server": &server, "until": { "$gte": before.as_millis() } };
        let deleted = store(async move {
            let kept = access.find_one(kept).sort(doc! { "seq": 1 }).await?;
            let end = kept.map_or(i64::MAX, |kept| kept.seq);
            let old = doc! { "server": &server, "seq": { "$lt": end } };
            let old = access.find(old).sort(doc! { "seq": 1 }).limit(clamp(limit));
            let Some(last) = all(old.await?).await?.pop() else {
                return Ok(0);
            };
            let old = doc! { "server": server, "seq": { "$lte": last.seq } };
            Ok(access.delete_many(old).await?.deleted_count)
        });
        Ok(usize::try_from(deleted.await?).unwrap_or(limit))
    }
}

/// What stands behind a place, one chain after the other.
pub fn behind(server: Binary, seq: i64) -> Document {
    doc! { "$or": [
        { "server": { "$gt": &server } },
        { "server": server, "seq": { "$gt": seq } },
    ] }
}

/// What an index leads to: the rarest of what is asked for comes first, and the rest is looked at one by one.
fn indexed(filter: &AccessFilter, before: Option<AccessPosition>) -> Document {
    let project = filter.project.as_ref().map(Slug::as_str);
    let config = filter.config.as_ref().map(Slug::as_str);
    let place = match (&filter.actor, project, config, &filter.action) {
        (Some(actor), _, _, _) => doc! { "actor": actor },
        (None, Some(project), Some(config), _) => doc! { "project": project, "config": config },
        (None, Some(project), None, _) => doc! { "project": project },
        (None, None, _, Some(action)) => doc! { "action": action },
        (None, None, _, None) => doc! {},
    };
    let mut conditions = vec![place];
    let since = filter.since.map(Timestamp::as_millis);
    conditions.extend(since.map(|since| doc! { "at": { "$gte": since } }));
    let until = filter.until.map(Timestamp::as_millis);
    conditions.extend(until.map(|until| doc! { "at": { "$lte": until } }));
    if let Some(AccessPosition { at, id }) = before {
        let at = at.as_millis();
        conditions.push(doc! { "$or": [
            { "at": { "$lt": at } },
            { "at": at, "id": { "$lt": binary(id.as_bytes()) } },
        ] });
    }
    doc! { "$and": conditions }
}

/// Whether `filter` lets a record through that an index led to.
fn admits(filter: &AccessFilter, document: &AccessDocument) -> bool {
    let same = |wanted: Option<&str>, found: Option<&str>| wanted.is_none() || wanted == found;
    let succeeded = document.status < 400;
    same(
        filter.project.as_ref().map(Slug::as_str),
        document.project.as_deref(),
    ) && same(
        filter.config.as_ref().map(Slug::as_str),
        document.config.as_deref(),
    ) && same(
        filter.key.as_ref().map(Key::as_str),
        document.key.as_deref(),
    ) && same(filter.actor.as_deref(), Some(&document.actor))
        && same(filter.action.as_deref(), Some(&document.action))
        && filter
            .outcome
            .is_none_or(|outcome| succeeded == (outcome == Outcome::Success))
}

fn document(ChainedAccess { record, stored }: &ChainedAccess) -> AccessDocument {
    let (access, target) = (&record.access, &record.access.target);
    let signature = stored.signature.as_ref();
    AccessDocument {
        server: binary(stored.server.as_bytes()),
        seq: to_bson(stored.seq),
        hash: binary(stored.hash.as_bytes()),
        record: binary(&stored.bytes),
        epoch: signature.map(|made| binary(made.epoch.as_bytes())),
        public_key: signature.map(|made| binary(made.public_key.as_bytes())),
        signature: signature.map(|made| binary(made.signature.as_bytes())),
        at: access.at.as_millis(),
        until: access.until.as_millis(),
        id: binary(access.id.as_bytes()),
        project: target.project.as_ref().map(Slug::to_string),
        config: target.config.as_ref().map(Slug::to_string),
        key: target.key.as_ref().map(Key::to_string),
        actor: access.actor.id.clone(),
        action: access.action.clone(),
        status: access.status.into(),
    }
}

/// The record in a document.
pub fn stored(document: AccessDocument) -> Result<StoredAccess, ReadError> {
    let signed = document.epoch.zip(document.public_key);
    let signature = match signed.zip(document.signature) {
        None => None,
        Some(((epoch, public_key), signature)) => Some(AccessSignature {
            epoch: Epoch::from_bytes(exactly("an epoch", &epoch)?),
            public_key: PublicKey::from_bytes(exactly("a public key", &public_key)?),
            signature: Signature::from_bytes(exactly("a signature", &signature)?),
        }),
    };
    Ok(StoredAccess {
        server: ServerId::from_bytes(exactly("the name of a server", &document.server)?),
        seq: to_seq(document.seq)?,
        hash: Digest::from_bytes(exactly("the hash of a record", &document.hash)?),
        bytes: document.record.bytes,
        signature,
    })
}
