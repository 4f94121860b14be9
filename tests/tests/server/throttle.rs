//! How often passwords can be tried: counted before they are checked, for accounts and addresses, and never for good.

use std::time::{Duration, Instant};

use futures::future::join_all;
use serde_json::json;
use ssm_tests::caller::{Answer, Caller, OWNER, own_server};
use ssm_tests::{Server, ServerOptions, canary};

/// Somebody who tries to sign in, and says that they are forwarded for an address.
async fn attempt(server: &Server, username: &str, password: &str, from: &str) -> Answer {
    let request = Caller::nobody(&server.url()).request("GET", "/api/auth/tokens/");
    let request = request.basic_auth(username, Some(password));
    Caller::send(request.header("x-forwarded-for", from)).await
}

async fn fails(server: &Server, username: &str, from: &str) -> u16 {
    let answer = attempt(server, username, "wrong", from).await;
    match answer.status.as_u16() {
        429 => {
            answer.refused(429, "throttled");
            let seconds: u32 = answer.header("retry-after").parse().unwrap();
            assert!((1..=30).contains(&seconds));
        }
        _ => drop(answer.refused(401, "unauthenticated")),
    }
    answer.status.as_u16()
}

/// Whether an attempt with the right password is let through.
async fn succeeds(server: &Server, from: &str) -> bool {
    let answer = attempt(server, OWNER, &canary::password(), from).await;
    match answer.status.as_u16() {
        200 => true,
        429 => false,
        _ => panic!("{}", answer.text),
    }
}

/// The most attempts that are let through in so much time. After those that are free each one more takes a wait: of a second
/// first, then of twice as long each time, up to half a minute.
fn most(free: usize, time: Duration) -> usize {
    let (mut most, mut left, mut wait) = (free, time.as_secs(), 1);
    while left >= wait {
        (most, left, wait) = (most + 1, left - wait, (2 * wait).min(30));
    }
    most
}

/// A server that believes whoever is on this machine where requests are from.
async fn behind_a_proxy() -> Server {
    let options = ServerOptions::default().env("TRUSTED_PROXIES", "127.0.0.1");
    own_server(options).await.0
}

#[tokio::test]
async fn a_burst_of_wrong_passwords_is_counted_before_any_is_checked() {
    let (server, _owner) = own_server(ServerOptions::default()).await;
    // Case, white space, other forms of the same letters and made-up addresses open no second door.
    let names = [OWNER, "OWNER", "Owner", "oWNER", "owneR", "oWner"];
    let tries = (0..30).map(|n| {
        fails(
            &server,
            names[n % names.len()],
            ["6.6.6.6", "7.7.7.7"][n % 2],
        )
    });
    let started = Instant::now();
    let statuses = join_all(tries.collect::<Vec<_>>()).await;
    let most = most(3, started.elapsed());
    let checked = statuses.iter().filter(|status| **status == 401).count();
    assert!((1..=most).contains(&checked), "{statuses:?}");
    for odd in [
        "owner ",
        " owner",
        "owner\u{0}",
        "\u{ff4f}wner",
        "o\u{308}wner",
    ] {
        let answer = attempt(&server, odd, &canary::password(), "x").await;
        assert!(
            [401, 429].contains(&answer.status.as_u16()),
            "{}",
            answer.text
        );
    }
}

#[tokio::test]
async fn unknown_users_wait_like_known_ones_and_are_answered_in_the_same_words() {
    let server = behind_a_proxy().await;
    let mut said = Vec::new();
    for username in [OWNER, "nobody", "no name"] {
        let tries = (0..8).map(|_| attempt(&server, username, "wrong", "192.0.2.1"));
        let answers = join_all(tries.collect::<Vec<_>>()).await;
        let mut texts: Vec<_> = answers
            .iter()
            .map(|answer| {
                let body = answer.json();
                let headers: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
                (
                    answer.status.as_u16(),
                    body["code"].clone().to_string(),
                    body["message"].to_string(),
                    headers,
                )
            })
            .collect();
        texts.sort();
        // How many are let through depends on how long all of them take.
        texts.dedup();
        said.push(texts);
    }
    let mut statuses: Vec<_> = said[0].iter().map(|(status, ..)| *status).collect();
    statuses.dedup();
    assert_eq!(statuses, [401, 429]);
    assert_eq!(said[0], said[1]);
    // What cannot be a name counts for its address alone, which has more tries.
    assert_eq!(said[2][0], said[0][0]);
}

