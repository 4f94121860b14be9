//! One client: does what comes to its mind, tries again what did not go through, and keeps a diary of what it was told.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use http::StatusCode;
use rand::rngs::StdRng;
use serde_json::Value;
use tokio::time::sleep;

use super::step::{Place, Step};
use super::wire::Wire;

/// How long to wait before trying again, as `Retry-After` says.
const PAUSE: Duration = Duration::from_secs(1);

pub struct Client {
    nth: usize,
    wire: Wire,
    rng: StdRng,
    diary: Diary,
    /// The latest revision of each config that this client was told.
    latest: HashMap<Place, u64>,
}

/// What a client was told.
#[derive(Default)]
pub struct Diary {
    pub operations: Vec<Operation>,
    pub sights: Vec<Sight>,
}

/// A change that a client asked for until it was told what became of it.
#[derive(Debug)]
pub struct Operation {
    pub id: String,
    pub step: Step,
    pub done: Done,
    /// Whether an attempt ended without anybody knowing what became of it.
    pub uncertain: bool,
}

#[derive(Clone, Copy, Debug)]
pub enum Done {
    Changed { revision: Option<u64> },
    Refused,
}

/// What a config held at a revision.
#[derive(Debug)]
pub struct Sight {
    pub place: Place,
    pub revision: u64,
    pub data: BTreeMap<String, String>,
}

impl Client {
    pub fn new(nth: usize, wire: Wire, rng: StdRng) -> Self {
        Self {
            nth,
            wire,
            rng,
            diary: Diary::default(),
            latest: HashMap::new(),
        }
    }

    pub async fn live(mut self, operations: usize) -> Diary {
        for n in 0..operations {
            let id = format!("{}-{n}", self.nth);
            let step = Step::any(&mut self.rng, &id);
            let (answer, uncertain) = self.until_answered(&id, &step).await;
            self.note(id, step, &answer, uncertain);
        }
        self.diary
    }

    /// Tries until there is a definite answer, and tells whether any attempt before it had none. The key makes the
    /// attempts known as one.
    async fn until_answered(&mut self, id: &str, step: &Step) -> ((StatusCode, Value), bool) {
        let mut uncertain = false;
        for attempt in 1_u64.. {
            let request_id = format!("{id}.{attempt}");
            let (status, body) = self.wire.send(step.request(), &request_id, id).await;
            match (status, body["code"].as_str()) {
                (StatusCode::SERVICE_UNAVAILABLE, Some("unavailable"))
                | (StatusCode::CONFLICT, Some("idempotency_in_progress")) => {}
                (StatusCode::SERVICE_UNAVAILABLE, Some("outcome_unknown")) => uncertain = true,
                (StatusCode::SERVICE_UNAVAILABLE, _) => panic!("{body}"),
                _ => return ((status, body), uncertain),
            }
            sleep(PAUSE).await;
        }
        unreachable!("there is always another attempt")
    }

    fn note(&mut self, id: String, step: Step, answer: &(StatusCode, Value), uncertain: bool) {
        let (status, body) = answer;
        let revision = body["revision"].as_u64();
        // An attempt before this one did it, which is known by its key.
        let already = body["code"] == "already_done";
        let refused = !already
            && matches!(
                *status,
                StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND | StatusCode::CONFLICT
            );
        assert!(
            refused || already || status.is_success(),
            "{step:?} is answered with {status}: {body}"
        );
        match &step {
            Step::Write { at, .. } | Step::ReadConfig(at) if status.is_success() => {
                self.never_back(*at, revision.expect("it has a revision"));
            }
            _ => {}
        }
        match step {
            Step::ReadKey { .. } => {}
            Step::ReadConfig(_) if refused => {}
            Step::ReadConfig(place) => self.diary.sights.push(Sight {
                place,
                revision: revision.expect("it has a revision"),
                data: serde_json::from_value(body["data"].clone()).expect("values by key"),
            }),
            step => {
                let done = if refused {
                    Done::Refused
                } else {
                    let seq = body["seq"].as_u64().filter(|_| already);
                    Done::Changed {
                        revision: seq.or(revision),
                    }
                };
                self.diary.operations.push(Operation {
                    id,
                    step,
                    done,
                    uncertain,
                });
            }
        }
    }

    /// What one client sees of a config only moves on.
    fn never_back(&mut self, place: Place, revision: u64) {
        let before = self.latest.insert(place, revision).unwrap_or_default();
        assert!(
            before <= revision,
            "{place:?} went back from {before} to {revision}"
        );
    }
}
