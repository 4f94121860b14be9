//! The proof that nothing of the record was changed: verifying it here, or taking it elsewhere to be verified there.

use std::io;

use axum::Json;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::stream;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use serde::Serialize;
use ssm_domain::access::{Action, Place};
use ssm_domain::digest::Digest;
use ssm_domain::rejection::Rejection;
use ssm_domain::signing::Checkpoint;
use ssm_engine::verify::{Finding, Report};
use ssm_engine::{Export, Stream};
use tracing::warn;
use utoipa::ToSchema;

use crate::http::auth::Auth;
use crate::http::errors::{ApiError, ApiResult, ReadErrors};
use crate::http::query::Params;

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditVerification {
    /// Whether all that was looked at is as it was written
    ok: bool,
    /// How many entries were looked at
    entries: u64,
    /// How many records of reads, refusals and failed sign-ins were looked at, where all is looked at
    #[serde(skip_serializing_if = "Option::is_none")]
    access_records: Option<u64>,
    head: JournalHead,
    /// The first thing that is not as it should be
    #[serde(skip_serializing_if = "Option::is_none")]
    first_bad: Option<BadThing>,
    /// How many things are not; counting ends at 100
    bad: usize,
}

/// The journal's end, or the last entry that was looked at.
#[derive(Serialize, ToSchema)]
pub(crate) struct JournalHead {
    seq: u64,
    #[schema(value_type = String)]
    hash: Digest,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct BadThing {
    /// `entry`, `signature`, `index`, `value`, `record`, `snapshot`, `access` or `journal`
    #[schema(example = "entry")]
    kind: &'static str,
    /// What it is called
    #[schema(example = "entry 17")]
    name: String,
    /// The entry that it is or belongs to, where it does
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    /// What is wrong with it
    #[schema(example = "does not have the hash that was stored with it")]
    why: String,
}

impl BadThing {
    fn of(finding: &Finding) -> Self {
        Self {
            kind: finding.named.kind(),
            name: finding.named.to_string(),
            seq: finding.named.seq(),
            why: finding.why.clone(),
        }
    }
}

impl AuditVerification {
    fn of(report: &Report) -> Self {
        Self {
            ok: report.is_ok(),
            entries: report.entries,
            access_records: report.access.as_ref().map(|access| access.records),
            head: JournalHead {
                seq: report.head.seq,
                hash: report.head.hash,
            },
            first_bad: report.findings.first().map(BadThing::of),
            bad: report.findings.len(),
        }
    }
}

/// Look whether the journal is as it was written
///
/// Looks at the chain of hashes, the signatures, and all that lies beside the entries: values, records of passwords, tokens
/// and keys, and snapshots; and at the chains of reads, refusals and failed sign-ins, one of each process of the server. Old
/// records go from the front of a chain, so nothing is said about what was in front of its first. With `from` or `to` it
/// looks at these entries and their values alone, and takes what is in front of them as given. Needs `audit:read` everywhere.
#[utoipa::path(
    get, path = "/api/audit/verify", operation_id = "verifyAudit", tag = "Audit",
    params(
        ("from" = Option<u64>, Query, description = "The first entry to look at; 1 unless told"),
        ("to" = Option<u64>, Query, description = "The last entry to look at; the journal's end unless told"),
    ),
    responses((status = 200, body = AuditVerification), ReadErrors)
)]
pub(crate) async fn verify(auth: Auth, params: Params) -> ApiResult<Json<AuditVerification>> {
    may_audit_everything(&auth)?;
    let (from, to) = (params.number("from")?, params.number("to")?);
    let report = auth.app.engine.verify(&auth.actor, from, to).await?;
    if let Some(finding) = report.findings.first() {
        warn!(%finding, bad = report.findings.len(), "the journal is not as it was written");
    }
    Ok(Json(AuditVerification::of(&report)))
}

/// A line of an export: an entry, a signature of the journal's head behind its entry, or an access record.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only documents")]
pub(crate) struct ExportLine {
    /// The entry's position
    seq: Option<u64>,
    /// SHA-256 of the bytes of `entry` or `access` as they stand in the line
    hash: Option<String>,
    /// The entry in its canonical form
    #[schema(value_type = Option<Object>)]
    entry: Option<()>,
    /// The access record in its canonical form, with the chain and the position that it belongs to
    #[schema(value_type = Option<Object>)]
    access: Option<()>,
    signature: Option<ExportedSignature>,
}

/// The signature of the head behind an entry, or of the chain up to an access record.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only documents")]
pub(crate) enum ExportedSignature {
    Head(HeadSignature),
    Access(AccessSignature),
}

