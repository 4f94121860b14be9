//! A long history against a model: concurrent clients make random changes over HTTP while a fifth of what the storage is
//! asked fails in every way it can. In the end the journal holds just what was acknowledged, in an order in which a
//! simple model comes to the same state, and everything that was read on the way was true when it was read.
//!
//! The clock is a pretended one, so that waiting out a fault takes no time.

mod client;
mod model;
mod step;
mod wire;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::Value;
use ssm_domain::entry::Entry;
use ssm_engine::journal::Journal as _;
use ssm_engine::memory::{Fault, MemoryJournal};
use tempfile::TempDir;

use super::Caller;
use client::{Client, Diary, Done};
use model::Model;
use wire::Wire;

const CLIENTS: usize = 8;
/// How many operations all clients together do, unless `HISTORY_OPERATIONS` says otherwise.
const OPERATIONS: usize = 100_000;
/// How often the storage fails, of a hundred calls.
const FAILING: u32 = 20;
/// How often a call begins an outage, of ten thousand, and how many calls it lasts: long enough that callers give up
/// before it is known what became of their change.
const OUTAGES: u32 = 30;
const OUTAGE: u32 = 20;

#[tokio::test(start_paused = true)]
async fn a_long_history_over_failing_storage_is_what_a_model_says() {
    let operations = given("HISTORY_OPERATIONS").unwrap_or(OPERATIONS);
    let seed = given("HISTORY_SEED").unwrap_or_else(rand::random);
    println!("again with HISTORY_SEED={seed}");
    let mut rng = StdRng::seed_from_u64(seed);

    let journal = Arc::new(MemoryJournal::default());
    let owner = Caller::over(journal.clone(), TempDir::new().unwrap()).await;
    let owner = owner.made_owner().await;
    let begun = owner.app.engine.state().head().seq;
    journal.inject(append_faults(StdRng::from_rng(&mut rng)));
    journal.inject_reads(read_faults(StdRng::from_rng(&mut rng)));

    let clients: Vec<_> = (0..CLIENTS)
        .map(|nth| {
            let wire = Wire::to(owner.router.clone(), &owner.token);
            let client = Client::new(nth, wire, StdRng::from_rng(&mut rng));
            tokio::spawn(client.live(operations / CLIENTS))
        })
        .collect();
    let mut diaries = Vec::new();
    for client in clients {
        diaries.push(client.await.unwrap());
    }

    journal.heal();
    let verified = owner.get("/api/audit/verify").await.is(200).json();
    assert_eq!(verified["ok"], true, "{verified}");
    assert_eq!(verified["entries"], verified["head"]["seq"]);
    let entries: Vec<Entry> = (journal.read(0, usize::MAX).await.unwrap().iter())
        .map(|stored| serde_json::from_slice(&stored.bytes).unwrap())
        .collect();
    let model = replay(&entries[usize::try_from(begun).unwrap()..], &diaries);

    // What a server comes to that has to read all of it anew.
    let reopened = Caller::over(journal, TempDir::new().unwrap()).await;
    let reopened = reopened.with(&owner.token);
    for server in [owner, reopened] {
        assert_eq!(observe(&server).await, model.observe());
    }
}

/// A number from the environment.
fn given<T: std::str::FromStr>(name: &str) -> Option<T> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is no number")),
    )
}

/// Fails appends, now and then many in a row.
fn append_faults(mut rng: StdRng) -> impl FnMut() -> Option<Fault> {
    const FAULTS: [Fault; 5] = [
        Fault::Refused,
        Fault::Lost,
        Fault::AnswerLost,
        Fault::Half,
        Fault::Late,
    ];
    let mut outage = 0;
    move || {
        if rng.random_ratio(OUTAGES, 10_000) {
            outage = OUTAGE;
        }
        if outage > 0 {
            outage -= 1;
            return Some(Fault::Lost);
        }
        let fails = rng.random_ratio(FAILING, 100);
        fails.then(|| FAULTS[rng.random_range(0..FAULTS.len())])
    }
}

fn read_faults(mut rng: StdRng) -> impl FnMut() -> bool {
    move || rng.random_ratio(FAILING, 100)
}

/// Does in a model, one after the other, what the journal says was done, and holds what the clients were told to it.
fn replay(entries: &[Entry], diaries: &[Diary]) -> Model {
    let operations: HashMap<&str, _> = (diaries.iter())
        .flat_map(|diary| &diary.operations)
        .map(|operation| (&*operation.id, operation))
        .collect();
    let mut seen: BTreeMap<u64, Vec<_>> = BTreeMap::new();
    for sight in diaries.iter().flat_map(|diary| &diary.sights) {
        seen.entry(sight.revision).or_default().push(sight);
    }
    let (mut model, mut written) = (Model::default(), HashMap::new());
    for entry in entries {
        let request = entry.request.as_ref().expect("all of it came over HTTP");
        let (id, _attempt) = request
            .id
            .rsplit_once('.')
            .expect("as the clients name theirs");
        let operation = operations[id];
        model.apply(&operation.step, entry.seq);
        let before = written.insert(id, entry.seq);
        assert!(before.is_none(), "{id} was done twice: {operation:?}");
        for sight in seen.remove(&entry.seq).unwrap_or_default() {
            assert_eq!(
                model.effective(&sight.place),
                Some(&sight.data).cloned(),
                "{sight:?}"
            );
        }
    }
    assert!(seen.is_empty(), "revisions that nothing has: {seen:?}");
    // Otherwise this would be about little.
    assert!(
        written.len() > operations.len() / 2,
        "{} of {}",
        written.len(),
        operations.len()
    );
    assert!(operations.values().any(|operation| operation.uncertain));
    for (id, operation) in operations {
        match (operation.done, written.get(id)) {
            (Done::Changed { revision }, Some(seq)) => assert!(
                revision.is_none_or(|revision| revision == *seq),
                "{operation:?} is {seq}"
            ),
            (Done::Refused, None) => {}
            (Done::Changed { .. }, None) => panic!("acknowledged and missing: {operation:?}"),
            (Done::Refused, Some(seq)) => panic!("refused and written as {seq}: {operation:?}"),
        }
    }
    model
}

/// Everything there is, as the server tells it: each config's parent, revision, and own values with their versions.
async fn observe(server: &Caller) -> model::Observed {
    let mut observed = model::Observed::new();
    let names = |list: &Value| -> Vec<Value> { list.as_array().unwrap().clone() };
    for project in names(&server.get("/api/projects").await.is(200).json()["projects"]) {
        let slug = project["slug"].as_str().unwrap();
        let configs = format!("/api/projects/{slug}/configs");
        let mut here = BTreeMap::new();
        for config in names(&server.get(&configs).await.is(200).json()["configs"]) {
            let name = config["slug"].as_str().unwrap();
            let path = format!("{configs}/{name}/secrets?include_parent=false");
            let secrets = server.get(&path).await.is(200).json();
            let own = (secrets["data"].as_object().unwrap().iter())
                .map(|(key, value)| {
                    let version = secrets["meta"][key]["version"].as_u64().unwrap();
                    (key.clone(), (version, value.as_str().unwrap().to_owned()))
                })
                .collect();
            let parent = config["parentSlug"].as_str().map(str::to_owned);
            let revision = config["revision"].as_u64().unwrap();
            here.insert(name.to_owned(), (parent, revision, own));
        }
        observed.insert(slug.to_owned(), here);
    }
    observed
}
