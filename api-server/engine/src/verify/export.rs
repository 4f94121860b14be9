//! Verifying an export, with no database.

use std::io::{self, BufRead, Read as _};

use ssm_domain::access_record::AccessRecord;
use ssm_domain::signing::HeadSignature;

use super::access::Chains;
use super::chain::Walk;
use super::finding::Named;
use super::inspect::AccessPlace;
use super::{Known, Report};
use crate::access::StoredAccess;
use crate::export::{AccessLine, EntryLine, SignatureLine};
use crate::journal::StoredEntry;

/// No line of an export is longer.
const LONGEST_LINE: u64 = 256 << 20;

/// Looks at every line of an export of the journal, of access records, or of both in one. What lies beside the entries is not
/// in it, so nothing is said about that.
pub fn verify_export(mut lines: impl BufRead, known: Known<'_>) -> io::Result<Report> {
    let mut walk = Walk::from_the_beginning(known);
    let mut chains = Chains::default();
    let mut last: Option<(StoredEntry, Vec<HeadSignature>)> = None;
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        lines
            .by_ref()
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut line)?;
        if line.is_empty() || walk.findings.are_full() || chains.are_full() {
            break;
        }
        if let Ok(entry) = serde_json::from_slice::<EntryLine<'_>>(&line) {
            if let Some((entry, signatures)) = last.replace((entry.stored(), Vec::new())) {
                walk.take(&entry, &signatures);
            }
        } else if let Ok(SignatureLine { signature }) = serde_json::from_slice(&line) {
            match &mut last {
                Some((entry, signatures)) if entry.seq == signature.seq => {
                    signatures.push(signature);
                }
                Some(_) | None => {
                    let why = "does not stand behind its entry";
                    walk.findings.add(Named::Signature(signature.seq), why);
                }
            }
        } else if let Some(access) = access_of(&line) {
            chains.take(
                &AccessPlace::new(access.server, access.seq),
                Ok(access),
                None,
            );
        } else {
            walk.findings
                .add(Named::Line(number), "is none of an export");
        }
    }
    if let Some((entry, signatures)) = last {
        walk.take(&entry, &signatures);
    }
    walk.check_end();
    if chains.are_empty() {
        return Ok(walk.report());
    }
    chains.end_chain();
    Ok(chains.report(walk, known))
}

/// The access record of a line, where it says which it is.
fn access_of(line: &[u8]) -> Option<StoredAccess> {
    let line: AccessLine<'_> = serde_json::from_slice(line).ok()?;
    let bytes = line.access.get().as_bytes();
    let record: AccessRecord = serde_json::from_slice(bytes).ok()?;
    Some(StoredAccess {
        server: record.server,
        seq: record.seq,
        hash: line.hash,
        bytes: bytes.to_vec(),
        signature: line.signature,
    })
}
