//! Whether the time that an answer takes tells what its text does not.

use std::time::{Duration, Instant};

use ssm_tests::caller::{Caller, OWNER, fresh, own_server};
use ssm_tests::{Server, ServerOptions, canary};

/// How long an answer takes to somebody whom a proxy heard at `from`.
async fn takes(
    server: &Server,
    username: &str,
    password: &str,
    from: &str,
    status: u16,
) -> Duration {
    let request = Caller::nobody(&server.url()).request("GET", "/api/auth/tokens/");
    let request = request
        .basic_auth(username, Some(password))
        .header("x-forwarded-for", from);
    let started = Instant::now();
    let answer = Caller::send(request).await;
    let took = started.elapsed();
    assert_eq!(answer.status, status, "{}", answer.text);
    took
}

/// By how many standard deviations the ranks of the first sample differ from what they would be if nothing told the two
/// apart (Mann and Whitney, 1947).
fn rank_difference(one: &[Duration], other: &[Duration]) -> f64 {
    let ahead = |time: &Duration| {
        let earlier = other.iter().filter(|other| *other < time).count();
        let same = other.iter().filter(|other| *other == time).count();
        f64::from(u32::try_from(2 * earlier + same).unwrap()) / 2.0
    };
    let u: f64 = one.iter().map(ahead).sum();
    let [m, n] = [one, other].map(|sample| f64::from(u32::try_from(sample.len()).unwrap()));
    (u - m * n / 2.0) / (m * n * (m + n + 1.0) / 12.0).sqrt()
}

#[test]
fn the_difference_of_ranks_is_large_for_what_differs_and_small_for_what_does_not() {
    let times = |from: u64, step: u64| {
        (0..20)
            .map(|n| Duration::from_millis(from + n * step))
            .collect::<Vec<_>>()
    };
    assert!(rank_difference(&times(0, 2), &times(1, 2)).abs() < 1.0);
    assert!(rank_difference(&times(0, 1), &times(100, 1)) < -5.0);
}

#[tokio::test]
async fn an_unknown_user_takes_the_same_time_as_a_wrong_password() {
    let options = ServerOptions::default().env("TRUSTED_PROXIES", "127.0.0.1");
    let (server, _owner) = own_server(options).await;
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for n in 1..=10 {
        // From an address from which the owner signs in, so that no attempt has to wait.
        let from = format!("192.0.2.{n}");
        takes(&server, OWNER, &canary::password(), &from, 200).await;
        for second in [false, true] {
            let wrong = async |username: &str| takes(&server, username, "wrong", &from, 401).await;
            // In turns, so that whatever else the machine does hits both alike.
            if second == (n % 2 == 0) {
                known.push(wrong(OWNER).await);
                unknown.push(wrong(&fresh("nobody")).await);
            } else {
                unknown.push(wrong(&fresh("nobody")).await);
                known.push(wrong(OWNER).await);
            }
        }
    }
    // Two samples of twenty that do not overlap differ by 5.4; by chance, 4 is met once in sixteen thousand times.
    let difference = rank_difference(&known, &unknown);
    assert!(
        difference.abs() < 4.0,
        "{difference}: {known:?} {unknown:?}"
    );
}
