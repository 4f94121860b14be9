//! `ssm-server keys`: how the keys are, and changing them, by way of the running server.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use ssm_client::{Client, Keys, RotationState};
use tokio::time::sleep;

use super::input;
use crate::cli::{Exit, Failure, Outcome};

pub(crate) const EXAMPLES: &str = "\
The token is an owner's: in SSM_TOKEN, in the file that SSM_TOKEN_FILE names, on standard input, or typed in.

Examples:
  ssm-server keys status --url https://ssm.example.com
  ssm-server keys rotate-data --project shop < token.txt

To change the root key, which loses no request:
  1. Make a new one:           openssl rand -base64 32
  2. Restart the server with the new one in ENCRYPTION_KEY and the present one in ENCRYPTION_KEY_PREVIOUS.
     Where a first start has made the present one, it is in DATA_DIR/ENCRYPTION_KEY:
     set ENCRYPTION_KEY_PREVIOUS_FILE to that file.
  3. Rotate:                   ssm-server keys rotate-root
     What is interrupted goes on by itself when the server is started with both keys again.
  4. When it says done, restart the server without ENCRYPTION_KEY_PREVIOUS, keep the new key where the one before
     was kept, and make a new backup: older ones need the key before.";

/// How often a rotation is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(300);

#[derive(Args)]
pub(crate) struct KeysArgs {
    #[command(subcommand)]
    command: Command,
    /// Where the server is
    #[arg(
        long,
        env = "SSM_URL",
        default_value = "http://127.0.0.1:8080",
        global = true
    )]
    url: String,
    /// PEM file with the certificates to trust instead of the system's
    #[arg(long, env = "SSM_CA_FILE", global = true)]
    ca_file: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Show which root key is in use, and how far a rotation has got
    Status,
    /// Wrap all data keys with the new root key, and wait until it is done
    RotateRoot,
    /// Seal new values with new data keys; those sealed before stay readable
    RotateData {
        /// The slug of the one project; all without it
        #[arg(long)]
        project: Option<String>,
    },
}

/// Asks the server.
pub(crate) fn run(args: KeysArgs) -> Outcome {
    let client = Client::builder(&args.url).map_err(|error| Failure::Usage(error.into()))?;
    let mut client = client.token(input::token()?);
    if let Some(path) = args.ca_file.filter(|path| !path.as_os_str().is_empty()) {
        let pem =
            std::fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        client = client.ca_bundle(pem);
    }
    let client = client.build()?;
    let told = super::block_on(async {
        match args.command {
            Command::Status => Ok(status(&client.keys().await?)),
            Command::RotateRoot => rotate_root(&client).await,
            Command::RotateData { project } => {
                let keys = client.rotate_data_keys(project.as_deref()).await?;
                Ok(format!(
                    "done; there are {} data keys now\n",
                    keys.data_keys.total
                ))
            }
        }
    })?;
    super::print(told.as_bytes())?;
    Ok(Exit::Fine)
}

async fn rotate_root(client: &Client) -> Result<String> {
    let mut keys = client.rotate_root_key().await?;
    while keys.rotation.state == RotationState::Running {
        progress(&keys);
        sleep(LOOK_EVERY).await;
        keys = client.keys().await?;
    }
    progress(&keys);
    Ok(format!(
        "done; all {} data keys are wrapped with {}. The server can be started without ENCRYPTION_KEY_PREVIOUS now\n",
        keys.data_keys.total, keys.root_key.fingerprint
    ))
}

/// On one line that is written over where somebody looks on.
fn progress(keys: &Keys) {
    let mut out = std::io::stderr().lock();
    let (start, end) = if out.is_terminal() {
        ("\r", "")
    } else {
        ("", "\n")
    };
    let rotation = &keys.rotation;
    let _ = write!(
        out,
        "{start}{} of {} data keys are wrapped anew{end}",
        rotation.rewrapped, rotation.total
    );
    if out.is_terminal() && rotation.state != RotationState::Running {
        let _ = writeln!(out);
    }
}

fn status(keys: &Keys) -> String {
    let Keys {
        root_key,
        rotation,
        data_keys,
    } = keys;
    let rotation = match rotation.state {
        RotationState::Idle => "none; every data key is wrapped with the root key".to_owned(),
        RotationState::Ready => format!(
            "the server was given another root key, {}; `ssm-server keys rotate-root` changes to it",
            rotation.to.as_deref().unwrap_or("unknown")
        ),
        RotationState::Running => {
            format!(
                "running; {} of {} data keys are wrapped anew",
                rotation.rewrapped, rotation.total
            )
        }
        RotationState::Unknown => "in a state that only a later release knows".to_owned(),
    };
    format!(
        "root key   {}, since {}\nrotation   {rotation}\ndata keys  {}, the oldest in use since {}\n",
        root_key.fingerprint,
        root_key.since,
        data_keys.total,
        data_keys.oldest_in_use.as_deref().unwrap_or("never"),
    )
}
