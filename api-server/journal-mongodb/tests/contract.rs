//! The contract of every journal, on MongoDB.

use std::sync::Arc;

use ssm_engine::journal::Journal;
use ssm_journal_mongodb::{MongoJournal, MongoOptions};
use ssm_tests::Mongo;
use ssm_tests::mongodb::databases;

async fn fresh() -> (Arc<dyn Journal>, ()) {
    let (data, auth) = databases();
    let options = MongoOptions {
        uri: Mongo::shared().await.to_owned(),
        user: None,
        data,
        auth,
    };
    (Arc::new(MongoJournal::open(options).await.unwrap()), ())
}

ssm_engine::journal_contract!(fresh);
