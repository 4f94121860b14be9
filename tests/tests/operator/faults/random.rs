//! Everything at once, at random. The seed is printed, and `FAULT_SEED` takes it again; `FAULT_ROUNDS` asks for more.

use std::time::Duration;

use futures::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use ssm_tests::fault_proxy::{Call, Cut, Event, Fault, Script, Verb};

use super::scenario::{Scenario, Step};
use super::{AFTERWARDS, behind_a_proxy, has_no_bug, writes_nothing};

/// How long a step may be in the storm, where it does not come through earlier.
const STORM: Duration = Duration::from_secs(3);

struct Storm {
    random: StdRng,
    /// The next watch is too old.
    is_gone: bool,
}

impl Script for Storm {
    fn call(&mut self, call: &Call) -> Fault {
        if call.verb == Verb::Watch && std::mem::take(&mut self.is_gone) {
            return if self.random.random() {
                Fault::Gone
            } else {
                answer(410)
            };
        }
        if self.random.random_bool(0.6) {
            return Fault::Pass;
        }
        match self.random.random_range(0..11) {
            0 | 1 => Fault::Delay(Duration::from_millis(self.random.random_range(0..300))),
            2 => Fault::Lose,
            3 => Fault::LoseAnswer,
            4 => Fault::Hang,
            5 | 6 => Fault::Repeat,
            7 => answer(409),
            8 => answer(500),
            9 => answer(503),
            _ => Fault::Answer {
                status: 429,
                retry_after: Some(1),
            },
        }
    }

    fn event(&mut self, _: &Call, _: &Event) -> Cut {
        if self.random.random_bool(0.8) {
            return Cut::None;
        }
        self.is_gone = self.random.random();
        if self.random.random() {
            Cut::End
        } else {
            Cut::Break
        }
    }
}

fn answer(status: u16) -> Fault {
    Fault::Answer {
        status,
        retry_after: None,
    }
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[tokio::test]
async fn whatever_happens_ends_well() {
    let rounds = setting("FAULT_ROUNDS").unwrap_or(1);
    for _ in 0..rounds {
        let first = setting("FAULT_SEED").unwrap_or_else(rand::random);
        join_all((0..3).map(|n| round(first.wrapping_add(n)))).await;
    }
}

async fn round(seed: u64) {
    println!("FAULT_SEED={seed}");
    let (mut world, proxy) = behind_a_proxy().await;
    let owner = world.owner.clone();
    let mut scenario = Scenario::new(&owner, "web").await;
    let mut random = StdRng::seed_from_u64(seed);
    for step in Step::ALL {
        proxy.play(Storm {
            random: StdRng::seed_from_u64(random.random()),
            is_gone: false,
        });
        scenario.act(&world, step).await;
        if random.random_bool(0.2) {
            world.operator.kill_now().unwrap();
            proxy.calm();
            world.operator.restart().await.unwrap();
            continue;
        }
        tokio::select! {
            () = scenario.holds(&world, AFTERWARDS) => {}
            () = tokio::time::sleep(STORM) => {}
        }
    }
    proxy.calm();
    scenario.holds(&world, AFTERWARDS).await;
    writes_nothing(&world).await;
    world.operator.restart().await.unwrap();
    writes_nothing(&world).await;
    has_no_bug(&world);
}
