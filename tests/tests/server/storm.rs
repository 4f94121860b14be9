//! Several servers on one MongoDB, clients that call now this one and now that one, and one server after the other that is
//! killed: in the end everything is as if there had been one server that never died.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use futures::future::join_all;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use ssm_tests::caller::{Answer, Caller};
use ssm_tests::{Place, Server, canary, eventually};

const PATIENCE: Duration = Duration::from_mins(1);
const CLIENTS: usize = 8;
const KILLS: usize = 8;
/// How much is done between a kill and the restart, and between that and the next kill.
const BETWEEN: usize = 60;
const KEYS: [&str; 5] = ["A", "B", "C", "D", "E"];
/// Where all clients write to the same key.
const COUNTER: &str = "/api/projects/shared/configs/base/secrets";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_of_which_one_is_killed_again_and_again_end_as_one_would() {
    storm(2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_servers_of_which_one_is_killed_again_and_again_end_as_one_would() {
    storm(3).await;
}

async fn storm(servers: usize) {
    let place = Place::new().await.unwrap();
    let started = join_all((0..servers).map(|_| place.server())).await;
    let mut servers: Vec<Server> = started.into_iter().map(Result::unwrap).collect();
    let weather = Arc::new(Weather {
        urls: servers.iter().map(Server::url).collect(),
        ..Weather::default()
    });
    let owner = first_of(&weather).await;
    owner
        .post("/api/projects", json!({"slug": "shared"}))
        .await
        .ok();
    let config = json!({"slug": "base"});
    owner
        .post("/api/projects/shared/configs", config)
        .await
        .ok();
    owner
        .put(&format!("{COUNTER}/N"), json!({"value": "0"}))
        .await
        .ok();

    let clients = (0..CLIENTS).map(|n| Client::new(n, &weather, owner.token()).run());
    let kill_each_in_turn = async {
        for kill in 0..kills() {
            weather.let_pass(BETWEEN).await;
            let count = servers.len();
            let server = &mut servers[kill % count];
            server.kill_now().unwrap();
            weather.let_pass(BETWEEN).await;
            server.restart().await.unwrap();
        }
        weather.over.store(true, Ordering::Relaxed);
    };
    let (clients, ()) = tokio::join!(join_all(clients), kill_each_in_turn);

    let seq = head(&weather).await;
    for url in &weather.urls {
        check(&Caller::nobody(url).with(owner.token()), seq, &clients).await;
    }
    let verified = place.command(&["audit", "verify"]).end().await.unwrap();
    assert!(verified.ok().contains("all is as it was written"));
}

/// More rounds than usual by `STORM_KILLS`.
fn kills() -> usize {
    std::env::var("STORM_KILLS").map_or(KILLS, |text| text.parse().unwrap())
}

/// All sign up at once, at all servers; one of them is the owner.
async fn first_of(weather: &Weather) -> Caller {
    let urls = weather.urls.iter().cycle().enumerate().take(CLIENTS);
    let attempts = urls.map(|(n, url)| async move {
        let body = json!({"username": format!("first-{n}"), "password": canary::password()});
        let nobody = Caller::nobody(url);
        let answer = nobody.post("/api/onboarding/bootstrap", body).await;
        assert!(
            [201, 409].contains(&answer.status.as_u16()),
            "{}",
            answer.text
        );
        (answer.status == 201).then(|| nobody.with(answer.json()["token"].as_str().unwrap()))
    });
    let mut owners = join_all(attempts).await.into_iter().flatten();
    let owner = owners.next().unwrap();
    assert!(owners.next().is_none(), "there are two owners");
    owner
}

/// What all clients share.
#[derive(Default)]
struct Weather {
    urls: Vec<String>,
    done: AtomicUsize,
    over: AtomicBool,
}

impl Weather {
    /// Waits until so much more was done.
    async fn let_pass(&self, changes: usize) {
        let until = self.done.load(Ordering::Relaxed) + changes;
        eventually(PATIENCE, "the clients to get on", async || {
            let done = self.done.load(Ordering::Relaxed);
            ensure!(done >= until, "{done} of {until} changes");
            Ok(())
        })
        .await
        .unwrap();
    }
}

/// Somebody who has a project of their own, and knows what must be in it.
struct Client {
    weather: Arc<Weather>,
    servers: Vec<Caller>,
    random: StdRng,
    name: String,
    sent: usize,
    /// Each config's own secrets. All inherit `base`.
    configs: BTreeMap<String, BTreeMap<String, String>>,
    /// How often they counted the shared counter up.
    counted: u64,
    /// The names that all clients want, and they got.
    won: Vec<String>,
}

impl Client {
    fn new(n: usize, weather: &Arc<Weather>, token: &str) -> Self {
        let servers = weather.urls.iter();
        Self {
            weather: weather.clone(),
            servers: servers.map(|url| Caller::nobody(url).with(token)).collect(),
            random: StdRng::seed_from_u64(n as u64),
            name: format!("own-{n}"),
            sent: 0,
            configs: BTreeMap::new(),
            counted: 0,
            won: Vec::new(),
        }
    }

    async fn run(mut self) -> Self {
        let slug = json!({"slug": self.name});
        self.done("POST", "/api/projects", slug).await;
        self.make("base", None).await;
        while !self.weather.over.load(Ordering::Relaxed) {
            self.act().await;
            self.weather.done.fetch_add(1, Ordering::Relaxed);
        }
        self
    }

    async fn act(&mut self) {
        let names: Vec<String> = self.configs.keys().cloned().collect();
        let config = names.choose(&mut self.random).expect("base stays").clone();
        let key = (*KEYS.choose(&mut self.random).expect("there are some")).to_owned();
        let value = canary::value(&format!("{}-{}", self.name, self.sent));
        let secrets = format!("{}/{config}/secrets", self.at());
        let is_there = self.configs[&config].contains_key(&key);
        match self.random.random_range(0..20) {
            0 if names.len() < 5 => {
                let slug = format!("c{}", self.sent);
                self.make(&slug, Some("base")).await;
            }
            1 if config != "base" => {
                let path = format!("{}/{config}", self.at());
                self.done("DELETE", &path, json!(null)).await;
                self.configs.remove(&config);
            }
            2..4 => self.race().await,
            4..8 => self.count().await,
            8..10 if is_there => {
                let path = format!("{secrets}/{key}");
                self.done("DELETE", &path, json!(null)).await;
                self.own(&config).remove(&key);
            }
            10..13 => {
                let set: BTreeMap<_, _> = KEYS[..3].iter().map(|key| (*key, &value)).collect();
                let gone = Some("E").filter(|gone| self.configs[&config].contains_key(*gone));
                let body = json!({"set": set, "delete": Vec::from_iter(gone)});
                self.done("PATCH", &secrets, body).await;
                let changed = self.own(&config);
                changed.extend(
                    KEYS[..3]
                        .iter()
                        .map(|key| (String::from(*key), value.clone())),
                );
                changed.remove("E");
            }
            _ => {
                let path = format!("{secrets}/{key}");
                self.done("PUT", &path, json!({"value": value})).await;
                self.own(&config).insert(key, value);
            }
        }
    }

    fn at(&self) -> String {
        format!("/api/projects/{}/configs", self.name)
    }

    fn own(&mut self, config: &str) -> &mut BTreeMap<String, String> {
        self.configs.get_mut(config).expect("it was made")
    }

    async fn make(&mut self, slug: &str, parent: Option<&str>) {
        let body = json!({"slug": slug, "parent": parent});
        let path = self.at();
        self.done("POST", &path, body).await;
        self.configs.insert(slug.to_owned(), BTreeMap::new());
    }

    /// All clients want the same names in the same order, and only one gets each.
    async fn race(&mut self) {
        let slug = format!("race-{}", self.weather.done.load(Ordering::Relaxed) / 50);
        if self.won.contains(&slug) {
            return;
        }
        let body = json!({"slug": slug});
        let answer = self.sure("POST", "/api/projects", &body, None).await;
        if is_done(&answer) {
            self.won.push(slug);
        } else {
            answer.refused(400, "already_exists");
        }
    }

    /// Counts up what all count up, if nobody else did meanwhile.
    async fn count(&mut self) {
        let Some(read) = self.try_once("GET", COUNTER, &json!(null), None).await else {
            return;
        };
        if read.status != 200 {
            assert_eq!(read.status, 503, "{}", read.text);
            return;
        }
        let there: u64 = read.json()["data"]["N"].as_str().unwrap().parse().unwrap();
        let (etag, path) = (read.header("etag").to_owned(), format!("{COUNTER}/N"));
        let body = json!({"value": (there + 1).to_string()});
        let answer = self.sure("PUT", &path, &body, Some(&etag)).await;
        if is_done(&answer) {
            self.counted += 1;
        } else {
            assert_eq!(answer.status, 412, "{}", answer.text);
        }
    }

    /// Makes a change that nothing speaks against.
    async fn done(&mut self, method: &str, path: &str, body: Value) {
        let answer = self.sure(method, path, &body, None).await;
        assert!(
            is_done(&answer),
            "{method} {path}: {} {}",
            answer.status,
            answer.text
        );
    }

    /// Sends the same change, to one server after the other, until one of them says what became of it.
    async fn sure(&mut self, method: &str, path: &str, body: &Value, etag: Option<&str>) -> Answer {
        self.sent += 1;
        let what = format!("{} an answer to {method} {path}", self.name);
        let mut headers = vec![("idempotency-key", format!("{}-{}", self.name, self.sent))];
        headers.extend(etag.map(|etag| ("if-match", etag.to_owned())));
        eventually(PATIENCE, &what, async || {
            let answer = self.try_once(method, path, body, Some(&headers)).await;
            let answer = answer.ok_or_else(|| anyhow::anyhow!("the connection broke"))?;
            let unsure = answer.status == 503 || answer.text.contains("idempotency_in_progress");
            ensure!(!unsure, "{} {}", answer.status, answer.text);
            Ok(answer)
        })
        .await
        .unwrap()
    }

    /// Asks any server. `None` where the connection broke.
    async fn try_once(
        &mut self,
        method: &str,
        path: &str,
        body: &Value,
        headers: Option<&[(&str, String)]>,
    ) -> Option<Answer> {
        let server = self
            .servers
            .choose(&mut self.random)
            .expect("there are some");
        let mut request = server.request(method, path);
        for (name, value) in headers.into_iter().flatten() {
            request = request.header(*name, value);
        }
        if !body.is_null() {
            request = request.json(body);
        }
        let response = request.send().await.ok()?;
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.ok()?;
        Some(Answer {
            status,
            headers,
            text,
        })
    }
}

/// Whether a change was made, now or by an attempt whose answer was lost.
fn is_done(answer: &Answer) -> bool {
    answer.status.is_success() || answer.text.contains("\"already_done\"")
}

async fn seq_at(url: &str) -> u64 {
    let ready = Caller::nobody(url).get("/readyz").await.ok();
    ready["journal"]["seq"].as_u64().unwrap()
}

/// How far the one is that is the furthest.
async fn head(weather: &Weather) -> u64 {
    let heads = join_all(weather.urls.iter().map(|url| seq_at(url))).await;
    heads.into_iter().max().unwrap()
}

/// What a server says must be what the clients know.
async fn check(server: &Caller, seq: u64, clients: &[Client]) {
    let counter = format!("{COUNTER}?minRevision={seq}");
    eventually(PATIENCE, "the server to have got as far", async || {
        let answer = server.get(&counter).await;
        ensure!(answer.status == 200, "{}", answer.text);
        Ok(())
    })
    .await
    .unwrap();
    for client in clients {
        let base = &client.configs["base"];
        for (slug, own) in &client.configs {
            let path = format!("{}/{slug}/secrets?minRevision={seq}", client.at());
            let there = server.get(&path).await.ok();
            let mut expected = base.clone();
            expected.extend(own.clone());
            assert_eq!(there["data"], json!(expected), "{path}");
        }
        let configs = server.get(&client.at()).await.ok();
        let count = configs["configs"].as_array().unwrap().len();
        assert_eq!(count, client.configs.len());
    }
    let counted: u64 = clients.iter().map(|client| client.counted).sum();
    let counter = server.get(&format!("{COUNTER}/N")).await.ok();
    assert_eq!(counter["value"], counted.to_string());
    assert!(counted > 0);

    let mut won: Vec<_> = clients.iter().flat_map(|client| &client.won).collect();
    won.sort();
    let names = won.len();
    won.dedup();
    assert_eq!(won.len(), names, "two clients got the same name");
    let projects = server.get("/api/projects").await.ok();
    let projects = projects["projects"].as_array().unwrap().len();
    assert_eq!(projects, names + CLIENTS + 1);

    let verified = server.get("/api/audit/verify").await.ok();
    assert_eq!(verified["ok"], true, "{verified}");
    assert_eq!(verified["entries"], verified["head"]["seq"]);
    assert_eq!(verified["head"]["seq"], seq);
}
