//! What changing configs as a whole does in the model.

use std::collections::BTreeMap;

use ssm_domain::access::Action;
use ssm_domain::rejection::{Noun, Rejection};
use ssm_domain::secrets::{Edit, Outcome, Written, WrittenKey};

use super::{Config, Model};
use crate::support::steps::{Answer, Belief, By, Changing};
use crate::support::{invalid, key};

impl Model {
    pub(super) fn change(
        &mut self,
        by: By,
        change: &Changing,
        given: Option<&Answer>,
    ) -> Result<Answer, Rejection> {
        match change {
            Changing::Update { at, slug, parent } => self.update_config(by, at, *slug, parent),
            Changing::Clone { at, slug } => self.clone_config(by, at, slug, given),
            Changing::Promote {
                project,
                from,
                to,
                keys,
            } => self.promote(by, project, from, to, keys.as_deref()),
            Changing::Rollback { at, entries } => self.roll_back(by, at, *entries),
        }
    }

    pub(super) fn may_inherit(&self, by: By, path: &str, field: &str) -> Result<(), Rejection> {
        let parent = self.see_config(by, path).map_err(|_| invalid(field))?;
        self.need(by, Action::SecretsRead, parent)
    }

    fn update_config(
        &mut self,
        by: By,
        path: &str,
        new: Option<&str>,
        parent: &Edit<&str>,
    ) -> Result<Answer, Rejection> {
        let place = self.see_config(by, path)?;
        self.need(by, Action::ConfigsWrite, place)?;
        let (project, slug) = path.split_once('/').unwrap();
        let new = new.unwrap_or(slug);
        if new != slug {
            self.need(by, Action::ConfigsWrite, (place.0, None))?;
        }
        let before = self.projects[project].configs[slug].parent.clone();
        let after = match parent {
            Edit::Keep => before.clone(),
            Edit::Clear => None,
            Edit::Set(parent) => {
                self.may_inherit(by, &format!("{project}/{parent}"), "inherits_from")?;
                if self
                    .lineage(project, parent)
                    .iter()
                    .any(|above| above == slug)
                {
                    return Err(Rejection::InheritanceCycle);
                }
                Some((*parent).to_owned())
            }
        };
        let configs = &mut self.projects.get_mut(project).unwrap().configs;
        if new != slug && configs.contains_key(new) {
            return Err(Rejection::AlreadyExists(Noun::Config));
        }
        let mut config = configs.remove(slug).unwrap();
        config.parent.clone_from(&after);
        configs.insert(new.into(), config);
        for child in configs.values_mut() {
            if child.parent.as_deref() == Some(slug) {
                child.parent = Some(new.into());
            }
        }
        if new != slug || before != after {
            self.seq += 1;
            self.touch(&format!("{project}/{new}"));
        }
        let config = &self.projects[project].configs[new];
        Ok(Answer::Updated(config.id, config.revision))
    }

    fn clone_config(
        &mut self,
        by: By,
        path: &str,
        new: &str,
        given: Option<&Answer>,
    ) -> Result<Answer, Rejection> {
        let place = self.see_config(by, path)?;
        self.need(by, Action::ConfigsWrite, (place.0, None))?;
        self.need(by, Action::SecretsRead, place)?;
        self.need(by, Action::SecretsWrite, (place.0, None))?;
        let (project, slug) = path.split_once('/').unwrap();
        let configs = &mut self.projects.get_mut(project).unwrap().configs;
        if configs.contains_key(new) {
            return Err(Rejection::AlreadyExists(Noun::Config));
        }
        let Some(Answer::Config(id)) = given else {
            return Ok(Answer::Nothing);
        };
        self.seq += 1;
        let source = &configs[slug];
        let secrets = source.secrets.iter();
        let secrets: BTreeMap<_, _> = secrets
            .map(|(key, (_, value))| (key.clone(), (1, value.clone())))
            .collect();
        let clone = Config {
            id: *id,
            parent: source.parent.clone(),
            revision: self.seq,
            made: self.seq,
            versions: secrets.keys().map(|key| (key.clone(), 1)).collect(),
            secrets,
        };
        configs.insert(new.into(), clone);
        Ok(Answer::Config(*id))
    }