#[tokio::test]
async fn an_account_that_is_tried_from_everywhere_is_still_its_owners() {
    let server = behind_a_proxy().await;
    assert!(succeeds(&server, "192.0.2.1").await);
    let addresses: Vec<_> = (1..=24).map(|n| format!("203.0.113.{n}")).collect();
    let tries = addresses.iter().map(|from| fails(&server, OWNER, from));
    let started = Instant::now();
    let statuses = join_all(tries).await;
    let most = most(10, started.elapsed());
    let checked = statuses.iter().filter(|status| **status == 401).count();
    assert!((1..=most).contains(&checked), "{statuses:?}");
    assert!(succeeds(&server, "192.0.2.1").await);
}

#[tokio::test]
async fn every_way_to_prove_a_password_counts() {
    let (server, owner) = own_server(ServerOptions::default()).await;
    let nobody = Caller::nobody(&server.url());
    let request = |method: &str, path: &str| nobody.request(method, path);
    let basic = || request("GET", "/api/auth/tokens/").basic_auth(OWNER, Some("wrong"));
    let form = "application/x-www-form-urlencoded";
    let sign_out = || {
        let request = request("DELETE", "/api/auth/tokens/").basic_auth(OWNER, Some("wrong"));
        request.header("content-type", form).body("token=x")
    };
    let console = || {
        let body = json!({"username": OWNER, "password": "wrong"});
        request("POST", "/api/auth/session")
            .header("sec-fetch-site", "same-origin")
            .json(&body)
    };
    let tries = (0..4).flat_map(|_| [basic(), sign_out(), console()]);
    let started = Instant::now();
    let answers = join_all(tries.map(Caller::send)).await;
    let most = most(3, started.elapsed());
    let statuses: Vec<_> = answers
        .iter()
        .map(|answer| answer.status.as_u16())
        .collect();
    let checked = statuses.iter().filter(|status| **status == 401).count();
    let refused = statuses.iter().filter(|status| **status == 429).count();
    assert!((3..=most).contains(&checked), "{statuses:?}");
    assert_eq!(checked + refused, 12, "{statuses:?}");
    // Who has signed in already is not kept from anything.
    owner.get("/api/me").await.ok();
}

#[tokio::test]
async fn counts_survive_a_restart() {
    let (mut server, _owner) = own_server(ServerOptions::default()).await;
    for _ in 0..3 {
        assert_eq!(fails(&server, OWNER, "x").await, 401);
    }
    server.restart().await.unwrap();
    // The fourth may be let through by now: the second that it waits for counts as over. Those behind it wait for longer.
    let tries = (0..8).map(|_| fails(&server, OWNER, "x"));
    let started = Instant::now();
    let statuses = join_all(tries).await;
    let most = most(0, Duration::from_secs(1) + started.elapsed());
    let checked = statuses.iter().filter(|status| **status == 401).count();
    assert!(checked <= most, "{statuses:?}");
}

#[tokio::test]
async fn the_setup_token_cannot_be_guessed_for_long() {
    let options = ServerOptions::default().env("SSM_SETUP_TOKEN", "correct-horse");
    let server = Server::start(options).await.unwrap();
    let nobody = Caller::nobody(&server.url());
    let body = json!({"username": OWNER, "password": canary::password()});
    let guess = |token: &str| {
        let request = nobody
            .request("POST", "/api/onboarding/bootstrap")
            .json(&body);
        Caller::send(request.header("x-setup-token", token))
    };
    let guesses: Vec<_> = (0..20).map(|n| format!("guess-{n}")).collect();
    let started = Instant::now();
    let answers = join_all(guesses.iter().map(|token| guess(token))).await;
    let most = most(5, started.elapsed());
    let refused = |status: u16| answers.iter().filter(move |answer| answer.status == status);
    let (checked, throttled) = (refused(403).count(), refused(429).count());
    assert!((5..=most).contains(&checked), "{checked}");
    assert_eq!(checked + throttled, 20);
    for answer in refused(403) {
        answer.refused(403, "setup_token_required");
    }
    for answer in refused(429) {
        answer.refused(429, "throttled");
        assert!(!answer.header("retry-after").is_empty());
    }
}
