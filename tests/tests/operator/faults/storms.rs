//! An API server that refuses, fails or hangs, and an operator that is not alone.

use std::collections::HashSet;
use std::time::Duration;

use ssm_tests::fault_proxy::{Call, Fault, Verb};
use ssm_tests::{FaultProxy, Operator, OperatorOptions, eventually};

use super::scenario::{Scenario, Step};
use super::{AFTERWARDS, behind_a_proxy, has_no_bug, writes_nothing};
use crate::world::{World, control_plane, shared_server};

/// A connection that hangs is given up after less.
const HANGING: Duration = Duration::from_mins(3);

/// Each step begins while so many requests meet this fault.
async fn outlives(fault: Fault, times: usize) {
    let (world, proxy) = behind_a_proxy().await;
    let mut scenario = Scenario::new(&world.owner, "web").await;
    for step in Step::ALL {
        let (mut left, fault) = (times, fault.clone());
        proxy.play(move |_: &Call| {
            if left == 0 {
                return Fault::Pass;
            }
            left -= 1;
            fault.clone()
        });
        scenario.act(&world, step).await;
        scenario.holds(&world, AFTERWARDS).await;
    }
    proxy.calm();
    writes_nothing(&world).await;
    has_no_bug(&world);
}

fn answer(status: u16) -> Fault {
    Fault::Answer {
        status,
        retry_after: None,
    }
}

#[tokio::test]
async fn an_api_server_that_is_busy_is_asked_again_when_it_says() {
    let busy = Fault::Answer {
        status: 429,
        retry_after: Some(1),
    };
    outlives(busy, 3).await;
}

#[tokio::test]
async fn an_api_server_that_fails_is_asked_again() {
    outlives(answer(500), 3).await;
}

#[tokio::test]
async fn conflicts_that_are_none_are_looked_into() {
    outlives(answer(409), 3).await;
}

#[tokio::test]
async fn answers_that_never_come_are_asked_for_again() {
    outlives(Fault::LoseAnswer, 2).await;
}

#[tokio::test]
async fn writes_that_arrive_twice_write_once() {
    outlives(Fault::Repeat, usize::MAX).await;
}

/// The first request of each kind never gets an answer, though nobody ends its connection.
#[tokio::test]
async fn a_connection_that_hangs_for_ever_is_given_up() {
    let (world, proxy) = behind_a_proxy().await;
    let mut scenario = Scenario::new(&world.owner, "web").await;
    scenario.act(&world, Step::Create).await;
    scenario.holds(&world, AFTERWARDS).await;
    let mut hung: HashSet<(String, String)> = HashSet::new();
    let mut cut = ["secretsyncs", "secrets"].map(String::from).to_vec();
    proxy.play(move |call: &Call| {
        // Watches are opened anew by themselves, and may hang then.
        if call.verb == Verb::Watch {
            let at = cut.iter().position(|resource| *resource == call.resource);
            return match at {
                Some(at) => {
                    cut.remove(at);
                    Fault::HangForEver
                }
                None => Fault::Pass,
            };
        }
        let kind = (format!("{:?}", call.verb), call.resource.clone());
        if hung.insert(kind) {
            Fault::HangForEver
        } else {
            Fault::Pass
        }
    });
    for step in [Step::Change, Step::Retype] {
        scenario.act(&world, step).await;
    }
    scenario.holds(&world, HANGING).await;
    proxy.calm();
    writes_nothing(&world).await;
    has_no_bug(&world);
}

#[tokio::test]
async fn two_operators_at_once_end_in_the_same_state_and_write_nothing_more() {
    let (owner, url) = shared_server().await;
    let plane = control_plane().await;
    let proxy = FaultProxy::start(plane).await.unwrap();
    let world = World::with(owner, &url, |options| options).await;
    let kubeconfig = plane
        .data_dir()
        .join(format!("{}-ssm-operator.kubeconfig", world.namespace));
    let options = OperatorOptions::new(&kubeconfig, &url).namespace(&world.namespace);
    let other = Operator::start(options.through(&proxy).unwrap())
        .await
        .unwrap();
    let mut scenario = Scenario::new(&world.owner, "web").await;
    for step in Step::ALL {
        scenario.act(&world, step).await;
        scenario.holds(&world, AFTERWARDS).await;
    }
    // Both have seen the end: the second one is up to date with what the first one has written last.
    writes_nothing(&world).await;
    eventually(AFTERWARDS, "the other one has nothing to do", async || {
        let metrics = other.metrics().await?;
        anyhow::ensure!(metrics.contains("ssm_operator_queue_depth 0"));
        Ok(())
    })
    .await
    .unwrap();
    has_no_bug(&world);
    assert!(!other.log().unwrap().contains("a bug"));
}
