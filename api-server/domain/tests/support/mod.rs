//! A deterministic world: a clock that stands still, seeded randomness, and a store that keeps what a real one keeps.

pub mod model;
pub mod observe;
pub mod people;
pub mod steps;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;
use ssm_domain::access::{Action, ActionSet};
use ssm_domain::caller::{Actor, Caller};
use ssm_domain::change::Change;
use ssm_domain::command::{AuthRecord, AuthStore, Command, Draft, Env};
use ssm_domain::configs::{CreateConfig, UpdateConfig};
use ssm_domain::credential::{PasswordHash, TokenSalt};
use ssm_domain::digest::Digest;
use ssm_domain::effective::{EffectiveConfig, open};
use ssm_domain::entry::{BrokenChain, Entry, Head, NewEntry, Target};
use ssm_domain::history::LookingBack;
use ssm_domain::id::OpId;
use ssm_domain::names::{ConfigPath, Key, Slug};
use ssm_domain::projects::CreateProject;
use ssm_domain::rejection::Rejection;
use ssm_domain::roles::WorkspaceRole;
use ssm_domain::seal::{KeyRing, RootKey};
use ssm_domain::secret::SecretValue;
use ssm_domain::secrets::{Edit, Rollback, SetSecret, WriteSecrets, Written};
use ssm_domain::state::{Config, State, Values};
use ssm_domain::time::Timestamp;
use ssm_domain::tokens::{Holder, IssueToken, ScopeRequest};
use ssm_domain::users::{Bootstrap, StartJournal};

pub const ROOT_KEY: &str = "kT2j0qY3gmbVnS0fWq9m1o7H3c5yZkq4x8uJwM6rT1E=";
const TOKEN_SALT: &str = "3n9Jd1fTq8bWm2Xc7vKz5LpR4sYh6GtU0eAoIiQwBxM=";

/// What lies outside of memory: entries, and beside them what they name by digest.
#[derive(Default)]
pub struct Store {
    pub entries: Vec<Stored>,
    pub values: Values,
    pub records: Vec<AuthRecord>,
}

/// An entry as it is stored.
#[derive(Debug, Clone)]
pub struct Stored {
    pub bytes: Vec<u8>,
    pub hash: Digest,
}

/// Somebody else's entry came first.
#[derive(Debug)]
pub struct Conflict;

/// One server: a state, a key ring, a clock, and a store that it may share with others.
pub struct World {
    pub state: State,
    pub keys: KeyRing,
    pub salt: TokenSalt,
    pub now: Timestamp,
    pub store: Rc<RefCell<Store>>,
    rng: StdRng,
}

impl World {
    /// A journal that has begun, with nobody in it.
    pub fn empty(seed: u64) -> Self {
        let mut world = Self::on(Rc::default(), seed);
        world.run(&StartJournal, &Actor::System).unwrap();
        world
    }

    /// A world with its first user, who is the owner.
    pub fn new() -> Self {
        let mut world = Self::empty(1);
        world.run(&bootstrap("alice"), &Actor::Anonymous).unwrap();
        world
    }

    /// Another server on the same store, which has read all of it.
    pub fn replica(&self, seed: u64) -> Self {
        let mut replica = Self::on(self.store.clone(), seed);
        replica.now = self.now;
        replica.catch_up();
        replica
    }

    fn on(store: Rc<RefCell<Store>>, seed: u64) -> Self {
        Self {
            state: State::default(),
            keys: KeyRing::new(RootKey::parse(ROOT_KEY).unwrap()),
            salt: TokenSalt::parse(TOKEN_SALT).unwrap(),
            now: Timestamp::from_millis(1_800_000_000_000),
            store,
            rng: StdRng::seed_from_u64(seed),
        }
    }

    /// Decides without writing anything.
    pub fn decide<C: Command>(
        &mut self,
        command: &C,
        actor: &Actor,
    ) -> Result<Draft<C::Answer>, Rejection> {
        let mut env = Env {
            now: self.now,
            rng: &mut self.rng,
            keys: &self.keys,
            salt: &self.salt,
        };
        command.decide(&self.state, actor, &mut env)
    }

