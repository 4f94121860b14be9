//! Projects with their configs, and the secrets in these.

use std::collections::{HashMap, HashSet};
use std::str::FromStr;

use ssm_domain::configs::CreateConfig;
use ssm_domain::entry::Target;
use ssm_domain::icons;
use ssm_domain::names::{ConfigPath, Description, Key, Slug};
use ssm_domain::projects::CreateProject;
use ssm_domain::references::{Binding, leads_nowhere};
use ssm_domain::rejection::Rejection;
use ssm_domain::secrets::{Edit, SetSecret, WriteSecrets};
use ssm_journal_mongodb::version1::{Config, Project, Secret};

use super::{Planner, Tried};

const PROJECTS: &str = "projects";
const CONFIGS: &str = "configs";
const SECRETS: &str = "secrets";

impl<'a> Planner<'a> {
    /// Every project with its configs is one unit.
    pub(super) fn projects(&mut self) {
        let source = self.source;
        let mut configs: HashMap<&str, Vec<&'a Config>> = HashMap::new();
        for config in &source.configs {
            configs.entry(&config.project_id).or_default().push(config);
        }
        for project in &source.projects {
            let of_project = configs.remove(project.id.as_str()).unwrap_or_default();
            match self.project(project) {
                Ok((slug, made)) => {
                    let mut steps: Vec<_> = made.into_iter().collect();
                    self.project_slugs.insert(&project.id, slug.clone());
                    self.configs_of(&slug, of_project, &mut steps);
                    self.close("projects.write", of(&slug), steps);
                }
                Err(why) => {
                    self.report.lose(PROJECTS, &project.id, &why);
                    self.lose_configs(of_project, "its project does not come along");
                }
            }
        }
        let mut left: Vec<_> = configs.into_values().flatten().collect();
        left.sort_by_key(|config| &config.id);
        self.lose_configs(left, "its project is missing");
    }

    fn project(&mut self, project: &Project) -> Result<(Slug, Option<Tried>), String> {
        let slug: Slug = parsed("slug", &project.slug)?;
        let name = self.shown(PROJECTS, &slug, "name", project.name.as_deref());
        let about = project.description.as_deref();
        let description: Option<Description> = self.shown(PROJECTS, &slug, "description", about);
        let command = CreateProject {
            slug: slug.clone(),
            name,
            description,
        };
        let made = self.attempt(command).map_err(|why| why.to_string())?;
        self.report.counts.projects += 1;
        Ok((slug, made))
    }

    /// The configs of a project, those that others inherit from first.
    fn configs_of(&mut self, project: &Slug, mut left: Vec<&'a Config>, steps: &mut Vec<Tried>) {
        let here: HashSet<&str> = left.iter().map(|config| config.id.as_str()).collect();
        loop {
            let before = left.len();
            let is_waiting = |config: &&Config| {
                let parent = config.parent_id.as_deref();
                parent.is_some_and(|id| !here.contains(id) || !self.config_paths.contains_key(id))
            };
            let (waiting, ready) = left.into_iter().partition::<Vec<_>, _>(is_waiting);
            left = waiting;
            for config in ready {
                match self.config(project, config) {
                    Ok(made) => steps.extend(made),
                    Err(why) => self.report.lose(CONFIGS, &config.id, &why),
                }
            }
            if left.len() == before || left.is_empty() {
                break;
            }
        }
        for config in left {
            let parent = config.parent_id.as_deref();
            let why = if parent.is_some_and(|id| here.contains(id)) {
                "it inherits from a config that does not come along, or in a circle from itself"
            } else {
                "the config that it inherits from is missing, or in another project"
            };
            self.report.lose(CONFIGS, &config.id, &why);
        }
    }

    fn config(&mut self, project: &Slug, config: &'a Config) -> Result<Option<Tried>, String> {
        let path = ConfigPath {
            project: project.clone(),
            config: parsed("slug", &config.slug)?,
        };
        let parent = config.parent_id.as_deref();
        let parent = parent.and_then(|id| self.config_paths.get(id));
        let parent = parent.map(|parent| parent.config.clone());
        let command = CreateConfig {
            name: self.shown(CONFIGS, &path, "name", config.name.as_deref()),
            path: path.clone(),
            parent,
        };
        let made = self.attempt(command).map_err(|why| why.to_string())?;
        self.report.counts.configs += 1;
        self.config_paths.insert(&config.id, path);
        Ok(made)
    }

    fn lose_configs(&mut self, configs: Vec<&Config>, why: &str) {
        for config in configs {
            self.report.lose(CONFIGS, &config.id, &why);
        }
    }

    /// The secrets of each config are one unit.
    pub(super) fn secrets(&mut self) {
        let source = self.source;
        let mut secrets: HashMap<&str, Vec<&Secret>> = HashMap::new();
        for secret in &source.secrets {
            secrets.entry(&secret.config_id).or_default().push(secret);
        }
        for config in &source.configs {
            let of_config = secrets.remove(config.id.as_str()).unwrap_or_default();
            match self.config_paths.get(config.id.as_str()).cloned() {
                Some(path) => self.secrets_of(&path, of_config),
                None => self.lose_secrets(of_config, "its config does not come along"),
            }
        }
        let mut left: Vec<_> = secrets.into_values().flatten().collect();
        left.sort_by_key(|secret| &secret.id);
        self.lose_secrets(left, "its config is missing");
        self.note_references();
    }

