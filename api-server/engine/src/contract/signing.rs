//! The signatures of heads.

use std::sync::Arc;

use ssm_domain::entry::Seq;
use ssm_domain::signing::{HeadSignature, PublicKey, Signature};

use super::chain::Chain;
use crate::journal::{AppendError, Batch, Journal};

/// Bytes that a backend cannot tell from a signature.
fn signature(seq: Seq, key: u8) -> HeadSignature {
    HeadSignature {
        seq,
        previous: seq - 1,
        public_key: PublicKey::from_bytes([key; 32]),
        signature: Signature::from_bytes([seq.to_le_bytes()[0] ^ key; 64]),
    }
}

/// A batch of as many entries, with these signatures.
fn signed(chain: &mut Chain, entries: usize, signatures: Vec<HeadSignature>) -> Arc<Batch> {
    Arc::new(Batch {
        entries: (0..entries).map(|_| chain.entry()).collect(),
        signatures,
        ..Batch::default()
    })
}

pub async fn signatures_are_read_back_in_the_order_of_entries(journal: Arc<dyn Journal>) {
    assert_eq!(journal.signatures(0, Seq::MAX).await.unwrap(), []);
    let mut chain = Chain::default();
    let all: Vec<_> = [1, 4, 5, 9].map(|seq| signature(seq, 1)).into();
    for (entries, made) in [(1, &all[..1]), (4, &all[1..3]), (4, &all[3..])] {
        let batch = signed(&mut chain, entries, made.to_vec());
        journal.append(batch).await.unwrap();
    }
    for (first, last) in [
        (0, Seq::MAX),
        (1, 9),
        (2, 8),
        (4, 4),
        (5, 5),
        (6, 8),
        (9, 2),
    ] {
        let between = |made: &&HeadSignature| made.seq >= first && made.seq <= last;
        let expected: Vec<_> = all.iter().filter(between).copied().collect();
        let found = journal.signatures(first, last).await.unwrap();
        assert_eq!(found, expected, "{first} to {last}");
    }
}

pub async fn an_entry_may_be_signed_with_two_keys(journal: Arc<dyn Journal>) {
    let both = vec![signature(1, 1), signature(1, 2)];
    let batch = signed(&mut Chain::default(), 1, both.clone());
    journal.append(batch).await.unwrap();
    let mut found = journal.signatures(1, 1).await.unwrap();
    found.sort_by_key(|made| *made.public_key.as_bytes());
    assert_eq!(found, both);
}

pub async fn signatures_of_a_refused_batch_are_not_there(journal: Arc<dyn Journal>) {
    let mut chain = Chain::default();
    let mut late = chain.clone();
    let batch = signed(&mut chain, 2, vec![signature(2, 1)]);
    journal.append(batch).await.unwrap();

    let batch = signed(&mut late, 3, vec![signature(2, 2), signature(3, 2)]);
    let refused = journal.append(batch).await;
    assert!(matches!(refused, Err(AppendError::Conflict)), "{refused:?}");
    let found = journal.signatures(0, Seq::MAX).await.unwrap();
    assert_eq!(found, [signature(2, 1)]);
}
