//! Where the data of the servers and commands of the tests is. A data directory stands for it, whatever it is: the database
//! in the directory or, with `TEST_STORE=mongodb`, two databases of the MongoDB that the tests of a process share. So a test
//! that names directories runs on both, and one that looks into them says that it is about the [embedded](embed) database.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use anyhow::{Context as _, Result, bail};

use crate::Mongo;
use crate::mongodb::databases;

/// The keys of all data in a MongoDB: beside one, nobody makes any.
pub(crate) const KEYS: [(&str, &str); 2] = [
    (
        "ENCRYPTION_KEY",
        "kT2j0qY3gmbVnS0fWq9m1o7H3c5yZkq4x8uJwM6rT1E=",
    ),
    ("TOKEN_SALT", "3n9Jd1fTq8bWm2Xc7vKz5LpR4sYh6GtU0eAoIiQwBxM="),
];

/// What a directory stands for.
#[derive(Clone, Debug)]
enum Store {
    /// The database in it.
    Embedded,
    /// The databases of operational data and of credentials.
    MongoDb(String, String),
}

/// Says that this directory stands for itself.
pub(crate) fn embed(data_dir: &Path) {
    known().insert(data_dir.to_owned(), Store::Embedded);
}

/// What a server or command is told so that it finds the data that this directory stands for. It has keys in files of the
/// directory, but for those that are `given` otherwise.
pub(crate) async fn settings(
    data_dir: &Path,
    given: impl Fn(&str) -> bool,
) -> Result<Vec<(String, String)>> {
    let Store::MongoDb(data, auth) = of(data_dir)? else {
        return Ok(Vec::new());
    };
    let mut settings = vec![
        ("MONGODB_URI".to_owned(), Mongo::shared().await.to_owned()),
        ("DATA_DATABASE".to_owned(), data),
        ("AUTH_DATABASE".to_owned(), auth),
    ];
    for (name, _) in KEYS {
        let (file, in_file) = (data_dir.join(name), format!("{name}_FILE"));
        if !given(name) && !given(&in_file) && file.exists() {
            settings.push((in_file, file.display().to_string()));
        }
    }
    Ok(settings)
}

/// Makes the key files that a first start with an embedded database makes by itself.
pub(crate) fn make_keys(data_dir: &Path) -> Result<()> {
    if !matches!(of(data_dir)?, Store::MongoDb(..)) {
        return Ok(());
    }
    for (name, key) in KEYS {
        let path = data_dir.join(name);
        let new = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path);
        match new {
            Ok(mut file) => file.write_all(key.as_bytes())?,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => {
                return Err(error).with_context(|| format!("making {}", path.display()));
            }
        }
    }
    Ok(())
}

/// What a directory stands for. The first question decides.
fn of(data_dir: &Path) -> Result<Store> {
    let by_default = match std::env::var("TEST_STORE").as_deref() {
        Err(_) | Ok("sqlite") => Store::Embedded,
        Ok("mongodb") => {
            let (data, auth) = databases();
            Store::MongoDb(data, auth)
        }
        Ok(other) => bail!("TEST_STORE is {other}; it can be sqlite or mongodb"),
    };
    let mut known = known();
    let store = known.entry(data_dir.to_owned()).or_insert(by_default);
    Ok(store.clone())
}

fn known() -> MutexGuard<'static, BTreeMap<PathBuf, Store>> {
    static KNOWN: Mutex<BTreeMap<PathBuf, Store>> = Mutex::new(BTreeMap::new());
    KNOWN.lock().expect("nothing that holds it panics")
}
