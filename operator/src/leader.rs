//! Which replica works: the one that holds the Lease. The others watch nothing and hold nothing until it is theirs.
//!
//! A Lease fences nothing: for a moment two replicas may believe to hold it. So every write keeps its own precondition, and
//! this only spares the cluster the work of doing everything twice.

use std::future::pending;
use std::time::Duration;

use kube::{Client, Config};
use kube_lease_manager::{LeaseCreateMode, LeaseManager, LeaseManagerBuilder, LeaseManagerError};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// A holder that says nothing for so long has lost the Lease.
const DURATION: Duration = Duration::from_secs(12);
/// So long before that it renews it.
const GRACE: Duration = Duration::from_secs(7);
const CALL: Duration = Duration::from_secs(3);
const AGAIN: Duration = Duration::from_secs(1);
const RELEASE: Duration = Duration::from_secs(10);
const MAX_SHOWN: usize = 100;

/// Where the Lease is, and who asks for it.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Namespace of the Lease.
    pub namespace: String,
    /// Its name. Operators that share a cluster and serve other namespaces each have one of their own.
    pub lease: String,
    /// Who holds it, for people who look at it; made unique here.
    pub identity: String,
}

/// Takes part in the election until it is dropped or [`Self::resign`]s.
pub struct Election {
    leads: watch::Receiver<bool>,
    resign: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Election {
    /// Enters. Must be called within a runtime.
    pub fn enter(config: &Config, mut candidate: Candidate) -> Result<Self, kube::Error> {
        // A call that hangs would outlast the Lease.
        let mut config = config.clone();
        config.connect_timeout = Some(CALL);
        config.read_timeout = Some(CALL);
        config.reset_reader_on_write = true;
        config.default_retry = false;
        let client = Client::try_from(config)?;
        // It is a field manager's name, too, which may have 128 characters.
        let shown: String = candidate.identity.chars().take(MAX_SHOWN).collect();
        candidate.identity = format!("{shown}-{:08x}", rand::random::<u32>());
        let (sender, leads) = watch::channel(false);
        let (resign, resigned) = oneshot::channel();
        let task = tokio::spawn(async move {
            tokio::select! {
                () = campaign(&client, &candidate, &sender) => {}
                _ = resigned => {}
            }
            let held = *sender.borrow();
            if held && timeout(RELEASE, candidate.release(&client)).await.is_err() {
                tracing::warn!("the lease was not released; it runs out by itself");
            }
        });
        Ok(Self {
            leads,
            resign,
            task,
        })
    }

    /// Waits until this replica leads.
    pub async fn won(&mut self) {
        self.becomes(true).await;
    }

    /// Waits until it does not any more.
    pub async fn lost(&mut self) {
        self.becomes(false).await;
    }

    async fn becomes(&mut self, leads: bool) {
        if self.leads.wait_for(|now| *now == leads).await.is_err() {
            // The task has panicked, and whoever waits for it must not go on as if it had not.
            if leads {
                pending::<()>().await;
            }
        }
    }

    /// Gives the Lease back, so that another replica need not wait for its end.
    pub async fn resign(self) {
        let _ = self.resign.send(());
        let _ = self.task.await;
    }
}

/// Asks for the Lease, keeps it, and says whether it is held; for ever.
async fn campaign(client: &Client, candidate: &Candidate, leads: &watch::Sender<bool>) {
    let mut manager: Option<LeaseManager> = None;
    // When a Lease that cannot be renewed is to count as lost.
    let mut ends: Option<Instant> = None;
    loop {
        let step = async {
            let manager = match &mut manager {
                Some(manager) => manager,
                none => none.insert(candidate.manager(client).await?),
            };
            manager.changed().await
        };
        let step = tokio::select! {
            step = step => Some(step),
            () = until(ends) => None,
        };
        match step {
            Some(Ok(now)) => {
                leads.send_replace(now);
                ends = None;
            }
            Some(Err(error)) => {
                tracing::warn!(%error, lease = candidate.lease, namespace = candidate.namespace, "cannot use the lease; trying again");
                if *leads.borrow() && ends.is_none() {
                    // The renewal that failed began before the end by the grace, and took a call's time at most.
                    ends = Some(Instant::now() + GRACE.saturating_sub(CALL));
                }
                // One that failed knows less than the API server: a new one reads who holds the Lease.
                manager = None;
                sleep(AGAIN).await;
            }
            None => {
                tracing::warn!("the lease could not be renewed in time: another replica may lead");
                leads.send_replace(false);
                ends = None;
                manager = None;
            }
        }
    }
}

impl Candidate {
    /// Gives the Lease back, and tries until it is.
    async fn release(&self, client: &Client) {
        let release = async || self.manager(client).await?.release().await;
        while release().await.is_err() {
            sleep(AGAIN).await;
        }
    }

    async fn manager(&self, client: &Client) -> Result<LeaseManager, LeaseManagerError> {
        LeaseManagerBuilder::new(client.clone(), &self.lease)
            .with_namespace(&self.namespace)
            .with_identity(&self.identity)
            // Not shared between replicas, since the conflict of two tells who was first.
            .with_field_manager(&self.identity)
            .with_create_mode(LeaseCreateMode::AutoCreate)
            .with_duration(DURATION.as_secs())
            .with_grace(GRACE.as_secs())
            .build()
            .await
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => pending().await,
    }
}
