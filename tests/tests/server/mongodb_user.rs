//! A MongoDB that lets nobody in without a password, which is given apart from the connection string.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use serde_json::json;
use ssm_tests::caller::{Caller, bootstrap_as, fresh};
use ssm_tests::mongodb::databases;
use ssm_tests::{Mongo, MongoOptions, MongoUser, Scratch, Server, ServerOptions, canary};

const KEY: &str = "kT2j0qY3gmbVnS0fWq9m1o7H3c5yZkq4x8uJwM6rT1E=";
const SALT: &str = "3n9Jd1fTq8bWm2Xc7vKz5LpR4sYh6GtU0eAoIiQwBxM=";
/// All that would have to be written otherwise in a connection string.
const NAME: &str = "ssm@shop:a/b ü";

struct Guarded {
    mongo: Mongo,
    databases: (String, String),
    secrets: Scratch,
}

impl Guarded {
    async fn new() -> (Self, String) {
        let databases = databases();
        let password = format!("{}@:/?#%41 ü", canary::value("mongodb"));
        let user = MongoUser {
            name: NAME.to_owned(),
            password: password.clone(),
            databases: vec![databases.0.clone(), databases.1.clone()],
        };
        let mongo = Mongo::start(MongoOptions::default().user(user))
            .await
            .unwrap();
        let guarded = Self {
            mongo,
            databases,
            secrets: Scratch::new("secrets").unwrap(),
        };
        (guarded, password)
    }

    /// A file of its own with this text, for its owner only.
    fn file(&self, text: &str) -> PathBuf {
        let path = self.secrets.path().join(fresh("file"));
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    /// How a server is started whose password is in a file.
    fn options(&self, password: &str) -> ServerOptions {
        ServerOptions::default()
            .env("MONGODB_URI", self.mongo.uri())
            .env("DATA_DATABASE", &self.databases.0)
            .env("AUTH_DATABASE", &self.databases.1)
            .env("ENCRYPTION_KEY", KEY)
            .env("TOKEN_SALT", SALT)
            .env("MONGODB_USERNAME_FILE", self.file(NAME).to_str().unwrap())
            .env(
                "MONGODB_PASSWORD_FILE",
                self.file(&format!("{password}\n")).to_str().unwrap(),
            )
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn user_and_password_come_from_files_as_they_are() {
    let (guarded, password) = Guarded::new().await;
    let server = Server::start(guarded.options(&password)).await.unwrap();
    let owner = bootstrap_as(&Caller::nobody(&server.url())).await;
    let shop = owner.shop().await;
    let written = json!({"value": "1"});
    owner.put(&shop.secret("prod", "A"), written).await.ok();
    drop(server);

    for (options, says) in [
        (
            guarded.options(&canary::value("wrong")),
            &["does not accept the user and password", "MONGODB_PASSWORD"][..],
        ),
        (
            guarded
                .options(&password)
                .env("MONGODB_URI", "mongodb://other@127.0.0.1:9"),
            &["has a user in it", "MONGODB_USERNAME", "keep one"],
        ),
        (
            guarded.options(&password).env("DATA_DATABASE", "another"),
            &["may not use another", "readWrite"],
        ),
        (
            guarded
                .options(&password)
                .env("MONGODB_PASSWORD", &password),
            &["MONGODB_PASSWORD and MONGODB_PASSWORD_FILE are both set"],
        ),
        (
            guarded
                .options(&password)
                .env("MONGODB_PASSWORD_FILE", "/no/such/file"),
            &["/no/such/file with the password of the MongoDB is refused"],
        ),
    ] {
        let refused = Server::start_expecting_failure(options).await.unwrap();
        for part in says {
            assert!(refused.log.contains(part), "{part}: {}", refused.log);
        }
        assert!(!canary::is_in(refused.log.as_bytes()), "{}", refused.log);
    }
}
