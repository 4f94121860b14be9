//! The keys outside the database. A very first start makes them as files in the data directory; once there is a
//! database, a key that is missing is never made anew, since nothing would open with it.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::Rng as _;
use ssm_domain::credential::TokenSalt;
use ssm_domain::seal::{KeyRing, RootKey, SealError};
use ssm_engine::Keys;
use zeroize::Zeroizing;

use crate::config::{DataConfig, KeySource};
use crate::logging::announce;
use crate::private_file::{self, FileError};

const ENCRYPTION_KEY: &str = "ENCRYPTION_KEY";
const ENCRYPTION_KEY_PREVIOUS: &str = "ENCRYPTION_KEY_PREVIOUS";
const TOKEN_SALT: &str = "TOKEN_SALT";
/// More than any key file has; a file that is longer is something else.
const MAX_BYTES: usize = 4_096;

/// Why there are no keys to start with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    /// The data directory cannot be made.
    #[error(
        "the data directory {path} cannot be made: {source}; make it, or set DATA_DIR to one that can be written"
    )]
    MakeDir { path: PathBuf, source: io::Error },
    /// A key file cannot be made.
    #[error(
        "{path} cannot be written: {source}; make the data directory writable, or set DATA_DIR to one that is"
    )]
    Write { path: PathBuf, source: io::Error },
    /// A key file cannot be read, or could be read by everybody.
    #[error(
        "the key file {path} is refused: {source}; {name}_FILE, or {name} in the data directory, must be a file that the \
         server can read and not everybody"
    )]
    Read {
        name: &'static str,
        path: PathBuf,
        source: FileError,
    },
    /// There is data, but not the key that it belongs to.
    #[error(
        "{path} is missing, and the database {database} needs the {name} that was in it; put the file back from your \
         backup, or set {name} or {name}_FILE. No new one was made: nothing stored would open with it"
    )]
    Missing {
        name: &'static str,
        path: PathBuf,
        database: PathBuf,
    },
    /// Data in a MongoDB has no directory that its keys could be in.
    #[error(
        "{0} is not set; with a MongoDB set {0} or {0}_FILE to 32 random bytes in base64 (`openssl rand -base64 32`), the same for every server, and keep a copy apart from the database"
    )]
    NotGiven(&'static str),
    /// There is no data that the keys could belong to.
    #[error(
        "{database} does not exist; DATA_DIR, or the place that a command is given, must be the data directory of a server"
    )]
    NoData { database: PathBuf },
    /// There is no key that what is restored could belong to.
    #[error(
        "{path} is missing; the {name} that belongs to what is brought there has to be there first, or in {name} or {name}_FILE"
    )]
    NeededFirst { name: &'static str, path: PathBuf },
    /// There is another key where one is to be kept.
    #[error(
        "{path} is another {name} than the one that belongs to what is brought there; move it away"
    )]
    Another { name: &'static str, path: PathBuf },
    /// The key is not one.
    #[error("{name}{place} {source}")]
    Invalid {
        name: &'static str,
        place: String,
        source: SealError,
    },
}

impl KeyError {
    /// Whether it is what was set that is wrong, and not something that failed.
    pub(crate) fn is_configuration(&self) -> bool {
        match self {
            Self::Missing { .. }
            | Self::NoData { .. }
            | Self::NeededFirst { .. }
            | Self::NotGiven(_)
            | Self::Another { .. }
            | Self::Invalid { .. } => true,
            Self::MakeDir { .. } | Self::Write { .. } | Self::Read { .. } => false,
        }
    }
}

/// Reads both keys of data that is there. Makes nothing.
pub(crate) fn load_existing(config: &DataConfig) -> Result<Keys, KeyError> {
    if config.mongo.is_some() || config.database().exists() {
        load(config)
    } else {
        Err(missing(config, ENCRYPTION_KEY))
    }
}

/// The root keys, where there are any. Makes nothing.
pub(crate) fn root_keys(config: &DataConfig) -> Result<Option<KeyRing>, KeyError> {
    let in_data_dir = config.encryption_key == KeySource::DataDir;
    if in_data_dir && (config.mongo.is_some() || !config.key_file(ENCRYPTION_KEY).exists()) {
        return Ok(None);
    }
    let key = read_or_make(
        config,
        ENCRYPTION_KEY,
        &config.encryption_key,
        RootKey::parse,
    )?;
    Ok(Some(KeyRing::with_previous(key, read_previous(config)?)))
}

/// The root keys of data that is there. Makes nothing.
pub(crate) fn root_keys_of_data(config: &DataConfig) -> Result<KeyRing, KeyError> {
    let keys = root_keys(config)?;
    keys.ok_or_else(|| missing(config, ENCRYPTION_KEY))
}

