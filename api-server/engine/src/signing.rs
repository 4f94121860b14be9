//! Signing what the writer appends, and refusing a journal whose end nobody signed.

use ssm_domain::entry::Seq;
use ssm_domain::seal::KeyRing;
use ssm_domain::signing::{HeadSignature, PublicKey};
use ssm_domain::state::State;

use crate::error::OpenError;
use crate::journal::Journal;

/// No root key at hand makes the signatures that the journal asks for.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the root key that signs as {0} is not at hand")]
pub(crate) struct MissingSigner(PublicKey);

/// The signatures of a batch in the making.
///
/// A signed head is signed by the key that the journal names from there on. Where an entry names another key, it is a
/// signed head, and the key of before signs it too: the one says who follows, the other that it knows what it follows.
pub(crate) struct Signing<'a> {
    keys: &'a KeyRing,
    /// Whether every head is signed, and not only those that must be.
    every: bool,
    /// The last head that is signed.
    previous: Seq,
    made: Vec<HeadSignature>,
}

impl<'a> Signing<'a> {
    /// Signs what will follow the end of `state`, which is signed.
    pub(crate) fn after(state: &State, keys: &'a KeyRing, every: bool) -> Self {
        Self {
            keys,
            every,
            previous: state.head().seq,
            made: Vec::new(),
        }
    }

    /// Takes in one more entry: `before` is the key that the journal named in front of it, and `state` is with it.
    pub(crate) fn take(
        &mut self,
        before: Option<PublicKey>,
        state: &State,
    ) -> Result<(), MissingSigner> {
        let after = state.journal().map(|journal| journal.signing_key);
        let replaced = before.filter(|_| before != after);
        if self.every || replaced.is_some() {
            self.sign(state, replaced)?;
        }
        Ok(())
    }

    /// The signatures, with the one of the end of `state`.
    pub(crate) fn finish(mut self, state: &State) -> Result<Vec<HeadSignature>, MissingSigner> {
        if self.previous < state.head().seq {
            self.sign(state, None)?;
        }
        Ok(self.made)
    }

    fn sign(&mut self, state: &State, replaced: Option<PublicKey>) -> Result<(), MissingSigner> {
        let (Some(journal), head) = (state.journal(), state.head()) else {
            return Ok(());
        };
        for key in replaced.into_iter().chain([journal.signing_key]) {
            let signer = self.keys.signer(key).ok_or(MissingSigner(key))?;
            let signature = HeadSignature::new(signer, journal.epoch, self.previous, head);
            self.made.push(signature);
        }
        self.previous = head.seq;
        Ok(())
    }
}

/// Checks that the journal's end was signed by the key that it names, and that this is a key of ours.
pub(crate) async fn verify_end(
    journal: &dyn Journal,
    state: &State,
    keys: &KeyRing,
) -> Result<(), OpenError> {
    let head = state.head();
    let Some(info) = state.journal() else {
        // Entries that come from no beginning were signed by nobody.
        let is_empty = head.seq == 0;
        return is_empty.then_some(()).ok_or(OpenError::Unsigned(head.seq));
    };
    if keys.signer(info.signing_key).is_none() {
        return Err(OpenError::ForeignSigningKey(info.signing_key));
    }
    let made = journal.signatures(head.seq, head.seq).await?;
    let genuine = |made: &HeadSignature| {
        made.public_key == info.signing_key && made.vouches_for(info.epoch, head)
    };
    if !made.iter().any(genuine) {
        return Err(OpenError::Unsigned(head.seq));
    }
    Ok(())
}
