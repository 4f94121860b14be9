//! Who has to sign where one signing key follows another.

use std::fmt::Write as _;

use ssm_domain::digest::Digest;
use ssm_domain::entry::{ActorKind, Change, Entry, EntryActor, Head, NewEntry, Seq, Target};
use ssm_domain::id::{Epoch, OpId};
use ssm_domain::seal::RootKey;
use ssm_domain::signing::{HeadSignature, Signer};
use ssm_domain::time::Timestamp;
use ssm_engine::verify::{Known, Named, verify_export};

use crate::support::{ROOT, SALT};

const EPOCH: Epoch = Epoch::MIN;

fn signer(root: &str) -> Signer {
    RootKey::parse(root).unwrap().signer()
}

fn entry(head: &Head, changes: Vec<Change>) -> Entry {
    let new = NewEntry {
        op_id: OpId::MIN,
        now: Timestamp::from_millis(1_800_000_000_000),
        actor: EntryActor {
            kind: ActorKind::System,
            id: "server".into(),
            token_id: None,
        },
        request: None,
        action: "keys.rotate".into(),
        target: Target::default(),
        changes,
    };
    Entry::append_to(head, new)
}

/// The export of a journal whose second entry brings another key, and what is found in it where the second and the third
/// entry are signed so.
fn first_bad(second: &[&Signer], third: &[&Signer]) -> Option<Named> {
    let (old, new) = (signer(ROOT), signer(SALT));
    let started = Change::JournalStarted {
        epoch: EPOCH,
        root_key: "old".into(),
        token_salt: "salt".into(),
        signing_key: old.public_key(),
    };
    let rotated = Change::RootKeyRotated {
        root_key: "new".into(),
        signing_key: new.public_key(),
    };
    let mut export = String::new();
    let (mut head, mut previous): (Head, Seq) = (Head::EMPTY, 0);
    for (changes, signers) in [
        (vec![started], &[&old][..]),
        (vec![rotated], second),
        (vec![], third),
    ] {
        let entry = entry(&head, changes);
        let bytes = entry.canonical_bytes();
        head = entry.head(Digest::of(&bytes));
        let (seq, hash) = (head.seq, head.hash);
        let text = String::from_utf8(bytes).unwrap();
        writeln!(export, r#"{{"seq":{seq},"hash":"{hash}","entry":{text}}}"#).unwrap();
        for signer in signers {
            let signature = HeadSignature::new(signer, EPOCH, previous, &head);
            let signature = serde_json::to_string(&signature).unwrap();
            writeln!(export, r#"{{"signature":{signature}}}"#).unwrap();
        }
        if !signers.is_empty() {
            previous = seq;
        }
    }
    let report = verify_export(export.as_bytes(), Known::default()).unwrap();
    report
        .findings
        .into_iter()
        .next()
        .map(|finding| finding.named)
}

#[test]
fn an_entry_that_brings_another_key_is_signed_with_both_and_later_ones_with_the_new_one() {
    let (old, new) = (signer(ROOT), signer(SALT));
    let mallory = signer("Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4MTIzNDU2Nzg=");
    assert_eq!(first_bad(&[&old, &new], &[&new]), None);
    assert_eq!(first_bad(&[&new, &old], &[&new]), None);

    let second = Some(Named::Signature(2));
    assert_eq!(first_bad(&[], &[&new]), second);
    assert_eq!(first_bad(&[&old], &[&new]), second);
    assert_eq!(first_bad(&[&new], &[&new]), second);
    assert_eq!(first_bad(&[&old, &mallory], &[&new]), second);
    assert_eq!(first_bad(&[&mallory, &new], &[&new]), second);

    let third = Some(Named::Signature(3));
    assert_eq!(first_bad(&[&old, &new], &[]), third);
    assert_eq!(first_bad(&[&old, &new], &[&old]), third);
    assert_eq!(first_bad(&[&old, &new], &[&mallory]), third);
}
