//! A database of version 1.4, to be read: plain documents in, typed ones out. Nothing in it is ever written.
//!
//! Each collection is read in batches, in the order of `_id`. A document that has not the form of its kind is told by its
//! name and by what is wrong with it, never by what it holds.

mod documents;
mod fields;

use std::collections::BTreeSet;

use futures::TryStreamExt;
use mongodb::bson::{Document, doc};
use mongodb::{Cursor, Database};
use ssm_domain::digest::Digest;

use crate::calls::{CallError, call};
use crate::open::{self, MongoOptions, OpenError};
use fields::{Fields, name_of};

pub use documents::{
    Config, Event, Group, GroupMember, Mapping, Member, Project, Role, Secret, Settings,
    SubjectKind, Token, TokenScope, User,
};

/// How many documents are read at a time.
const BATCH: u32 = 500;

/// Everything that a database of version 1.4 holds.
#[derive(Debug)]
pub struct Version1 {
    /// Projects.
    pub projects: Vec<Project>,
    /// Configs.
    pub configs: Vec<Config>,
    /// Secrets.
    pub secrets: Vec<Secret>,
    /// What was on record.
    pub events: Vec<Event>,
    /// People.
    pub users: Vec<User>,
    /// Whoever has a password, by name.
    pub passwords: BTreeSet<String>,
    /// Roles in the workspace.
    pub members: Vec<Member>,
    /// Roles in projects.
    pub roles: Vec<Role>,
    /// Groups.
    pub groups: Vec<Group>,
    /// Who is in a group.
    pub group_members: Vec<GroupMember>,
    /// Groups of an identity provider.
    pub mappings: Vec<Mapping>,
    /// The workspaces' settings; there is one workspace.
    pub settings: Vec<Settings>,
    /// Tokens, without what is stored of them.
    pub tokens: Vec<Token>,
    /// Who was the first user.
    pub initialized_by: Option<String>,
    /// How many entries the former key-value store has.
    pub kv: u64,
    /// What has not the form of its kind.
    pub malformed: Vec<Malformed>,
    /// Collections that version 1.4 does not make, or that are not known here.
    pub unknown: Vec<String>,
    /// Of all documents that something is made of.
    pub digest: Digest,
}

impl Version1 {
    /// A database with nothing in it.
    pub fn nothing() -> Self {
        Self {
            projects: Vec::new(),
            configs: Vec::new(),
            secrets: Vec::new(),
            events: Vec::new(),
            users: Vec::new(),
            passwords: BTreeSet::new(),
            members: Vec::new(),
            roles: Vec::new(),
            groups: Vec::new(),
            group_members: Vec::new(),
            mappings: Vec::new(),
            settings: Vec::new(),
            tokens: Vec::new(),
            initialized_by: None,
            kv: 0,
            malformed: Vec::new(),
            unknown: Vec::new(),
            digest: Digest::ZERO,
        }
    }
}

/// A document that has not the form of its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// Where it is.
    pub collection: &'static str,
    /// Its `_id`.
    pub id: String,
    /// What is wrong with it, without what it holds.
    pub why: String,
}

/// Why a database is not read, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum Version1Error {
    /// It cannot be used at all.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It is of this version.
    #[error(
        "the database {0} was written by this version of Simple Secrets Manager, not by 1.4; `ssm-server migrate` and \
         `ssm-server backup` copy those"
    )]
    NotThatOld(String),
    /// It is not what it should be.
    #[error(
        "the database {database} is none of Simple Secrets Manager 1.4: it has no collection {expected}; name the right one \
         with {flag}"
    )]
    NotVersion1 {
        /// The database.
        database: String,
        /// The collections of which one would do.
        expected: &'static str,
        /// What names the database.
        flag: &'static str,
    },
    /// A collection cannot be read to its end.
    #[error("{collection} cannot be read: {why}")]
    Read {
        /// The collection.
        collection: &'static str,
        /// Why.
        why: String,
    },
}

