//! The project on the server: an owner, `base` from the `.env` file, and `prod`, which inherits it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use ssm_client::{
    Client, ConfigSecrets, Error, Export, ExportRequest, NewServiceToken, Password, SecretValue,
    Token,
};

use crate::{done, step};

/// Who signs in.
pub const OWNER: &str = "admin";
/// The project.
pub const PROJECT: &str = "shop";
/// The config that is synced.
pub const CONFIG: &str = "prod";
const BASE: &str = "base";
/// What `prod` overrides, where the file has it; else its first key.
const OVERRIDE: &str = "LOG_LEVEL";

/// A signed-in owner and their project.
pub struct Shop {
    /// The owner's password is here.
    pub password_file: PathBuf,
    /// The key that `prod` overrides.
    pub key: String,
    client: Client,
}

impl Shop {
    /// Signs in and imports the file; what is there already stays.
    pub async fn import(url: &str, dir: &Path, file: &Path) -> Result<Self> {
        let password_file = dir.join("owner-password");
        step("Signing in");
        let client = sign_in(url, &password_file).await?;
        done(OWNER);

        step(&format!("Importing {}", file.display()));
        let text =
            fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        unless_there(client.create_project(PROJECT, None).await)?;
        unless_there(client.create_config(PROJECT, BASE, None).await)?;
        client
            .import_env(PROJECT, BASE, &SecretValue::new(text), false)
            .await?;
        unless_there(client.create_config(PROJECT, CONFIG, Some(BASE)).await)?;
        let base = read(&client, BASE).await?;
        let first = base.secrets.keys().next().context("the file has no key")?;
        let key = if base.secrets.contains_key(OVERRIDE) {
            OVERRIDE
        } else {
            first
        }
        .to_owned();
        let shop = Self {
            password_file,
            key,
            client,
        };
        let (revision, _) = shop.change().await?;
        let (keys, key) = (base.secrets.len(), &shop.key);
        done(&format!(
            "{keys} keys in {PROJECT}/{BASE}; {PROJECT}/{CONFIG} inherits them and overrides {key} (revision {revision})"
        ));
        Ok(shop)
    }

    /// What the config comes to.
    pub async fn secrets(&self) -> Result<BTreeMap<String, SecretValue>> {
        Ok(read(&self.client, CONFIG).await?.secrets)
    }

    /// Gives the overriding key a value that it did not have. Returns the revision and the value.
    pub async fn change(&self) -> Result<(u64, SecretValue)> {
        let now = self.secrets().await?;
        let current = now.get(&self.key).map(SecretValue::reveal);
        let next = SecretValue::new(if current == Some("debug") {
            "trace"
        } else {
            "debug"
        });
        let written = self
            .client
            .put_secret(PROJECT, CONFIG, &self.key, &next)
            .await?;
        Ok((
            written.revision.context("the server says no revision")?,
            next,
        ))
    }

    /// A token that reads the config: `current` where it still does, else a new one.
    pub async fn token(&self, url: &str, current: Option<Token>) -> Result<Token> {
        if let Some(current) = current {
            let client = Client::builder(url)?.token(current.clone()).build()?;
            if read(&client, CONFIG).await.is_ok() {
                return Ok(current);
            }
        }
        let reader = NewServiceToken {
            ttl_seconds: Some(0),
            ..NewServiceToken::reader("demo-operator", PROJECT, CONFIG)
        };
        Ok(self.client.create_service_token(&reader).await?.token)
    }
}

/// Makes the owner on the first run; signs in with the kept password on every other.
async fn sign_in(url: &str, password_file: &Path) -> Result<Client> {
    let nobody = Client::builder(url)?.build()?;
    let token = if nobody.onboarding().await?.is_initialized {
        let password = fs::read_to_string(password_file).with_context(|| {
            format!(
                "the server has an owner, but {} with their password is gone",
                password_file.display()
            )
        })?;
        nobody.sign_in(OWNER, &Password::new(password)).await?
    } else {
        let password = keep_new_password(password_file)?;
        nobody
            .bootstrap(OWNER, &Password::new(password), None)
            .await?
            .token
    };
    Ok(nobody.with_token(&token)?)
}

/// Makes a password and writes it to a file that only its owner can read, before it is used.
fn keep_new_password(file: &Path) -> Result<String> {
    let mut random = [0; 16];
    fs::File::open("/dev/urandom")?.read_exact(&mut random)?;
    let password = random
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    fs::create_dir_all(file.parent().unwrap_or(Path::new(".")))?;
    let options = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(file);
    options
        .and_then(|mut file| file.write_all(password.as_bytes()))
        .context("cannot keep the owner's password")?;
    Ok(password)
}

async fn read(client: &Client, config: &str) -> Result<ConfigSecrets> {
    match client
        .export(PROJECT, config, &ExportRequest::default())
        .await?
    {
        Export::Modified(secrets) => Ok(secrets),
        Export::NotModified => {
            anyhow::bail!("the server says that nothing is modified, but nothing was named")
        }
    }
}

/// What an earlier run has made is as good.
fn unless_there<T>(outcome: Result<T, Error>) -> Result<()> {
    match outcome {
        Err(Error::Invalid { refusal, .. }) if refusal.code == "already_exists" => Ok(()),
        outcome => Ok(outcome.map(drop)?),
    }
}
