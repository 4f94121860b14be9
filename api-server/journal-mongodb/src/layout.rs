//! What the databases look like.

use futures::TryStreamExt;
use mongodb::bson::{Binary, Document, doc};
use mongodb::error::Error;
use mongodb::options::IndexOptions;
use mongodb::{Client, Collection, Database, IndexModel};
use serde::{Deserialize, Serialize};
use ssm_domain::command::AuthStore;

/// The layout that is written here.
pub const VERSION: i32 = 1;

/// The collections.
pub struct Layout {
    /// The database of operational data.
    pub data: Database,
    /// The database of credentials and of what may be lost.
    pub auth: Database,
}

/// An entry.
#[derive(Debug, Serialize, Deserialize)]
pub struct EntryDocument {
    /// Its position.
    #[serde(rename = "_id")]
    pub seq: i64,
    /// The hash of its canonical bytes.
    pub hash: Binary,
    /// Its canonical bytes.
    pub entry: Binary,
    /// The slug of the target's project.
    pub project: Option<String>,
    /// The slug of the target's config.
    pub config: Option<String>,
    /// The ids of the configs that it touches.
    pub touched: Vec<Binary>,
    /// What vouches for the head that it makes.
    pub signatures: Vec<SignatureDocument>,
}

/// A signature of the head that an entry makes.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignatureDocument {
    /// Whose it is.
    pub public_key: Binary,
    /// The position that was signed before.
    pub previous: i64,
    /// The signature.
    pub signature: Binary,
}

/// A sealed value, by its digest.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ValueDocument {
    /// The digest.
    #[serde(rename = "_id")]
    pub digest: Binary,
    /// The sealed bytes.
    pub sealed: Binary,
    /// The entry that it was stored for, until it is known that it names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored_for: Option<i64>,
}

/// A record of the auth store.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordDocument {
    /// Its name.
    #[serde(rename = "_id")]
    pub id: String,
    /// JSON.
    pub body: Binary,
    /// The entry that it was stored for.
    pub stored_for: i64,
}

/// What the databases are, in the one document of `layout`.
#[derive(Debug, Serialize, Deserialize)]
pub struct LayoutDocument {
    /// Always the same.
    #[serde(rename = "_id")]
    pub id: String,
    /// The layout's version.
    pub version: i32,
}

impl Layout {
    /// The layout in these two databases.
    pub fn new(client: &Client, data: &str, auth: &str) -> Self {
        Self {
            data: client.database(data),
            auth: client.database(auth),
        }
    }

    /// Entries.
    pub fn journal(&self) -> Collection<EntryDocument> {
        self.data.collection("journal")
    }

    /// Sealed values.
    pub fn values(&self) -> Collection<ValueDocument> {
        self.data.collection("values")
    }

    /// Access records.
    pub fn access<T: Send + Sync>(&self) -> Collection<T> {
        self.data.collection("access")
    }

    /// Positions of the snapshots that are complete.
    pub fn snapshots(&self) -> Collection<Document> {
        self.data.collection("snapshots")
    }

    /// Pieces of snapshots.
    pub fn snapshot_chunks<T: Send + Sync>(&self) -> Collection<T> {
        self.data.collection("snapshot_chunks")
    }

    /// What the databases are.
    pub fn layout(&self) -> Collection<LayoutDocument> {
        self.data.collection("layout")
    }

    /// The mark of a restore that is not finished.
    pub fn unfinished_restore(&self) -> Collection<Document> {
        self.data.collection("unfinished_restore")
    }

    /// A part of the auth store.
    pub fn records(&self, store: AuthStore) -> Collection<RecordDocument> {
        self.auth.collection(store.name())
    }

    /// What may be lost.
    pub fn activity<T: Send + Sync>(&self) -> Collection<T> {
        self.auth.collection("activity")
    }

    /// Makes what is missing. An index that is there is left alone.
    pub async fn make(&self) -> Result<(), Error> {
        let plain = |keys: Document| IndexModel::builder().keys(keys).build();
        let unique = |keys: Document| {
            let options = IndexOptions::builder().unique(true).build();
            IndexModel::builder().keys(keys).options(options).build()
        };
        self.journal()
            .create_indexes([
                plain(doc! { "project": 1, "config": 1, "_id": -1 }),
                plain(doc! { "project": 1, "_id": -1 }),
                plain(doc! { "config": 1, "_id": -1 }),
                plain(doc! { "touched": 1, "_id": -1 }),
            ])
            .await?;
        let sparse = IndexOptions::builder().sparse(true).build();
        let unsettled = IndexModel::builder().keys(doc! { "storedFor": 1 });
        self.values()
            .create_index(unsettled.options(sparse).build())
            .await?;
        self.access::<Document>()
            .create_indexes([
                unique(doc! { "server": 1, "seq": 1 }),
                plain(doc! { "at": -1, "id": -1 }),
                plain(doc! { "project": 1, "at": -1, "id": -1 }),
                plain(doc! { "project": 1, "config": 1, "at": -1, "id": -1 }),
                plain(doc! { "actor": 1, "at": -1, "id": -1 }),
                plain(doc! { "action": 1, "at": -1, "id": -1 }),
            ])
            .await?;
        self.snapshot_chunks::<Document>()
            .create_index(unique(doc! { "seq": 1, "chunk": 1 }))
            .await?;
        self.activity::<Document>()
            .create_indexes([
                unique(doc! { "kind": 1, "id": 1 }),
                plain(doc! { "expiresAt": 1 }),
            ])
            .await?;
        Ok(())
    }
}

/// Every document that `found` comes to.
pub async fn all<T>(found: mongodb::Cursor<T>) -> Result<Vec<T>, Error>
where
    T: serde::de::DeserializeOwned + Unpin + Send + Sync,
{
    found.try_collect().await
}
