//! A proxy between the operator and the API server that does to requests, answers and watches what networks, load balancers
//! and API servers do to them on a bad day.
//!
//! It speaks HTTP/1.1 over TLS with the API server's own certificate and passes the bearer token on, so that the operator
//! needs only another address. A [`Script`] decides about each request and about each event of a watch.

mod call;
mod forward;
mod serve;
mod watch;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use serde_json::Value;
use tokio::{net::TcpListener, sync::watch as channel, task::JoinHandle};

pub use call::{Call, Verb};

use crate::ControlPlane;
use forward::Upstream;

/// What happens to a request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Nothing.
    Pass,
    /// It is passed on late.
    Delay(Duration),
    /// It is passed on, and answered late.
    DelayAnswer(Duration),
    /// The connection ends before it is passed on.
    Lose,
    /// It is passed on, and the connection ends instead of the answer.
    LoseAnswer,
    /// Nothing more comes until the script is replaced; then the connection ends. It is not passed on.
    Hang,
    /// The same for ever.
    HangForEver,
    /// It is passed on, and its answer is held until the script is replaced; see [`FaultProxy::held`].
    Hold,
    /// It is passed on twice; the answer to the second is given.
    Repeat,
    /// It is not passed on, and answered so.
    Answer {
        /// Status.
        status: u16,
        /// Seconds, for the header `Retry-After`.
        retry_after: Option<u32>,
    },
    /// It is not passed on; the answer is a watch with one event, an error of 410.
    Gone,
    /// It is not passed on, and answered with this list.
    Replay(Bytes),
}

/// What happens before an event of a watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Nothing.
    None,
    /// The answer ends in order, without the event.
    End,
    /// The connection breaks, without the event.
    Break,
}

/// An event of a watch.
#[derive(Debug)]
pub struct Event {
    /// `ADDED`, `MODIFIED`, `DELETED`, `BOOKMARK` or `ERROR`.
    pub kind: String,
    /// Name of the object.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl Event {
    fn of(line: &[u8]) -> Self {
        let event: Value = serde_json::from_slice(line).unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let metadata = &event["object"]["metadata"];
        Self {
            kind: text(&event["type"]),
            name: text(&metadata["name"]),
            version: text(&metadata["resourceVersion"]),
        }
    }
}

/// What happens, and when.
pub trait Script: Send + 'static {
    /// To a request.
    fn call(&mut self, _: &Call) -> Fault {
        Fault::Pass
    }

    /// To a watch, before an event.
    fn event(&mut self, _: &Call, _: &Event) -> Cut {
        Cut::None
    }

    /// A list was answered so.
    fn listed(&mut self, _: &Call, _: &Bytes) {}
}

/// Nothing happens.
pub struct Calm;

impl Script for Calm {}

impl<F: FnMut(&Call) -> Fault + Send + 'static> Script for F {
    fn call(&mut self, call: &Call) -> Fault {
        self(call)
    }
}

/// What connections share.
struct Stage {
    upstream: Upstream,
    script: Mutex<Box<dyn Script>>,
    writes: Mutex<usize>,
    /// Counts scripts: what hangs waits for the next one.
    act: channel::Sender<u64>,
    held: channel::Sender<Option<Call>>,
}

impl Stage {
    fn with_script<T>(&self, ask: impl FnOnce(&mut dyn Script) -> T) -> T {
        let mut script = self.script.lock().unwrap_or_else(PoisonError::into_inner);
        ask(script.as_mut())
    }

    fn count(&self, call: &mut Call) {
        if call.counts() {
            let mut writes = self.writes.lock().unwrap_or_else(PoisonError::into_inner);
            *writes += 1;
            call.write = Some(*writes);
        }
    }

    fn replace_script(&self, script: Box<dyn Script>) -> Box<dyn Script> {
        let mut slot = self.script.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *slot, script)
    }
}

/// The proxy, which ends when it is dropped.
pub struct FaultProxy {
    port: u16,
    stage: Arc<Stage>,
    held: channel::Receiver<Option<Call>>,
    task: JoinHandle<()>,
}

impl FaultProxy {
    /// Starts one before the API server, with nothing happening. Must be called within the runtime that it is to work in.
    pub async fn start(plane: &ControlPlane) -> Result<Self> {
        let tls = serve::tls(plane.certs())?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let (act, _) = channel::channel(0);
        let (sender, held) = channel::channel(None);
        let stage = Arc::new(Stage {
            upstream: Upstream::new(plane.url(), plane.certs())?,
            script: Mutex::new(Box::new(Calm)),
            writes: Mutex::new(0),
            act,
            held: sender,
        });
        let task = tokio::spawn(serve::run(listener, tls, Arc::clone(&stage)));
        Ok(Self {
            port,
            stage,
            held,
            task,
        })
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// From now on this happens. What hangs or is held ends.
    pub fn play(&self, script: impl Script) {
        drop(self.stage.replace_script(Box::new(script)));
        self.stage.act.send_modify(|act| *act += 1);
    }

    /// From now on nothing happens.
    pub fn calm(&self) {
        self.play(Calm);
    }

    /// Waits until a request that is to be held has been carried out, and returns it.
    pub async fn held(&mut self) -> Result<Call> {
        let held = self.held.wait_for(Option::is_some).await?;
        held.clone().context("waited for one that is there")
    }

    /// How many writes there were, see [`Call::write`].
    pub fn writes(&self) -> usize {
        *self
            .stage
            .writes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}
