//! Every operation of the contract, tried by everybody: nobody, dead tokens, every role, and a token for every action
//! in every place. An operation without a case here fails, so a new endpoint cannot be forgotten.
//!
//! What is expected is worked out in [`grants`] from the contract's own words, not from the server's code.

pub mod case;
pub mod cases;
pub mod document;
mod everybody;
mod grants;
mod people;

mod trial;
pub mod world;

use std::collections::BTreeSet;

use ssm_tests::ServerOptions;
use ssm_tests::caller::own_server;

use document::Document;
use trial::Court;

#[test]
fn every_operation_has_a_case_and_every_case_has_an_operation() {
    let documented: BTreeSet<String> = Document::committed().operations().collect();
    let tried: BTreeSet<String> = cases::all()
        .iter()
        .map(|case| case.operation.to_owned())
        .collect();
    let (missing, gone): (Vec<_>, Vec<_>) = (
        documented.difference(&tried).collect(),
        tried.difference(&documented).collect(),
    );
    assert!(
        missing.is_empty(),
        "without a case in authorization/cases: {missing:#?}"
    );
    assert!(gone.is_empty(), "not in api-server/openapi.json: {gone:#?}");
}

#[test]
fn every_operation_documents_how_it_fails_and_every_error_has_the_same_body() {
    let faults = Document::committed().undocumented_errors();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_gets_what_they_may_have_and_nothing_else() {
    let (_server, owner) = own_server(ServerOptions::default()).await;
    let mut court = Court::open(owner).await;
    for case in cases::all() {
        court.hear(&case).await;
    }
    let faults = court.faults();
    assert!(
        faults.is_empty(),
        "{} faults, of which the first are:\n{}",
        faults.len(),
        faults[..faults.len().min(40)].join("\n")
    );
}
