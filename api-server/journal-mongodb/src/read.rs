//! Reading entries, values and records.

use mongodb::bson::{Document, doc};
use ssm_domain::command::{AuthRecord, AuthStore};
use ssm_domain::digest::Digest;
use ssm_domain::entry::Seq;
use ssm_domain::seal::Sealed;
use ssm_domain::signing::{HeadSignature, PublicKey, Signature};
use ssm_domain::state::Values;
use ssm_engine::journal::{ReadError, StoredEntry};

use crate::bytes::{binary, clamp, exactly, to_bson, to_seq};
use crate::calls::read_all;
use crate::layout::{EntryDocument, Layout, RecordDocument};

/// How many digests are looked for at once.
const DIGESTS: usize = 1000;
/// How many positions are asked for one by one at most.
const ONE_BY_ONE: usize = 16;

/// At most `limit` entries after `after`. A missing one is damage.
pub async fn entries(
    layout: &Layout,
    after: Seq,
    limit: usize,
) -> Result<Vec<StoredEntry>, ReadError> {
    let entries = find(layout, behind(after, limit), doc! { "_id": 1 }, limit).await?;
    let mut previous = after;
    for entry in &entries {
        if entry.seq - 1 != previous {
            let missing = previous + 1;
            return Err(ReadError::Damaged(format!("entry {missing} is missing")));
        }
        previous = entry.seq;
    }
    Ok(entries)
}

/// The positions behind `after`. A few, as of the tail that is read again and again, are named: to look positions up is
/// cheap in whatever speaks MongoDB's protocol, and to find where a range begins may mean to go through all that there is.
pub fn behind(after: Seq, limit: usize) -> Document {
    if limit > ONE_BY_ONE {
        return doc! { "_id": { "$gt": to_bson(after) } };
    }
    let ahead = (1..).take(limit);
    let positions = ahead.filter_map(|ahead: Seq| after.checked_add(ahead));
    doc! { "_id": { "$in": positions.map(to_bson).collect::<Vec<_>>() } }
}

/// At most `limit` entries that are `wanted`, newest first, from before `before`.
pub async fn newest_first(
    layout: &Layout,
    mut wanted: Document,
    before: Option<Seq>,
    limit: usize,
) -> Result<Vec<StoredEntry>, ReadError> {
    if let Some(before) = before {
        wanted.insert("_id", doc! { "$lt": to_bson(before) });
    }
    find(layout, wanted, doc! { "_id": -1 }, limit).await
}

async fn find(
    layout: &Layout,
    wanted: Document,
    order: Document,
    limit: usize,
) -> Result<Vec<StoredEntry>, ReadError> {
    if limit == 0 {
        return Ok(Vec::new());
    }
    let journal = layout.journal();
    let found = read_all(async move {
        let found = journal.find(wanted).sort(order);
        found.limit(clamp(limit)).await
    });
    found.await?.into_iter().map(stored).collect()
}

fn stored(document: EntryDocument) -> Result<StoredEntry, ReadError> {
    Ok(StoredEntry {
        seq: to_seq(document.seq)?,
        hash: Digest::from_bytes(exactly("the hash of an entry", &document.hash)?),
        bytes: document.entry.bytes,
    })
}

/// The signatures of the entries from `first` to `last`.
pub async fn signatures(
    layout: &Layout,
    first: Seq,
    last: Seq,
) -> Result<Vec<HeadSignature>, ReadError> {
    let wanted = if first == last {
        doc! { "_id": to_bson(first) }
    } else {
        doc! { "_id": { "$gte": to_bson(first), "$lte": to_bson(last) } }
    };
    let journal = layout.journal();
    let found = read_all(async move { journal.find(wanted).sort(doc! { "_id": 1 }).await });
    let mut signatures = Vec::new();
    for entry in found.await? {
        let mut of_entry = Vec::with_capacity(entry.signatures.len());
        for made in entry.signatures {
            of_entry.push(HeadSignature {
                seq: to_seq(entry.seq)?,
                previous: to_seq(made.previous)?,
                public_key: PublicKey::from_bytes(exactly("a public key", &made.public_key)?),
                signature: Signature::from_bytes(exactly("a signature", &made.signature)?),
            });
        }
        of_entry.sort_by_key(|made| *made.public_key.as_bytes());
        signatures.append(&mut of_entry);
    }
    Ok(signatures)
}

/// Those of the named values that are there.
pub async fn values(layout: &Layout, digests: &[Digest]) -> Result<Values, ReadError> {
    let mut values = Values::new();
    for digests in digests.chunks(DIGESTS) {
        let wanted: Vec<_> = digests
            .iter()
            .map(|digest| binary(digest.as_bytes()))
            .collect();
        let collection = layout.values();
        let found =
            read_all(async move { collection.find(doc! { "_id": { "$in": wanted } }).await });
        for value in found.await? {
            let digest = Digest::from_bytes(exactly("the digest of a value", &value.digest)?);
            values.insert(digest, Sealed::from_bytes(value.sealed.bytes));
        }
    }
    Ok(values)
}

/// The records of `store` that are `wanted`.
pub async fn records(
    layout: &Layout,
    store: AuthStore,
    wanted: Document,
) -> Result<Vec<AuthRecord>, ReadError> {
    let collection = layout.records(store);
    let found = read_all(async move { collection.find(wanted).sort(doc! { "_id": 1 }).await });
    let record = |record: RecordDocument| AuthRecord {
        store,
        id: record.id,
        body: record.body.bytes,
    };
    Ok(found.await?.into_iter().map(record).collect())
}