/// Reads both keys of data that is not there yet. Makes nothing but the directory.
pub(crate) fn load_for_restore(config: &DataConfig) -> Result<Keys, KeyError> {
    for (name, source) in [
        (ENCRYPTION_KEY, &config.encryption_key),
        (TOKEN_SALT, &config.token_salt),
    ] {
        let path = config.key_file(name);
        if *source == KeySource::DataDir && config.mongo.is_none() && !path.exists() {
            return Err(KeyError::NeededFirst { name, path });
        }
    }
    load(config)
}

/// Keeps the keys that `from` has in the data directory of `to`, too.
pub(crate) fn keep(from: &DataConfig, to: &DataConfig) -> Result<(), KeyError> {
    make_dir(&to.dir)?;
    for (name, source) in [
        (ENCRYPTION_KEY, &from.encryption_key),
        (TOKEN_SALT, &from.token_salt),
    ] {
        let text = match source {
            KeySource::Given(text) => Zeroizing::new(text.clone()),
            KeySource::File(path) => read(name, path)?,
            KeySource::DataDir => read(name, &from.key_file(name))?,
        };
        let path = to.key_file(name);
        if path.exists() {
            if read(name, &path)?.trim() != text.trim() {
                return Err(KeyError::Another { name, path });
            }
        } else {
            let text = Zeroizing::new(text.trim().to_owned() + "\n");
            put(&path, &text).map_err(|source| KeyError::Write { path, source })?;
        }
    }
    Ok(())
}

fn missing(config: &DataConfig, name: &'static str) -> KeyError {
    if config.mongo.is_some() {
        return KeyError::NotGiven(name);
    }
    let database = config.database();
    if database.exists() {
        let path = config.key_file(name);
        KeyError::Missing {
            name,
            path,
            database,
        }
    } else {
        KeyError::NoData { database }
    }
}

/// Reads both keys, and makes those that a first start has to make.
pub(crate) fn load(config: &DataConfig) -> Result<Keys, KeyError> {
    if config.mongo.is_none() {
        make_dir(&config.dir)?;
    }
    let root = read_or_make(
        config,
        ENCRYPTION_KEY,
        &config.encryption_key,
        RootKey::parse,
    )?;
    let salt = read_or_make(config, TOKEN_SALT, &config.token_salt, TokenSalt::parse)?;
    let previous = read_previous(config)?;
    Ok(Keys {
        root,
        salt,
        previous,
    })
}

fn make_dir(path: &Path) -> Result<(), KeyError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|source| KeyError::MakeDir {
            path: path.to_owned(),
            source,
        })
}

fn read_or_make<K>(
    config: &DataConfig,
    name: &'static str,
    source: &KeySource,
    parse: fn(&str) -> Result<K, SealError>,
) -> Result<K, KeyError> {
    let invalid = |place: String| {
        move |source| KeyError::Invalid {
            name,
            place,
            source,
        }
    };
    let path = match source {
        KeySource::Given(text) => return parse(text).map_err(invalid(String::new())),
        KeySource::File(path) => path.clone(),
        KeySource::DataDir if config.mongo.is_some() => return Err(KeyError::NotGiven(name)),
        KeySource::DataDir => {
            let path = config.key_file(name);
            make_on_first_start(config, name, &path)?;
            path
        }
    };
    let text = read(name, &path)?;
    parse(&text).map_err(invalid(format!(" in {}", path.display())))
}

fn make_on_first_start(
    config: &DataConfig,
    name: &'static str,
    path: &Path,
) -> Result<(), KeyError> {
    if path.exists() {
        return Ok(());
    }
    if config.database().exists() {
        return Err(missing(config, name));
    }
    match make(path) {
        Ok(()) => {
            announce(&format!(
                "made {}: BACK IT UP NOW, apart from the database; without it nothing stored can be opened again",
                path.display()
            ));
            Ok(())
        }
        // Another server has just made it.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(source) => Err(KeyError::Write {
            path: path.to_owned(),
            source,
        }),
    }
}

/// Makes a key.
fn make(path: &Path) -> io::Result<()> {
    let mut key = Zeroizing::new([0; 32]);
    rand::rng().fill_bytes(key.as_mut_slice());
    put(
        path,
        &Zeroizing::new(STANDARD.encode(key.as_slice()) + "\n"),
    )
}

/// Puts a text into a file that is there whole or not at all, and is never put in another's place.
fn put(path: &Path, text: &str) -> io::Result<()> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let draft = path.with_extension(format!("draft-{}", std::process::id()));
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::hard_link(&draft, path));
    fs::remove_file(&draft)?;
    written?;
    File::open(dir)?.sync_all()
}

