//! Whatever the API server and the network do, and whenever the operator dies: nothing is lost, nothing is half done, and
//! then nothing is written any more.

mod kills;
mod random;
mod scenario;
mod stale;
mod storms;
mod upstream;
mod watches;

use std::collections::BTreeMap;
use std::time::Duration;

use kube::ResourceExt as _;
use kube::api::ListParams;
use ssm_tests::FaultProxy;

use crate::world::{World, control_plane, shared_server};

/// How long after a fault's end everything may take to be as it should be.
pub const AFTERWARDS: Duration = Duration::from_mins(1);

/// A world whose operator reaches the API server through a proxy.
pub async fn behind_a_proxy() -> (World, FaultProxy) {
    let (owner, url) = shared_server().await;
    let proxy = FaultProxy::start(control_plane().await).await.unwrap();
    let world = World::with(owner, &url, |options| options.through(&proxy).unwrap()).await;
    (world, proxy)
}

/// The versions of everything in the namespace that the operator may write, of a resource with what is said of it.
pub async fn versions(world: &World) -> BTreeMap<String, String> {
    let all = ListParams::default();
    let mut versions = BTreeMap::new();
    for sync in world.syncs().list(&all).await.unwrap() {
        let name = format!("SecretSync {}", sync.name_any());
        let version = sync.resource_version().unwrap_or_default();
        versions.insert(name, format!("{version}: {}", sync.data["status"]));
    }
    for secret in world.secrets().list(&all).await.unwrap() {
        let name = format!("Secret {}", secret.name_any());
        versions.insert(name, secret.resource_version().unwrap_or_default());
    }
    versions
}

/// Asserts that nothing is written any more: once what is under way is done, all stays as it is while resources that are made
/// now come into sync.
pub async fn writes_nothing(world: &World) {
    world.settled().await;
    let before = versions(world).await;
    for _ in 0..2 {
        world.settled().await;
    }
    let after = versions(world).await;
    for (what, version) in before {
        assert_eq!(after.get(&what), Some(&version), "{what} was written");
    }
}

/// Asserts that the operator has met no bug of its own.
pub fn has_no_bug(world: &World) {
    let log = world.operator.log().unwrap();
    for word in ["a bug", "panicked", "ended abnormally"] {
        assert!(!log.contains(word), "{word} is in the operator's log");
    }
}
