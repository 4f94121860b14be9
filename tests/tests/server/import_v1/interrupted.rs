//! Imports that end half-way.

use ssm_tests::{Run, Server};

use super::{Old, Place};

/// Lets a command die at a step.
async fn dies_at(command: Run, step: &str) {
    let ended = command.env("SSM_TEST_CRASH_AT", step).end().await.unwrap();
    assert_eq!(ended.code, 128 + 6, "{step}: {}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_that_is_killed_at_any_step_is_refused_by_a_server_and_ended_by_a_rerun() {
    let old = Old::new().await;
    for step in [
        "import:begun",
        "import:written",
        "import:written#5",
        "append:after-commit#4",
        "import:verified",
    ] {
        for place in [Place::embedded(), Place::mongodb().await] {
            dies_at(old.import(&place), step).await;
            let refused = Server::start_expecting_failure(place.server())
                .await
                .unwrap();
            for says in [
                "an import into this place is not finished",
                "run `ssm-server import-v1` from the same database again",
            ] {
                assert!(refused.log.contains(says), "{step}: {}", refused.log);
            }
            let told = old.import(&place).end().await.unwrap().ok();
            assert!(told.contains("all 18 secrets open"), "{step}: {told}");
            let verified = place.command(["audit", "verify"]).end().await.unwrap().ok();
            assert!(
                verified.ends_with("all is as it was written\n"),
                "{verified}"
            );
            Server::start(place.server()).await.unwrap();
        }
    }
}

#[tokio::test]
async fn an_import_goes_on_only_from_the_database_that_it_began_with() {
    let (old, place) = (Old::new().await, Place::embedded());
    dies_at(old.import(&place), "import:written#3").await;
    let other = Old::but(|written| {
        written["secrets_manager_data"]["secrets"][1]["value_enc"] = "another".into();
    });
    let refused = other.await.import(&place).end().await.unwrap();
    refused.refused(1, &["something else was begun here"]);
    old.import(&place).end().await.unwrap().ok();
}
