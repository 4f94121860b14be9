//! The engine as the rest of the server sees it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use rand::rngs::StdRng;
use ssm_domain::caller::{Actor, Caller};
use ssm_domain::command::{Command, Env};
use ssm_domain::credential::{PlainToken, TokenSalt};
use ssm_domain::entry::{Request, Seq};
use ssm_domain::id::{ConfigId, TokenId};
use ssm_domain::rejection::Rejection;
use ssm_domain::seal::{KeyRing, RootKey};
use ssm_domain::state::State;
use ssm_domain::time::Timestamp;
use ssm_domain::users::StartJournal;
use tokio::sync::{Mutex, mpsc, oneshot, watch};
use tokio::time::timeout;
use tracing::warn;

use crate::access::{self, AccessLog, AccessOptions};
use crate::activity::{self, Activity, Consumer};
use crate::auth::AuthIndex;
use crate::cache::RenderCache;
use crate::error::{OpenError, RunError};
use crate::follow::{self, Following};
use crate::idempotency::Running;
use crate::journal::Journal;
use crate::replay::catch_up;
use crate::restore::refuse_unfinished;
use crate::rotation::check_keys;
use crate::sign_in::Hashers;
use crate::signing::verify_end;
use crate::snapshot::{self, Snapshots};
use crate::sweep::sweep_regularly;
use crate::writer::{self, Job, Submission};

/// How many commands may wait for the writer.
const QUEUE: usize = 1_024;
/// How long a caller waits for its entry to be written.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the snapshot at shutdown may take.
const LAST_SNAPSHOT: Duration = Duration::from_secs(10);

/// The keys that are kept outside the database.
pub struct Keys {
    /// Wraps the data keys.
    pub root: RootKey,
    /// Keys the hashes of tokens and passwords.
    pub salt: TokenSalt,
    /// What wrapped the data keys before `root`.
    pub previous: Vec<RootKey>,
}

/// Who asks for a change, and how.
#[derive(Debug, Clone)]
pub struct Requester {
    /// Who.
    pub actor: Actor,
    /// How, for the record.
    pub request: Option<Request>,
}

/// How the engine is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Reads and writes work.
    Ready,
    /// The last write failed; reads go on, and the next write tries again.
    WritesFail,
    /// It is not known whether the last batch was written; it is being found out.
    Unsettled,
}

/// What the engine's parts share.
pub(crate) struct Shared {
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) state: ArcSwap<State>,
    pub(crate) keys: KeyRing,
    pub(crate) salt: TokenSalt,
    pub(crate) auth: AuthIndex,
    pub(crate) cache: RenderCache,
    pub(crate) activity: Activity,
    pub(crate) running: Running,
    pub(crate) access: AccessLog,
    pub(crate) snapshots: Snapshots,
    /// Held by whoever verifies the journal.
    pub(crate) verifying: Arc<Mutex<()>>,
    pub(crate) published: watch::Sender<Seq>,
    pub(crate) health: watch::Sender<Health>,
    /// Where others append to the journal, too.
    pub(crate) following: Option<Arc<Following>>,
}

/// How an engine runs.
#[derive(Debug, Clone, Copy)]
pub struct EngineOptions {
    /// How reads are recorded.
    pub access: AccessOptions,
    /// For how long reads go on without news from a journal that other servers append to.
    pub max_staleness: Duration,
}

impl EngineOptions {
    /// What a server does that is not told otherwise, but that every record of reads is kept.
    pub const KEEP_EVERYTHING: Self = Self {
        access: AccessOptions::KEEP_EVERYTHING,
        max_staleness: Duration::from_mins(1),
    };
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            access: AccessOptions::default(),
            max_staleness: Self::KEEP_EVERYTHING.max_staleness,
        }
    }
}

/// Runs commands and answers reads. Cheap to clone; the writer stops when the last clone is gone.
#[derive(Clone)]
pub struct Engine {
    pub(crate) shared: Arc<Shared>,
    queue: mpsc::Sender<Box<dyn Job>>,
    pub(crate) access: mpsc::Sender<access::Job>,
    pub(crate) hashers: Hashers,
}

impl Engine {
    /// Reads the journal, checks it and the keys against each other, and starts the writer. An empty journal is begun.
    /// Every record of reads is kept.
    pub async fn open(journal: Arc<dyn Journal>, keys: Keys) -> Result<Self, OpenError> {
        Self::open_with(journal, keys, EngineOptions::KEEP_EVERYTHING).await
    }

    /// The same, run as `options` say.
    pub async fn open_with(
        journal: Arc<dyn Journal>,
        keys: Keys,
        options: EngineOptions,
    ) -> Result<Self, OpenError> {
        refuse_unfinished(&*journal).await?;
        let engine = Self::start(journal, keys, options).await?;
        engine.resume_rotation();
        Ok(engine)
    }

