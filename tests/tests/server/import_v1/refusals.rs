//! What is not imported, and what an import refuses.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;
use ssm_tests::{Run, Scratch, Server, canary};

use super::{AUTH, DATA, Old, Place};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_place_that_is_not_empty_is_refused_and_left_as_it_is() {
    let old = Old::new().await;
    for place in [Place::embedded(), Place::mongodb().await] {
        old.import(&place).end().await.unwrap().ok();
        for more in [&["--dry-run"][..], &[]] {
            let again = old.import_with(&place, more).end().await.unwrap();
            again.refused(1, &["entries here already", "import into an empty place"]);
        }
        Server::start(place.server()).await.unwrap();
    }
}

#[tokio::test]
async fn a_server_that_is_pointed_at_a_database_of_1_4_touches_nothing_and_says_how_to_import() {
    let old = Old::new().await;
    let before = old.bytes().await;
    let place = Place::Mongo {
        uri: old.uri,
        data: old.data.clone(),
        auth: old.auth.clone(),
    };
    let refused = Server::start_expecting_failure(place.server())
        .await
        .unwrap();
    for says in [
        "was written by Simple Secrets Manager 1.4; nothing was changed",
        "set DATA_DATABASE and AUTH_DATABASE to new names",
        "`ssm-server import-v1 --from`",
    ] {
        assert!(refused.log.contains(says), "{}", refused.log);
    }
    // The import itself, with the same names, does not write over it either.
    let import = old.import(&place).end().await.unwrap();
    import.refused(1, &["set DATA_DATABASE and AUTH_DATABASE to new names"]);
    assert!(old.bytes().await == before);
}

#[tokio::test]
async fn what_is_no_database_of_1_4_is_refused() {
    let (old, place) = (Old::new().await, Place::embedded());
    let import = |data: &str, auth: &str| {
        let from = ["--from-data-database", data, "--from-auth-database", auth];
        place.command(["import-v1", "--from", old.uri].into_iter().chain(from))
    };
    let nothing = import("nothing-here", &old.auth).end().await.unwrap();
    nothing.refused(2, &["nothing-here", "--from-data-database"]);
    let swapped = import(&old.data, &old.data).end().await.unwrap();
    swapped.refused(2, &[&old.data, "userpass", "--from-auth-database"]);

    let new = Place::mongodb().await;
    old.import(&new).end().await.unwrap().ok();
    let Place::Mongo { data, auth, .. } = &new else {
        unreachable!("it is a MongoDB")
    };
    let newer = import(data, auth).end().await.unwrap();
    newer.refused(2, &["was written by this version", "ssm-server migrate"]);
    assert!(place.is_untouched().await);
}

#[tokio::test]
async fn a_connection_string_with_a_password_is_no_argument_but_may_be_in_a_file_or_a_variable() {
    let (old, place) = (Old::new().await, Place::embedded());
    let secret = canary::value("old-mongodb");
    let uri = format!("mongodb://reader:{secret}@127.0.0.1:1/");
    let refused = place
        .command(["import-v1", "--from", &uri])
        .end()
        .await
        .unwrap();
    refused.refused(2, &["--from-file", "IMPORT_FROM"]);
    let none = place.command(["import-v1"]).end().await.unwrap();
    none.refused(2, &["--from", "--from-file", "IMPORT_FROM"]);
    let both = old
        .import(&place)
        .env("IMPORT_FROM", old.uri)
        .end()
        .await
        .unwrap();
    both.refused(2, &["keep one"]);

    let scratch = Scratch::new("uri").unwrap();
    let file = scratch.path().join("uri");
    std::fs::write(&file, format!("{}\n", old.uri)).unwrap();
    std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    let named = [
        "--from-data-database",
        &old.data,
        "--from-auth-database",
        &old.auth,
        "--dry-run",
    ];
    let from_file = ["import-v1", "--from-file", file.to_str().unwrap()];
    let from_file: Run = place.command(from_file.into_iter().chain(named));
    from_file.end().await.unwrap().ok();
    let from_variable: Run = place.command(["import-v1"].into_iter().chain(named));
    from_variable
        .env("IMPORT_FROM", old.uri)
        .end()
        .await
        .unwrap()
        .ok();
}

#[tokio::test]
async fn what_cannot_be_carried_over_stops_the_import_and_is_told_without_its_value() {
    let value = canary::value("odd");
    let odd = || {
        Old::but(|written| {
            let secrets = written[DATA]["secrets"].as_array_mut().unwrap();
            let config = secrets[0]["config_id"].clone();
            let missing = json!({"$oid": "000000000000000000000001"});
            for (n, (config, key, value)) in [
                (config.clone(), json!("LOG_LEVEL"), json!(value)),
                (config.clone(), json!("lower"), json!(value)),
                (missing.clone(), json!("LOST"), json!(value)),
                (
                    config.clone(),
                    json!("NUMBER"),
                    json!({"$numberInt": "424242"}),
                ),
                (config.clone(), json!("NUL"), json!(format!("{value}\0"))),
                (config.clone(), json!("LONG"), json!(value.repeat(2_000))),
                (config, json!("NOWHERE"), json!("${gone.KEY}")),
            ]
            .into_iter()
            .enumerate()
            {
                let id = json!({"$oid": format!("{:024x}", 0xabc0 + n)});
                secrets
                    .push(json!({"_id": id, "config_id": config, "key": key, "value_enc": value}));
            }
            let configs = written[DATA]["configs"].as_array_mut().unwrap();
            // The first two now inherit from each other.
            configs[0]["parent_config_id"] = configs[1]["_id"].clone();
            configs.push(json!({"_id": {"$oid": "00000000000000000000c0f1"}, "slug": "lost", "project_id": missing}));
            written[DATA]["kv"] =
                json!([{"_id": {"$oid": "00000000000000000000c0f2"}, "data": {"k": value}}]);
            let memberships = written[AUTH]["workspace_memberships"]
                .as_array_mut()
                .unwrap();
            memberships[1]["workspace_role"] = json!("emperor");
        })
    };
    let (old, place) = (odd().await, Place::embedded());
    for more in [&["--dry-run"][..], &[]] {
        let stopped = old.import_with(&place, more).end().await.unwrap();
        stopped.refused(
            3,
            &[
                "cannot be carried over, so nothing was written",
                "--skip-invalid",
            ],
        );
        assert!(place.is_untouched().await);
        let report = stopped.text();
        for line in [
            "configs 6b04466c85fb9ff89752273f: it inherits from a config that does not come along, or in a circle",
            "configs 00000000000000000000c0f1: its project is missing",
            "secrets 00000000000000000000abc2: its config is missing",
            "secrets 00000000000000000000abc3: value_enc is no text",
            "secrets 00000000000000000000abc0: its config does not come along",
            "workspace_memberships 6b04466c79308885ee4ea378: its workspace_role must be owner, admin",
            "users alice: has no role in the workspace, and becomes a viewer",
            "1 entries of kv",
        ] {
            assert!(report.contains(line), "{line:?} is not in:\n{report}");
        }
        assert!(!canary::is_in(&stopped.stdout) && !report.contains("424242"));
    }
    let told = old
        .import_with(&place, &["--skip-invalid"])
        .end()
        .await
        .unwrap();
    assert!(!canary::is_in(&told.stdout));
    told.ok();
    Server::start(place.server()).await.unwrap();
}
