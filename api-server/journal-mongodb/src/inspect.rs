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
use crate::calls::{read, read_all};

#[async_trait]
impl Inspect for MongoJournal {
    async fn indexed(&self, first: Seq, last: Seq) -> Result<Vec<(Seq, Indexed)>, ReadError> {
        let journal = self.layout.journal().clone_with_type::<Document>();
        let found = read_all(async move {
            let wanted = doc! { "_id": { "$gte": to_bson(first), "$lte": to_bson(last) } };
            let fields = doc! { "project": 1, "config": 1, "touched": 1 };
            let found = journal.find(wanted).projection(fields);
            found.sort(doc! { "_id": 1 }).await
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
        let found = read_all(async move {
            let found = values.find(wanted).projection(doc! { "_id": 1 });
            found.sort(doc! { "_id": 1 }).limit(clamp(limit)).await
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
        let mut read_before = None;
        loop {
            let (access, wanted) = (self.layout.access::<Document>(), wanted.clone());
            let found = read_all(async move {
                let found = access.find(wanted).sort(doc! { "server": 1, "seq": 1 });
                let at_once = u32::try_from(limit).unwrap_or(u32::MAX);
                found.limit(clamp(limit)).batch_size(at_once).await
            });
            let found: Vec<_> = found.await?.into_iter().filter_map(inspected).collect();
            // MongoDB may let writes pass while it searches, so that records which were appended, or deleted, meanwhile are
            // there in part. A gap that is really one is the same when it is looked at again.
            let gap = gap(&found);
            if gap.is_none() || gap == read_before {
                return Ok(found);
            }
            read_before = gap;
        }
    }
}

/// The first record that does not follow the one in front of it in its chain.
fn gap(found: &[InspectedAccess]) -> Option<AccessPlace> {
    let follows = |before: &AccessPlace, next: &AccessPlace| {
        before.chain != next.chain || before.seq.checked_add(1) == Some(next.seq)
    };
    let mut pairs = found.windows(2);
    let gap = pairs.find(|pair| !follows(&pair[0].place, &pair[1].place))?;
    Some(gap[1].place.clone())
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

#[cfg(test)]
mod tests {
    use super::{AccessPlace, FOUND_BY, InspectedAccess, gap};

    #[test]
    fn a_gap_is_in_front_of_a_record_that_does_not_follow_in_its_own_chain() {
        for (places, expected) in [
            (&[][..], None),
            (&[("a", 7)], None),
            (&[("a", 7), ("a", 8), ("b", 3), ("b", 4)], None),
            (&[("a", 7), ("b", 3), ("b", 5), ("b", 9)], Some(("b", 5))),
            (&[("a", i64::MAX), ("a", i64::MIN)], Some(("a", i64::MIN))),
        ] {
            let place = |(chain, seq): (&str, i64)| AccessPlace {
                chain: chain.to_owned(),
                seq,
            };
            let found = places.iter().map(|at| InspectedAccess {
                place: place(*at),
                stored: Err("is not looked at"),
                found_by: FOUND_BY.map(|_| None),
            });
            let found: Vec<_> = found.collect();
            assert_eq!(gap(&found), expected.map(place));
        }
    }
}
