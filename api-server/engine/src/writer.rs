//! The single writer: decides commands in order on a working copy, appends what they come to as one batch, publishes
//! the new state, and only then answers. Nothing that rests on an unwritten entry is told to anybody.

mod appending;
mod following;

use std::collections::HashSet;
use std::sync::Arc;

use rand::rngs::StdRng;
use ssm_domain::caller::Actor;
use ssm_domain::command::{Command, Draft, Env};
use ssm_domain::digest::Digest;
use ssm_domain::entry::{Entry, NewEntry, Request};
use ssm_domain::id::{DataKeyId, OpId};
use ssm_domain::rejection::Rejection;
use ssm_domain::state::{Changed, State, Values};
use tokio::sync::{mpsc, oneshot};
use tracing::{error, info};

use crate::engine::{Health, Requester, Shared};
use crate::error::RunError;
use crate::journal::{Batch, BatchEntry, StoredEntry};
use crate::signing::{MissingSigner, Signing};
use crate::steps::reached;

/// The most commands that are decided together, and so the most entries of a batch.
const MAX_BATCH: usize = 256;

/// A command on its way through the writer, whatever its type.
pub(crate) trait Job: Send {
    /// Whether somebody still waits for the answer.
    fn is_wanted(&self) -> bool;
    /// Decides against `state` and keeps the answer. `None` where there is nothing to write.
    fn decide(&mut self, state: &State, env: &mut Env<'_>) -> Option<(Draft<()>, Option<Request>)>;
    /// Gives the kept answer.
    fn answer(self: Box<Self>);
    /// Gives an error in the answer's place.
    fn fail(self: Box<Self>, error: RunError);
}

/// A command with whoever waits for it.
pub(crate) struct Submission<C: Command> {
    actor: Actor,
    request: Option<Request>,
    command: C,
    decided: Option<Result<C::Answer, Rejection>>,
    reply: oneshot::Sender<Result<C::Answer, RunError>>,
}

impl<C: Command> Submission<C> {
    pub(crate) fn new(
        requester: Requester,
        command: C,
        reply: oneshot::Sender<Result<C::Answer, RunError>>,
    ) -> Self {
        let Requester { actor, request } = requester;
        Self {
            actor,
            request,
            command,
            decided: None,
            reply,
        }
    }
}

impl<C: Command> Submission<C> {
    /// What was done already is not decided again: not within a batch, not after a restart, not when another server did it.
    fn decide_once(&self, state: &State, env: &mut Env<'_>) -> Result<Draft<C::Answer>, Rejection> {
        let request = self.request.as_ref();
        if let Some(idempotency) = request.and_then(|request| request.idempotency) {
            idempotency.check(state, env.now)?;
        }
        self.command.decide(state, &self.actor, env)
    }
}

impl<C: Command> Job for Submission<C> {
    fn is_wanted(&self) -> bool {
        !self.reply.is_closed()
    }

    fn decide(&mut self, state: &State, env: &mut Env<'_>) -> Option<(Draft<()>, Option<Request>)> {
        match self.decide_once(state, env) {
            Ok(draft) => {
                let (draft, answer) = draft.split();
                self.decided = Some(Ok(answer));
                (!draft.changes.is_empty()).then(|| (draft, self.request.clone()))
            }
            Err(rejection) => {
                self.decided = Some(Err(rejection));
                None
            }
        }
    }

    fn answer(self: Box<Self>) {
        if let Some(decided) = self.decided {
            // Whoever gave up waiting does not need the answer.
            let _ = self.reply.send(decided.map_err(RunError::Rejected));
        }
    }

    fn fail(self: Box<Self>, error: RunError) {
        let _ = self.reply.send(Err(error));
    }
}

/// Takes commands until nobody can send any more.
pub(crate) async fn run(shared: Arc<Shared>, mut queue: mpsc::Receiver<Box<dyn Job>>) {
    let mut writer = Writer {
        shared,
        rng: rand::make_rng(),
    };
    let following = writer.shared.following.clone();
    let behind = async || match &following {
        Some(following) => following.behind.notified().await,
        None => std::future::pending().await,
    };
    let mut jobs = Vec::with_capacity(MAX_BATCH);
    loop {
        tokio::select! {
            received = queue.recv_many(&mut jobs, MAX_BATCH) => {
                if received == 0 {
                    return;
                }
                writer.process(std::mem::take(&mut jobs)).await;
            }
            () = behind() => writer.follow().await,
        }
    }
}

struct Writer {
    shared: Arc<Shared>,
    rng: StdRng,
}

/// Commands that were decided together.
struct Decided {
    /// Each with the number of entries that must be written before its answer may be told.
    jobs: Vec<(Box<dyn Job>, usize)>,
    batch: Arc<Batch>,
    /// The state with the whole batch.
    state: State,
    /// Whether the batch is signed as it must be.
    signed: Result<(), MissingSigner>,
}

impl Decided {
    /// Whether a command came to nothing that is to be written: what it was refused for, or found done already, another
    /// server may have changed a moment ago. Whatever is appended finds out by itself.
    fn has_unwritten(&self) -> bool {
        let mut before = 0;
        let mut jobs = self.jobs.iter();
        jobs.any(|(_, rests_on)| std::mem::replace(&mut before, *rests_on) == *rests_on)
    }
}

impl Writer {
    async fn process(&mut self, mut jobs: Vec<Box<dyn Job>>) {
        let mut may_be_behind = self.shared.following.is_some();
        while !jobs.is_empty() {
            let decided = self.decide(jobs);
            if may_be_behind && decided.has_unwritten() {
                may_be_behind = false;
                if let Err(error) = self.catch_up().await {
                    self.cannot_go_on(&error.to_string());
                    let jobs = decided.jobs.into_iter();
                    jobs.for_each(|(job, _)| job.fail(RunError::Unavailable));
                    return;
                }
                jobs = decided.jobs.into_iter().map(|(job, _)| job).collect();
                continue;
            }
            if decided.batch.entries.is_empty() {
                decided.jobs.into_iter().for_each(|(job, _)| job.answer());
                return;
            }
            let written = match decided.signed {
                Ok(()) => self.append(&decided.batch).await,
                Err(missing) => Err(missing.to_string()),
            };
            match written {
                Ok(None) => {
                    self.publish(decided.state, &decided.batch);
                    decided.jobs.into_iter().for_each(|(job, _)| job.answer());
                    return;
                }
                // There may be more than this tail, so what comes to nothing now still has to look.
                Ok(Some(tail)) => jobs = self.settle(decided, &tail).await,
                Err(reason) => {
                    self.cannot_go_on(&reason);
                    fail_resting_on_unwritten(decided.jobs);
                    return;
                }
            }
        }
    }

