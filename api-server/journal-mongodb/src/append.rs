//! Appending: first what entries name, then the entries in their order.

use std::collections::HashMap;
use std::sync::Arc;

use mongodb::bson::doc;
use mongodb::error::Error;
use serde::Serialize;
use ssm_domain::command::{AuthStore, RecordName};
use ssm_domain::digest::Digest;
use ssm_domain::entry::Seq;
use ssm_domain::names::Slug;
use ssm_domain::signing::HeadSignature;
use ssm_engine::journal::{AppendError, Batch, BatchEntry};
use ssm_engine::steps::reached;
use ssm_engine::sweep::StoredFor;

use crate::bytes::{binary, to_bson};
use crate::calls::{CallError, call, not_inserted, only_duplicates};
use crate::layout::{EntryDocument, Layout, RecordDocument, SignatureDocument, ValueDocument, all};
use crate::read::behind;

/// Appends `batch`, or a prefix of it where it fails.
pub async fn append(layout: Arc<Layout>, batch: Arc<Batch>) -> Result<(), AppendError> {
    reached("append:before-begin");
    let (here, whole) = (layout.clone(), batch.clone());
    match call(async move { prepare(&here, &whole).await }).await {
        Ok(Place::Next) => {}
        Ok(Place::Taken) => {
            // It may be this batch that has it, from an attempt that did not get so far.
            destroy_if_written(layout, batch).await;
            return Err(AppendError::Conflict);
        }
        Ok(Place::BehindAnother(last)) => {
            return Err(AppendError::Unavailable(format!(
                "entry {last} is not the one that this server knows: the database was changed behind it; restart the server"
            )));
        }
        // Of the entries nothing was sent.
        Err(error) => return Err(AppendError::Unavailable(error.to_string())),
    }
    reached("append:before-rows");
    let entries = entries(&batch);
    let journal = layout.journal();
    reached("append:before-commit");
    let inserted = call(async move { journal.insert_many(entries).await.map(drop) }).await;
    if let Err(error) = inserted {
        return Err(not_inserted(&error));
    }
    reached("append:after-commit");
    destroy_or_tell(&layout, &batch).await;
    Ok(())
}

/// Where a batch would stand.
enum Place {
    /// Behind the last entry.
    Next,
    /// Where others stand, or behind what is not there.
    Taken,
    /// Behind an entry that is not the one that it follows.
    BehindAnother(Seq),
}

/// Stores what the entries name, and looks where they would stand. The one does not wait for the other: what is stored
/// for entries that never come is inert.
async fn prepare(layout: &Layout, batch: &Batch) -> Result<Place, Error> {
    let stored_for = StoredFor::of(batch);
    let (place, values, records) = futures::join!(
        place(layout, batch),
        put_values(layout, batch, &stored_for),
        put_records(layout, batch, &stored_for)
    );
    values?;
    records?;
    place
}

async fn place(layout: &Layout, batch: &Batch) -> Result<Place, Error> {
    let Some(first) = batch.entries.first() else {
        return Ok(Place::Next);
    };
    let mut seqs = batch.entries.iter().map(|entry| entry.stored.seq);
    let gapless = (first.stored.seq..).zip(&mut seqs).all(|(a, b)| a == b);
    let before = first.stored.seq.saturating_sub(1);
    let journal = layout.journal();
    let found = all(journal.find(behind(before.saturating_sub(1), 2)).await?).await?;
    let at = |seq: Seq| found.iter().find(|entry| entry.seq == to_bson(seq));
    if !gapless || at(first.stored.seq).is_some() || (before > 0 && at(before).is_none()) {
        return Ok(Place::Taken);
    }
    let hash = at(before).map_or(Digest::ZERO.as_bytes().to_vec(), |entry| {
        entry.hash.bytes.clone()
    });
    Ok(if hash == first.entry.prev_hash.as_bytes() {
        Place::Next
    } else {
        Place::BehindAnother(before)
    })
}

