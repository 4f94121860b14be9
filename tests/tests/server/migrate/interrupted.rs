//! Migrations that end half-way.

use ssm_tests::caller::{Caller, own_server};
use ssm_tests::{Run, Scratch, Server};

use super::{Databases, chains_in, chains_of, goes_on};
use crate::backup::{Kept, OTHER_KEY, on_embedded};

const UNFINISHED: [&str; 2] = [
    "a migration into this place is not finished",
    "run `ssm-server migrate` from the same source again",
];

/// Lets a command die at a step.
async fn dies_at(command: Run, step: &str) {
    let ended = command.env("SSM_TEST_CRASH_AT", step).end().await.unwrap();
    assert_eq!(ended.code, 128 + 6, "{step}: {}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_that_is_killed_at_any_step_is_refused_by_a_server_and_ended_by_a_rerun() {
    let kept = Kept::embedded().await;
    let data = kept.data.path();
    let chains = chains_of(data).await;
    let mut last = None;
    for step in [
        "migrate:begun",
        "append:before-rows",
        "append:after-commit",
        "copy:appended",
        "copy:access-appended",
        "migrate:copied",
        "migrate:compared",
        "migrate:verified",
    ] {
        let databases = Databases::new().await;
        dies_at(databases.fill_from(data), step).await;
        let refused = Server::start_expecting_failure(databases.server(data))
            .await
            .unwrap();
        for says in UNFINISHED {
            assert!(refused.log.contains(says), "{step}: {}", refused.log);
        }
        databases.fill_from(data).end().await.unwrap().ok();
        assert!(chains_in(&databases, data).await == chains, "{step}");
        last = Some(databases);
    }
    goes_on(last.unwrap().server(data), &kept).await;
    // The mark is gone, and all is done.
    let databases = Databases::new().await;
    dies_at(databases.fill_from(data), "migrate:done").await;
    goes_on(databases.server(data), &kept).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_into_a_directory_goes_on_likewise_and_only_from_the_same_source() {
    let kept = Kept::embedded().await;
    let data = kept.data.path();
    let databases = Databases::new().await;
    databases.fill_from(data).end().await.unwrap().ok();
    let chains = chains_in(&databases, data).await;
    for step in ["migrate:begun", "append:before-commit", "migrate:copied"] {
        let back = Scratch::new("back").unwrap();
        let migrate = || {
            let keys = ["ENCRYPTION_KEY", "TOKEN_SALT"];
            keys.iter()
                .fold(databases.empty_into(back.path()), |run, name| {
                    run.env(&format!("{name}_FILE"), data.join(name))
                })
        };
        dies_at(migrate(), step).await;
        let with_keys = ["ENCRYPTION_KEY", "TOKEN_SALT"]
            .iter()
            .fold(on_embedded(back.path()), |options, name| {
                options.env(&format!("{name}_FILE"), data.join(name).to_str().unwrap())
            });
        let refused = Server::start_expecting_failure(with_keys).await.unwrap();
        assert!(
            refused.log.contains(UNFINISHED[0]),
            "{step}: {}",
            refused.log
        );
        // It is a source no more than a server's place.
        let onward = Scratch::new("onward").unwrap();
        let from_half = Run::new([
            "migrate".into(),
            "--from".into(),
            back.path().as_os_str().to_owned(),
            "--to".into(),
            onward.path().as_os_str().to_owned(),
        ]);
        let from_half = from_half
            .env("ENCRYPTION_KEY_FILE", data.join("ENCRYPTION_KEY"))
            .env("TOKEN_SALT_FILE", data.join("TOKEN_SALT"));
        from_half
            .end()
            .await
            .unwrap()
            .refused(1, &["is not finished"]);

        migrate().end().await.unwrap().ok();
        assert!(chains_of(back.path()).await == chains, "{step}");
    }

    let back = Scratch::new("back").unwrap();
    let from_directory = Run::new([
        "migrate".into(),
        "--from".into(),
        data.as_os_str().to_owned(),
        "--to".into(),
        back.path().as_os_str().to_owned(),
    ]);
    dies_at(from_directory.clone(), "copy:appended").await;
    let mut server = Server::start(on_embedded(data)).await.unwrap();
    let owner = Caller::nobody(&server.url()).with(&kept.token);
    owner.shop().await;
    server.stop().await.unwrap();
    let gone_on = from_directory.clone().end().await.unwrap();
    gone_on.refused(1, &["something else was begun in the target"]);
    let other_key = from_directory.env("ENCRYPTION_KEY", OTHER_KEY);
    other_key
        .end()
        .await
        .unwrap()
        .refused(2, &["encryption key"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_whose_server_was_killed_is_migrated_whole() {
    let data = Scratch::new("data").unwrap();
    let (mut server, owner) = own_server(on_embedded(data.path())).await;
    let shop = owner.shop().await;
    server.kill_now().unwrap();
    assert!(data.path().join("ssm.db-wal").exists());
    let chains = chains_of(data.path()).await;

    let databases = Databases::new().await;
    databases.fill_from(data.path()).end().await.unwrap().ok();
    assert!(chains_in(&databases, data.path()).await == chains);
    let server = Server::start(databases.server(data.path())).await.unwrap();
    let owner = Caller::nobody(&server.url()).with(owner.token());
    owner.get(&shop.secrets("base")).await.ok();
}
