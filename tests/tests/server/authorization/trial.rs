//! Trying one case with everybody.

use futures::StreamExt as _;
use futures::stream;
use serde_json::{Value, json};
use ssm_tests::caller::{Answer, Caller, OWNER, form};
use ssm_tests::canary;

use super::case::{Body, Case, Scene};
use super::document::Document;
use super::everybody::{Somebody, machines};
use super::grants::{Grants, Need, Proof, Spot, Verdict};
use super::people;
use super::world::{World, absent};

/// How many requests that change nothing are under way at once.
const AT_ONCE: usize = 8;
/// JSON that is none.
const BROKEN: &str = "{broken";

/// The server, everybody who tries, and what went wrong.
pub struct Court {
    owner: Caller,
    known: Vec<Somebody>,
    world: World,
    document: Document,
    faults: Vec<String>,
}

/// How a request differs from the one that is right.
#[derive(Clone, Copy, Default)]
struct Oddity<'a> {
    /// Parameters of the path with other values.
    instead: &'a [(&'a str, &'a str)],
    /// A body that cannot be read.
    broken: bool,
}

impl Court {
    /// With the owner of a fresh server.
    pub async fn open(owner: Caller) -> Self {
        let dead = owner
            .service(json!({"actions": super::grants::ACTIONS}))
            .await;
        let revoke = json!({"token": dead.token()});
        owner.post("/api/auth/tokens/v2/revoke", revoke).await.ok();
        let everything = Grants::of_roles("owner", "none");
        let password = (OWNER.to_owned(), canary::password());
        let mut known = vec![
            Somebody::nobody("nobody", &owner.without_token()),
            Somebody::nobody("a revoked token", &dead),
            Somebody::person("the first owner", &owner, everything, password),
        ];
        known.extend(people::invite(&owner).await);
        let world = World::make(&owner).await;
        people::take_roles(&known, &world).await;
        Self {
            world,
            owner,
            known,
            document: Document::committed(),
            faults: Vec::new(),
        }
    }

    /// What went wrong so far.
    pub fn faults(self) -> Vec<String> {
        self.faults
    }

    /// Tries one case with everybody.
    pub async fn hear(&mut self, case: &Case) {
        let everybody: Vec<Somebody> = self
            .known
            .iter()
            .cloned()
            .chain(machines(case.need))
            .collect();
        let (allowed, refused): (Vec<_>, Vec<_>) = everybody
            .into_iter()
            .partition(|somebody| somebody.verdict(case.need) == Verdict::Allowed);
        let faults = self.refuse(case, &refused).await;
        self.faults.extend(faults);
        if !allowed.is_empty() {
            let faults = self.mistake(case, &allowed[0]).await;
            self.faults.extend(faults);
        }
        for somebody in &allowed {
            let scene = Scene::set(case, &self.world).await;
            let answer = self.send(case, &scene, somebody, Oddity::default()).await;
            let faults = self.judge(case, somebody, &answer, case.answers);
            self.faults.extend(faults);
            if case.spoils {
                self.world = World::make(&self.owner).await;
                people::take_roles(&self.known, &self.world).await;
            }
        }
    }

    /// Those who are refused learn nothing beyond that, change nothing, and learn it before anything else is looked at.
    async fn refuse(&self, case: &Case, refused: &[Somebody]) -> Vec<String> {
        let scene = Scene::set(case, &self.world).await;
        for somebody in refused {
            somebody.caller(&self.world).await;
        }
        let seq = self.seq().await;
        let scene = &scene;
        let tries = refused.iter().map(|somebody| async move {
            let verdict = somebody.verdict(case.need);
            let answer = self.send(case, scene, somebody, Oddity::default()).await;
            let mut faults = self.judge(case, somebody, &answer, status(verdict));
            if verdict == Verdict::Hidden {
                faults.extend(self.compare(case, scene, somebody, &answer).await);
            }
            if matches!(case.body, Body::Json(_))
                && (!case.body_decides || verdict == Verdict::Unauthenticated)
            {
                let broken = Oddity {
                    broken: true,
                    ..Oddity::default()
                };
                let answer = self.send(case, scene, somebody, broken).await;
                faults.extend(self.judge(case, somebody, &answer, status(verdict)));
            }
            faults
        });
        let faults: Vec<Vec<String>> = stream::iter(tries)
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        let mut faults = faults.concat();
        if self.seq().await != seq {
            faults.push(format!(
                "{}: a refused request changed something",
                case.operation
            ));
        }
        faults
    }