    /// The same over a restore that is not finished, to finish it.
    pub(crate) async fn open_unfinished(
        journal: Arc<dyn Journal>,
        keys: Keys,
    ) -> Result<Self, OpenError> {
        Self::start(journal, keys, EngineOptions::KEEP_EVERYTHING).await
    }

    async fn start(
        journal: Arc<dyn Journal>,
        keys: Keys,
        options: EngineOptions,
    ) -> Result<Self, OpenError> {
        let (ring, auth) = (
            KeyRing::with_previous(keys.root, keys.previous),
            AuthIndex::default(),
        );
        let (mut state, snapshots) = snapshot::newest(&*journal, &ring).await;
        catch_up(&*journal, &mut state).await?;
        check_keys(&state, &ring, &keys.salt)?;
        verify_end(&*journal, &state, &ring).await?;
        auth.load(&*journal, &state, &ring).await?;
        let remembered = journal.load_activity().await.unwrap_or_else(|error| {
            warn!(%error, "last-used times and counts of failed sign-ins begin anew");
            Vec::new()
        });
        let activity = Activity::load(remembered, &state, now(&state));
        let following = journal
            .is_shared()
            .then(|| Arc::new(Following::new(options.max_staleness)));
        let shared = Arc::new(Shared {
            journal,
            published: watch::Sender::new(state.head().seq),
            state: ArcSwap::from_pointee(state),
            keys: ring,
            salt: keys.salt,
            auth,
            cache: RenderCache::default(),
            activity,
            running: Running::default(),
            access: AccessLog::new(options.access),
            snapshots: snapshots.into(),
            verifying: Arc::default(),
            health: watch::Sender::new(Health::Ready),
            following,
        });
        let (queue, jobs) = mpsc::channel(QUEUE);
        tokio::spawn(writer::run(shared.clone(), jobs));
        tokio::spawn(follow::run(Arc::downgrade(&shared)));
        let (access, records) = mpsc::channel(QUEUE);
        tokio::spawn(access::run_recorder(shared.clone(), records));
        tokio::spawn(access::trim_regularly(Arc::downgrade(&shared)));
        tokio::spawn(activity::flush_regularly(Arc::downgrade(&shared)));
        tokio::spawn(sweep_regularly(Arc::downgrade(&shared)));
        let published = shared.published.subscribe();
        tokio::spawn(snapshot::take_regularly(Arc::downgrade(&shared), published));
        let engine = Self {
            shared,
            queue,
            access,
            hashers: Hashers::default(),
        };
        let server = Requester {
            actor: Actor::System,
            request: None,
        };
        engine
            .run(server, StartJournal)
            .await
            .map_err(OpenError::Start)?;
        Ok(engine)
    }

