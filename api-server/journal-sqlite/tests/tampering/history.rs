//! A short real history, with everything in it that a database can hold.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ssm_domain::access::{Action, ActionSet};
use ssm_domain::admin::AdminResetPassword;
use ssm_domain::caller::Actor;
use ssm_domain::command::{AuthRecord, AuthStore, Command};
use ssm_domain::configs::CreateConfig;
use ssm_domain::credential::{PasswordHash, TokenSalt};
use ssm_domain::entry::{Request, Target};
use ssm_domain::names::ConfigPath;
use ssm_domain::projects::{CreateProject, DeleteProject};
use ssm_domain::seal::{KeyRing, RootKey};
use ssm_domain::secret::{Password, SecretValue};
use ssm_domain::secrets::{SetSecret, WriteSecrets};
use ssm_domain::signing::Checkpoint;
use ssm_domain::tokens::{Holder, IssueToken, RevokeToken, ScopeRequest};
use ssm_engine::access::{AccessOptions, AuditReads, Event};
use ssm_engine::journal::Journal as _;
use ssm_engine::{Engine, EngineOptions, Keys, Requester};
use ssm_journal_sqlite::{OpenError, SqliteJournal};
use tempfile::{TempDir, tempdir};
use tokio::time::timeout;

const ROOT: &str = "kT2j0qY3gmbVnS0fWq9m1o7H3c5yZkq4x8uJwM6rT1E=";
const SALT: &str = "3n9Jd1fTq8bWm2Xc7vKz5LpR4sYh6GtU0eAoIiQwBxM=";

/// A database that nobody uses any more, and what was kept elsewhere.
pub struct History {
    dir: TempDir,
    pub keys: KeyRing,
    pub checkpoint: Checkpoint,
}

impl History {
    pub fn database(&self) -> PathBuf {
        self.dir.path().join("ssm.db")
    }

    /// Writes one.
    pub async fn write() -> Self {
        let dir = tempdir().unwrap();
        let engine = open(dir.path()).await;
        let password = Password::new("Str0ng!Passw0rd".into());
        let owner = engine.bootstrap(server(), "ann".parse().unwrap(), password);
        owner.await.unwrap();
        for (project, configs) in [("web", 3), ("shop", 2), ("gone", 1)] {
            create_project(&engine, project, configs).await;
        }
        for number in 0..12 {
            let at = ["web/c0", "web/c1", "shop/c0", "gone/c0"][number % 4];
            write(&engine, at, &[&format!("K{number}"), "SHARED"]).await;
        }
        look_around(&engine).await;
        engine.shut_down().await;
        drop(engine);

        let engine = open(dir.path()).await;
        for name in ["ci", "cd", "qa"] {
            issue(&engine, name).await;
        }
        let project = DeleteProject {
            slug: "gone".parse().unwrap(),
        };
        run(&engine, project).await;
        let token_id = engine.state().tokens().next().unwrap().id;
        run(&engine, RevokeToken { token_id }).await;
        for at in ["web/c0", "web/c2", "shop/c1"] {
            write(&engine, at, &["LAST"]).await;
        }
        look_around(&engine).await;
        Self::end(dir, engine).await
    }

    /// Writes one whose end destroyed the password and the data key that there were, and gives these records, too.
    pub async fn write_and_destroy() -> (Self, Vec<AuthRecord>) {
        let dir = tempdir().unwrap();
        let engine = open(dir.path()).await;
        let password = Password::new("Str0ng!Passw0rd".into());
        let owner = engine.bootstrap(server(), "ann".parse().unwrap(), password);
        owner.await.unwrap();
        create_project(&engine, "gone", 1).await;
        let journal = SqliteJournal::open_read_only(dir.path()).unwrap();
        let mut destroyed = journal.records(AuthStore::Credentials).await.unwrap();
        destroyed.append(&mut journal.records(AuthStore::Keys).await.unwrap());

        let other = AdminResetPassword {
            username: "ann".parse().unwrap(),
            password: PasswordHash::unmatchable(),
        };
        run(&engine, other).await;
        let project = DeleteProject {
            slug: "gone".parse().unwrap(),
        };
        run(&engine, project).await;
        (Self::end(dir, engine).await, destroyed)
    }

