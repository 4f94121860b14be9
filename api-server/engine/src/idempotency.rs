//! Retries: a request that comes again under its `Idempotency-Key` is not carried out again.
//!
//! The journal itself sees to that, also across crashes and between servers, since the writer looks at what was done
//! before it decides. Here is what makes the retry pleasant: the first answer, which is kept beside the journal and may
//! be lost, and the knowledge of which requests are still on their way.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use ssm_domain::digest::Digest;
use ssm_domain::entry::Idempotency;
use ssm_domain::idempotency::{IDEMPOTENCY_MEMORY, Repeatable};
use ssm_domain::rejection::Rejection;
use ssm_domain::state::Done;

use crate::engine::{Engine, Shared, now};

/// Requests with an idempotency key that are being answered.
#[derive(Default)]
pub(crate) struct Running(Mutex<HashSet<Digest>>);

impl Running {
    fn lock(&self) -> MutexGuard<'_, HashSet<Digest>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is to be done with a request that has an idempotency key.
pub enum Admission {
    /// Carry it out. While the ticket lives, the same request is [`Admission::Running`].
    First(Ticket),
    /// It was answered so.
    Answered(Answer),
    /// It was done, and the answer is not there any more, or was never to be kept.
    Done(Done),
    /// It is being carried out.
    Running,
    /// Another request had this key.
    Reused,
}

/// An answer that can be given again. It holds no value and no token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The `ETag`.
    pub etag: Option<String>,
    /// The type of the body.
    pub content_type: Option<String>,
    /// The body.
    pub body: String,
}

/// An answer with what it is the answer to.
#[derive(Serialize, Deserialize)]
struct Kept {
    asked: Digest,
    answer: Answer,
}

/// The right to carry a request out.
pub struct Ticket {
    shared: Arc<Shared>,
    idempotency: Idempotency,
}

impl Engine {
    /// What a request is known by. `said` is everything else that it says.
    pub fn idempotency(&self, request: &Repeatable<'_>, said: &[&[u8]]) -> Idempotency {
        Idempotency::of(request, &self.shared.salt, said)
    }

    /// What is to be done with a request.
    pub fn admit(&self, idempotency: Idempotency) -> Admission {
        if !self.shared.running.lock().insert(idempotency.key) {
            return Admission::Running;
        }
        let ticket = Ticket {
            shared: self.shared.clone(),
            idempotency,
        };
        // Looked for only now, since an answer is kept before its ticket goes.
        self.earlier(&idempotency)
            .unwrap_or(Admission::First(ticket))
    }

    /// What became of the same request before, if it was here.
    pub fn earlier(&self, idempotency: &Idempotency) -> Option<Admission> {
        let state = self.state();
        let now = now(&state);
        let answers = self.shared.activity.answers();
        let kept = answers.get(&idempotency.key.to_string(), now);
        if let Some(kept) = kept.and_then(|kept| serde_json::from_slice::<Kept>(&kept).ok()) {
            return Some(if kept.asked == idempotency.body {
                Admission::Answered(kept.answer)
            } else {
                Admission::Reused
            });
        }
        match idempotency.check(&state, now) {
            Ok(()) => None,
            Err(Rejection::AlreadyDone(done)) => Some(Admission::Done(done)),
            Err(_) => Some(Admission::Reused),
        }
    }
}

impl Ticket {
    /// The request, as the journal knows it.
    pub fn idempotency(&self) -> Idempotency {
        self.idempotency
    }

    /// Whether a token was made, so that the answer holds it and must not be kept.
    pub fn made_a_token(&self) -> bool {
        let state = self.shared.state.load();
        let done = state.done(&self.idempotency.key, now(&state));
        done.is_some_and(|done| done.token_id.is_some())
    }

    /// Keeps the answer for when the request comes again.
    pub fn keep(&self, answer: &Answer) {
        let kept = Kept {
            asked: self.idempotency.body,
            answer: answer.clone(),
        };
        let kept = serde_json::to_vec(&kept).expect("an answer is texts and numbers");
        let expires_at = now(&self.shared.state.load()).plus(IDEMPOTENCY_MEMORY);
        let answers = self.shared.activity.answers();
        answers.put(&self.idempotency.key.to_string(), kept, expires_at);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.shared.running.lock().remove(&self.idempotency.key);
    }
}
