//! An engine over a journal in memory, and the few commands that most tests need.

use std::sync::Arc;

use ssm_domain::access::Action;
use ssm_domain::admin::AdminCreate;
use ssm_domain::caller::Actor;
use ssm_domain::configs::CreateConfig;
use ssm_domain::credential::{PasswordHash, PlainToken, TokenSalt};
use ssm_domain::entry::{Request, Target};
use ssm_domain::names::{ConfigPath, Key};
use ssm_domain::projects::CreateProject;
use ssm_domain::roles::WorkspaceRole;
use ssm_domain::seal::RootKey;
use ssm_domain::secret::SecretValue;
use ssm_domain::secrets::{SetSecret, WriteSecrets, Written};
use ssm_engine::access::{AccessOptions, AuditReads, Event};
use ssm_engine::memory::MemoryJournal;
use ssm_engine::{Engine, EngineOptions, Keys, OpenError, Requester, RunError};

pub const ROOT: &str = "kT2j0qY3gmbVnS0fWq9m1o7H3c5yZkq4x8uJwM6rT1E=";
pub const SALT: &str = "3n9Jd1fTq8bWm2Xc7vKz5LpR4sYh6GtU0eAoIiQwBxM=";

pub async fn open_with(
    journal: &Arc<MemoryJournal>,
    root: &str,
    salt: &str,
) -> Result<Engine, OpenError> {
    let keys = Keys {
        previous: Vec::new(),
        root: RootKey::parse(root).unwrap(),
        salt: TokenSalt::parse(salt).unwrap(),
    };
    Engine::open(journal.clone(), keys).await
}

pub async fn open(journal: &Arc<MemoryJournal>) -> Engine {
    open_with(journal, ROOT, SALT).await.unwrap()
}

/// The server itself may do everything, and so spares most tests a user.
pub fn server() -> Requester {
    Requester {
        actor: Actor::System,
        request: None,
    }
}

pub fn path(text: &str) -> ConfigPath {
    let (project, config) = text.split_once('/').unwrap();
    ConfigPath::parse(project, config).unwrap()
}

pub async fn create_project(engine: &Engine, slug: &str) -> Result<(), RunError> {
    let command = CreateProject {
        slug: slug.parse().unwrap(),
        name: None,
        description: None,
    };
    engine.run(server(), command).await.map(drop)
}

pub async fn create_config(
    engine: &Engine,
    at: &str,
    parent: Option<&str>,
) -> Result<(), RunError> {
    let parent = parent.map(|slug| slug.parse().unwrap());
    engine
        .run(
            server(),
            CreateConfig {
                path: path(at),
                name: None,
                parent,
            },
        )
        .await
        .map(drop)
}

pub fn write(at: &str, key: &str, value: &str) -> WriteSecrets {
    let set = SetSecret::new(key.parse().unwrap(), SecretValue::new(value.into()));
    WriteSecrets {
        path: path(at),
        set: vec![set],
        delete: vec![],
        expected: None,
    }
}

pub async fn put(engine: &Engine, at: &str, key: &str, value: &str) -> Result<Written, RunError> {
    engine.run(server(), write(at, key, value)).await
}

/// The effective value of a key, as the server itself reads it.
pub fn value(engine: &Engine, at: &str, key: &str) -> Option<String> {
    let reader = engine
        .read(&Actor::System, Action::SecretsRead, &path(at))
        .unwrap();
    let key: Key = key.parse().unwrap();
    let effective = reader.effective(true);
    let secret = effective.secrets.get(&key)?;
    Some(reader.open(&key, secret).unwrap().reveal().to_owned())
}

/// A project `web` with `base` and `prod`, which inherits it.
pub async fn shop(engine: &Engine) {
    create_project(engine, "web").await.unwrap();
    create_config(engine, "web/base", None).await.unwrap();
    create_config(engine, "web/prod", Some("base"))
        .await
        .unwrap();
}

pub async fn service_token(engine: &Engine, actions: &[Action], at: &str) -> PlainToken {
    use ssm_domain::access::ActionSet;
    use ssm_domain::tokens::{Holder, IssueToken, ScopeRequest};
    let ConfigPath { project, config } = path(at);
    let scope = ScopeRequest {
        actions: Some(ActionSet::of(actions)),
        project: Some(project),
        config: Some(config),
    };
    let command = IssueToken {
        holder: Holder::Service("ci".parse().unwrap()),
        scopes: vec![scope],
        cidrs: Vec::new(),
        ttl: None,
    };
    engine.run(server(), command).await.unwrap().token
}

/// An engine with this root key, and earlier ones, that records reads as `access` says.
pub async fn open_recording(
    journal: &Arc<MemoryJournal>,
    root: &str,
    previous: &[&str],
    access: AccessOptions,
) -> Engine {
    let previous = previous.iter().map(|key| RootKey::parse(key).unwrap());
    let keys = Keys {
        previous: previous.collect(),
        root: RootKey::parse(root).unwrap(),
        salt: TokenSalt::parse(SALT).unwrap(),
    };
    let options = EngineOptions {
        access,
        ..EngineOptions::default()
    };
    Engine::open_with(journal.clone(), keys, options)
        .await
        .unwrap()
}

/// Every read on record before its answer.
pub fn every_read() -> AccessOptions {
    AccessOptions {
        reads: AuditReads::Every,
        ..AccessOptions::default()
    }
}

/// That the server read a secret of `web/prod`.
pub fn read_of(key: &str) -> Event {
    Event {
        actor: Actor::System,
        action: "secrets.read",
        target: Target {
            project: Some("web".parse().unwrap()),
            config: Some("prod".parse().unwrap()),
            key: Some(key.parse().unwrap()),
            ..Target::default()
        },
        method: "GET".into(),
        status: 200,
        address: None,
    }
}

/// How it was asked for.
pub fn asked() -> Request {
    Request {
        id: "id".into(),
        method: "GET".into(),
        path: "/".into(),
        ip: None,
        user_agent: None,
        idempotency: None,
    }
}

/// Makes an owner who never signs in, and gives whoever asks in their name.
pub async fn an_owner(engine: &Engine) -> Requester {
    let owner = AdminCreate {
        username: "owner".parse().unwrap(),
        role: WorkspaceRole::Owner,
        password: PasswordHash::unmatchable(),
    };
    engine.run(server(), owner).await.unwrap();
    Requester {
        actor: Actor::User(engine.state().users().next().unwrap().id),
        request: None,
    }
}
