//! The journal in MongoDB (4.4 or newer): for a server that should outlive its machine, and for several servers on one
//! journal.
//!
//! An entry is one document, `_id` its position, with its signatures in it: who inserts a position first has it, and nothing
//! else decides. No transaction is needed. What an entry names (values, records) is written before it, so a crash leaves what
//! is inert at most, and a batch may be written up to any of its entries. Writes wait for the majority and its journals, reads
//! are of what the majority has, from the primary.
//!
//! This crate stores bytes. It knows neither what entries mean nor whether their hashes are right.

mod access;
mod activity;
mod append;
mod bytes;
mod calls;
mod inspect;
mod layout;
mod open;
mod read;
mod restore;
mod snapshot;
mod sweep;
pub mod version1;

use std::sync::Arc;

use async_trait::async_trait;
use mongodb::bson::doc;
use ssm_domain::command::{AuthRecord, AuthStore, RecordName};
use ssm_domain::digest::Digest;
use ssm_domain::entry::Seq;
use ssm_domain::id::ConfigId;
use ssm_domain::signing::HeadSignature;
use ssm_domain::state::Values;
use ssm_engine::journal::{AppendError, Batch, Filter, Journal, ReadError, StoredEntry};

pub use open::{MongoOptions, MongoUser, OpenError};

use bytes::binary;
use layout::Layout;

/// The journal in two databases of a MongoDB.
pub struct MongoJournal {
    layout: Arc<Layout>,
}

impl MongoJournal {
    /// Connects, looks whether everything is as it must be, and makes the collections and their indexes where they are missing.
    pub async fn open(options: MongoOptions) -> Result<Self, OpenError> {
        let layout = Arc::new(open::open(options).await?);
        Ok(Self { layout })
    }

    /// The same for what is there already. Makes nothing.
    pub async fn open_existing(options: MongoOptions) -> Result<Self, OpenError> {
        let layout = Arc::new(open::open_existing(options).await?);
        Ok(Self { layout })
    }
}

#[async_trait]
impl Journal for MongoJournal {
    async fn append(&self, batch: Arc<Batch>) -> Result<(), AppendError> {
        append::append(self.layout.clone(), batch).await
    }

    fn may_write_prefixes(&self) -> bool {
        true
    }

    fn is_shared(&self) -> bool {
        true
    }

    async fn read(&self, after: Seq, limit: usize) -> Result<Vec<StoredEntry>, ReadError> {
        read::entries(&self.layout, after, limit).await
    }

    async fn search(
        &self,
        filter: &Filter,
        before: Option<Seq>,
        limit: usize,
    ) -> Result<Vec<StoredEntry>, ReadError> {
        let mut wanted = doc! {};
        if let Some(project) = &filter.project {
            wanted.insert("project", project.as_str());
        }
        if let Some(config) = &filter.config {
            wanted.insert("config", config.as_str());
        }
        read::newest_first(&self.layout, wanted, before, limit).await
    }

    async fn history(
        &self,
        config: ConfigId,
        before: Option<Seq>,
        limit: usize,
    ) -> Result<Vec<StoredEntry>, ReadError> {
        let wanted = doc! { "touched": binary(config.as_bytes()) };
        read::newest_first(&self.layout, wanted, before, limit).await
    }

    async fn signatures(&self, first: Seq, last: Seq) -> Result<Vec<HeadSignature>, ReadError> {
        read::signatures(&self.layout, first, last).await
    }

    async fn values(&self, digests: &[Digest]) -> Result<Values, ReadError> {
        read::values(&self.layout, digests).await
    }

    async fn records(&self, store: AuthStore) -> Result<Vec<AuthRecord>, ReadError> {
        read::records(&self.layout, store, doc! {}).await
    }

    async fn find_records(&self, names: &[RecordName]) -> Result<Vec<AuthRecord>, ReadError> {
        let mut found = Vec::new();
        for store in AuthStore::ALL {
            let wanted = names.iter().filter(|name| name.store == store);
            let ids: Vec<&str> = wanted.map(|name| name.id.as_str()).collect();
            if !ids.is_empty() {
                let wanted = doc! { "_id": { "$in": ids } };
                found.append(&mut read::records(&self.layout, store, wanted).await?);
            }
        }
        Ok(found)
    }
}
