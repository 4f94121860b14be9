//! Migrations between the embedded database and a MongoDB, of real servers' data.

mod both_ways;
mod interrupted;
mod refusals;

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use ssm_tests::caller::Caller;
use ssm_tests::mongodb::databases;
use ssm_tests::{Mongo, Run, Server, ServerOptions};

use crate::backup::Kept;
use crate::backup::content::Content;

/// Two databases that nobody else uses.
struct Databases {
    settings: [(&'static str, String); 3],
}

impl Databases {
    async fn new() -> Self {
        let (data, auth) = databases();
        Self {
            settings: [
                ("MONGODB_URI", Mongo::shared().await.to_owned()),
                ("DATA_DATABASE", data),
                ("AUTH_DATABASE", auth),
            ],
        }
    }

    /// A command that knows them, and no keys.
    fn command(&self, args: impl IntoIterator<Item = OsString>) -> Run {
        let settings = self.settings.iter();
        settings.fold(Run::new(args), |run, (name, value)| run.env(name, value))
    }

    /// A command on them, with the keys in `keys`.
    fn command_with_keys_of(&self, keys: &Path, args: &[&str]) -> Run {
        let run = self.command(args.iter().map(OsString::from));
        run.env("ENCRYPTION_KEY_FILE", keys.join("ENCRYPTION_KEY"))
            .env("TOKEN_SALT_FILE", keys.join("TOKEN_SALT"))
    }

    /// How a server on them is started, with the keys in `keys`.
    fn server(&self, keys: &Path) -> ServerOptions {
        let settings = self.settings.iter();
        let options = settings.fold(
            ServerOptions::default().embedded(),
            |options, (name, value)| options.env(name, value),
        );
        let key = |name| fs::read_to_string(keys.join(name)).unwrap();
        options
            .env("ENCRYPTION_KEY", key("ENCRYPTION_KEY").trim())
            .env("TOKEN_SALT", key("TOKEN_SALT").trim())
    }

    /// From a directory into them.
    fn fill_from(&self, dir: &Path) -> Run {
        self.command([
            "migrate".into(),
            "--from".into(),
            dir.into(),
            "--to".into(),
            "mongodb".into(),
        ])
    }

    /// From them into a directory.
    fn empty_into(&self, dir: &Path) -> Run {
        self.command([
            "migrate".into(),
            "--from".into(),
            "mongodb".into(),
            "--to".into(),
            dir.into(),
        ])
    }
}

/// What an export writes.
async fn exported(command: Run) -> String {
    command.end().await.unwrap().ok()
}

/// Both chains of a data directory.
async fn chains_of(data: &Path) -> [String; 2] {
    [
        exported(Run::new(["audit", "export", "-"]).on_embedded(data)).await,
        exported(Run::new(["audit", "export", "--stream", "access", "-"]).on_embedded(data)).await,
    ]
}

/// Both chains in databases.
async fn chains_in(databases: &Databases, keys: &Path) -> [String; 2] {
    let export = |args: &[&str]| exported(databases.command_with_keys_of(keys, args));
    [
        export(&["audit", "export", "-"]).await,
        export(&["audit", "export", "--stream", "access", "-"]).await,
    ]
}

/// Starts a server, and finds that all goes on that went on before: the session, the tags and everything that there is.
async fn goes_on(options: ServerOptions, kept: &Kept) -> (Server, Caller) {
    let server = Server::start(options).await.unwrap();
    let owner = Caller::nobody(&server.url()).with(&kept.token);
    let (path, tag) = &kept.tagged;
    let read = owner.request("GET", path).header("if-none-match", tag);
    assert_eq!(Caller::send(read).await.status, 304);
    let now = Content::read(&owner).await;
    now.assert_is(&kept.content);
    (server, owner)
}
