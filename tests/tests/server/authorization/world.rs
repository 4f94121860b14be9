//! What the trials happen in: two projects with configs and secrets, and tokens that are made as they are needed.

use serde_json::json;
use ssm_tests::caller::{Caller, fresh};
use ssm_tests::canary;
use tokio::sync::Mutex;

use super::grants::{Grants, Spot};

/// Two projects, with names that nothing else has.
pub struct World {
    owner: Caller,
    project: String,
    config: String,
    sibling: String,
    foreign: String,
    foreign_config: String,
    username: String,
    group: String,
    tokens: Mutex<Vec<(Grants, Caller)>>,
}

impl World {
    /// A new one.
    pub async fn make(owner: &Caller) -> Self {
        let world = Self {
            owner: owner.clone(),
            project: fresh("project"),
            config: fresh("config"),
            sibling: fresh("sibling"),
            foreign: fresh("foreign"),
            foreign_config: fresh("theirs"),
            username: fresh("viewer"),
            group: fresh("group"),
            tokens: Mutex::default(),
        };
        let viewer = json!({"username": world.username, "password": canary::password()});
        owner.post("/api/workspace/members", viewer).await.ok();
        let group = json!({"slug": world.group});
        owner.post("/api/workspace/groups", group).await.ok();
        for project in [&world.project, &world.foreign] {
            let body = json!({"slug": project});
            owner.post("/api/projects", body).await.ok();
        }
        for (project, config, parent) in [
            (&world.project, "base", None),
            (&world.project, &*world.config, Some("base")),
            (&world.project, &*world.sibling, None),
            (&world.foreign, &*world.foreign_config, None),
        ] {
            let configs = format!("/api/projects/{project}/configs");
            let body = json!({"slug": config, "parent": parent});
            owner.post(&configs, body).await.ok();
            let set = json!({"set": {"A": "1", "B": "2"}});
            let secrets = format!("{configs}/{config}/secrets");
            owner.patch(&secrets, set).await.ok();
        }
        world
    }

    /// What a parameter of a path is called here.
    pub fn name(&self, parameter: &str) -> &str {
        match parameter {
            "project" => &self.project,
            "config" => &self.config,
            "key" => "A",
            "username" => &self.username,
            "group" => &self.group,
            other => panic!("say what {{{other}}} is, in World::name or with Case::param"),
        }
    }

    /// The owner.
    pub fn owner(&self) -> &Caller {
        &self.owner
    }

    /// The project.
    pub fn project(&self) -> &str {
        &self.project
    }

    /// The config that paths name.
    pub fn config(&self) -> &str {
        &self.config
    }

    /// Another config of the project.
    pub fn sibling(&self) -> &str {
        &self.sibling
    }

    /// The path of the config's secrets.
    pub fn secrets(&self) -> String {
        format!(
            "/api/projects/{}/configs/{}/secrets",
            self.project, self.config
        )
    }

    /// The name of the same kind of thing in another project, for what is named within one.
    pub fn foreign(&self, parameter: &str) -> Option<&str> {
        match parameter {
            "config" => Some(&self.foreign_config),
            _ => None,
        }
    }

    /// Names that only those may read who may know of the place.
    pub fn private(&self) -> [(&str, Spot); 4] {
        [
            (&self.project, Spot::Project),
            (&self.sibling, Spot::Sibling),
            (&self.foreign, Spot::Foreign),
            (&self.foreign_config, Spot::Foreign),
        ]
    }

    /// A machine with these grants.
    pub async fn machine(&self, grants: &Grants) -> Caller {
        let mut tokens = self.tokens.lock().await;
        if let Some((_, machine)) = tokens.iter().find(|(held, _)| held == grants) {
            return machine.clone();
        }
        let scopes: Vec<_> = grants
            .by_spot()
            .map(|(spot, actions)| {
                let (project, config) = match spot {
                    Spot::Everywhere => (None, None),
                    Spot::Project => (Some(&self.project), None),
                    Spot::Config => (Some(&self.project), Some(&self.config)),
                    Spot::Sibling => (Some(&self.project), Some(&self.sibling)),
                    Spot::Foreign => (Some(&self.foreign), None),
                };
                json!({"actions": actions, "project": project, "config": config})
            })
            .collect();
        let machine = self.owner.service(json!({"scopes": scopes})).await;
        tokens.push((grants.clone(), machine.clone()));
        machine
    }
}

/// A name of the parameter's kind that nothing has.
pub fn absent(parameter: &str) -> &'static str {
    match parameter {
        "project" | "config" | "group" => "absent-from-everywhere",
        "key" => "ABSENT_FROM_EVERYWHERE",
        _ => "000000000000000000000000",
    }
}