    fn cannot_go_on(&self, reason: &str) {
        error!(%reason, "the journal cannot be written");
        self.shared.health.send_replace(Health::WritesFail);
    }

    /// Decides every job in order, each on the state that the ones before it make.
    fn decide(&mut self, jobs: Vec<Box<dyn Job>>) -> Decided {
        let shared = &self.shared;
        let mut state = State::clone(&shared.state.load());
        let every = shared.journal.may_write_prefixes();
        let mut signing = Signing::after(&state, &shared.keys, every);
        let mut signed = Ok(());
        let (mut batch, mut decided) = (Batch::default(), Vec::with_capacity(jobs.len()));
        for mut job in jobs {
            if !job.is_wanted() {
                continue;
            }
            let mut env = shared.env(&mut self.rng);
            if let Some((draft, request)) = job.decide(&state, &mut env) {
                let (op_id, now) = (OpId::random(env.rng), env.now);
                let before = state.journal().map(|journal| journal.signing_key);
                add(&mut batch, &mut state, draft, request, op_id, now);
                signed = signed.and_then(|()| signing.take(before, &state));
            }
            decided.push((job, batch.entries.len()));
        }
        let signed = signed
            .and_then(|()| signing.finish(&state))
            .map(|signatures| batch.signatures = signatures);
        Decided {
            jobs: decided,
            batch: Arc::new(batch),
            state,
            signed,
        }
    }

    /// Makes `state`, which has some or all of `batch` in it, what everybody reads.
    fn publish(&self, state: State, batch: &Batch) {
        reached("publish:before");
        let shared = &self.shared;
        for record in &batch.records {
            // A record whose entry was not written names a token or user that the state does not have.
            shared.auth.learn(record, &shared.keys);
        }
        if !batch.destroyed.is_empty() {
            shared.auth.forget(&batch.destroyed);
            let known = state.projects().flat_map(|project| &project.data_keys);
            let known: HashSet<DataKeyId> = known.map(|data_key| data_key.key.id).collect();
            shared.keys.keep(&known);
        }
        let before = shared.state.load().head().seq;
        for changed in state.changed_since(before) {
            if let Changed::Gone(id, _) = changed {
                shared.cache.forget(id);
            }
        }
        let seq = state.head().seq;
        shared.state.store(Arc::new(state));
        shared.published.send_replace(seq);
        if shared.health.send_replace(Health::Ready) != Health::Ready {
            info!(seq, "the journal can be written again");
        }
        reached("publish:after");
    }
}

fn add(
    batch: &mut Batch,
    state: &mut State,
    draft: Draft<()>,
    request: Option<Request>,
    op_id: OpId,
    now: ssm_domain::time::Timestamp,
) {
    let Draft {
        actor,
        action,
        target,
        changes,
        values,
        records,
        destroyed,
        answer: (),
    } = draft;
    let action = action.to_owned();
    let entry = Entry::append_to(
        state.head(),
        NewEntry {
            op_id,
            now,
            actor,
            request,
            action,
            target,
            changes,
        },
    );
    let bytes = entry.canonical_bytes();
    let hash = Digest::of(&bytes);
    let by_digest: Values = values
        .iter()
        .map(|value| (Digest::of(value.as_bytes()), value.clone()))
        .collect();
    state.apply(&entry, hash, &by_digest);
    batch.values.extend(values);
    batch.records.extend(records);
    batch.destroyed.extend(destroyed);
    batch.entries.push(BatchEntry {
        stored: StoredEntry {
            seq: entry.seq,
            hash,
            bytes,
        },
        entry,
    });
}

/// Answers that rest on nothing unwritten are good; the others are not to be told.
fn fail_resting_on_unwritten(jobs: Vec<(Box<dyn Job>, usize)>) {
    for (job, rests_on) in jobs {
        if rests_on == 0 {
            job.answer();
        } else {
            job.fail(RunError::Unavailable);
        }
    }
}