    fn promote(
        &mut self,
        by: By,
        project: &str,
        from: &str,
        to: &str,
        keys: Option<&[&'static str]>,
    ) -> Result<Answer, Rejection> {
        let source = self.see_config(by, &format!("{project}/{from}"))?;
        self.need(by, Action::SecretsRead, source)?;
        let target = format!("{project}/{to}");
        let place = self.see_config(by, &target)?;
        self.need(by, Action::SecretsWrite, place)?;
        if from == to {
            return Err(invalid("to"));
        }
        let values: Vec<(String, String)> = match keys {
            None => {
                let own = &self.projects[project].configs[from].secrets;
                own.iter()
                    .map(|(key, (_, value))| (key.clone(), value.clone()))
                    .collect()
            }
            Some(keys) => {
                let effective = self.effective(project, from);
                let found = keys.iter().map(|key| {
                    let (value, _, _) = effective.get(*key)?;
                    Some(((*key).to_owned(), value.clone()))
                });
                found
                    .collect::<Option<_>>()
                    .ok_or(Rejection::NotFound(Noun::Secret))?
            }
        };
        let set: Vec<(&str, &str)> = values
            .iter()
            .map(|(key, value)| (&**key, &**value))
            .collect();
        self.write(by, &target, &set, &[], Belief::None)
    }

    fn roll_back(&mut self, by: By, path: &str, entries: u64) -> Result<Answer, Rejection> {
        let place = self.see_config(by, path)?;
        self.need(by, Action::SecretsRead, place)?;
        let (project, slug) = path.split_once('/').unwrap();
        let config = &self.projects[project].configs[slug];
        let revision = config.made + entries % (config.revision - config.made + 1);
        let past = self.past[&(config.id, revision)].clone();
        let current = config.secrets.clone();
        let replaces = past
            .iter()
            .any(|(key, (version, _))| current.get(key).is_none_or(|(now, _)| now != version));
        let deletes: Vec<String> = current
            .keys()
            .filter(|key| !past.contains_key(*key))
            .cloned()
            .collect();
        if replaces || deletes.is_empty() {
            self.need(by, Action::SecretsWrite, place)?;
        }
        if !deletes.is_empty() {
            self.need(by, Action::SecretsDelete, place)?;
        }
        let above: Vec<String> = self.lineage(project, slug).into_iter().skip(1).collect();
        let inherits = |key: &str| {
            let mut above = above
                .iter()
                .map(|above| &self.projects[project].configs[above]);
            above.any(|config| config.secrets.contains_key(key))
        };
        let mut written: Vec<WrittenKey> = Vec::new();
        let mut tell = |name: &str, outcome| {
            written.push(WrittenKey {
                key: key(name),
                outcome,
                overrides_inherited: inherits(name),
            });
        };
        let mut set = Vec::new();
        for (name, (_, value)) in &past {
            match current.get(name) {
                Some((_, now)) if now == value => tell(name, Outcome::Same),
                there => {
                    let outcome = there.map_or(Outcome::New, |_| Outcome::Changed);
                    tell(name, outcome);
                    set.push((name.clone(), value.clone()));
                }
            }
        }
        for name in &deletes {
            tell(name, Outcome::Deleted);
        }
        if !set.is_empty() || !deletes.is_empty() {
            self.seq += 1;
            let configs = &mut self.projects.get_mut(project).unwrap().configs;
            let config = configs.get_mut(slug).unwrap();
            for (name, value) in set {
                let version = config.versions.get_mut(&name).unwrap();
                *version += 1;
                config.secrets.insert(name, (*version, value));
            }
            config.secrets.retain(|name, _| !deletes.contains(name));
            self.touch(path);
        }
        let revision = self.projects[project].configs[slug].revision;
        Ok(Answer::Written(Written {
            revision,
            keys: written,
        }))
    }
}
