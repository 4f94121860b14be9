//! Kubernetes events: best effort, after the status, and shed where they would pile up. Their text is a condition's message,
//! so they hold no value either.

use k8s_openapi::api::core::v1::ObjectReference;
use kube::Client;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use tokio::sync::mpsc;

/// Events that may wait; more are dropped.
const MAX_WAITING: usize = 256;
/// Bytes of a note; Kubernetes refuses an event with more than 1024.
const MAX_NOTE: usize = 1000;

/// Where events go.
#[derive(Clone)]
pub struct Events {
    sender: mpsc::Sender<(Event, ObjectReference)>,
}

impl Events {
    /// Starts the task that sends them, one after the other. Must be called within a runtime.
    pub fn start(client: Client) -> Self {
        let (sender, mut waiting) = mpsc::channel::<(Event, ObjectReference)>(MAX_WAITING);
        let recorder = Recorder::new(
            client,
            Reporter {
                controller: "ssm-operator".into(),
                instance: None,
            },
        );
        tokio::spawn(async move {
            while let Some((event, about)) = waiting.recv().await {
                if let Err(error) = recorder.publish(&event, &about).await {
                    tracing::debug!(
                        error = crate::kube_error::describe(&error),
                        "an event was not recorded"
                    );
                }
            }
        });
        Self { sender }
    }

    /// Something went well.
    pub fn normal(&self, about: ObjectReference, reason: &str, note: String) {
        self.send(EventType::Normal, about, reason, note);
    }

    /// Something did not.
    pub fn warning(&self, about: ObjectReference, reason: &str, note: String) {
        self.send(EventType::Warning, about, reason, note);
    }

    fn send(&self, type_: EventType, about: ObjectReference, reason: &str, mut note: String) {
        note.truncate(note.floor_char_boundary(MAX_NOTE));
        let event = Event {
            type_,
            reason: reason.to_owned(),
            note: Some(note),
            action: "Sync".to_owned(),
            secondary: None,
        };
        // Full means that events are lost under load, which is what was decided.
        let _ = self.sender.try_send((event, about));
    }
}
