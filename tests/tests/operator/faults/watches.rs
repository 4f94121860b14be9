//! The watch ends right before an event, and the event is lost.

use ssm_tests::fault_proxy::{Call, Cut, Event, Fault, Script, Verb};

use super::scenario::{Scenario, Step};
use super::{AFTERWARDS, behind_a_proxy, has_no_bug, writes_nothing};

/// How the attempt to go on from before the lost event is answered.
#[derive(Clone, Copy, Debug)]
enum Then {
    /// The events follow from there.
    Resume,
    /// That this is too long ago, until all are listed: by an event of a watch, or by the status of the answer.
    Anew,
}

/// Cuts before the n-th event of a kind.
struct CutBefore {
    resource: &'static str,
    nth: usize,
    seen: usize,
    then: Then,
    is_cut: bool,
    done: std::sync::mpsc::Sender<()>,
}

impl Script for CutBefore {
    fn call(&mut self, call: &Call) -> Fault {
        if call.is(Verb::List, self.resource) {
            self.is_cut = false;
        }
        if !self.is_cut || !call.is(Verb::Watch, self.resource) {
            return Fault::Pass;
        }
        match self.then {
            Then::Resume => Fault::Pass,
            Then::Anew if self.nth.is_multiple_of(2) => Fault::Gone,
            Then::Anew => Fault::Answer {
                status: 410,
                retry_after: None,
            },
        }
    }

    fn event(&mut self, call: &Call, event: &Event) -> Cut {
        if call.resource != self.resource || event.kind == "BOOKMARK" {
            return Cut::None;
        }
        self.seen += 1;
        if self.seen != self.nth {
            return Cut::None;
        }
        self.is_cut = true;
        let _ = self.done.send(());
        // A connection that breaks is an error to the operator, and one that ends is none.
        if self.nth.is_multiple_of(4) {
            Cut::Break
        } else {
            Cut::End
        }
    }
}

/// One life of a resource after the other, the n-th with the watch cut before its n-th event, until there is none.
async fn cut_before_every_event(resource: &'static str, then: Then) {
    let (world, proxy) = behind_a_proxy().await;
    let mut is_over = false;
    for nth in 1.. {
        let (done, cut) = std::sync::mpsc::channel();
        let mut scenario = Scenario::new(&world.owner, &format!("web-{nth}")).await;
        proxy.play(CutBefore {
            resource,
            nth,
            seen: 0,
            then,
            is_cut: false,
            done,
        });
        for step in Step::ALL {
            scenario.act(&world, step).await;
            scenario.holds(&world, AFTERWARDS).await;
        }
        if cut.try_recv().is_err() {
            assert!(nth > 6, "there are only {nth} events");
            is_over = true;
        }
        proxy.calm();
        if is_over || nth.is_power_of_two() {
            writes_nothing(&world).await;
        }
        if is_over {
            break;
        }
    }
    has_no_bug(&world);
}

#[tokio::test]
async fn a_watch_of_resources_that_ends_before_any_event_goes_on() {
    cut_before_every_event("secretsyncs", Then::Resume).await;
}

#[tokio::test]
async fn a_watch_of_resources_that_is_too_old_after_any_event_begins_anew() {
    cut_before_every_event("secretsyncs", Then::Anew).await;
}

#[tokio::test]
async fn a_watch_of_secrets_that_ends_before_any_event_goes_on() {
    cut_before_every_event("secrets", Then::Resume).await;
}

#[tokio::test]
async fn a_watch_of_secrets_that_is_too_old_after_any_event_begins_anew() {
    cut_before_every_event("secrets", Then::Anew).await;
}
