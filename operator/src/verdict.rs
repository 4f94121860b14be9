//! What follows from what the feed holds: whether there is something to write, to say, or to wait for. Pure.

use crate::crd::{OnUpstreamMissing, SecretSync};
use crate::desired::Fetched;
use crate::feed::{Expiry, Trouble, View};
use crate::problem::{Concern, Gone, Problem};
use crate::status::{Expiring, Known, Outcome};

/// What follows.
pub enum Verdict<'a> {
    /// The feed will wake the resource; there is nothing to say yet.
    Wait,
    /// Say so, and write nothing.
    Report(Outcome),
    /// All its configs were deleted, and the Secret is to go with them. `config` is one of them; `outcome` is what to say
    /// afterwards, but for the problem.
    Remove {
        /// `project/config`.
        config: String,
        /// What to say.
        outcome: Outcome,
    },
    /// Write this; `outcome` is what to say afterwards, but for the Secret itself.
    Write {
        /// All sources.
        fetched: Vec<Fetched<'a>>,
        /// What to say.
        outcome: Outcome,
    },
}

/// Judges. `token_secret` is for the message.
pub fn verdict<'a>(sync: &'a SecretSync, view: &View, token_secret: &str) -> Verdict<'a> {
    let trouble = trouble(sync, view, token_secret);
    let outcome = |problem| Outcome {
        problem,
        reachable: reachable(sync, view, trouble.as_ref()),
        auth: auth(view, trouble.as_ref()),
        expiring: expiring(view, token_secret),
        ..Outcome::default()
    };
    if let Some(Problem::ConfigDeleted { config, .. }) = &trouble
        && is_to_go(sync, view)
    {
        return Verdict::Remove {
            config: config.clone(),
            outcome: outcome(None),
        };
    }
    let sources = sync.spec.sources.iter().zip(&view.sources);
    let fetched = sources.map(|(source, held)| {
        Some(Fetched {
            source,
            snapshot: held.snapshot.clone()?,
        })
    });
    let Some(fetched) = fetched.collect::<Option<Vec<_>>>() else {
        let no_copy = |why: &String| {
            let why = why.clone();
            if is_synced(sync) {
                Problem::NoCopy { why }
            } else {
                Problem::Unreachable { why }
            }
        };
        let Some(problem) = trouble
            .clone()
            .or_else(|| view.failing.as_ref().map(no_copy))
        else {
            return Verdict::Wait;
        };
        // An outage that has only begun changes nothing that was said before.
        let is_early = problem.concern() == Concern::Outage && !view.unreachable;
        return if is_early && has_status(sync) && !is_generation_new(sync) {
            Verdict::Wait
        } else {
            Verdict::Report(outcome(Some(problem)))
        };
    };
    // A copy that may no longer be read repairs what it made, and makes nothing new.
    if trouble.is_some() && (!is_synced(sync) || is_spec_unsynced(sync)) {
        return Verdict::Report(outcome(trouble.clone()));
    }
    let outage = view
        .failing
        .as_ref()
        .filter(|_| view.unreachable)
        .map(|why| Problem::Unreachable { why: why.clone() });
    Verdict::Write {
        fetched,
        outcome: outcome(trouble.clone().or(outage)),
    }
}

fn reachable(sync: &SecretSync, view: &View, trouble: Option<&Problem>) -> Known {
    match &view.failing {
        // A resource that nothing was said about yet is told at once.
        Some(why) if view.unreachable || !has_status(sync) => Known::No(why.clone()),
        None if view.authorized || view.unauthorized || trouble.is_some() => Known::Yes,
        Some(_) | None => Known::Unchanged,
    }
}

fn auth(view: &View, trouble: Option<&Problem>) -> Known {
    match trouble {
        Some(problem) if problem.concern() == Concern::Token => Known::No(problem.to_string()),
        _ if view.authorized && !view.unauthorized => Known::Yes,
        _ => Known::Unchanged,
    }
}

/// What the server says against reading.
fn trouble(sync: &SecretSync, view: &View, token_secret: &str) -> Option<Problem> {
    if view.unauthorized {
        return Some(Problem::Unauthorized {
            name: token_secret.to_owned(),
        });
    }
    sync.spec
        .sources
        .iter()
        .zip(&view.sources)
        .find_map(|(source, held)| {
            let config = format!("{}/{}", source.project, source.config);
            Some(match held.trouble.clone()? {
                Trouble::Forbidden(why) => Problem::Forbidden { config, why },
                Trouble::NotFound => Problem::NotFound { config },
                Trouble::Deleted => Problem::ConfigDeleted {
                    config,
                    then: match sync.spec.on_upstream_missing {
                        OnUpstreamMissing::Retain => Gone::Kept,
                        OnUpstreamMissing::Delete => Gone::KeptForOthers,
                    },
                },
                Trouble::Unusable(why) => Problem::UnusableAnswer { config, why },
            })
        })
}

/// Whether the server has said of every source that it was deleted, and the spec wants the Secret to go then.
fn is_to_go(sync: &SecretSync, view: &View) -> bool {
    let mut troubles = view.sources.iter().map(|held| held.trouble.as_ref());
    sync.spec.on_upstream_missing == OnUpstreamMissing::Delete
        && troubles.all(|trouble| trouble == Some(&Trouble::Deleted))
}

/// Whether the token is about to expire.
fn expiring(view: &View, token_secret: &str) -> Expiring {
    match view.expiry {
        Expiry::Unknown => Expiring::Unchanged,
        Expiry::Far => Expiring::No,
        Expiry::Near(end) => Expiring::Yes(format!(
            "The token in Secret {token_secret} expires at {end}; make another one and put it there."
        )),
    }
}

fn has_status(sync: &SecretSync) -> bool {
    sync.status
        .as_ref()
        .is_some_and(|status| !status.conditions.is_empty())
}

fn is_synced(sync: &SecretSync) -> bool {
    sync.status
        .as_ref()
        .is_some_and(|status| status.target.is_some())
}

/// Whether the spec is another one than the Secret was made for. That it was looked at is not enough.
fn is_spec_unsynced(sync: &SecretSync) -> bool {
    sync.status
        .as_ref()
        .and_then(|status| status.synced_generation)
        != sync.metadata.generation
}

fn is_generation_new(sync: &SecretSync) -> bool {
    sync.status
        .as_ref()
        .and_then(|status| status.observed_generation)
        != sync.metadata.generation
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
