//! What verifying reads. Nothing that somebody put into a field makes it fail.

use std::collections::BTreeSet;

use async_trait::async_trait;
use mongodb::bson::{Bson, Document, doc};
use ssm_domain::entry::Seq;
use ssm_engine::journal::ReadError;
use ssm_engine::verify::{AccessPlace, FOUND_BY, Indexed, Inspect, InspectedAccess};

use crate::MongoJournal;
use crate::access::{AccessDocument, behind, stored};
use crate::bytes::{binary, clamp, to_bson};
use crate::calls::read;
use crate::layout::all;

#[async_trait]
impl Inspect for MongoJournal {
    async fn indexed(&self, first: Seq, last: Seq) -> Result<Vec<(Seq, Indexed)>, ReadError> {
        let journal = self.layout.journal().clone_with_type::<Document>();
        let found = read(async move {
            let wanted = doc! { "_id": { "$gte": to_bson(first), "$lte": to_bson(last) } };
            let fields = doc! { "project": 1, "config": 1, "touched": 1 };
            let found = journal.find(wanted).projection(fields);
            all(found.sort(doc! { "_id": 1 }).await?).await
        });
        let indexed = |document: Document| {
            let seq = document.get_i64("_id").ok()?;
            let touched = document.get_array("touched").map(Vec::as_slice);
            let touched = touched.unwrap_or_default().iter();
            let indexed = Indexed {
                project: text(document.get("project")),
                config: text(document.get("config")),
                touched: touched
                    .filter_map(|config| text(Some(config)))
                    .collect::<BTreeSet<_>>(),
            };
            Some((Seq::try_from(seq).ok()?, indexed))
        };
        Ok(found.await?.into_iter().filter_map(indexed).collect())
    }

    async fn count_values(&self) -> Result<u64, ReadError> {
        let values = self.layout.values();
        read(async move { values.count_documents(doc! {}).await }).await
    }

    async fn value_names(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, ReadError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let after = after.map(|after| hex::decode(after).unwrap_or_default());
        let wanted = after.map_or_else(Document::new, |after| {
            doc! { "_id": { "$gt": binary(&after) } }
        });
        let values = self.layout.values().clone_with_type::<Document>();
        let found = read(async move {
            let found = values.find(wanted).projection(doc! { "_id": 1 });
            all(found.sort(doc! { "_id": 1 }).limit(clamp(limit)).await?).await
        });
        let names = found.await?.into_iter();
        Ok(names
            .filter_map(|document| text(document.get("_id")))
            .collect())
    }

    async fn inspect_access(
        &self,
        after: Option<&AccessPlace>,
        limit: usize,
    ) -> Result<Vec<InspectedAccess>, ReadError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let wanted = after.map_or_else(Document::new, |after| {
            let server = hex::decode(&after.chain).unwrap_or_default();
            behind(binary(&server), after.seq)
        });
        let access = self.layout.access::<Document>();
        let found = read(async move {
            let found = access.find(wanted).sort(doc! { "server": 1, "seq": 1 });
            let at_once = u32::try_from(limit).unwrap_or(u32::MAX);
            all(found.limit(clamp(limit)).batch_size(at_once).await?).await
        });
        Ok(found.await?.into_iter().filter_map(inspected).collect())
    }
}

/// A record of access, whatever is in its document.
fn inspected(document: Document) -> Option<InspectedAccess> {
    let place = AccessPlace {
        chain: text(document.get("server"))?,
        seq: document.get_i64("seq").ok()?,
    };
    let found_by = FOUND_BY.map(|field| text(document.get(field)));
    let signed = ["epoch", "publicKey", "signature"]
        .map(|field| !matches!(document.get(field), None | Some(Bson::Null)));
    let record = mongodb::bson::deserialize_from_document::<AccessDocument>(document);
    let stored = match record.ok().map(stored) {
        None | Some(Err(_)) => Err("is not made of what a record is made of"),
        Some(Ok(_)) if signed.contains(&true) && signed.contains(&false) => {
            Err("has half a signature")
        }
        Some(Ok(stored)) => Ok(stored),
    };
    Some(InspectedAccess {
        place,
        stored,
        found_by,
    })
}

/// A field as a text, as far as it is one; bytes in hexadecimal.
fn text(field: Option<&Bson>) -> Option<String> {
    match field? {
        Bson::Null => None,
        Bson::String(text) => Some(text.clone()),
        Bson::Binary(bytes) => Some(hex::encode(&bytes.bytes)),
        other => Some(other.to_string()),
    }
}