    /// Appends what was decided, unless the store went on since.
    pub fn write<A>(&mut self, draft: Draft<A>) -> Result<A, Conflict> {
        let store = self.store.clone();
        let mut store = store.borrow_mut();
        if store.entries.len() as u64 != self.state.head().seq {
            return Err(Conflict);
        }
        let (draft, answer) = draft.split();
        if draft.changes.is_empty() {
            return Ok(answer);
        }
        store.records.extend(draft.records);
        store.values.extend(
            draft
                .values
                .into_iter()
                .map(|value| (Digest::of(value.as_bytes()), value)),
        );
        let entry = Entry::append_to(
            self.state.head(),
            NewEntry {
                op_id: OpId::random(&mut self.rng),
                now: self.now,
                actor: draft.actor,
                request: None,
                action: draft.action.into(),
                target: draft.target,
                changes: draft.changes,
            },
        );
        let bytes = entry.canonical_bytes();
        let hash = Digest::of(&bytes);
        self.state.apply(&entry, hash, &store.values);
        store.entries.push(Stored { bytes, hash });
        if !draft.destroyed.is_empty() {
            let projects = self.state.projects();
            let known = projects.flat_map(|project| &project.data_keys);
            self.keys.keep(&known.map(|known| known.key.id).collect());
        }
        Ok(answer)
    }

    /// Decides and appends, again where somebody else came first.
    pub fn run<C: Command>(&mut self, command: &C, actor: &Actor) -> Result<C::Answer, Rejection> {
        loop {
            let draft = self.decide(command, actor)?;
            match self.write(draft) {
                Ok(answer) => return Ok(answer),
                Err(Conflict) => self.catch_up(),
            }
        }
    }

    /// Appends changes that no command here makes.
    pub fn append(&mut self, changes: Vec<Change>) {
        let server = Caller::identify(&self.state, &Actor::System, self.now).unwrap();
        let mut draft = Draft::new(server.name(), "test", Target::default(), ());
        draft.changes = changes;
        self.write(draft).unwrap();
    }

    /// Reads what others appended.
    pub fn catch_up(&mut self) {
        let store = self.store.borrow();
        load_keys(&self.keys, &store);
        for stored in &store.entries[usize::try_from(self.state.head().seq).unwrap()..] {
            let entry = Entry::verify_next(self.state.head(), &stored.bytes, stored.hash).unwrap();
            self.state.apply(&entry, stored.hash, &store.values);
        }
    }

    /// An owner, with their password just proved.
    pub fn owner(&self) -> Actor {
        let mut users = self.state.users();
        let owner = users.find(|user| user.role == WorkspaceRole::Owner);
        Actor::User(owner.expect("bootstrapped").id)
    }

    /// Makes a project as the owner.
    pub fn project(&mut self, slug: &str) {
        let command = create_project(slug);
        self.run(&command, &self.owner()).unwrap();
    }

    /// Makes a config as the owner; `path` is `project/config`.
    pub fn config(&mut self, at: &str, parent: Option<&str>) {
        let command = create_config(at, parent);
        self.run(&command, &self.owner()).unwrap();
    }

    /// Sets secrets as the owner.
    pub fn set(&mut self, at: &str, secrets: &[(&str, &str)]) -> Written {
        let command = write(at, secrets, &[]);
        self.run(&command, &self.owner()).unwrap()
    }

    /// Makes a service token as the owner, with one scope in `place`, which is `""`, a project or a path.
    pub fn service(&mut self, actions: &[Action], place: &str) -> Actor {
        let command = issue(vec![scope(actions, place)]);
        Actor::Token(self.run(&command, &self.owner()).unwrap().token_id)
    }

    /// A config that is there.
    pub fn at(&self, at: &str) -> &Config {
        self.state
            .config_at(&path(at))
            .expect("the config is there")
    }

    /// The config's own value of a key, opened.
    pub fn own(&self, at: &str, name: &str) -> Option<String> {
        let (config, key) = (self.at(at), key(name));
        let value = open(&self.keys, config, &key, config.secrets.get(&key)?).unwrap();
        Some(value.reveal().to_owned())
    }

    /// The value that counts, opened.
    pub fn effective(&self, at: &str, name: &str) -> Option<String> {
        let effective = EffectiveConfig::of(&self.state, self.at(at), true);
        let key = key(name);
        let value = effective.secrets.get(&key)?.open(&key, &self.keys).unwrap();
        Some(value.reveal().to_owned())
    }

    /// The entries that touched a config, newest first, as far as this server knows.
    pub fn history(&self, config: &Config) -> Vec<Entry> {
        let known = usize::try_from(self.seq()).unwrap();
        let entries = &self.store.borrow().entries[..known];
        let entries = entries.iter().rev();
        entries
            .map(|stored| serde_json::from_slice::<Entry>(&stored.bytes).unwrap())
            .filter(|entry| entry.touched().contains(&config.id))
            .collect()
    }

