//! The way back in for an owner who is locked out.

use reqwest::StatusCode;
use serde_json::Value;
use ssm_tests::caller::{Caller, OWNER, own_server};
use ssm_tests::{Run, Scratch, Server, ServerOptions, canary};

/// Signs in, and returns the answer's status.
async fn sign_in(server: &Server, username: &str, password: &str) -> StatusCode {
    let request = Caller::nobody(&server.url()).request("GET", "/api/auth/tokens/");
    Caller::send(request.basic_auth(username, Some(password)))
        .await
        .status
}

#[tokio::test]
async fn a_reset_password_is_the_one_that_signs_in_and_the_sessions_of_before_are_ended() {
    let scratch = Scratch::new("data").unwrap();
    let (mut server, owner) = own_server(ServerOptions::default().data_dir(scratch.path())).await;
    let reset = || Run::new(["admin", "reset-password", OWNER]).on(scratch.path());
    let new = format!("{}-new", canary::password());

    assert_eq!(sign_in(&server, OWNER, &canary::password()).await, 200);
    server.stop().await.unwrap();

    let weak = reset().stdin("short\n").end().await.unwrap();
    weak.refused(2, &["the password must have 12 to 256 characters"]);
    let none = reset().end().await.unwrap();
    none.refused(2, &["the password must have"]);
    let told = reset()
        .stdin(format!("{new}\r\n"))
        .end()
        .await
        .unwrap()
        .ok();
    // The session that signing up made, and that of the one who signed in since.
    assert_eq!(
        told,
        format!("done; 2 sessions and tokens of {OWNER} were ended\n")
    );

    server.restart().await.unwrap();
    assert_eq!(owner.get("/api/me").await.status, 401);
    assert_eq!(sign_in(&server, OWNER, &canary::password()).await, 401);
    assert_eq!(sign_in(&server, OWNER, &new).await, 200);
}

#[tokio::test]
async fn no_password_is_reset_beside_a_server_on_the_same_embedded_database() {
    let options = ServerOptions::default().embedded();
    let (server, _) = own_server(options).await;
    let reset = Run::new(["admin", "reset-password", OWNER]).on(server.data_dir());
    let beside = reset.stdin("another-password-of-theirs").end().await;
    beside.unwrap().refused(1, &["in use by another server"]);
    assert_eq!(sign_in(&server, OWNER, &canary::password()).await, 200);
}

#[tokio::test]
async fn a_user_who_is_added_signs_in_and_the_record_says_that_the_server_did_it() {
    let scratch = Scratch::new("data").unwrap();
    let (mut server, _) = own_server(ServerOptions::default().data_dir(scratch.path())).await;
    server.stop().await.unwrap();
    let create = |name: &str| Run::new(["admin", "create", name]).on(scratch.path());
    let password = canary::password();
    create("Rescue")
        .stdin(password.clone())
        .end()
        .await
        .unwrap()
        .ok();
    let again = create("rescue")
        .stdin(password.clone())
        .end()
        .await
        .unwrap();
    again.refused(1, &["User already exists"]);
    let nobody = Run::new(["admin", "reset-password", "nobody"]).on(scratch.path());
    nobody
        .stdin(password.clone())
        .end()
        .await
        .unwrap()
        .refused(1, &["User not found"]);

    server.restart().await.unwrap();
    assert_eq!(sign_in(&server, "rescue", &password).await, 200);
    let rescue = Caller::nobody(&server.url());
    let request = rescue.request("GET", "/api/auth/tokens/");
    let session = Caller::send(request.basic_auth("rescue", Some(&password)))
        .await
        .ok();
    let rescue = rescue.with(session["token"].as_str().unwrap());
    let events = rescue.get("/api/audit/events").await.ok();
    let events = events["events"].as_array().unwrap();
    let made = |event: &&Value| event["action"] == "admin.create";
    let made = events.iter().find(made).unwrap();
    assert_eq!(made["actor_type"], "system");

    let listed = Run::new(["admin", "list"])
        .on(scratch.path())
        .end()
        .await
        .unwrap()
        .ok();
    let users: Vec<_> = listed
        .lines()
        .map(|line| line.split_whitespace().take(3))
        .collect();
    let users: Vec<Vec<_>> = users.into_iter().map(Iterator::collect).collect();
    assert_eq!(users.len(), 2);
    for expected in [["Rescue", "owner", "active"], [OWNER, "owner", "active"]] {
        assert!(users.iter().any(|user| *user == expected), "{listed}");
    }
}

#[tokio::test]
async fn where_there_is_no_data_none_is_made() {
    let scratch = Scratch::new("empty").unwrap();
    for args in [
        &["admin", "list"][..],
        &["admin", "create", "a"],
        &["admin", "reset-password", "a"],
    ] {
        let ended = Run::new(args)
            .on_embedded(scratch.path())
            .stdin(canary::password())
            .end()
            .await
            .unwrap();
        assert_ne!(ended.code, 0);
        assert!(
            ended.stderr.contains("does not exist; DATA_DIR"),
            "{}",
            ended.stderr
        );
    }
    assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 0);
}
