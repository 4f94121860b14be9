//! Signing in: proving passwords, not too often and not too many at a time.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use rand::rngs::StdRng;
use ssm_domain::caller::Actor;
use ssm_domain::credential::PasswordHash;
use ssm_domain::entry::{Purpose, Request, Target};
use ssm_domain::id::{CredentialId, TokenId};
use ssm_domain::me::{ChangePassword, wrong_password};
use ssm_domain::names::Username;
use ssm_domain::rejection::Rejection;
use ssm_domain::secret::Password;
use ssm_domain::time::Timestamp;
use ssm_domain::tokens::Issued;
use ssm_domain::users::{Bootstrap, SignIn};
use tokio::sync::Semaphore;

use crate::access::Event;
use crate::engine::{Engine, Requester};
use crate::error::RunError;
use crate::throttle::Throttle;

/// How many passwords are hashed at a time: each keeps a core busy for a quarter of a second.
const HASHERS: usize = 2;
/// How many more may wait for that: four seconds' worth.
const MAX_WAITING: usize = 32;

/// What somebody says who wants to sign in.
pub struct Claim {
    /// Who they are.
    pub username: String,
    /// What proves it.
    pub password: Password,
    /// Where they are.
    pub address: Option<IpAddr>,
    /// How they ask, for the record.
    pub request: Option<Request>,
}

impl Engine {
    /// Makes the first user and signs them in.
    pub async fn bootstrap(
        &self,
        requester: Requester,
        username: Username,
        password: Password,
    ) -> Result<Issued, RunError> {
        if self.state().users().next().is_some() {
            return Err(Rejection::AlreadyInitialized.into());
        }
        let password = self.hash_password(password).await?;
        self.run(requester, Bootstrap { username, password }).await
    }

    /// The stored form of a new password.
    pub async fn hash_password(&self, password: Password) -> Result<PasswordHash, RunError> {
        let salt = self.shared.salt.clone();
        let hash = move || PasswordHash::new(&mut rand::make_rng::<StdRng>(), &salt, &password);
        self.hashers.run(hash).await
    }

    /// Gives the person who asks another password once they have proved the one that they have.
    pub async fn change_password(
        &self,
        requester: Requester,
        address: Option<IpAddr>,
        current: Password,
        new: Password,
    ) -> Result<(), RunError> {
        let username = self.look(&requester.actor, |_, caller| {
            caller.user().map(|user| user.username.to_string())
        })?;
        let claim = Claim {
            username,
            password: current,
            address,
            request: requester.request.clone(),
        };
        let (_, proved) = self
            .prove_credential(requester.actor, claim)
            .await
            .map_err(|error| match error {
                RunError::Rejected(Rejection::Unauthenticated) => wrong_password().into(),
                other => other,
            })?;
        let password = self.hash_password(new).await?;
        self.run(requester, ChangePassword { proved, password })
            .await
    }

    /// Proves a password, without any effect but that the attempt counts, and is on record where it fails. An unknown user
    /// takes the same time as a wrong password, and waits for the next attempt like one.
    pub async fn prove(&self, claim: Claim) -> Result<Actor, RunError> {
        let proved = self.prove_credential(Actor::Anonymous, claim).await;
        proved.map(|(actor, _)| actor)
    }

    /// Proves a password, and makes a token for `purpose`. The token that it `replaces` dies.
    pub async fn sign_in(
        &self,
        claim: Claim,
        purpose: Purpose,
        replaces: Option<TokenId>,
    ) -> Result<Issued, RunError> {
        let request = claim.request.clone();
        let (actor, credential_id) = self.prove_credential(Actor::Anonymous, claim).await?;
        let command = SignIn {
            credential_id,
            purpose,
            replaces,
        };
        self.run(Requester { actor, request }, command).await
    }

    /// Proves a password to somebody who is `by` already, or nobody. What is on record of a failure is the name of a user
    /// that there is, and never the text that was typed: somebody may have typed their password there.
    async fn prove_credential(
        &self,
        by: Actor,
        claim: Claim,
    ) -> Result<(Actor, CredentialId), RunError> {
        let Claim {
            username,
            password,
            address,
            request,
        } = claim;
        let username = username.parse::<Username>().ok();
        // Another server may have added the user, or changed the password, a moment ago. Done for everybody, since who
        // there is must not show in the time that it takes.
        let latest = self.catch_up().await;
        let state = self.state();
        let user = username
            .as_ref()
            .and_then(|name| state.user_named(name).cloned());
        let refused = Refused {
            by,
            user: user.as_ref().map(|user| user.username.clone()),
            address,
            request,
        };
        let attempt = match self.throttle().sign_in(username.as_ref(), address) {
            Ok(attempt) => attempt,
            Err(wait) => {
                self.record_refused("auth.throttled", 429, refused);
                return Err(RunError::Throttled(wait));
            }
        };
        let stored = user
            .as_ref()
            .and_then(|user| self.shared.auth.password(user.credential_id));
        let stored = stored.unwrap_or_else(PasswordHash::unmatchable);
        let salt = self.shared.salt.clone();
        let checked = self.hashers.run(move || stored.matches(&salt, &password));
        let matches = checked
            .await
            .inspect_err(|_| self.throttle().not_made(&attempt))?;
        match user {
            Some(user) if matches && !user.disabled => {
                self.throttle().succeeded(&attempt);
                Ok((Actor::User(user.id), user.credential_id))
            }
            _ => {
                let status = if latest.is_ok() { 401 } else { 503 };
                self.record_refused("auth.failed", status, refused);
                // What was not right here may be right by what is not known here.
                latest?;
                Err(Rejection::Unauthenticated.into())
            }
        }
    }