/// Sealing the same again makes another value, so that one which is there is this one, stored for the same entry.
async fn put_values(layout: &Layout, batch: &Batch, stored_for: &StoredFor) -> Result<(), Error> {
    let values = batch.values.iter().map(|value| {
        let digest = Digest::of(value.as_bytes());
        ValueDocument {
            digest: binary(digest.as_bytes()),
            sealed: binary(value.as_bytes()),
            stored_for: stored_for.value(&digest).map(to_bson),
        }
    });
    put(&layout.values(), values.collect()).await
}

/// A record's name is random and its body is written once, so that one which is there is this one.
async fn put_records(layout: &Layout, batch: &Batch, stored_for: &StoredFor) -> Result<(), Error> {
    let mut by_store: HashMap<AuthStore, Vec<RecordDocument>> = HashMap::new();
    for record in &batch.records {
        let document = RecordDocument {
            id: record.id.clone(),
            body: binary(&record.body),
            stored_for: to_bson(stored_for.record(&record.name())),
        };
        by_store.entry(record.store).or_default().push(document);
    }
    for (store, records) in by_store {
        put(&layout.records(store), records).await?;
    }
    Ok(())
}

/// Inserts what is not there yet.
async fn put<T: Serialize + Send + Sync>(
    collection: &mongodb::Collection<T>,
    documents: Vec<T>,
) -> Result<(), Error> {
    if documents.is_empty() {
        return Ok(());
    }
    match collection.insert_many(documents).ordered(false).await {
        Err(error) if !only_duplicates(&error) => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}

fn entries(batch: &Batch) -> Vec<EntryDocument> {
    let mut signatures: HashMap<Seq, Vec<SignatureDocument>> = HashMap::new();
    for made in &batch.signatures {
        let of_entry = signatures.entry(made.seq).or_default();
        of_entry.push(signature(made));
    }
    let entries = batch
        .entries
        .iter()
        .map(|BatchEntry { entry, stored }| EntryDocument {
            seq: to_bson(stored.seq),
            hash: binary(stored.hash.as_bytes()),
            entry: binary(&stored.bytes),
            project: entry.target.project.as_ref().map(Slug::to_string),
            config: entry.target.config.as_ref().map(Slug::to_string),
            touched: entry
                .touched()
                .iter()
                .map(|config| binary(config.as_bytes()))
                .collect(),
            signatures: signatures.remove(&stored.seq).unwrap_or_default(),
        });
    entries.collect()
}

fn signature(made: &HeadSignature) -> SignatureDocument {
    SignatureDocument {
        public_key: binary(made.public_key.as_bytes()),
        previous: to_bson(made.previous),
        signature: binary(made.signature.as_bytes()),
    }
}

/// Destroys what the last entry of a batch that is written has destroyed.
async fn destroy_if_written(layout: Arc<Layout>, batch: Arc<Batch>) {
    let Some(last) = batch.entries.last().filter(|_| !batch.destroyed.is_empty()) else {
        return;
    };
    let wanted = doc! {
        "_id": to_bson(last.stored.seq), "hash": binary(last.stored.hash.as_bytes()),
    };
    let journal = layout.journal();
    let written = call(async move { journal.find_one(wanted).await }).await;
    if let Ok(Some(_)) = written {
        destroy_or_tell(&layout, &batch).await;
    }
}

/// The entries are written whatever becomes of this, so a failure is told to the log alone. A sweep goes on with it.
async fn destroy_or_tell(layout: &Layout, batch: &Batch) {
    if let Err(error) = destroy(layout, &batch.destroyed).await {
        tracing::warn!(%error, "destroyed records are still in the database");
    }
}

/// Destroys records.
pub async fn destroy(layout: &Layout, names: &[RecordName]) -> Result<(), CallError> {
    for store in AuthStore::ALL {
        let destroyed = names.iter().filter(|name| name.store == store);
        let ids: Vec<&String> = destroyed.map(|RecordName { id, .. }| id).collect();
        if ids.is_empty() {
            continue;
        }
        let (records, wanted) = (layout.records(store), doc! { "_id": { "$in": ids } });
        call(async move { records.delete_many(wanted).await.map(drop) }).await?;
    }
    Ok(())
}
