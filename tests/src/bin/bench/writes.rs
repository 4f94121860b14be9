//! Durable writes with 32 writers, against one.

use anyhow::Result;
use ssm_tests::caller::Caller;

use crate::http::{request, side_by_side, throughput};
use crate::report::line;

const WRITERS: usize = 32;

pub async fn measure(owner: &Caller) -> Result<()> {
    let shop = owner.shop().await;
    let port = owner
        .request("GET", "")
        .build()?
        .url()
        .port()
        .unwrap_or_default();
    let write = |worker: usize, count: u64| {
        let path = shop.secret("base", &format!("KEY_{worker}"));
        request(
            "PUT",
            &path,
            owner.token(),
            &format!("{{\"value\":\"{count}\"}}"),
        )
    };
    let write = &write;
    let (measured, reference) = side_by_side(
        async || throughput(port, WRITERS, write).await,
        async || throughput(port, 1, |_, count| write(WRITERS, count)).await,
    )
    .await?;
    line(
        &format!("durable writes, {WRITERS} writers : one writer"),
        "/s",
        measured,
        reference,
    );
    Ok(())
}
