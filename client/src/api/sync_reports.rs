//! Saying which consumer has which revision.

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::http::Client;
use crate::wire::SyncReport;

impl Client {
    /// `POST /sync-reports`. Gives how many sources were taken down: those that the token can read.
    pub async fn report_syncs(&self, report: &SyncReport) -> Result<u64> {
        #[derive(Deserialize)]
        struct Wire {
            recorded: u64,
        }
        let body = serde_json::to_vec(report)
            .map_err(|_| Error::InvalidArgument("a report that cannot be written as JSON"))?;
        let call = self.post(&["sync-reports"])?.json(body);
        Ok(self.fetch::<Wire>(call).await?.recorded)
    }
}
