//! What the server is asked for all day: reads, writes, imports, watch streams and sign-ins, each at a steady pace.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Result, bail};
use reqwest::StatusCode;
use serde_json::{Value, json};
use ssm_tests::caller::{Answer, Caller, OWNER, Shop};
use ssm_tests::canary;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};

const KEYS: u64 = 50;
const IMPORTED: u64 = 100;
/// How long a watch stream is kept.
const STREAM: Duration = Duration::from_secs(10);

/// How often each kind of answer came with each status.
#[derive(Clone, Default)]
pub struct Tally(BTreeMap<(&'static str, u16), u64>);

impl Tally {
    /// Whether there were any, and all of them of success.
    pub fn is_right(&self) -> bool {
        !self.0.is_empty() && self.0.keys().all(|(_, status)| (200..400).contains(status))
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part =
            |((kind, status), count): (&(&str, u16), &u64)| format!("{count} × {kind} {status}");
        f.write_str(&self.0.iter().map(part).collect::<Vec<_>>().join(", "))
    }
}

type Shared = Arc<Mutex<Tally>>;

/// What a machine may do, for longer than any run takes.
pub fn scope(shop: &Shop) -> Value {
    json!({
        "project": shop.slug, "actions": ["secrets:read", "secrets:export"], "ttl_seconds": 30 * 86_400,
    })
}

/// Those who ask, until they are told to end.
pub struct Load {
    tally: Shared,
    going: watch::Sender<bool>,
    workers: JoinSet<()>,
}

/// What for.
#[derive(Clone, Copy)]
enum Asks {
    Read,
    Watch,
    Write,
    Import,
    LookBack,
    SignIn,
}

/// One who asks.
#[derive(Clone)]
struct Worker {
    caller: Caller,
    configs: String,
    tally: Shared,
    going: watch::Receiver<bool>,
}

impl Load {
    pub async fn start(owner: &Caller, shop: &Shop) -> Self {
        let (going, told) = watch::channel(true);
        let mut load = Self {
            tally: Shared::default(),
            going,
            workers: JoinSet::new(),
        };
        let machine = owner.service(scope(shop)).await;
        let worker = |caller: &Caller| Worker {
            caller: caller.clone(),
            configs: shop.configs.clone(),
            tally: load.tally.clone(),
            going: told.clone(),
        };
        let (person, machine) = (worker(owner), worker(&machine));
        let paces = [
            (&machine, Asks::Read, 4, 50),
            (&machine, Asks::Watch, 8, 1_000),
            (&person, Asks::Write, 4, 400),
            (&person, Asks::Import, 1, 2_000),
            (&person, Asks::LookBack, 1, 2_000),
            (&person, Asks::SignIn, 1, 5_000),
        ];
        for (worker, asks, workers, millis) in paces {
            for n in 0..workers {
                let pace = Duration::from_millis(millis);
                load.workers.spawn(worker.clone().every(pace, n, asks));
            }
        }
        load
    }

    /// An error when one of them has ended.
    pub fn goes_on(&mut self) -> Result<()> {
        match self.workers.try_join_next() {
            None => Ok(()),
            Some(ended) => bail!("somebody has ended who was to go on: {ended:?}"),
        }
    }

    /// Has all of them end, and tells what came back.
    pub async fn end(self) -> Tally {
        self.going.send_replace(false);
        self.workers.join_all().await;
        self.tally.lock().expect("nobody panics in it").clone()
    }
}

impl Worker {
    /// Asks at this pace, or as fast as answers come, with a number that counts on from `first`.
    async fn every(mut self, pace: Duration, first: u64, asks: Asks) {
        let mut ticks = interval(pace);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for n in (first..).step_by(7) {
            tokio::select! {
                _ = ticks.tick() => {},
                _ = self.going.changed() => return,
            }
            match asks {
                Asks::Read => self.read().await,
                Asks::Watch => self.watch().await,
                Asks::Write => self.write(n).await,
                Asks::Import => self.import(n).await,
                Asks::LookBack => self.look_back().await,
                Asks::SignIn => self.sign_in().await,
            }
        }
    }

    fn count(&self, kind: &'static str, status: StatusCode) {
        let mut tally = self.tally.lock().expect("nobody panics in it");
        *tally.0.entry((kind, status.as_u16())).or_default() += 1;
    }

    fn secrets(&self, config: &str) -> String {
        format!("{}/{config}/secrets", self.configs)
    }

    /// The whole config, and again with what makes the body unnecessary.
    async fn read(&self) {
        let path = self.secrets("prod");
        let answer = self.caller.get(&path).await;
        self.count("read", answer.status);
        let again = self.caller.request("GET", &path);
        let again = again.header("if-none-match", answer.header("etag"));
        self.count("conditional read", Caller::send(again).await.status);
    }

    /// One key more, another, or none.
    async fn write(&self, n: u64) {
        let config = if n.is_multiple_of(3) { "prod" } else { "base" };
        let path = format!("{}/KEY_{}", self.secrets(config), n % KEYS);
        let answer = self
            .caller
            .put(&path, json!({"value": format!("value {n}")}))
            .await;
        self.count("write", answer.status);
        if n.is_multiple_of(10) {
            let gone = self.caller.delete(&path).await;
            // Another one may have been first.
            if gone.status != StatusCode::NOT_FOUND {
                self.count("delete", gone.status);
            }
        }
    }

    async fn import(&self, n: u64) {
        let lines: Vec<_> = (0..IMPORTED)
            .map(|key| format!("IMPORTED_{key}=value {n}\n"))
            .collect();
        let path = format!("{}/import", self.secrets("base"));
        let answer = self
            .caller
            .raw("POST", &path, "text/plain", lines.concat())
            .await;
        self.count("import", answer.status);
    }

    /// What people look at: an export, revisions, the record.
    async fn look_back(&self) {
        let export = format!("{}?format=env", self.secrets("prod"));
        let revisions = format!("{}/prod/revisions", self.configs);
        for path in [
            export.as_str(),
            &revisions,
            "/api/audit/events",
            "/api/projects",
        ] {
            self.count("look", self.caller.get(path).await.status);
        }
    }

    /// Signs in, says who it is, and signs out.
    async fn sign_in(&self) {
        let request = self.caller.without_token();
        let request = request.request("GET", "/api/auth/tokens/");
        let request = request.basic_auth(OWNER, Some(canary::password()));
        let answer = Caller::send(request).await;
        self.count("sign-in", answer.status);
        if !answer.status.is_success() {
            return;
        }
        let session = answer.json();
        let session = self
            .caller
            .with(session["token"].as_str().unwrap_or_default());
        let own = json!({"token": session.token()});
        let answers: [Answer; 2] = [
            session.get("/api/me").await,
            session.post("/api/auth/tokens/v2/revoke", own).await,
        ];
        for answer in answers {
            self.count("session", answer.status);
        }
    }

    /// Follows a stream for a while.
    async fn watch(&self) {
        let response = self.caller.request("GET", "/api/watch").send().await;
        let mut response = response.expect("the server answers");
        self.count("watch", response.status());
        let told = timeout(STREAM, async {
            while let Ok(Some(_)) = response.chunk().await {}
        });
        // It has no end of its own.
        let mut going = self.going.clone();
        tokio::select! {
            ended = told => if ended.is_ok() { self.count("watch that ended", StatusCode::GONE) },
            _ = going.changed() => {},
        }
    }
}