/// A signature of a chain of access records.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only documents")]
pub(crate) struct AccessSignature {
    /// The journal's lifetime in which it was made
    epoch: String,
    /// Ed25519, 64 hexadecimal digits
    public_key: String,
    /// Ed25519, 128 hexadecimal digits, over `ssm/access/v1 ‖ epoch ‖ chain ‖ position ‖ hash`, the position in 8 bytes,
    /// greatest first
    signature: String,
}

/// A signature of the head that an entry makes.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only documents")]
pub(crate) struct HeadSignature {
    seq: u64,
    /// The entry whose head was signed before; 0 for the first
    previous: u64,
    /// Ed25519, 64 hexadecimal digits
    public_key: String,
    /// Ed25519, 128 hexadecimal digits, over `ssm/head/v1 ‖ epoch ‖ previous ‖ seq ‖ hash`, numbers in 8 bytes, greatest
    /// first
    signature: String,
}

/// The record as lines of JSON, to be verified without a server
///
/// Of the journal, each entry in its canonical form with its hash, and behind it the signatures of the head that it makes.
/// Sealed values are named by their digest only. Ends with the entry that was the last when it began.
///
/// Of the `access` stream, what is stored of reads, refusals and failed sign-ins: each record in its canonical form with its
/// hash, and with a signature where it has one, one chain after the other. Like ones of the present minute are not stored
/// yet. Needs `audit:read` everywhere.
#[utoipa::path(
    get, path = "/api/audit/export", operation_id = "exportAudit", tag = "Audit",
    params(
        ("format" = Option<String>, Query, description = "`jsonl`, which is also what there is unless told"),
        ("stream" = Option<String>, Query, description = "`journal`, which it is unless told, or `access`"),
    ),
    responses((status = 200, body = ExportLine, content_type = "application/jsonl"), ReadErrors)
)]
pub(crate) async fn export(auth: Auth, params: Params) -> ApiResult<Response> {
    may_audit_everything(&auth)?;
    match params.text("format")?.as_deref() {
        None | Some("jsonl") => {}
        Some(_) => return Err(ApiError::invalid("format", "must be jsonl")),
    }
    let stream = params.parsed("stream")?.unwrap_or(Stream::Journal);
    let attachment = match stream {
        Stream::Journal => "attachment; filename=\"audit.jsonl\"",
        Stream::Access => "attachment; filename=\"access.jsonl\"",
    };
    let export = auth.app.engine.export(&auth.actor, stream).await?;
    let headers = [
        (CONTENT_TYPE, "application/jsonl"),
        (CONTENT_DISPOSITION, attachment),
    ];
    Ok((headers, Body::from_stream(Box::pin(lines(export)))).into_response())
}

/// The lines of an export. One that cannot go on breaks the connection off, so that nobody takes it for whole.
fn lines(export: Export) -> impl futures::Stream<Item = io::Result<Bytes>> {
    stream::try_unfold(export, async |mut export| match export.next().await {
        Ok(lines) => Ok(lines.map(|lines| (Bytes::from(lines), export))),
        Err(error) => {
            warn!(%error, "an export of the record breaks off");
            Err(io::Error::other(error))
        }
    })
}

/// A statement about the journal, to be kept where the server's owner cannot change it.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only documents")]
pub(crate) struct AuditCheckpoint {
    /// The last entry
    seq: u64,
    /// Its hash
    hash: String,
    /// When the checkpoint was made
    #[schema(format = DateTime)]
    at: String,
    /// The journal's lifetime
    epoch: String,
    /// Ed25519, 128 hexadecimal digits, over `ssm/checkpoint/v1 ‖ epoch ‖ seq ‖ hash ‖ at`, `at` in milliseconds since 1970,
    /// numbers in 8 bytes, greatest first
    signature: String,
    /// Ed25519, 64 hexadecimal digits
    public_key: String,
}

/// What the journal has come to, signed
///
/// Keep it elsewhere: `ssm-server audit verify --checkpoint FILE` tells whether anything was taken away since. Needs
/// `audit:read` everywhere.
#[utoipa::path(
    get, path = "/api/audit/checkpoint", operation_id = "auditCheckpoint", tag = "Audit",
    responses((status = 200, body = AuditCheckpoint), ReadErrors)
)]
pub(crate) async fn checkpoint(auth: Auth) -> ApiResult<Json<Checkpoint>> {
    Ok(Json(auth.app.engine.checkpoint(&auth.actor)?))
}

fn may_audit_everything(auth: &Auth) -> Result<(), Rejection> {
    auth.look(|_, caller| caller.require(Action::AuditRead, Place::EVERYWHERE))
}
