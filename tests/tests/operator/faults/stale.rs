//! Lists that are older than what was seen before.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use anyhow::ensure;
use bytes::Bytes;
use ssm_tests::eventually;
use ssm_tests::fault_proxy::{Call, Cut, Event, Fault, Script, Verb};

use super::scenario::{Scenario, Step};
use super::{AFTERWARDS, behind_a_proxy, has_no_bug, versions, writes_nothing};

const WATCHED: [&str; 2] = ["secretsyncs", "secrets"];

type Lists = HashMap<String, Bytes>;

/// Makes both watches begin anew, once, with these lists or else with fresh ones.
struct Relist {
    replayed: Lists,
    cut: Vec<&'static str>,
    /// What both began with.
    listed: Arc<Mutex<Lists>>,
}

impl Script for Relist {
    fn call(&mut self, call: &Call) -> Fault {
        match call.verb {
            Verb::Watch if self.cut.contains(&call.resource.as_str()) => Fault::Gone,
            Verb::List => {
                self.cut.retain(|resource| *resource != call.resource);
                let Some(list) = self.replayed.remove(&call.resource) else {
                    return Fault::Pass;
                };
                self.listed(call, &list);
                Fault::Replay(list)
            }
            _ => Fault::Pass,
        }
    }

    fn event(&mut self, call: &Call, _: &Event) -> Cut {
        if self.cut.contains(&call.resource.as_str()) {
            Cut::End
        } else {
            Cut::None
        }
    }

    fn listed(&mut self, call: &Call, body: &Bytes) {
        let mut listed = self.listed.lock().unwrap();
        listed.insert(call.resource.clone(), body.clone());
    }
}

#[tokio::test]
async fn a_list_of_any_earlier_state_takes_nothing_back() {
    let (world, proxy) = behind_a_proxy().await;
    let mut scenario = Scenario::new(&world.owner, "web").await;
    let relist = async |replayed: Lists| {
        let listed = Arc::new(Mutex::new(Lists::new()));
        proxy.play(Relist {
            replayed,
            cut: WATCHED.to_vec(),
            listed: Arc::clone(&listed),
        });
        // What is made now makes an event for both watches, without which they would not be cut.
        world.settled().await;
        eventually(AFTERWARDS, "everything is listed", async || {
            let listed = listed.lock().unwrap().clone();
            ensure!(listed.len() == WATCHED.len());
            Ok(listed)
        })
        .await
        .unwrap()
    };
    let mut recorded = Vec::new();
    for step in Step::ALL {
        scenario.act(&world, step).await;
        scenario.holds(&world, AFTERWARDS).await;
        recorded.push(relist(Lists::new()).await);
    }
    for (lists, step) in recorded.into_iter().zip(Step::ALL) {
        let before = versions(&world).await;
        relist(lists).await;
        world.settled().await;
        let after = versions(&world).await;
        // What is said of a resource may change for the moment, where a Secret that it only merges into is away.
        for (what, version) in before {
            assert!(
                what.starts_with("SecretSync") || after.get(&what) == Some(&version),
                "{what} was written after the list of {step:?}"
            );
        }
        scenario.holds(&world, AFTERWARDS).await;
    }
    writes_nothing(&world).await;
    has_no_bug(&world);
}
