//! Every reason not to use a database that answers, or none that does.

use mongodb::bson::{Document, doc};
use ssm_engine::contract::chain::{Chain, everything, stored};
use ssm_engine::journal::Journal;
use ssm_journal_mongodb::{MongoJournal, MongoOptions, OpenError};
use ssm_tests::mongodb::{databases, options};
use ssm_tests::{Mongo, free_port};

async fn shared() -> MongoOptions {
    let (data, auth) = databases();
    MongoOptions {
        uri: Mongo::shared().await.to_owned(),
        user: None,
        data,
        auth,
    }
}

async fn refusal(options: MongoOptions) -> OpenError {
    match MongoJournal::open(options).await {
        Ok(_) => panic!("it was opened"),
        Err(error) => error,
    }
}

/// Puts a document somewhere, as another program would.
async fn put(options: &MongoOptions, database: &str, collection: &str, document: Document) {
    let client = mongodb::Client::with_uri_str(&options.uri).await.unwrap();
    let collection = client.database(database).collection(collection);
    collection.insert_one(document).await.unwrap();
}

#[tokio::test]
async fn what_was_written_is_there_when_it_is_opened_again() {
    let options = shared().await;
    let mut chain = Chain::default();
    let batch = chain.batch(3);
    let journal = MongoJournal::open(options.clone()).await.unwrap();
    journal.append(batch.clone()).await.unwrap();
    drop(journal);
    let journal = MongoJournal::open(options).await.unwrap();
    assert_eq!(everything(&journal).await, stored(&batch));
}

#[tokio::test]
async fn a_database_that_is_no_member_of_a_replica_set_will_do() {
    let mongo = Mongo::start(options().standalone()).await.unwrap();
    let (data, auth) = databases();
    let options = MongoOptions {
        uri: mongo.uri().to_owned(),
        user: None,
        data,
        auth,
    };
    let journal = MongoJournal::open(options).await.unwrap();
    let mut chain = Chain::default();
    journal.append(chain.batch(3)).await.unwrap();
    assert_eq!(everything(&journal).await.len(), 3);
}

#[tokio::test]
async fn a_connection_string_that_is_none_is_refused_without_being_repeated() {
    for uri in ["", "localhost", "mongodb://", "mongodb://u:s3cret@h:port/"] {
        let (uri, mut options) = (uri.to_owned(), shared().await);
        options.uri = uri;
        let error = refusal(options.clone()).await;
        assert!(matches!(error, OpenError::InvalidUri), "{error}");
        assert!(!format!("{error} {error:?} {options:?}").contains("s3cret"));
    }
}

#[tokio::test]
async fn where_nobody_answers_it_says_so() {
    let mut options = shared().await;
    let port = free_port().unwrap();
    options.uri = format!("mongodb://127.0.0.1:{port}/?directConnection=true");
    let error = refusal(options).await;
    assert!(matches!(error, OpenError::Unavailable(_)), "{error}");
}

#[tokio::test]
async fn a_database_of_version_1_is_left_as_it_is() {
    for (of_auth, collection) in [(false, "projects"), (false, "secrets"), (true, "userpass")] {
        let options = shared().await;
        let database = if of_auth {
            &options.auth
        } else {
            &options.data
        };
        put(&options, database, collection, doc! { "slug": "web" }).await;
        let error = refusal(options.clone()).await;
        assert!(matches!(error, OpenError::Version1 { .. }), "{error}");
        assert!(error.to_string().contains("import-v1"), "{error}");
        let client = mongodb::Client::with_uri_str(&options.uri).await.unwrap();
        for name in [&options.data, &options.auth] {
            let there = client.database(name).list_collection_names().await.unwrap();
            let expected = (name == database).then(|| collection.to_owned());
            assert_eq!(there, Vec::from_iter(expected));
        }
    }
}

#[tokio::test]
async fn a_layout_of_a_later_release_is_refused() {
    let options = shared().await;
    let layout = doc! { "_id": "layout", "version": 2 };
    put(&options, &options.data, "layout", layout).await;
    let error = refusal(options).await;
    assert!(
        matches!(error, OpenError::NewerLayout { found: 2, .. }),
        "{error}"
    );
}
