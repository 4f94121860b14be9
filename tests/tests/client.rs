//! The typed client against the real server.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result};
use ssm_client::{
    Client, ConfigSecrets, Error, Export, ExportRequest, NewServiceToken, Patch, SecretValue,
    Watch, WatchEvent, WatchOptions,
};
use ssm_tests::caller::own_server;
use ssm_tests::{Server, ServerOptions, canary};
use tokio::time::timeout;

/// A server with a project `web`, and its owner's client.
async fn shop() -> Result<(Server, Client)> {
    let (server, owner) = own_server(ServerOptions::default()).await;
    let client = Client::builder(&server.url())?
        .token(owner.token().into())
        .build()?;
    client.create_project("web", Some("Web shop")).await?;
    client.create_config("web", "base", None).await?;
    client.create_config("web", "prod", Some("base")).await?;
    Ok((server, client))
}

fn modified(export: Export) -> Result<ConfigSecrets> {
    match export {
        Export::Modified(secrets) => Ok(secrets),
        Export::NotModified => anyhow::bail!("not modified"),
    }
}

#[tokio::test]
async fn everything_that_the_client_offers_works() -> Result<()> {
    let (_server, client) = shop().await?;
    let value = SecretValue::new(canary::value("client"));
    let file = SecretValue::new("A=1\nB='two words'\n");
    assert_eq!(
        client
            .import_env("web", "base", &file, true)
            .await?
            .keys
            .len(),
        2
    );
    client.import_env("web", "base", &file, false).await?;
    client.put_secret("web", "prod", "A", &value).await?;
    assert_eq!(client.secret("web", "prod", "A", false).await?, value);
    assert_eq!(
        client.secret("web", "prod", "B", true).await?.reveal(),
        "two words"
    );

    let read = modified(
        client
            .export("web", "prod", &ExportRequest::default())
            .await?,
    )?;
    assert_eq!(read.secrets.len(), 2);
    let again = ExportRequest {
        if_none_match: Some(read.etag.clone()),
        ..ExportRequest::default()
    };
    assert!(matches!(
        client.export("web", "prod", &again).await?,
        Export::NotModified
    ));
    let stale = Patch {
        if_match: Some(read.etag),
        set: BTreeMap::from([("C".into(), "3".into())]),
        ..Patch::default()
    };
    client.patch_secrets("web", "prod", &stale).await?;
    assert!(matches!(
        client.patch_secrets("web", "prod", &stale).await,
        Err(Error::PreconditionFailed(_))
    ));
    assert!(
        client
            .export_env("web", "prod")
            .await?
            .reveal()
            .contains("C=3\n")
    );
    client.delete_secret("web", "prod", "C").await?;

    let issued = client
        .create_service_token(&NewServiceToken::reader("ci", "web", "prod"))
        .await?;
    let reader = client.with_token(&issued.token)?;
    reader.token_self().await?;
    assert!(matches!(
        reader.put_secret("web", "prod", "A", &value).await,
        Err(Error::Forbidden(_))
    ));
    assert!(matches!(
        reader.configs("other").await,
        Err(Error::NotFound(_) | Error::Forbidden(_))
    ));
    client.revoke_token(&issued.token_id).await?;
    let refused = reader
        .export("web", "prod", &ExportRequest::default())
        .await;
    assert!(matches!(refused, Err(Error::Unauthorized(_))));

    assert!(client.audit_verify().await?.ok);
    assert!(
        !client
            .audit_events(&[("project", "web")])
            .await?
            .events
            .is_empty()
    );
    client.delete_config("web", "prod").await?;
    client.delete_project("web").await?;
    assert!(client.projects().await?.is_empty());
    Ok(())
}

/// The next event that `wanted` picks.
async fn next<T>(watch: &mut Watch, mut wanted: impl FnMut(&WatchEvent) -> Option<T>) -> Result<T> {
    let search = async {
        loop {
            let event = watch.next().await.context("the watch has ended")?;
            if let Some(found) = wanted(&event) {
                return Ok(found);
            }
        }
    };
    timeout(Duration::from_secs(40), search)
        .await
        .context("no such event")?
}

#[tokio::test]
async fn a_watch_outlives_its_server_and_tells_what_was_missed() -> Result<()> {
    let (mut server, client) = shop().await?;
    let mut watch = client.watch(WatchOptions::default());
    next(&mut watch, |event| {
        matches!(event, WatchEvent::Synced).then_some(())
    })
    .await?;
    server.kill_now()?;
    next(&mut watch, |event| {
        matches!(event, WatchEvent::Down { .. }).then_some(())
    })
    .await?;
    server.restart().await?;
    let written = client
        .put_secret("web", "base", "A", &"1".into())
        .await?
        .revision;
    let revision = next(&mut watch, |event| match event {
        WatchEvent::Revision {
            config, revision, ..
        } if config == "prod" && Some(*revision) == written => Some(*revision),
        _ => None,
    });
    assert_eq!(Some(revision.await?), written);
    Ok(())
}
