//! The watch stream: which revision every readable config has, now and whenever it changes. It reconnects by itself.

use std::time::Duration;

use serde::Deserialize;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::error::{Error, Result};
use crate::http::{Client, jitter};
use crate::sse::{Event, Parser};
use crate::wire::GoneReason;

const FIRST_BACKOFF: Duration = Duration::from_millis(200);
/// Events that may wait for a slow caller before the stream itself is made to wait.
const QUEUE: usize = 256;

/// How a [`Watch`] behaves.
#[derive(Debug, Clone)]
pub struct WatchOptions {
    /// Only these `(project, config)`; all that the token may read where empty.
    pub configs: Vec<(String, String)>,
    /// A stream that says nothing for so long is dead; 45 s unless told. The server comments every 15 s.
    pub silence: Duration,
    /// The longest wait between attempts to reconnect; 30 s unless told.
    pub max_backoff: Duration,
}

impl Default for WatchOptions {
    fn default() -> Self {
        Self {
            configs: Vec::new(),
            silence: Duration::from_secs(45),
            max_backoff: Duration::from_secs(30),
        }
    }
}

/// What a [`Watch`] tells.
#[derive(Debug, Clone)]
pub enum WatchEvent {
    /// A stream is open. The current revision of every config follows, then [`WatchEvent::Synced`].
    Opened {
        /// What the revisions count within. Another epoch than before means that the server was restored: held
        /// revisions say nothing any more.
        epoch: String,
    },
    /// A config has this revision. Read it again where that is not the one held.
    Revision {
        /// Its project.
        project: String,
        /// Its slug.
        config: String,
        /// Its revision.
        revision: u64,
    },
    /// Every config has been named once; what was not named cannot be read by this token.
    Synced,
    /// A config can no longer be read.
    Gone {
        /// Its project.
        project: String,
        /// Its slug.
        config: String,
        /// Why.
        reason: GoneReason,
    },
    /// There is no stream; the next attempt follows after `retry_in`.
    Down {
        /// Why.
        error: Error,
        /// When the next attempt follows.
        retry_in: Duration,
    },
}

/// A watch that reconnects until it is dropped.
#[derive(Debug)]
pub struct Watch {
    events: mpsc::Receiver<WatchEvent>,
    task: tokio::task::JoinHandle<()>,
}

impl Watch {
    /// The next event. Safe to cancel. Ends only when the runtime does.
    pub async fn next(&mut self) -> Option<WatchEvent> {
        self.events.recv().await
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Client {
    /// `GET /watch`, again and again. Must be called within a tokio runtime.
    pub fn watch(&self, options: WatchOptions) -> Watch {
        let (sender, events) = mpsc::channel(QUEUE);
        let client = self.clone();
        Watch {
            events,
            task: tokio::spawn(run(client, options, sender)),
        }
    }
}

/// The caller has dropped the watch.
struct Dropped;

async fn run(client: Client, options: WatchOptions, sender: mpsc::Sender<WatchEvent>) {
    let mut failures = 0u32;
    loop {
        let mut synced = false;
        let error = match follow(&client, &options, &sender, &mut synced).await {
            Ok(Dropped) => return,
            Err(error) => error,
        };
        failures = if synced {
            0
        } else {
            failures.saturating_add(1)
        };
        let backoff =
            (FIRST_BACKOFF * 2u32.saturating_pow(failures.min(16))).min(options.max_backoff);
        let retry_in = error
            .retry_after()
            .map_or(jitter(backoff), |wait| wait.min(options.max_backoff));
        if sender
            .send(WatchEvent::Down { error, retry_in })
            .await
            .is_err()
        {
            return;
        }
        tokio::time::sleep(retry_in).await;
    }
}

/// Follows one stream to its end.
async fn follow(
    client: &Client,
    options: &WatchOptions,
    sender: &mpsc::Sender<WatchEvent>,
    synced: &mut bool,
) -> Result<Dropped> {
    let mut call = client.get(&["watch"])?;
    for (project, config) in &options.configs {
        call = call.query("config", &format!("{project}/{config}"));
    }
    let mut response = client.stream(call).await?;
    let mut parser = Parser::default();
    let mut events = Vec::new();
    loop {
        let chunk = timeout(options.silence, response.chunk())
            .await
            .map_err(|_| Error::StreamSilent(options.silence))?
            .map_err(|error| Error::transport(error, options.silence))?
            .ok_or(Error::StreamEnded)?;
        parser.push(&chunk, &mut events)?;
        for event in events.drain(..) {
            let Some(event) = read(&event)? else { continue };
            *synced |= matches!(event, WatchEvent::Synced);
            if sender.send(event).await.is_err() {
                return Ok(Dropped);
            }
        }
    }
}

fn read(event: &Event) -> Result<Option<WatchEvent>> {
    #[derive(Deserialize)]
    struct Hello {
        epoch: String,
    }
    #[derive(Deserialize)]
    struct Current {
        project: String,
        config: String,
        revision: u64,
    }
    #[derive(Deserialize)]
    struct Gone {
        project: String,
        config: String,
        reason: GoneReason,
    }
    fn data<'a, T: Deserialize<'a>>(event: &'a Event) -> Result<T> {
        serde_json::from_str(&event.data)
            .map_err(|_| Error::Protocol("an event of the watch stream is not the expected JSON"))
    }
    Ok(Some(match event.name.as_str() {
        "hello" => WatchEvent::Opened {
            epoch: data::<Hello>(event)?.epoch,
        },
        "revision" => {
            let Current {
                project,
                config,
                revision,
            } = data(event)?;
            WatchEvent::Revision {
                project,
                config,
                revision,
            }
        }
        "synced" => WatchEvent::Synced,
        "gone" => {
            let Gone {
                project,
                config,
                reason,
            } = data(event)?;
            WatchEvent::Gone {
                project,
                config,
                reason,
            }
        }
        _ => return Ok(None),
    }))
}
