//! Ways to change the chains of access records as somebody who knows how they are made.

use rand::RngExt as _;
use rand::rngs::StdRng;
use rusqlite::Connection;
use rusqlite::types::Value;
use ssm_domain::access_record::AccessRecord;
use ssm_domain::digest::Digest;
use ssm_domain::id::Epoch;
use ssm_domain::seal::RootKey;
use ssm_domain::signing::AccessSignature;

use crate::table::{Rows, Table, access, blob};
use crate::tamper::Tampered;

const HASH: usize = 2;
const RECORD: usize = 3;
const EPOCH: usize = 4;
const PUBLIC_KEY: usize = 5;
const SIGNATURE: usize = 6;

/// Tampers with one chain, so that every hash of it is right.
pub fn tamper(db: &Connection, rng: &mut StdRng) -> Option<Tampered> {
    let table = Table::named("access");
    let rows = table.read(db);
    let of = rows[rng.random_range(0..rows.len())][0].clone();
    let (mut chain, mut all): (Rows, Rows) = rows.into_iter().partition(|row| row[0] == of);
    let at = rng.random_range(0..chain.len());
    let what = format!("record {at} of {}", chain.len());
    let (what, names) = match rng.random_range(0..5) {
        0 => {
            let names = chain[at..].iter().map(|row| access(row)).collect();
            edit(&mut chain[at], |record| record.access.count += 1);
            rehash(&mut chain[at..]);
            (format!("edit {what} and compute every hash anew"), names)
        }
        // From the front it may be deleted.
        1 if at > 0 && at + 1 < chain.len() => {
            let gone = chain.remove(at);
            (format!("take out {what}"), vec![access(&gone)])
        }
        2 if at + 1 < chain.len() => {
            let names = chain[at..].iter().map(|row| access(row)).collect();
            chain.remove(at);
            for row in &mut chain[at..] {
                edit(row, |record| record.seq -= 1);
            }
            rehash(&mut chain[at..]);
            (format!("take out {what}, and count anew"), names)
        }
        // Where it is signed, nothing tells.
        3 if chain[at][SIGNATURE] == Value::Null => {
            chain.truncate(at + 1);
            (
                format!("cut off all behind {what}"),
                vec![access(&chain[at])],
            )
        }
        4 => {
            let names = chain.iter().map(|row| access(row)).collect();
            edit(&mut chain[at], |record| record.access.status = 200);
            rehash(&mut chain);
            sign(&mut chain);
            ("sign a chain with another root key".to_owned(), names)
        }
        _ => return None,
    };
    all.extend(chain);
    table.write(db, &all).then_some(Tampered { what, names })
}

fn record(row: &[Value]) -> AccessRecord {
    serde_json::from_slice(blob(&row[RECORD])).unwrap()
}

fn edit(row: &mut [Value], change: impl FnOnce(&mut AccessRecord)) {
    let mut record = record(row);
    change(&mut record);
    row[1] = Value::Integer(record.seq.cast_signed());
    row[RECORD] = Value::Blob(record.canonical_bytes());
}

/// Chains rows anew, behind what the first of them follows.
fn rehash(rows: &mut [Vec<Value>]) {
    let mut before = record(&rows[0]).prev_hash;
    for row in rows {
        edit(row, |record| record.prev_hash = before);
        before = Digest::of(blob(&row[RECORD]));
        row[HASH] = Value::Blob(before.as_bytes().to_vec());
    }
}

/// Signs what is signed anew, with a root key that is not the server's.
fn sign(rows: &mut [Vec<Value>]) {
    let signer = RootKey::parse("c29tZWJvZHkgZWxzZSdzIHJvb3Qga2V5IGlzIHRoaXM=")
        .unwrap()
        .signer();
    for row in rows.iter_mut().filter(|row| row[EPOCH] != Value::Null) {
        let epoch = Epoch::from_bytes(blob(&row[EPOCH]).try_into().unwrap());
        let head = record(row).head(Digest::of(blob(&row[RECORD])));
        let made = AccessSignature::new(&signer, epoch, &head);
        row[PUBLIC_KEY] = Value::Blob(made.public_key.as_bytes().to_vec());
        row[SIGNATURE] = Value::Blob(made.signature.as_bytes().to_vec());
    }
}
