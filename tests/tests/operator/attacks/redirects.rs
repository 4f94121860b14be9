//! A token goes to the server that it is for, and to no other that this one names.

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use tokio::net::TcpListener;

use crate::world::{World, shared_server};

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to = format!("http://{}", elsewhere.local_addr().unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let statuses = [301, 302, 303, 307, 308];
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let redirect = move |uri: axum::http::Uri| {
        let asked = asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let status = StatusCode::from_u16(statuses[asked % statuses.len()]).unwrap();
        let location = format!("{to}{uri}");
        let answer: Response = (status, [("location", location)]).into_response();
        std::future::ready(answer)
    };
    let redirect = std::sync::Arc::new(redirect);
    let router = Router::new().fallback(move |uri| redirect(uri));
    tokio::spawn(async move { axum::serve(listener, router).await });

    let (owner, _) = shared_server().await;
    let world = World::with(owner, &url, |options| options).await;
    world.create("web", world.spec()).await.unwrap();
    let message = world
        .condition("web", "Ready", "False", "UnusableAnswer")
        .await;
    assert!(!message.is_empty());
    world.syncs().get("web").await.unwrap();
    let asked = tokio::time::timeout(std::time::Duration::from_millis(1), elsewhere.accept()).await;
    assert!(asked.is_err(), "somebody connected");
    assert!(world.secrets().get_opt("web").await.unwrap().is_none());
}
