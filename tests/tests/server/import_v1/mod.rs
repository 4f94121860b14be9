//! A database that version 1.4.1 itself wrote, imported whole: every value, parent, reference, role and event is found again.

mod interrupted;
mod record;
mod refusals;
mod whole;

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, DateTime, Document, Timestamp, doc};
use serde_json::{Map, Value};
use ssm_tests::caller::Caller;
use ssm_tests::mongodb::databases;
use ssm_tests::{Mongo, Run, Scratch, ServerOptions, canary};

/// MongoDB's canonical extended JSON, by database and collection.
const WRITTEN: &str = include_str!("../../../data/version-1.4.json");
const DATA: &str = "secrets_manager_data";
const AUTH: &str = "secrets_manager_auth";
const ENCRYPTION_KEY: &str = "kT2j0qY3gmbVnS0fWq9m1o7H3c5yZkq4x8uJwM6rT1E=";
const TOKEN_SALT: &str = "3n9Jd1fTq8bWm2Xc7vKz5LpR4sYh6GtU0eAoIiQwBxM=";

/// A database of version 1.4 under names of its own.
struct Old {
    uri: &'static str,
    data: String,
    auth: String,
    /// What is in it.
    written: Value,
}

impl Old {
    async fn new() -> Self {
        Self::but(|_| ()).await
    }

    /// One with something else in it.
    async fn but(change: impl FnOnce(&mut Value)) -> Self {
        let mut written: Value = serde_json::from_str(WRITTEN).unwrap();
        change(&mut written);
        let (data, auth) = databases();
        let old = Self {
            uri: Mongo::shared().await,
            data,
            auth,
            written,
        };
        let client = mongodb::Client::with_uri_str(old.uri).await.unwrap();
        for (from, to) in [(DATA, &old.data), (AUTH, &old.auth)] {
            for (name, documents) in old.written[from].as_object().unwrap() {
                let documents = documents.as_array().unwrap().iter();
                let documents: Vec<_> = documents.map(document).collect();
                let collection = client.database(to).collection::<Document>(name);
                if !documents.is_empty() {
                    collection.insert_many(documents).await.unwrap();
                }
            }
        }
        old
    }

    /// The documents of a collection, as they were written.
    fn of(&self, database: &str, collection: &str) -> &Vec<Value> {
        self.written[database][collection].as_array().unwrap()
    }

    /// The import of it, told where to go by `place`.
    fn import(&self, place: &Place) -> Run {
        self.import_with(place, &[])
    }

    fn import_with(&self, place: &Place, more: &[&str]) -> Run {
        let from = [
            "--from-data-database",
            &self.data,
            "--from-auth-database",
            &self.auth,
        ];
        let words = ["import-v1", "--from", self.uri].into_iter().chain(from);
        place.command(words.chain(more.iter().copied()))
    }

    /// Every byte of it.
    async fn bytes(&self) -> BTreeMap<String, Vec<Vec<u8>>> {
        let client = mongodb::Client::with_uri_str(self.uri).await.unwrap();
        let mut all = BTreeMap::new();
        for name in [&self.data, &self.auth] {
            let database = client.database(name);
            for collection in database.list_collection_names().await.unwrap() {
                let found = database.collection::<Document>(&collection);
                let mut found = found.find(doc! {}).sort(doc! { "_id": 1 }).await.unwrap();
                let mut documents = Vec::new();
                while found.advance().await.unwrap() {
                    documents.push(found.current().as_bytes().to_vec());
                }
                all.insert(format!("{name}.{collection}"), documents);
            }
        }
        all
    }
}

/// An empty place to import into.
enum Place {
    Embedded(Scratch),
    Mongo {
        uri: &'static str,
        data: String,
        auth: String,
    },
}

impl Place {
    fn embedded() -> Self {
        Self::Embedded(Scratch::new("imported").unwrap())
    }

    /// One with the keys that a MongoDB's have here, as files.
    fn embedded_with_keys() -> Self {
        let scratch = Scratch::new("imported").unwrap();
        let data = scratch.path().join("data");
        fs::create_dir(&data).unwrap();
        for (name, key) in [
            ("ENCRYPTION_KEY", ENCRYPTION_KEY),
            ("TOKEN_SALT", TOKEN_SALT),
        ] {
            let file = data.join(name);
            fs::write(&file, key).unwrap();
            fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        }
        Self::Embedded(scratch)
    }

