//! The audit trail.

use crate::error::Result;
use crate::http::Client;
use crate::wire::{AuditPage, AuditVerification};

impl Client {
    /// `GET /audit/events`, newest first; `filters` are query parameters such as `("project", "web")`.
    pub async fn audit_events(&self, filters: &[(&str, &str)]) -> Result<AuditPage> {
        let call = self.get(&["audit", "events"])?;
        let call = filters
            .iter()
            .fold(call, |call, (name, value)| call.query(name, value));
        self.fetch(call).await
    }

    /// `GET /audit/verify` over the whole journal.
    pub async fn audit_verify(&self) -> Result<AuditVerification> {
        self.fetch(self.get(&["audit", "verify"])?).await
    }
}