    fn lose_secrets(&mut self, secrets: Vec<&Secret>, why: &str) {
        for secret in secrets {
            self.report.lose(SECRETS, &secret.id, &why);
        }
    }

    fn secrets_of(&mut self, path: &ConfigPath, secrets: Vec<&Secret>) {
        let before = self.state.clone();
        let mut keys = HashSet::new();
        let mut chosen = Vec::new();
        for secret in secrets {
            // Each by itself, so that one which cannot be takes no other with it.
            match self.secret(path, secret, &mut keys) {
                Ok(set) => chosen.push(set),
                Err(why) => {
                    let name = format!("{} of {path}", secret.id);
                    self.report.lose(SECRETS, &name, &why);
                }
            }
        }
        self.state = before;
        self.write(path, chosen);
    }

    fn secret(
        &mut self,
        path: &ConfigPath,
        secret: &Secret,
        keys: &mut HashSet<Key>,
    ) -> Result<SetSecret, String> {
        let key: Key = parsed("key", &secret.key)?;
        let checked = secret.value.check();
        checked.map_err(|why| format!("its value {why}"))?;
        let icon = match &secret.icon {
            Some(icon) if icons::is_name(icon) => Edit::Set(icon.clone()),
            Some(_) => {
                let why = "its icon has no name that an icon can have here, and is left off";
                self.report.change(SECRETS, &format!("{path}/{key}"), why);
                Edit::Keep
            }
            None => Edit::Keep,
        };
        let set = SetSecret {
            binding: Binding::Imported,
            icon,
            ..SetSecret::new(key.clone(), secret.value.clone())
        };
        if !keys.insert(key) {
            return Err("another secret of its config has the same key".to_owned());
        }
        match self.attempt(writing(path, vec![set.clone()])) {
            Ok(_) | Err(Rejection::Reference { .. }) => Ok(set),
            Err(why) => Err(why.to_string()),
        }
    }

    /// All of a config's secrets together, as they will be written.
    fn write(&mut self, path: &ConfigPath, mut chosen: Vec<SetSecret>) {
        let tried = loop {
            match self.attempt(writing(path, chosen.clone())) {
                // It goes in a circle, or on for too long. Each turn makes one more of them plain text.
                Err(Rejection::Reference { key, fault }) => {
                    let set = chosen.iter_mut().find(|set| set.key == key);
                    match set.filter(|set| set.binding == Binding::Imported) {
                        Some(set) => set.binding = Binding::As(None),
                        None => break Err(Rejection::Reference { key, fault }),
                    }
                }
                other => break other,
            }
        };
        match tried {
            Ok(step) => {
                self.report.counts.secrets += chosen.len();
                let target = Target {
                    config: Some(path.config.clone()),
                    ..of(&path.project)
                };
                self.close("secrets.write", target, step.into_iter().collect());
            }
            Err(why) => {
                for set in chosen {
                    self.report
                        .lose(SECRETS, &format!("{path}/{}", set.key), &why);
                }
            }
        }
    }

    /// Says of values whether they still mean what they meant, and of keys where they have no place.
    fn note_references(&mut self) {
        for secret in &self.source.secrets {
            let path = self.config_paths.get(secret.config_id.as_str());
            let Some(config) = path.and_then(|path| self.state.config_at(path)) else {
                continue;
            };
            let Ok(key) = secret.key.parse::<Key>() else {
                continue;
            };
            let Some(stored) = config.secrets.get(&key) else {
                continue;
            };
            let name = path.map_or_else(String::new, |path| format!("{path}/{key}"));
            if stored.refs.is_some() {
                self.report.counts.references += 1;
                if leads_nowhere(&self.state, config, &key) {
                    let why = "refers to something that is not there: that reads as nothing now, where version 1.4 left the \
                               reference as it is written";
                    self.report.change(SECRETS, &name, why);
                }
            } else if secret.value.reveal().contains("${") {
                let why = "has `${` in it that is no reference here, leads to no config, or leads in a circle; its value is \
                           plain text until it is saved again";
                self.report.change(SECRETS, &name, why);
            }
            if key.starts_with_digit() {
                let why =
                    "its key starts with a digit: it lives on, but an export as .env refuses it";
                self.report.change(SECRETS, &name, why);
            }
        }
    }

    /// What is only shown to people, where it can be. It is left off where it cannot, and that is told.
    pub(super) fn shown<T: FromStr>(
        &mut self,
        collection: &'static str,
        name: &impl ToString,
        field: &str,
        text: Option<&str>,
    ) -> Option<T>
    where
        T::Err: ToString,
    {
        let text = text.filter(|text| !text.is_empty())?;
        let parsed = text.parse();
        parsed
            .map_err(|why: T::Err| {
                let why = format!("its {field} {}; it is left off", why.to_string());
                self.report.change(collection, name, &why);
            })
            .ok()
    }
}

fn writing(path: &ConfigPath, set: Vec<SetSecret>) -> WriteSecrets {
    WriteSecrets {
        path: path.clone(),
        set,
        delete: Vec::new(),
        expected: None,
    }
}

/// A target that is a project.
pub(super) fn of(project: &Slug) -> Target {
    Target {
        project: Some(project.clone()),
        ..Target::default()
    }
}

/// A name, or what is wrong with it.
pub(super) fn parsed<T: FromStr>(field: &str, text: &str) -> Result<T, String>
where
    T::Err: ToString,
{
    let parsed = text.parse();
    parsed.map_err(|why: T::Err| format!("its {field} {}", why.to_string()))
}
