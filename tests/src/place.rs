//! A place of data outside of the server: a MongoDB with two databases, and the keys that go with them.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::mongodb::databases;
use crate::store::KEYS;
use crate::{Mongo, MongoOptions, Run, Server, ServerOptions};

/// A MongoDB of its own, and what servers and commands on it are told.
#[derive(Debug)]
pub struct Place {
    /// The MongoDB, to halt it.
    pub mongo: Mongo,
    /// The environment variables.
    pub settings: BTreeMap<&'static str, String>,
}

impl Place {
    /// A fresh one.
    pub async fn new() -> Result<Self> {
        let mongo = Mongo::start(MongoOptions::default()).await?;
        let (data, auth) = databases();
        let mut settings = BTreeMap::from([
            ("MONGODB_URI", mongo.uri().to_owned()),
            ("DATA_DATABASE", data),
            ("AUTH_DATABASE", auth),
        ]);
        settings.extend(KEYS.map(|(name, key)| (name, key.to_owned())));
        Ok(Self { mongo, settings })
    }

    /// Starts one more server on it, and returns when it is ready.
    pub async fn server(&self) -> Result<Server> {
        Server::start(self.options()).await
    }

    /// How a server on it is started.
    pub fn options(&self) -> ServerOptions {
        let told = self.settings.iter();
        told.fold(
            ServerOptions::default().embedded(),
            |options, (name, value)| options.env(name, value),
        )
    }

    /// A command of the server on it.
    pub fn command(&self, words: &[&str]) -> Run {
        let told = self.settings.iter();
        told.fold(Run::new(words.iter().copied()), |run, (name, value)| {
            run.env(name, value)
        })
    }
}
