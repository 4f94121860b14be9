//! Projects and configs.

use http::Method;
use serde::Deserialize;
use serde_json::json;

use crate::error::Result;
use crate::http::Client;
use crate::wire::{Config, Project};

#[derive(Deserialize)]
struct OneProject {
    project: Project,
}

#[derive(Deserialize)]
struct OneConfig {
    config: Config,
}

impl Client {
    /// `GET /projects`.
    pub async fn projects(&self) -> Result<Vec<Project>> {
        #[derive(Deserialize)]
        struct Wire {
            projects: Vec<Project>,
        }
        Ok(self.fetch::<Wire>(self.get(&["projects"])?).await?.projects)
    }

    /// `GET /projects/{p}`.
    pub async fn project(&self, slug: &str) -> Result<Project> {
        Ok(self
            .fetch::<OneProject>(self.get(&["projects", slug])?)
            .await?
            .project)
    }

    /// `POST /projects`.
    pub async fn create_project(&self, slug: &str, name: Option<&str>) -> Result<Project> {
        let body = with_name(json!({ "slug": slug }), name);
        Ok(self
            .fetch::<OneProject>(self.post(&["projects"])?.json(body))
            .await?
            .project)
    }

    /// `DELETE /projects/{p}`, with everything in it.
    pub async fn delete_project(&self, slug: &str) -> Result<()> {
        self.send(
            &self
                .call(Method::DELETE, &["projects", slug])?
                .query("confirm", slug),
        )
        .await?;
        Ok(())
    }

    /// `GET /projects/{p}/configs`.
    pub async fn configs(&self, project: &str) -> Result<Vec<Config>> {
        #[derive(Deserialize)]
        struct Wire {
            configs: Vec<Config>,
        }
        Ok(self
            .fetch::<Wire>(self.get(&["projects", project, "configs"])?)
            .await?
            .configs)
    }

    /// `GET /projects/{p}/configs/{c}`.
    pub async fn config(&self, project: &str, slug: &str) -> Result<Config> {
        Ok(self
            .fetch::<OneConfig>(self.get(&["projects", project, "configs", slug])?)
            .await?
            .config)
    }

    /// `POST /projects/{p}/configs`; `parent` is the config it inherits from.
    pub async fn create_config(
        &self,
        project: &str,
        slug: &str,
        parent: Option<&str>,
    ) -> Result<Config> {
        let mut body = json!({ "slug": slug });
        if let Some(parent) = parent {
            body["parent"] = parent.into();
        }
        let call = self
            .post(&["projects", project, "configs"])?
            .json(body.to_string().into_bytes());
        Ok(self.fetch::<OneConfig>(call).await?.config)
    }

    /// `DELETE /projects/{p}/configs/{c}`; a conflict while others inherit from it.
    pub async fn delete_config(&self, project: &str, slug: &str) -> Result<()> {
        self.send(&self.call(Method::DELETE, &["projects", project, "configs", slug])?)
            .await?;
        Ok(())
    }
}

fn with_name(mut body: serde_json::Value, name: Option<&str>) -> Vec<u8> {
    if let Some(name) = name {
        body["name"] = name.into();
    }
    body.to_string().into_bytes()
}
