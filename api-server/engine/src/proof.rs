//! Proofs that the record is whole: verifying it here, or taking it elsewhere to be verified there.

use ssm_domain::access::{Action, Place};
use ssm_domain::caller::Actor;
use ssm_domain::digest::Digest;
use ssm_domain::entry::{Head, Seq};
use ssm_domain::rejection::Rejection;
use ssm_domain::signing::Checkpoint;
use tokio::runtime::Handle;
use tokio::task::{JoinError, spawn_blocking};

use crate::audit::parse;
use crate::engine::Engine;
use crate::error::ReadFailure;
use crate::export::{Export, Stream};
use crate::journal::ReadError;
use crate::verify::{Known, Report, verify, verify_some};

impl Engine {
    /// Looks at the whole journal and all that lies beside it, or at the entries from `from` to `to` alone where one of them
    /// is given.
    pub async fn verify(
        &self,
        actor: &Actor,
        from: Option<Seq>,
        to: Option<Seq>,
    ) -> Result<Report, ReadFailure> {
        self.may_audit_everything(actor)?;
        // It keeps a core busy, so one at a time.
        let permit = self.shared.verifying.clone().lock_owned().await;
        let written = *self.state().head();
        let before = match (from, to) {
            (None, None) => None,
            (from, _) => Some(self.head_before(from.unwrap_or(1).max(1)).await?),
        };
        let to = to.unwrap_or(written.seq).min(written.seq);
        let shared = self.shared.clone();
        let verifying = spawn_blocking(move || {
            let _permit = permit;
            Handle::current().block_on(async {
                let known = Known {
                    keys: Some(&shared.keys),
                    written: Some(written),
                    ..Known::default()
                };
                match before {
                    None => verify(&*shared.journal, known).await,
                    Some(before) => verify_some(&*shared.journal, before, to).await,
                }
            })
        });
        let stopped = |why: JoinError| ReadError::Unavailable(why.to_string());
        let report = verifying.await.map_err(stopped).flatten();
        report.map_err(ReadFailure::Unavailable)
    }

    /// Begins an export of the journal, or of the record of reads and refusals, as it is stored now.
    pub async fn export(&self, actor: &Actor, stream: Stream) -> Result<Export, ReadFailure> {
        self.may_audit_everything(actor)?;
        let export = Export::begin(self.shared.journal.clone(), stream).await;
        export.map_err(ReadFailure::Unavailable)
    }

    /// Says, signed, what the journal has come to.
    pub fn checkpoint(&self, actor: &Actor) -> Result<Checkpoint, ReadFailure> {
        self.may_audit_everything(actor)?;
        let (state, now) = (self.state(), self.now());
        let info = state.journal();
        let signer =
            info.and_then(|info| Some((info.epoch, self.shared.keys.signer(info.signing_key)?)));
        let (epoch, signer) = signer.ok_or_else(|| {
            let why = "the root key that signs is not at hand";
            ReadFailure::Unavailable(ReadError::Unavailable(why.into()))
        })?;
        Ok(Checkpoint::new(signer, epoch, state.head(), now))
    }

    fn may_audit_everything(&self, actor: &Actor) -> Result<(), Rejection> {
        self.look(actor, |_, caller| {
            caller.require(Action::AuditRead, Place::EVERYWHERE)
        })
    }

    /// The head that entry `seq` has to follow.
    async fn head_before(&self, seq: Seq) -> Result<Head, ReadFailure> {
        if seq == 1 {
            return Ok(Head::EMPTY);
        }
        let before = self.shared.journal.read(seq - 2, 1).await;
        let before = before.map_err(ReadFailure::Unavailable)?;
        let Some(stored) = before.first() else {
            let why = "must be at most one more than the last entry";
            return Err(Rejection::invalid("from", &why).into());
        };
        let entry = parse(stored).map_err(ReadFailure::Unavailable)?;
        Ok(entry.head(Digest::of(&stored.bytes)))
    }
}
