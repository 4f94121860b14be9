//! What the server must come to, as simply as it can be said.

use std::collections::BTreeMap;

use super::step::{Place, Step};

/// By project and config: the parent, the revision, and each key's version and value.
pub type Observed = BTreeMap<String, BTreeMap<String, ObservedConfig>>;
pub type ObservedConfig = (Option<String>, u64, BTreeMap<String, (u64, String)>);

#[derive(Default)]
pub struct Model {
    projects: BTreeMap<String, BTreeMap<String, Config>>,
}

#[derive(Default)]
struct Config {
    parent: Option<String>,
    revision: u64,
    own: BTreeMap<String, (u64, String)>,
    /// The last version that a key ever had here.
    versions: BTreeMap<String, u64>,
}

impl Model {
    /// Does what was done as entry `seq`. What the server should have refused is a panic.
    pub fn apply(&mut self, step: &Step, seq: u64) {
        match step {
            Step::AddProject(project) => {
                let before = self.projects.insert((*project).to_owned(), BTreeMap::new());
                assert!(before.is_none(), "{seq}: {step:?} is there");
            }
            Step::DropProject(project) => {
                let before = self.projects.remove(*project);
                assert!(before.is_some(), "{seq}: {step:?} is not there");
            }
            Step::AddConfig { at, parent } => {
                let configs = self.configs(at, seq);
                let parent = parent.map(str::to_owned);
                assert!(
                    parent
                        .as_ref()
                        .is_none_or(|parent| configs.contains_key(parent)),
                    "{seq}: {step:?} inherits from nothing"
                );
                let config = Config {
                    parent,
                    revision: seq,
                    ..Config::default()
                };
                let before = configs.insert(at.config.to_owned(), config);
                assert!(before.is_none(), "{seq}: {step:?} is there");
            }
            Step::DropConfig(at) => {
                let configs = self.configs(at, seq);
                let before = configs.remove(at.config);
                let orphan = configs
                    .values()
                    .any(|other| other.parent.as_deref() == Some(at.config));
                assert!(before.is_some() && !orphan, "{seq}: {step:?} cannot be");
            }
            Step::Write {
                at, set, delete, ..
            } => self.write(at, set, delete, seq),
            Step::ReadKey { .. } | Step::ReadConfig(_) => {
                panic!("{seq}: {step:?} changed something")
            }
        }
    }

    fn write(&mut self, at: &Place, set: &BTreeMap<String, String>, delete: &[String], seq: u64) {
        let configs = self.configs(at, seq);
        let config = configs
            .get_mut(at.config)
            .unwrap_or_else(|| panic!("{seq}: {at:?} is not there"));
        for (key, value) in set {
            if config
                .own
                .get(key)
                .is_some_and(|(_, current)| current == value)
            {
                continue;
            }
            let version = config.versions.entry(key.clone()).or_default();
            *version += 1;
            config.own.insert(key.clone(), (*version, value.clone()));
        }
        for key in delete {
            assert!(
                config.own.remove(key).is_some(),
                "{seq}: {key} is not there"
            );
        }
        let touched: Vec<String> = configs
            .keys()
            .filter(|name| inherits(configs, name, at.config))
            .cloned()
            .collect();
        for name in touched {
            configs.get_mut(&name).expect("it was just there").revision = seq;
        }
    }

    fn configs(&mut self, at: &Place, seq: u64) -> &mut BTreeMap<String, Config> {
        let project = self.projects.get_mut(at.project);
        project.unwrap_or_else(|| panic!("{seq}: the project of {at:?} is not there"))
    }

    /// What a config comes to with what it inherits.
    pub fn effective(&self, at: &Place) -> Option<BTreeMap<String, String>> {
        let configs = self.projects.get(at.project)?;
        configs.get(at.config)?;
        let mut lineage: Vec<&Config> = lineage(configs, at.config)
            .map(|(_, config)| config)
            .collect();
        lineage.reverse();
        let values = lineage.iter().flat_map(|config| &config.own);
        Some(
            values
                .map(|(key, (_, value))| (key.clone(), value.clone()))
                .collect(),
        )
    }

    /// Everything there is.
    pub fn observe(&self) -> Observed {
        let config = |config: &Config| (config.parent.clone(), config.revision, config.own.clone());
        let project = |configs: &BTreeMap<String, Config>| {
            configs
                .iter()
                .map(|(name, one)| (name.clone(), config(one)))
                .collect()
        };
        self.projects
            .iter()
            .map(|(name, configs)| (name.clone(), project(configs)))
            .collect()
    }
}

/// A config and what it inherits from, nearest first.
fn lineage<'a>(
    configs: &'a BTreeMap<String, Config>,
    name: &str,
) -> impl Iterator<Item = (&'a String, &'a Config)> {
    let first = configs.get_key_value(name);
    std::iter::successors(first, |(_, config)| {
        configs.get_key_value(config.parent.as_ref()?)
    })
}

fn inherits(configs: &BTreeMap<String, Config>, name: &str, from: &str) -> bool {
    lineage(configs, name).any(|(above, _)| above == from)
}
