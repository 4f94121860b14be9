//! `make run`: a `.env` file becomes an encrypted, inherited, audited config in the server and a Secret in a real
//! kube-apiserver, and the Secret follows a change at once. Everything stays up until Ctrl-C, and the data for the next time.

mod cluster;
mod shop;
mod sync;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use ssm_tests::{Server, ServerOptions, Tools};
use tokio::signal::unix::{SignalKind, signal};

use cluster::Cluster;
use shop::Shop;

/// Where everything is.
const DATA_DIR: &str = "data";
/// The API's port, where it is free and `PORT` names no other.
const PORT: u16 = 8080;

#[tokio::main]
async fn main() -> Result<()> {
    let (mut interrupt, mut terminate) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    // Whatever runs is ended by being dropped.
    tokio::select! {
        outcome = demonstrate() => outcome,
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
    }?;
    println!("\nStopped. The data stays in ./{DATA_DIR}; `make run` goes on with it.");
    Ok(())
}

async fn demonstrate() -> Result<()> {
    let data = Path::new(DATA_DIR);
    let logs = data.join("demo/logs");
    let options = ServerOptions {
        data_dir: Some(data.to_owned()),
        port: Some(port()?),
        log_dir: Some(logs.clone()),
        ..ServerOptions::default()
    };
    step("Starting the server");
    let server = Server::start(options).await?;
    done(&format!(
        "{} (encrypted database in ./{DATA_DIR})",
        server.url()
    ));

    let shop = Shop::import(&server.url(), &data.join("demo"), &env_file()).await?;
    let cluster = match std::env::var("CLUSTER")
        .ok()
        .filter(|context| !context.is_empty())
    {
        Some(context) => Some(Cluster::existing(&context, &data.join("demo")).await?),
        None if Tools::find().is_ok() => {
            Some(Cluster::own(&data.join("demo/cluster"), &logs).await?)
        }
        None => None,
    };
    let Some(cluster) = cluster else {
        println!(
            "\nThere is no cluster: that needs Go 1.26 (to build a control plane once), binaries in"
        );
        println!("KUBEBUILDER_ASSETS, or CLUSTER=<kubeconfig context>. The server runs alone.");
        tell(&server, &shop, None);
        return std::future::pending().await;
    };
    let _operator = sync::follow(&cluster, &shop, &server.url(), &logs).await?;
    tell(&server, &shop, Some(&cluster));
    std::future::pending().await
}

/// Says where to look.
fn tell(server: &Server, shop: &Shop, cluster: Option<&Cluster>) {
    let url = server.url();
    println!("\nEverything is up. Have a look:\n");
    println!("  console        {url}");
    println!("  API            {url}/api");
    println!("  API page       {url}/api/docs");
    println!(
        "  sign in as     {} (password in {})",
        shop::OWNER,
        shop.password_file.display()
    );
    println!("  metrics        {url}/metrics");
    if let Some(cluster) = cluster {
        println!(
            "  the Secret     kubectl --kubeconfig {} -n {} get secretsync,secret",
            cluster.kubeconfig.display(),
            sync::NAMESPACE
        );
    }
    println!("  logs           {DATA_DIR}/demo/logs");
    println!("\nCtrl-C stops everything.");
}

fn env_file() -> PathBuf {
    std::env::var_os("ENV_FILE")
        .filter(|file| !file.is_empty())
        .map_or_else(|| "examples/shop.env".into(), Into::into)
}

fn port() -> Result<u16> {
    match std::env::var("PORT") {
        Ok(port) if !port.is_empty() => port
            .parse()
            .context("PORT must be a number from 1 to 65535"),
        _ if std::net::TcpListener::bind(("127.0.0.1", PORT)).is_ok() => Ok(PORT),
        _ => ssm_tests::free_port(),
    }
}

fn step(what: &str) {
    use std::io::Write as _;
    print!("{what} … ");
    // Progress that cannot be shown is no reason to stop.
    let _ = std::io::stdout().flush();
}

fn done(what: &str) {
    println!("{what}");
}
