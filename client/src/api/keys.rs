//! The keys that values are sealed with: how they are, and changing them.

use serde_json::json;

use crate::error::Result;
use crate::http::Client;
use crate::wire::Keys;

impl Client {
    /// `GET /keys`; for owners only.
    pub async fn keys(&self) -> Result<Keys> {
        self.fetch(self.get(&["keys"])?).await
    }

    /// `POST /keys/rotate-root`: begins to wrap all data keys with the root key that the server was given as its new
    /// one. A conflict where it was given none.
    pub async fn rotate_root_key(&self) -> Result<Keys> {
        self.fetch(self.post(&["keys", "rotate-root"])?).await
    }

    /// `POST /keys/rotate-data`: seals new values with new keys, in one project or in all.
    pub async fn rotate_data_keys(&self, project: Option<&str>) -> Result<Keys> {
        let body = match project {
            Some(project) => json!({ "project": project }),
            None => json!({}),
        };
        let call = self.post(&["keys", "rotate-data"])?;
        self.fetch(call.json(body.to_string().into_bytes())).await
    }
}