/// The earlier root keys, separated by white space or commas.
fn read_previous(config: &DataConfig) -> Result<Vec<RootKey>, KeyError> {
    let (text, place) = match &config.previous_encryption_keys {
        KeySource::DataDir => return Ok(Vec::new()),
        KeySource::Given(text) => (Zeroizing::new(text.clone()), String::new()),
        KeySource::File(path) => (
            read(ENCRYPTION_KEY_PREVIOUS, path)?,
            format!(" in {}", path.display()),
        ),
    };
    let keys = text.split(|c: char| c.is_whitespace() || c == ',');
    let keys = keys.filter(|key| !key.is_empty()).map(RootKey::parse);
    keys.collect::<Result<_, _>>()
        .map_err(|source| KeyError::Invalid {
            name: ENCRYPTION_KEY_PREVIOUS,
            place,
            source,
        })
}

fn read(name: &'static str, path: &Path) -> Result<Zeroizing<String>, KeyError> {
    private_file::read(path, MAX_BYTES).map_err(|source| KeyError::Read {
        name,
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    use super::{KeyError, RootKey, load};
    use crate::config::{DataConfig, KeySource};

    fn config(dir: &Path) -> DataConfig {
        DataConfig {
            dir: dir.to_owned(),
            mongo: None,
            token_salt: KeySource::DataDir,
            encryption_key: KeySource::DataDir,
            previous_encryption_keys: KeySource::DataDir,
        }
    }

    #[test]
    fn a_first_start_makes_both_files_for_their_owner_only_and_later_starts_read_them() {
        let dir = tempfile::tempdir().unwrap();
        let config = config(&dir.path().join("data"));
        let first = load(&config).unwrap();
        for name in ["ENCRYPTION_KEY", "TOKEN_SALT"] {
            let mode = fs::metadata(config.key_file(name))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
        assert_eq!(fs::read_dir(&config.dir).unwrap().count(), 2);
        let second = load(&config).unwrap();
        assert_eq!(first.root.fingerprint(), second.root.fingerprint());
        assert_eq!(first.salt.fingerprint(), second.salt.fingerprint());
    }

    #[test]
    fn a_key_that_is_missing_beside_a_database_is_asked_for_and_not_made() {
        let dir = tempfile::tempdir().unwrap();
        let config = config(dir.path());
        load(&config).unwrap();
        fs::write(config.database(), "").unwrap();
        fs::remove_file(config.key_file("TOKEN_SALT")).unwrap();
        let error = load(&config).err().unwrap();
        assert!(
            matches!(
                error,
                KeyError::Missing {
                    name: "TOKEN_SALT",
                    ..
                }
            ),
            "{error}"
        );
        assert!(!config.key_file("TOKEN_SALT").exists());
    }

    #[test]
    fn earlier_keys_are_read_from_a_list_and_each_must_be_one() {
        const EARLIER: [&str; 2] = [
            "q1Hc0sE5Zt8vKz2nBxW7yRj4mLd9uPf6aTgIoNwQeSk=",
            "3n9Jd1fTq8bWm2Xc7vKz5LpR4sYh6GtU0eAoIiQwBxM=",
        ];
        let dir = tempfile::tempdir().unwrap();
        let given = |text: String| DataConfig {
            previous_encryption_keys: KeySource::Given(text),
            ..config(dir.path())
        };
        for separator in [",", " ", "\n", ", "] {
            let keys = load(&given(EARLIER.join(separator))).unwrap();
            let fingerprints = keys.previous.iter().map(RootKey::fingerprint);
            let expected = EARLIER.map(|key| RootKey::parse(key).unwrap().fingerprint());
            assert_eq!(fingerprints.collect::<Vec<_>>(), expected);
        }
        let error = load(&given("canary".into())).err().unwrap().to_string();
        assert!(
            error.starts_with("ENCRYPTION_KEY_PREVIOUS must be 32 bytes"),
            "{error}"
        );
    }

    #[test]
    fn a_key_that_is_none_is_refused_without_being_repeated() {
        let dir = tempfile::tempdir().unwrap();
        let given = DataConfig {
            encryption_key: KeySource::Given("canary".into()),
            ..config(dir.path())
        };
        let error = load(&given).err().unwrap().to_string();
        assert!(
            error.starts_with("ENCRYPTION_KEY must be 32 bytes"),
            "{error}"
        );
        assert!(!error.contains("canary"));

        let path = dir.path().join("ENCRYPTION_KEY");
        fs::write(&path, "x".repeat(5_000)).unwrap();
        for (mode, says) in [(0o600, "too long"), (0o644, "everybody on this machine")] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let error = load(&config(dir.path())).err().unwrap().to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
