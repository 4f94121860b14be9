//! A server of the test's own, in this process.

use axum::Router;
use tokio::net::TcpListener;

/// Serves a router on a free port and gives its address.
pub async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}
