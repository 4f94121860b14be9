//! The console's page, and what is not it. Built with or without `web/dist`, it is answered alike.

use axum::body::Body;
use axum::extract::Request;
use tower::ServiceExt as _;

use super::{Answer, Caller};

/// A browser that goes somewhere.
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

async fn asked(caller: &Caller, method: &str, path: &str, accept: &str) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("accept", accept)
        .body(Body::empty())
        .unwrap();
    let response = caller.router.clone().oneshot(request).await.unwrap();
    Answer::read(response).await
}

#[tokio::test]
async fn a_browser_gets_the_page_at_every_address_beside_the_api() {
    let caller = Caller::owner().await;
    for (path, accept) in [
        ("/", BROWSER),
        ("/", "*/*"),
        ("/p/shop/c/prod", BROWSER),
        ("/p/shop/c/prod?filter=x", BROWSER),
    ] {
        let answer = asked(&caller, "GET", path, accept).await;
        answer.is(200);
        assert_eq!(answer.headers["content-type"], "text/html; charset=utf-8");
        // The nonce is for this answer alone.
        assert_eq!(answer.headers["cache-control"], "no-store");
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        let (_, nonce) = policy.split_once("'nonce-").unwrap();
        let (nonce, _) = nonce.split_once('\'').unwrap();
        assert!(
            answer.text.contains(&format!("nonce=\"{nonce}\"")),
            "{path}"
        );
        assert!(
            policy.contains("script-src 'self';") && !policy.contains("unsafe"),
            "{policy}"
        );
    }
}

#[tokio::test]
async fn the_api_and_scripts_that_mistyped_an_address_get_errors_that_they_can_read() {
    let caller = Caller::owner().await;
    for (method, path, accept) in [
        ("GET", "/api/nothing", BROWSER),
        ("GET", "/api", BROWSER),
        ("GET", "/assets/gone-1a2b.js", BROWSER),
        ("GET", "/p/shop/c/prod", "*/*"),
        ("GET", "/p/shop/c/prod", "application/json"),
        ("POST", "/p/shop/c/prod", BROWSER),
        ("GET", "/p//c", BROWSER),
        ("GET", "/p/%2e%2e/c", BROWSER),
    ] {
        asked(&caller, method, path, accept)
            .await
            .refused(404, "not_found");
    }
}