/// Reads a database of version 1.4.
pub async fn read(options: &MongoOptions) -> Result<Version1, Version1Error> {
    let client = open::connect(options).await?;
    let (data, auth) = (
        client.database(&options.data),
        client.database(&options.auth),
    );
    let in_data = collections(&data).await?;
    let in_auth = collections(&auth).await?;
    let data_has = ["projects", "secrets", "configs", "kv"];
    check(
        &data,
        &in_data,
        &data_has,
        "projects, secrets, configs or kv",
        "--from-data-database",
    )?;
    check(
        &auth,
        &in_auth,
        &["userpass", "users"],
        "userpass or users",
        "--from-auth-database",
    )?;

    let mut found = Version1::nothing();
    let (mut digest, mut malformed) = (Digest::ZERO, Vec::new());
    let (source, all) = (&mut found, &mut digest);
    source.projects = of(&data, "projects", all, &mut malformed, Project::read).await?;
    source.configs = of(&data, "configs", all, &mut malformed, Config::read).await?;
    source.secrets = of(&data, "secrets", all, &mut malformed, Secret::read).await?;
    source.events = of(&data, "audit_events", all, &mut malformed, Event::read).await?;
    source.users = of(&auth, "users", all, &mut malformed, User::read).await?;
    let passwords = of(&auth, "userpass", all, &mut malformed, |fields| {
        fields.text("username")
    });
    source.passwords = passwords.await?.into_iter().collect();
    source.members = of(
        &auth,
        "workspace_memberships",
        all,
        &mut malformed,
        Member::read,
    )
    .await?;
    source.roles = of(
        &auth,
        "project_memberships",
        all,
        &mut malformed,
        Role::read,
    )
    .await?;
    source.groups = of(&auth, "groups", all, &mut malformed, Group::read).await?;
    source.group_members = of(
        &auth,
        "group_members",
        all,
        &mut malformed,
        GroupMember::read,
    )
    .await?;
    source.mappings = of(&auth, "group_mappings", all, &mut malformed, Mapping::read).await?;
    source.settings = of(&auth, "workspaces", all, &mut malformed, Settings::read).await?;
    source.tokens = of(&auth, "tokens", all, &mut malformed, Token::read).await?;
    let first = of(&auth, "system_state", all, &mut malformed, |fields| {
        fields.optional_text("initialized_by")
    });
    source.initialized_by = first.await?.into_iter().flatten().next();
    source.kv = count(&data, "kv").await?;
    source.malformed = malformed;
    source.unknown = unknown(&in_data, &in_auth);
    source.digest = digest;
    Ok(found)
}

async fn collections(database: &Database) -> Result<Vec<String>, Version1Error> {
    let (here, name) = (database.clone(), database.name());
    let names = call(async move { here.list_collection_names().await }).await;
    Ok(names.map_err(|error| open::refused(error, name))?)
}

/// Refuses a database that is no old one.
fn check(
    database: &Database,
    names: &[String],
    one_of: &[&str],
    expected: &'static str,
    flag: &'static str,
) -> Result<(), Version1Error> {
    let database = database.name().to_owned();
    if names
        .iter()
        .any(|name| ["layout", "journal", "credentials"].contains(&name.as_str()))
    {
        return Err(Version1Error::NotThatOld(database));
    }
    if names.iter().any(|name| one_of.contains(&name.as_str())) {
        return Ok(());
    }
    Err(Version1Error::NotVersion1 {
        database,
        expected,
        flag,
    })
}

/// What is of one kind. Every document counts towards `all`.
async fn of<T>(
    database: &Database,
    collection: &'static str,
    all: &mut Digest,
    malformed: &mut Vec<Malformed>,
    read: impl Fn(&Fields) -> Result<T, String>,
) -> Result<Vec<T>, Version1Error> {
    let failed = |error: CallError| Version1Error::Read {
        collection,
        why: error.to_string(),
    };
    let documents = database.collection::<Document>(collection);
    let opened = call(async move {
        documents
            .find(doc! {})
            .sort(doc! { "_id": 1 })
            .batch_size(BATCH)
            .await
    });
    let mut cursor = opened.await.map_err(failed)?;
    let mut found = Vec::new();
    loop {
        let (goes_on, batch) = next(cursor).await.map_err(failed)?;
        for document in &batch {
            count_in(all, collection, document);
            match read(&Fields(document)) {
                Ok(one) => found.push(one),
                Err(why) => malformed.push(Malformed {
                    collection,
                    id: name_of(document),
                    why,
                }),
            }
        }
        match goes_on {
            Some(same) => cursor = same,
            None => return Ok(found),
        }
    }
}

/// The next documents, and the cursor where there may be more.
async fn next(
    mut cursor: Cursor<Document>,
) -> Result<(Option<Cursor<Document>>, Vec<Document>), CallError> {
    call(async move {
        let mut batch = Vec::new();
        while batch.len() < BATCH as usize {
            match cursor.try_next().await? {
                Some(document) => batch.push(document),
                None => return Ok((None, batch)),
            }
        }
        Ok((Some(cursor), batch))
    })
    .await
}

fn count_in(all: &mut Digest, collection: &str, document: &Document) {
    // What was read a moment ago can be written.
    let bytes = document.to_vec().unwrap_or_default();
    *all = Digest::of(&[all.as_bytes(), collection.as_bytes(), &bytes].concat());
}

async fn count(database: &Database, collection: &'static str) -> Result<u64, Version1Error> {
    let documents = database.collection::<Document>(collection);
    let counted = call(async move { documents.count_documents(doc! {}).await }).await;
    counted.map_err(|error| Version1Error::Read {
        collection,
        why: error.to_string(),
    })
}

/// Collections that nothing is taken from, and nothing was expected of.
fn unknown(in_data: &[String], in_auth: &[String]) -> Vec<String> {
    const DATA: [&str; 5] = ["projects", "configs", "secrets", "audit_events", "kv"];
    const AUTH: [&str; 10] = [
        "users",
        "userpass",
        "workspace_memberships",
        "project_memberships",
        "groups",
        "group_members",
        "group_mappings",
        "workspaces",
        "tokens",
        "system_state",
    ];
    let strange = |known: &'static [&str]| {
        move |name: &&String| !known.contains(&name.as_str()) && !name.starts_with("system.")
    };
    let data = in_data.iter().filter(strange(&DATA));
    data.chain(in_auth.iter().filter(strange(&AUTH)))
        .cloned()
        .collect()
}