    /// What is hidden is answered like what is absent.
    async fn compare(
        &self,
        case: &Case,
        scene: &Scene<'_>,
        somebody: &Somebody,
        hidden: &Answer,
    ) -> Vec<String> {
        let name = if somebody.grants.shows(Spot::Project) {
            "config"
        } else {
            "project"
        };
        if !case.names().any(|known| known == name) {
            return Vec::new();
        }
        let instead = [(name, absent(name))];
        let odd = Oddity {
            instead: &instead,
            ..Oddity::default()
        };
        let answer = self.send(case, scene, somebody, odd).await;
        let said = |answer: &Answer| {
            (
                answer.status,
                answer.json()["code"].clone(),
                answer.json()["message"].clone(),
            )
        };
        if said(&answer) == said(hidden) {
            return Vec::new();
        }
        vec![format!(
            "{} tells {} what is hidden from what is absent",
            case.operation, somebody.name
        )]
    }

    /// Somebody who may do it is told what is wrong with the request: what it names is not there, or its body is broken.
    async fn mistake(&self, case: &Case, somebody: &Somebody) -> Vec<String> {
        let (scene, mut faults) = (Scene::set(case, &self.world).await, Vec::new());
        for name in case.names().filter(|name| !case.free.contains(name)) {
            for other in [Some(absent(name)), self.world.foreign(name)]
                .into_iter()
                .flatten()
            {
                let instead = [(name, other)];
                let odd = Oddity {
                    instead: &instead,
                    ..Oddity::default()
                };
                let answer = self.send(case, &scene, somebody, odd).await;
                faults.extend(self.judge(case, somebody, &answer, 404));
            }
        }
        if matches!(case.body, Body::Json(_)) && case.answers < 300 {
            let broken = Oddity {
                broken: true,
                ..Oddity::default()
            };
            let answer = self.send(case, &scene, somebody, broken).await;
            faults.extend(self.judge(case, somebody, &answer, 400));
        }
        faults
    }

    async fn send(
        &self,
        case: &Case,
        scene: &Scene<'_>,
        somebody: &Somebody,
        odd: Oddity<'_>,
    ) -> Answer {
        let caller = somebody.caller(&self.world).await;
        let path = case.path(scene, odd.instead);
        let request = match (case.need, &somebody.password) {
            (Need::Password(_), Some((username, password))) => {
                let request = caller.without_token().request(case.method(), &path);
                request.basic_auth(username, Some(password))
            }
            _ => caller.request(case.method(), &path),
        };
        let request = match case.body {
            Body::None => request,
            Body::Json(_) if odd.broken => request
                .header("content-type", "application/json")
                .body(BROKEN),
            Body::Json(body) => request.json(&body(scene)),
            Body::Form(fields) => request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(form(&fields(scene))),
            Body::File(text) => request.body(text),
        };
        if case.streams {
            Caller::send_for_head(request).await
        } else {
            Caller::send(request).await
        }
    }

    /// What is wrong with an answer.
    fn judge(
        &self,
        case: &Case,
        somebody: &Somebody,
        answer: &Answer,
        expected: u16,
    ) -> Vec<String> {
        let (status, mut wrong) = (answer.status.as_u16(), Vec::new());
        if status != expected {
            wrong.push(format!("{status} instead of {expected}, {}", answer.text));
        }
        if !self.document.says(case.operation, status) {
            wrong.push(format!("{status}, which is not documented"));
        }
        if !answer.header("location").is_empty() {
            wrong.push("a redirect".to_owned());
        }
        if status >= 400 {
            let body: Value = serde_json::from_str(&answer.text).unwrap_or_default();
            let texts = ["message", "code", "requestId"]
                .map(|field| body[field].as_str().unwrap_or_default());
            if texts.contains(&"") || texts[2] != answer.header("x-request-id") {
                wrong.push(format!("an error without its body, {}", answer.text));
            }
        }
        for (name, spot) in self.world.private() {
            if somebody.proof != Proof::None
                && !somebody.grants.names(spot)
                && answer.text.contains(name)
            {
                wrong.push(format!("the name of {spot:?}, which must not show"));
            }
        }
        let about = |wrong| format!("{} gives {} {wrong}", case.operation, somebody.name);
        wrong.into_iter().map(about).collect()
    }

    async fn seq(&self) -> Value {
        self.owner.get("/readyz").await.ok()["journal"]["seq"].clone()
    }
}

fn status(verdict: Verdict) -> u16 {
    match verdict {
        Verdict::Allowed => 200,
        Verdict::Unauthenticated => 401,
        Verdict::Hidden => 404,
        Verdict::Forbidden => 403,
    }
}
