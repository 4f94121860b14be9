//! Backups of real servers: what is restored is what was there, whatever happened on the way, and nothing else passes.

pub mod content;
mod refusals;
mod restoring;

use std::fs;
use std::path::{Path, PathBuf};

use ssm_tests::caller::{Caller, OWNER, own_server};
use ssm_tests::{Run, Scratch, Server, ServerOptions};

use content::Content;

pub const OTHER_KEY: &str = "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4MTIzNDU2Nzg=";

pub fn on(data: &Path) -> ServerOptions {
    ServerOptions::default().data_dir(data)
}

/// The same for tests that are about the database in the directory.
pub fn on_embedded(data: &Path) -> ServerOptions {
    on(data).embedded()
}

/// A directory with nothing in it but the keys of another.
fn with_keys_of(data: &Path) -> Scratch {
    let scratch = Scratch::new("restored").unwrap();
    for key in ["ENCRYPTION_KEY", "TOKEN_SALT"] {
        fs::copy(data.join(key), scratch.path().join(key)).unwrap();
    }
    scratch
}

fn backup(data: &Path, file: &Path) -> Run {
    Run::new(["backup".into(), file.to_owned()]).on(data)
}

fn restore(data: &Path, file: &Path) -> Run {
    Run::new(["restore".into(), file.to_owned()]).on(data)
}

async fn sign_in(server: &Server) -> Caller {
    Caller::nobody(&server.url()).sign_in(OWNER).await
}

/// A data directory with something of everything in it, and its backup; no server runs on it.
pub struct Kept {
    pub data: Scratch,
    elsewhere: Scratch,
    pub token: String,
    pub content: Content,
    /// A config's secrets, and the tag that they had.
    pub tagged: (String, String),
}

impl Kept {
    pub async fn new() -> Self {
        Self::with(ServerOptions::default()).await
    }

    pub async fn embedded() -> Self {
        Self::with(ServerOptions::default().embedded()).await
    }

    async fn with(options: ServerOptions) -> Self {
        let (data, elsewhere) = (Scratch::new("data").unwrap(), Scratch::new("kept").unwrap());
        let (mut server, owner) = own_server(options.data_dir(data.path())).await;
        content::fill(&owner).await;
        let path = owner.shop().await.secrets("base");
        let tag = owner.get(&path).await.header("etag").to_owned();
        let content = Content::read(&owner).await;
        server.stop().await.unwrap();
        let kept = Self {
            token: owner.token().to_owned(),
            data,
            elsewhere,
            content,
            tagged: (path, tag),
        };
        let written = backup(kept.data.path(), &kept.file());
        let told = written.end().await.unwrap().ok();
        assert!(told.starts_with("done; "), "{told}");
        kept
    }

    fn file(&self) -> PathBuf {
        self.elsewhere.path().join("backup.jsonl")
    }

    /// Verifies what was restored, starts a server on it, and compares all that the API gives with what it gave.
    async fn check(&self, restored: &Path) -> (Server, Caller) {
        let verified = Run::new(["audit", "verify"]).on(restored);
        let verified = verified.end().await.unwrap().ok();
        assert!(
            verified.ends_with("all is as it was written\n"),
            "{verified}"
        );
        let server = Server::start(on(restored)).await.unwrap();
        let owner = sign_in(&server).await;
        Content::read(&owner).await.assert_is(&self.content);
        (server, owner)
    }
}
