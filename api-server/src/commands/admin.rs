//! `ssm-server admin`: for an owner who is locked out, by somebody who has the data itself.

use std::fmt::Write as _;

use anyhow::Result;
use clap::{Args, Subcommand};
use rand::rngs::StdRng;
use ssm_domain::admin::{AdminCreate, AdminResetPassword};
use ssm_domain::caller::Actor;
use ssm_domain::command::Command;
use ssm_domain::credential::PasswordHash;
use ssm_domain::names::Username;
use ssm_domain::roles::WorkspaceRole;
use ssm_domain::secret::Password;
use ssm_domain::state::State;
use ssm_engine::{Engine, Keys, Requester};

use super::input;
use crate::cli::{Exit, Outcome};
use crate::config::{DataConfig, DataSettings};
use crate::{keys, store};

pub(crate) const EXAMPLES: &str = "\
`create` and `reset-password` need the server of an embedded database to be stopped; `list` does not, and on a MongoDB
all work beside servers. The password is typed in, or is the first line of standard input. What is done is in the
journal, as done by the server itself.

Examples:
  ssm-server admin list
  ssm-server admin reset-password alice
  ssm-server admin create rescue --role owner < password.txt";

#[derive(Args)]
pub(crate) struct AdminArgs {
    #[command(subcommand)]
    command: AdminCommand,
}

#[derive(Subcommand)]
enum AdminCommand {
    /// Add a user
    Create {
        /// What they sign in with
        username: Username,
        /// Their role in the workspace: owner, admin, collaborator or viewer
        #[arg(long, default_value = "owner")]
        role: WorkspaceRole,
        #[command(flatten)]
        data: DataSettings,
    },
    /// Give a user a new password, end their sessions and tokens, and let them in again if they were disabled
    ResetPassword {
        /// What they sign in with
        username: Username,
        #[command(flatten)]
        data: DataSettings,
    },
    /// List the users
    List {
        #[command(flatten)]
        data: DataSettings,
    },
}

/// Does it.
pub(crate) fn run(args: AdminArgs) -> Outcome {
    match args.command {
        AdminCommand::Create {
            username,
            role,
            data,
        } => create(&DataConfig::new(data)?, &username, role),
        AdminCommand::ResetPassword { username, data } => {
            reset_password(&DataConfig::new(data)?, &username)
        }
        AdminCommand::List { data } => list(&DataConfig::new(data)?),
    }
}

fn create(config: &DataConfig, username: &Username, role: WorkspaceRole) -> Outcome {
    let (keys, password) = (keys::load_existing(config)?, input::new_password(username)?);
    let command = AdminCreate {
        password: hash(&keys, &password),
        username: username.clone(),
        role,
    };
    super::block_on(change(config, keys, command))?;
    super::print(format!("done; {username} can sign in as {}\n", role.as_str()).as_bytes())?;
    Ok(Exit::Fine)
}

fn reset_password(config: &DataConfig, username: &Username) -> Outcome {
    let (keys, password) = (keys::load_existing(config)?, input::new_password(username)?);
    let command = AdminResetPassword {
        password: hash(&keys, &password),
        username: username.clone(),
    };
    let reset = super::block_on(change(config, keys, command))?;
    let enabled = if reset.enabled {
        "; they were disabled, and no longer are"
    } else {
        ""
    };
    let told = format!(
        "done; {} sessions and tokens of {username} were ended{enabled}\n",
        reset.revoked
    );
    super::print(told.as_bytes())?;
    Ok(Exit::Fine)
}

fn list(config: &DataConfig) -> Outcome {
    let state = super::block_on(async {
        let journal = store::open_read_only(config).await?;
        Ok(ssm_engine::read_state(&*journal).await?)
    })?;
    super::print(users(&state).as_bytes())?;
    Ok(Exit::Fine)
}

fn users(state: &State) -> String {
    let width = state.users().map(|user| user.username.as_str().len()).max();
    let width = width.unwrap_or(0);
    state.users().fold(String::new(), |mut table, user| {
        let (name, role) = (user.username.as_str(), user.role.as_str());
        let status = if user.disabled { "disabled" } else { "active" };
        let _ = writeln!(
            table,
            "{name:width$}  {role:12}  {status:8}  since {}",
            user.created_at
        );
        table
    })
}

/// As slow as it is meant to be.
fn hash(keys: &Keys, password: &Password) -> PasswordHash {
    PasswordHash::new(&mut rand::make_rng::<StdRng>(), &keys.salt, password)
}

/// Runs one command by the server itself on the data that no server uses.
async fn change<C: Command>(config: &DataConfig, keys: Keys, command: C) -> Result<C::Answer> {
    let journal = store::open(config).await?;
    let engine = Engine::open(journal, keys).await?;
    let server = Requester {
        actor: Actor::System,
        request: None,
    };
    Ok(engine.run(server, command).await?)
}
