//! kill -9 at every named step of writing: what was acknowledged is there, nothing is half there, and the journal verifies.

use std::time::Duration;

use ssm_tests::caller::{Caller, Shop, own_server};
use ssm_tests::{Scratch, Server, ServerOptions};

use super::writer::{Outcome, Writer};
use super::{Store, on_both_databases, verify};

/// The steps that every write passes.
const WRITING: [&str; 6] = [
    "append:before-begin",
    "append:before-rows",
    "append:before-commit",
    "append:after-commit",
    "publish:before",
    "publish:after",
];
/// The steps of the snapshot that is taken at shutdown.
const STOPPING: [&str; 4] = [
    "snapshot:before",
    "snapshot:chunk",
    "snapshot:before-finish",
    "snapshot:after-finish",
];
/// How a shell tells that a program ended itself with SIGABRT.
const ABORTED: i32 = 128 + 6;
const DEADLINE: Duration = Duration::from_secs(30);

on_both_databases!(
    a_server_that_dies_at_any_step_of_a_write_loses_nothing_and_leaves_no_half,
    a_server_that_dies_at_any_step_of_a_snapshot_starts_as_if_there_was_none,
    a_server_that_was_stopped_begins_with_its_snapshot,
);

/// Data that one server after the other is started on, and who owns what is in it.
struct World {
    options: ServerOptions,
    token: String,
    shop: Shop,
    writer: Writer,
    _data: Scratch,
}

impl World {
    async fn new(store: &Store) -> Self {
        let data = Scratch::new("steps").unwrap();
        let options = store.options.clone().data_dir(data.path());
        let (mut server, owner) = own_server(options.clone()).await;
        let shop = owner.shop().await;
        server.stop().await.unwrap();
        Self {
            options,
            token: owner.token().to_owned(),
            writer: Writer::new(&owner, &shop, 0),
            shop,
            _data: data,
        }
    }

    async fn start(&mut self, options: ServerOptions) -> (Server, Caller) {
        let server = Server::start(options).await.unwrap();
        let owner = Caller::nobody(&server.url()).with(&self.token);
        self.writer.call_as(&owner);
        (server, owner)
    }

    /// A server that dies when it gets to `step` for the `time`th time.
    async fn doomed(&mut self, step: &str, time: usize) -> Server {
        let options = self.options.clone();
        let doom = format!("{step}#{time}");
        self.start(options.env("SSM_TEST_CRASH_AT", &doom)).await.0
    }

    /// Starts a server that lives on what a dead one left, and compares that with what is known outside.
    async fn check(&mut self, step: &str) {
        let (_server, owner) = self.start(self.options.clone()).await;
        let stored = owner.get(&self.shop.secrets("prod")).await.ok();
        self.writer.check(&stored["data"], step);
        verify(&owner, step).await;
        // And it can be written again.
        assert_eq!(self.writer.write().await, Outcome::Acknowledged, "{step}");
    }
}

async fn a_server_that_dies_at_any_step_of_a_write_loses_nothing_and_leaves_no_half(store: Store) {
    let mut world = World::new(&store).await;
    for step in WRITING {
        for time in [1, 3] {
            let mut server = world.doomed(step, time).await;
            while world.writer.write().await == Outcome::Acknowledged {}
            let status = server.process().wait(DEADLINE).await.unwrap();
            let log = server.log().unwrap();
            assert_eq!(status.code(), Some(ABORTED), "{step}: {log}");
            // Once it is durable, it is written, whether anybody was told or not.
            let is_durable = step == "append:after-commit" || step.starts_with("publish");
            world.writer.settle(is_durable);
            world.check(step).await;
        }
    }
}

async fn a_server_that_dies_at_any_step_of_a_snapshot_starts_as_if_there_was_none(store: Store) {
    let mut world = World::new(&store).await;
    for step in STOPPING {
        let mut server = world.doomed(step, 1).await;
        assert_eq!(world.writer.write().await, Outcome::Acknowledged, "{step}");
        let status = server.stop().await.unwrap();
        let log = server.log().unwrap();
        assert_eq!(status.code(), Some(ABORTED), "{step}: {log}");
        world.check(step).await;
    }
}

async fn a_server_that_was_stopped_begins_with_its_snapshot(store: Store) {
    let mut world = World::new(&store).await;
    let (mut server, _) = world.start(world.options.clone()).await;
    assert_eq!(world.writer.write().await, Outcome::Acknowledged);
    server.restart().await.unwrap();
    let log = server.log().unwrap();
    let begins = log.matches("the state begins with a snapshot").count();
    assert_eq!(begins, 2, "{log}");
}
