//! kill -9, of the server and of its database: what was acknowledged is there, whatever happened around it.

mod database;
mod server;
mod steps;
mod writer;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ssm_tests::caller::{Caller, Shop};
use ssm_tests::{Place, ServerOptions};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use writer::{Outcome, Writer};

const WRITERS: usize = 4;

/// How often something is killed under load: `CRASH_ROUNDS` times, or a hundred.
fn rounds() -> usize {
    let given = std::env::var("CRASH_ROUNDS").ok();
    given.map_or(100, |rounds| {
        rounds.parse().expect("CRASH_ROUNDS is a number")
    })
}

/// Where a server keeps its data.
struct Store {
    /// How a server on it is started.
    options: ServerOptions,
    /// The database, where it is a process of its own.
    place: Option<Place>,
}

impl Store {
    fn sqlite() -> Self {
        Self {
            options: ServerOptions::default().embedded(),
            place: None,
        }
    }

    async fn mongodb() -> Self {
        let place = Place::new().await.unwrap();
        Self {
            options: place.options(),
            place: Some(place),
        }
    }
}

/// Makes a test on either database of each of these functions, which take a [`Store`].
macro_rules! on_both_databases {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            use crate::crash::Store;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    super::$test(Store::sqlite()).await;
                }
            )+
        }

        mod mongodb {
            use crate::crash::Store;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    super::$test(Store::mongodb().await).await;
                }
            )+
        }
    };
}
use on_both_databases;

/// Several who write at the same time, each two keys of their own.
struct Load {
    writers: Vec<Writer>,
}

/// A load that goes on.
struct Running {
    tasks: Vec<JoinHandle<Writer>>,
    over: Arc<AtomicBool>,
}

impl Load {
    fn new(owner: &Caller, shop: &Shop) -> Self {
        let writer = |n| Writer::new(owner, shop, n);
        Self {
            writers: (0..WRITERS).map(writer).collect(),
        }
    }

    /// Sets it going, and returns when so many writes were acknowledged.
    async fn run(self, acknowledged: usize) -> Running {
        let over = Arc::<AtomicBool>::default();
        let (counter, mut counted) = watch::channel(0);
        let writers = self.writers.into_iter();
        let work = |writer| tokio::spawn(work(writer, counter.clone(), over.clone()));
        let tasks = writers.map(work).collect();
        // Where nobody writes any more, the count ends.
        drop(counter);
        let enough = counted.wait_for(|count| *count >= acknowledged).await;
        assert!(enough.is_ok(), "nobody can write");
        Running { tasks, over }
    }

    /// Compares what is stored with what is known outside of the server.
    async fn check(&mut self, owner: &Caller, shop: &Shop, when: &str) {
        let stored = owner.get(&shop.secrets("prod")).await.ok();
        for writer in &mut self.writers {
            writer.check(&stored["data"], when);
        }
    }
}

impl Running {
    /// Lets everybody finish the write that they are at.
    async fn end(self) -> Load {
        self.over.store(true, Ordering::Relaxed);
        let mut writers = Vec::with_capacity(self.tasks.len());
        for task in self.tasks {
            writers.push(task.await.unwrap());
        }
        Load { writers }
    }
}

/// Writes until something fails or all is over, and counts what was acknowledged.
async fn work(mut writer: Writer, counter: watch::Sender<usize>, over: Arc<AtomicBool>) -> Writer {
    while !over.load(Ordering::Relaxed) {
        match writer.write().await {
            Outcome::Acknowledged => counter.send_modify(|count| *count += 1),
            Outcome::Refused | Outcome::Unknown => break,
        }
    }
    writer
}

/// The chain verifies, and no position of it is empty.
async fn verify(owner: &Caller, when: &str) {
    let verified = owner.get("/api/audit/verify").await.ok();
    assert_eq!(verified["ok"], true, "{when}: {verified}");
    assert_eq!(verified["entries"], verified["head"]["seq"], "{when}");
}