    /// Checks a guess of the setup token, unless there have been too many from this address. A wrong one is on record.
    pub fn check_setup_token(
        &self,
        address: Option<IpAddr>,
        request: impl FnOnce() -> Request,
        check: impl FnOnce() -> bool,
    ) -> Result<bool, RunError> {
        let refused = || Refused {
            by: Actor::Anonymous,
            user: None,
            address,
            request: Some(request()),
        };
        match self.throttle().setup(address) {
            Ok(attempt) => {
                let good = check();
                if good {
                    self.throttle().succeeded(&attempt);
                } else {
                    self.record_refused("auth.failed", 403, refused());
                }
                Ok(good)
            }
            Err(wait) => {
                self.record_refused("auth.throttled", 429, refused());
                Err(RunError::Throttled(wait))
            }
        }
    }

    fn record_refused(&self, action: &'static str, status: u16, refused: Refused) {
        let method = refused.request.as_ref().map(|request| &request.method);
        let event = Event {
            actor: refused.by,
            action,
            target: Target {
                user: refused.user,
                ..Target::default()
            },
            method: method.cloned().unwrap_or_default().into(),
            status,
            address: refused.address,
        };
        self.record(event, None, || refused.request);
    }

    /// How many passwords are being hashed or wait for it.
    pub fn hashing(&self) -> usize {
        self.hashers.count.load(Ordering::Relaxed)
    }

    /// By the clock alone: where the journal is ahead of it, its time stands still, and would make people wait for ever.
    fn throttle(&self) -> Throttle<'_> {
        let since = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        Throttle {
            kept: self.activity().throttle(),
            salt: &self.shared.salt,
            now: Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX)),
        }
    }
}

/// An attempt to prove something that was not let through.
struct Refused {
    by: Actor,
    /// The user whose password was tried.
    user: Option<Username>,
    address: Option<IpAddr>,
    request: Option<Request>,
}

/// Runs what is slow on purpose, a few at a time.
#[derive(Clone)]
pub(crate) struct Hashers {
    permits: Arc<Semaphore>,
    /// How many run or wait.
    count: Arc<AtomicUsize>,
}

impl Default for Hashers {
    fn default() -> Self {
        Self {
            permits: Arc::new(Semaphore::new(HASHERS)),
            count: Arc::default(),
        }
    }
}

impl Hashers {
    /// Beyond so many that wait, nobody is let in: they would only wait for longer than they are ready to.
    async fn run<T: Send + 'static>(
        &self,
        slow: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, RunError> {
        let _place = Place::take(&self.count).ok_or(RunError::Busy)?;
        let permit = self.permits.clone().acquire_owned().await;
        let permit = permit.map_err(|_| RunError::Unavailable)?;
        // The permit goes along: whoever gives up does not stop what has begun.
        let running = tokio::task::spawn_blocking(move || {
            let outcome = slow();
            drop(permit);
            outcome
        });
        running.await.map_err(|_| RunError::Unavailable)
    }
}

/// A place in the queue.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(count: &'a AtomicUsize) -> Option<Self> {
        let place = Self(count);
        (count.fetch_add(1, Ordering::Relaxed) < HASHERS + MAX_WAITING).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use futures::future::join_all;

    use super::{HASHERS, Hashers, MAX_WAITING, RunError};

    #[tokio::test]
    async fn so_many_wait_and_no_more_are_let_in() {
        let hashers = Hashers::default();
        let (done, last) = mpsc::channel::<()>();
        let last = std::sync::Arc::new(std::sync::Mutex::new(last));
        let waiting = (0..HASHERS + MAX_WAITING).map(|_| {
            let last = last.clone();
            // Ends once nobody can send any more.
            hashers.run(move || last.lock().unwrap().recv().is_err())
        });
        let waiting = join_all(waiting);
        tokio::pin!(waiting);
        assert!(futures::poll!(&mut waiting).is_pending());
        let one_more = hashers.run(|| ()).await;
        assert!(matches!(one_more, Err(RunError::Busy)));
        drop(done);
        assert!(waiting.await.into_iter().all(|outcome| outcome.is_ok()));
        assert!(hashers.run(|| ()).await.is_ok());
    }
}