    /// Decides a command, and answers once its entry is durable. Where the caller gives up, the command may still be
    /// carried out.
    pub async fn run<C: Command>(
        &self,
        requester: Requester,
        command: C,
    ) -> Result<C::Answer, RunError> {
        if self.health() == Health::Unsettled {
            return Err(RunError::Unavailable);
        }
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Submission::new(requester, command, reply));
        self.queue
            .try_send(job)
            .map_err(|_| RunError::Unavailable)?;
        match timeout(PATIENCE, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) | Err(_) => Err(RunError::OutcomeUnknown),
        }
    }

    /// Decides a command against the present state, and leaves everything as it is.
    pub fn preview<C: Command>(&self, actor: &Actor, command: &C) -> Result<C::Answer, Rejection> {
        let mut rng: StdRng = rand::make_rng();
        let mut env = self.shared.env(&mut rng);
        let draft = command.decide(&self.state(), actor, &mut env)?;
        Ok(draft.split().1)
    }

    /// The state that was published last.
    pub fn state(&self) -> Arc<State> {
        self.shared.state.load_full()
    }

    /// The time that counts: the clock's, but never before the journal's end.
    pub fn now(&self) -> Timestamp {
        now(&self.shared.state.load())
    }

    /// Calls `look` with the caller in the present state: the way to read anything that needs no opening.
    pub fn look<T>(
        &self,
        actor: &Actor,
        look: impl FnOnce(&State, &Caller<'_>) -> Result<T, Rejection>,
    ) -> Result<T, Rejection> {
        self.look_inside(actor, |state, caller, _| look(state, caller))
    }

    /// The same with the keys, for what opens values of several configs in one state.
    pub fn look_inside<T, E: From<Rejection>>(
        &self,
        actor: &Actor,
        look: impl FnOnce(&State, &Caller<'_>, &KeyRing) -> Result<T, E>,
    ) -> Result<T, E> {
        let state = self.shared.state.load();
        let caller = Caller::identify(&state, actor, now(&state))?;
        look(&state, &caller, &self.shared.keys)
    }

    /// Wakes whenever a state was published; the value is its `seq`.
    pub fn published(&self) -> watch::Receiver<Seq> {
        self.shared.published.subscribe()
    }

    /// Waits until the published state has got as far as `seq`. False where it has not within `patience`.
    pub async fn wait_for(&self, seq: Seq, patience: Duration) -> bool {
        let mut published = self.published();
        if let (true, Some(following)) = (*published.borrow() < seq, &self.shared.following) {
            following.ask();
        }
        timeout(patience, published.wait_for(|head| *head >= seq))
            .await
            .is_ok_and(|head| head.is_ok())
    }

    /// How the engine is.
    pub fn health(&self) -> Health {
        *self.shared.health.borrow()
    }

    /// What the engine remembers and may lose.
    pub fn activity(&self) -> &Activity {
        &self.shared.activity
    }

    /// Who has which revision of a config, as far as anybody said within the last day, in order of cluster, namespace and
    /// name. Where there are other servers, what they were told until some seconds ago is in it, too.
    pub async fn consumers(&self, config: ConfigId) -> Vec<Consumer> {
        let (activity, journal) = (self.activity(), &self.shared.journal);
        activity.hear_of_reports(journal, self.now()).await;
        activity.reports().of(config, self.now())
    }

    /// Stores what is still only in memory, and takes a snapshot for the next start. To be called when nothing is asked of
    /// the engine any more.
    pub async fn shut_down(&self) {
        self.flush_access().await;
        self.shared
            .activity
            .flush(&self.shared.journal, self.now())
            .await;
        match timeout(LAST_SNAPSHOT, snapshot::take(&self.shared)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => warn!(%error, "no snapshot for the next start, which takes longer"),
            Err(_) => warn!("no snapshot in time for the next start, which takes longer"),
        }
    }

    /// For how long there has been no news from a journal that other servers append to, too.
    pub fn silence(&self) -> Duration {
        let following = self.shared.following.as_ref();
        following.map_or(Duration::ZERO, |following| following.silence())
    }

    /// Whether other servers append to the journal, too.
    pub fn is_shared(&self) -> bool {
        self.shared.following.is_some()
    }

    /// Looks at the journal now, or a moment later where somebody has just looked. Whether it has got beyond `seq`;
    /// [`RunError::Stale`] where it cannot be looked at.
    pub async fn has_news(&self, seq: Seq) -> Result<bool, RunError> {
        let looked = self.catch_up().await;
        if self.state().head().seq > seq {
            return Ok(true);
        }
        looked.map(|()| false)
    }

    /// Whether other servers may have changed so much meanwhile that nothing can be told from what is known here.
    pub fn is_stale(&self) -> bool {
        let following = self.shared.following.as_ref();
        following.is_some_and(|following| following.is_stale())
    }

    /// Whose a token is, as far as it is known here. What it is worth is decided with each use.
    pub fn authenticate(&self, token: &PlainToken) -> Option<Actor> {
        self.token_id(token).map(Actor::Token)
    }

    /// The same, after a look at the journal where it is not known: another server may have made it a moment ago.
    /// [`RunError::Stale`] where it cannot be looked at, as nobody is told that a good token is none.
    pub async fn authenticate_anywhere(
        &self,
        token: &PlainToken,
    ) -> Result<Option<Actor>, RunError> {
        let known = self.authenticate(token);
        if known.is_some() {
            return Ok(known);
        }
        self.catch_up().await?;
        Ok(self.authenticate(token))
    }

    /// Waits until everything is known here that other servers have done until now.
    pub(crate) async fn catch_up(&self) -> Result<(), RunError> {
        match &self.shared.following {
            Some(following) if !following.catch_up().await => Err(RunError::Stale),
            Some(_) | None => Ok(()),
        }
    }

    /// The id of a token that is known here.
    pub fn token_id(&self, token: &PlainToken) -> Option<TokenId> {
        self.shared.auth.token(&self.shared.salt.hash(token))
    }
}

impl Shared {
    pub(crate) fn env<'a>(&'a self, rng: &'a mut StdRng) -> Env<'a> {
        Env {
            now: now(&self.state.load()),
            rng,
            keys: &self.keys,
            salt: &self.salt,
        }
    }
}

/// The clock's time, or the journal's where a clock is behind: one that has not been set since the machine started must
/// not bring expired tokens back to life.
pub(crate) fn now(state: &State) -> Timestamp {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let clock = Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
    clock.max(state.head().at)
}