    async fn mongodb() -> Self {
        let (data, auth) = databases();
        let uri = Mongo::shared().await;
        Self::Mongo { uri, data, auth }
    }

    fn settings(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Embedded(dir) => {
                vec![("DATA_DIR", dir.path().join("data").display().to_string())]
            }
            Self::Mongo { uri, data, auth } => vec![
                ("MONGODB_URI", (*uri).to_owned()),
                ("DATA_DATABASE", data.clone()),
                ("AUTH_DATABASE", auth.clone()),
                ("ENCRYPTION_KEY", ENCRYPTION_KEY.to_owned()),
                ("TOKEN_SALT", TOKEN_SALT.to_owned()),
            ],
        }
    }

    fn command<'a>(&self, words: impl IntoIterator<Item = &'a str>) -> Run {
        let settings = self.settings().into_iter();
        settings.fold(Run::new(words), |run, (name, value)| run.env(name, value))
    }

    /// Gives somebody the password that everybody has here.
    async fn let_in(&self, username: &str) -> String {
        let reset = self.command(["admin", "reset-password", username]);
        reset.stdin(canary::password()).end().await.unwrap().ok()
    }

    fn server(&self) -> ServerOptions {
        match self {
            Self::Embedded(dir) => ServerOptions::default().data_dir(&dir.path().join("data")),
            Self::Mongo { .. } => {
                let settings = self.settings().into_iter();
                settings.fold(ServerOptions::default(), |options, (name, value)| {
                    options.env(name, &value)
                })
            }
        }
    }

    /// Whether there is anything at all.
    async fn is_untouched(&self) -> bool {
        match self {
            Self::Embedded(dir) => std::fs::read_dir(dir.path()).unwrap().next().is_none(),
            Self::Mongo { uri, data, auth } => {
                let client = mongodb::Client::with_uri_str(uri).await.unwrap();
                let data = client.database(data).list_collection_names().await.unwrap();
                let auth = client.database(auth).list_collection_names().await.unwrap();
                data.is_empty() && auth.is_empty()
            }
        }
    }
}

/// Everything that is on record and asked for, from page to page by cursor.
async fn record_of(caller: &Caller, query: &str) -> Vec<Value> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = format!("/api/audit/events?{query}{cursor}");
        let page = caller.get(&page).await.ok();
        found.extend(page["events"].as_array().unwrap().clone());
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

/// What canonical extended JSON says.
fn document(value: &Value) -> Document {
    let fields = value.as_object().unwrap().iter();
    fields
        .map(|(name, value)| (name.clone(), bson(value)))
        .collect()
}

fn bson(value: &Value) -> Bson {
    match value {
        Value::Null => Bson::Null,
        Value::Bool(yes) => Bson::Boolean(*yes),
        Value::Number(number) => Bson::Int64(number.as_i64().unwrap()),
        Value::String(text) => Bson::String(text.clone()),
        Value::Array(list) => Bson::Array(list.iter().map(bson).collect()),
        Value::Object(fields) => typed(fields).unwrap_or_else(|| Bson::Document(document(value))),
    }
}

fn typed(fields: &Map<String, Value>) -> Option<Bson> {
    let (kind, value) = fields.iter().next()?;
    let number = |value: &Value| value.as_str().unwrap().parse::<i64>().unwrap();
    let small = |value: &Value| u32::try_from(value.as_u64().unwrap()).unwrap();
    Some(match kind.as_str() {
        "$oid" => Bson::ObjectId(ObjectId::parse_str(value.as_str().unwrap()).unwrap()),
        "$date" => Bson::DateTime(DateTime::from_millis(number(&value["$numberLong"]))),
        "$numberInt" => Bson::Int32(i32::try_from(number(value)).unwrap()),
        "$numberLong" => Bson::Int64(number(value)),
        "$timestamp" => Bson::Timestamp(Timestamp {
            time: small(&value["t"]),
            increment: small(&value["i"]),
        }),
        other => {
            assert!(!other.starts_with('$'), "{other} is not known here");
            return None;
        }
    })
}

/// An identifier as it was written.
fn id(value: &Value) -> &str {
    value["$oid"]
        .as_str()
        .or(value.as_str())
        .unwrap_or_default()
}