    async fn end(dir: TempDir, engine: Engine) -> Self {
        let checkpoint = engine.checkpoint(&Actor::System).unwrap();
        engine.shut_down().await;
        drop(engine);
        // Closing it puts everything into one file.
        drop(free(dir.path()).await);
        Self {
            dir,
            keys: KeyRing::new(RootKey::parse(ROOT).unwrap()),
            checkpoint,
        }
    }
}

async fn open(dir: &Path) -> Engine {
    let journal = Arc::new(free(dir).await);
    let keys = Keys {
        root: RootKey::parse(ROOT).unwrap(),
        previous: vec![],
        salt: TokenSalt::parse(SALT).unwrap(),
    };
    let access = AccessOptions {
        reads: AuditReads::Every,
        ..AccessOptions::default()
    };
    let options = EngineOptions {
        access,
        ..EngineOptions::default()
    };
    Engine::open_with(journal, keys, options).await.unwrap()
}

/// The database, when whoever had it before has let go of it.
async fn free(dir: &Path) -> SqliteJournal {
    let opened = async {
        loop {
            match SqliteJournal::open(dir) {
                Err(OpenError::InUse { .. }) => tokio::task::yield_now().await,
                opened => return opened.unwrap(),
            }
        }
    };
    timeout(Duration::from_secs(20), opened).await.unwrap()
}

fn server() -> Requester {
    Requester {
        actor: Actor::System,
        request: None,
    }
}

async fn run<C: Command>(engine: &Engine, command: C) -> C::Answer {
    engine.run(server(), command).await.unwrap()
}

async fn create_project(engine: &Engine, slug: &str, configs: usize) {
    let project = CreateProject {
        slug: slug.parse().unwrap(),
        name: None,
        description: None,
    };
    run(engine, project).await;
    for number in 0..configs {
        let config = CreateConfig {
            path: ConfigPath::parse(slug, &format!("c{number}")).unwrap(),
            name: None,
            parent: (number > 0).then(|| "c0".parse().unwrap()),
        };
        run(engine, config).await;
    }
}

async fn write(engine: &Engine, at: &str, keys: &[&str]) {
    let (project, config) = at.split_once('/').unwrap();
    let set = keys.iter().map(|key| {
        SetSecret::new(
            key.parse().unwrap(),
            SecretValue::new(format!("{at} {key}")),
        )
    });
    let write = WriteSecrets {
        path: ConfigPath::parse(project, config).unwrap(),
        set: set.collect(),
        delete: vec![],
        expected: None,
    };
    run(engine, write).await;
}

async fn issue(engine: &Engine, name: &str) {
    let scope = ScopeRequest {
        actions: Some(ActionSet::of(&[Action::SecretsRead])),
        project: Some("web".parse().unwrap()),
        config: None,
    };
    let token = IssueToken {
        holder: Holder::Service(name.parse().unwrap()),
        scopes: vec![scope],
        ttl: None,
        cidrs: vec![],
    };
    run(engine, token).await;
}

/// Reads, each of which is stored and signed by itself, and refusals, which are stored together at the end.
async fn look_around(engine: &Engine) {
    let event = |key: &str, status| Event {
        actor: Actor::System,
        action: "secrets.read",
        target: Target {
            project: Some("web".parse().unwrap()),
            config: Some("c0".parse().unwrap()),
            key: (status == 200).then(|| key.parse().unwrap()),
            ..Target::default()
        },
        method: "GET".into(),
        status,
        address: None,
    };
    let request = || Request {
        id: "id".into(),
        method: "GET".into(),
        path: "/".into(),
        ip: None,
        user_agent: None,
        idempotency: None,
    };
    for key in ["K0", "K4", "K8"] {
        let read = engine.record_read(event(key, 200), Duration::from_millis(1), request);
        read.await.unwrap();
    }
    for status in [403, 404, 422, 429] {
        engine.record(event("GET", status), None, || Some(request()));
    }
}