    /// What rolls a config back to a revision.
    pub fn rollback(&self, at: &str, revision: u64) -> Result<Rollback, Rejection> {
        let config = self.at(at);
        let mut past = LookingBack::from_now(config, revision)?;
        for entry in self.history(config) {
            if past.is_done() {
                break;
            }
            past.look_at(&entry);
        }
        Ok(Rollback {
            path: path(at),
            config_id: config.id,
            secrets: past.finish(&self.store.borrow().values)?,
            expected: None,
        })
    }

    /// Lets time pass.
    pub fn wait(&mut self, duration: Duration) {
        self.now = self.now.plus(duration);
    }

    /// How many entries there are.
    pub fn seq(&self) -> u64 {
        self.state.head().seq
    }
}

/// Puts every data key of the store on a ring.
pub fn load_keys(keys: &KeyRing, store: &Store) {
    for record in &store.records {
        if record.store == AuthStore::Keys {
            keys.load(&serde_json::from_slice(&record.body).unwrap())
                .unwrap();
        }
    }
}

/// Reads entries from the beginning, up to the first that is not as it should be.
pub fn verify(entries: &[Stored]) -> Result<Vec<Entry>, BrokenChain> {
    let mut head = Head::EMPTY;
    let read = |stored: &Stored| {
        let entry = Entry::verify_next(&head, &stored.bytes, stored.hash)?;
        head = entry.head(stored.hash);
        Ok(entry)
    };
    entries.iter().map(read).collect()
}

pub fn slug(text: &str) -> Slug {
    text.parse().unwrap()
}

pub fn key(text: &str) -> Key {
    text.parse().unwrap()
}

/// Reads `project/config`.
pub fn path(text: &str) -> ConfigPath {
    let (project, config) = text.split_once('/').unwrap();
    ConfigPath::parse(project, config).unwrap()
}

pub fn bootstrap(username: &str) -> Bootstrap {
    Bootstrap {
        username: username.parse().unwrap(),
        password: PasswordHash::unmatchable(),
    }
}

pub fn create_project(text: &str) -> CreateProject {
    CreateProject {
        slug: slug(text),
        name: None,
        description: None,
    }
}

pub fn create_config(at: &str, parent: Option<&str>) -> CreateConfig {
    CreateConfig {
        path: path(at),
        name: None,
        parent: parent.map(slug),
    }
}

/// Leaves everything as it is.
pub fn update_config(at: &str) -> UpdateConfig {
    UpdateConfig {
        path: path(at),
        name: None,
        slug: None,
        parent: Edit::Keep,
        expected: None,
    }
}

pub fn write(at: &str, set: &[(&str, &str)], delete: &[&str]) -> WriteSecrets {
    let secret =
        |(name, value): &(&str, &str)| SetSecret::new(key(name), SecretValue::new((*value).into()));
    WriteSecrets {
        path: path(at),
        set: set.iter().map(secret).collect(),
        delete: delete.iter().map(|name| key(name)).collect(),
        expected: None,
    }
}

/// A scope in `place`, which is `""`, a project or `project/config`.
pub fn scope(actions: &[Action], place: &str) -> ScopeRequest {
    let mut slugs = place.split('/').filter(|part| !part.is_empty()).map(slug);
    ScopeRequest {
        actions: Some(ActionSet::of(actions)),
        project: slugs.next(),
        config: slugs.next(),
    }
}

/// A service token that lives for ever.
pub fn issue(scopes: Vec<ScopeRequest>) -> IssueToken {
    IssueToken {
        holder: Holder::Service("ci".parse().unwrap()),
        scopes,
        cidrs: Vec::new(),
        ttl: None,
    }
}

/// A token of the caller's own that lives for an hour.
pub fn issue_personal(scopes: Vec<ScopeRequest>) -> IssueToken {
    IssueToken {
        holder: Holder::Myself,
        scopes,
        cidrs: Vec::new(),
        ttl: Some(Duration::from_hours(1)),
    }
}

/// A refusal without the sentence that says why a field is refused.
pub fn without_reason(rejection: Rejection) -> Rejection {
    match rejection {
        Rejection::Invalid { field, .. } => invalid(&field),
        other => other,
    }
}

/// A field is refused, for whatever reason.
pub fn invalid(field: &str) -> Rejection {
    Rejection::Invalid {
        field: field.into(),
        why: String::new(),
    }
}
