//! The journal that the other tests trust keeps the contract, too.

use std::sync::Arc;

use ssm_engine::journal::Journal;
use ssm_engine::memory::MemoryJournal;

async fn fresh() -> (Arc<dyn Journal>, ()) {
    (Arc::new(MemoryJournal::default()), ())
}

ssm_engine::journal_contract!(fresh);
