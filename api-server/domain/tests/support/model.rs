//! What the domain must do, written as simply as possible: plain maps, no sharing, no indexes, everything looked for
//! from one end to the other.

mod changing;
mod tokens;

use std::collections::{BTreeMap, BTreeSet};

use ssm_domain::access::Action;
use ssm_domain::id::{ConfigId, ProjectId, TokenId};
use ssm_domain::rejection::{Noun, Rejection};
use ssm_domain::secrets::{Outcome, Written, WrittenKey};
use ssm_domain::time::Timestamp;

use super::steps::{Answer, Belief, By, Step};
use super::{invalid, key};

#[derive(Debug, Default)]
pub struct Model {
    pub seq: u64,
    pub now: Timestamp,
    pub projects: BTreeMap<String, Project>,
    pub tokens: Vec<Token>,
    /// Deleted configs: which, its path, and when.
    pub gone: Vec<(ConfigId, String, u64)>,
    /// The own secrets of every config after every entry.
    pub past: BTreeMap<(ConfigId, u64), Secrets>,
}

#[derive(Debug)]
pub struct Project {
    pub id: ProjectId,
    pub configs: BTreeMap<String, Config>,
}

#[derive(Debug)]
pub struct Config {
    pub id: ConfigId,
    pub parent: Option<String>,
    pub revision: u64,
    /// The entry that made it.
    pub made: u64,
    pub secrets: Secrets,
    /// By key: the last version there ever was.
    pub versions: BTreeMap<String, u64>,
}

/// By key: the version and the value.
pub type Secrets = BTreeMap<String, (u64, String)>;

#[derive(Debug)]
pub struct Token {
    pub id: TokenId,
    pub personal: bool,
    pub scopes: Vec<Scope>,
    pub expires_at: Option<Timestamp>,
    pub revoked: bool,
}

/// Actions, and the place where they hold.
#[derive(Debug, Clone)]
pub struct Scope(Vec<Action>, Place);

/// Everywhere, in a project, or in one config of it.
type Place = (Option<ProjectId>, Option<ConfigId>);

const EVERYWHERE: Place = (None, None);

fn covers(outer: Place, inner: Place) -> bool {
    outer == EVERYWHERE || outer == (inner.0, None) || outer == inner
}

fn missing(action: Action) -> Rejection {
    Rejection::MissingScope(action)
}

impl Model {
    /// Does one step. Ids cannot be foretold: they are taken from the answer that was given.
    pub fn step(
        &mut self,
        by: By,
        step: &Step,
        given: Option<&Answer>,
    ) -> Result<Answer, Rejection> {
        if let (By::Anonymous, _) | (By::Token(_), true) = (by, self.token(by).is_none()) {
            return Err(Rejection::Unauthenticated);
        }
        let answer = self.take(by, step, given);
        let projects = self.projects.values();
        let configs = projects.flat_map(|project| project.configs.values());
        let now = configs.map(|config| ((config.id, self.seq), config.secrets.clone()));
        self.past.extend(now);
        answer
    }

    fn take(&mut self, by: By, step: &Step, given: Option<&Answer>) -> Result<Answer, Rejection> {
        match step {
            Step::CreateProject(slug) => self.create_project(by, slug, given),
            Step::DeleteProject(slug) => self.delete_project(by, slug),
            Step::CreateConfig { at, parent } => self.create_config(by, at, *parent, given),
            Step::DeleteConfig(at) => self.delete_config(by, at),
            Step::Change(change) => self.change(by, change, given),
            Step::Write {
                at,
                set,
                delete,
                belief,
            } => self.write(by, at, set, delete, *belief),
            Step::Issue {
                personal,
                scopes,
                hours,
            } => self.issue(by, *personal, scopes, *hours, given),
            Step::Revoke(nth) => self.revoke(by, *nth),
            Step::Wait => unreachable!("waiting is no command"),
        }
    }

    /// The living token that is used.
    fn token(&self, by: By) -> Option<&Token> {
        let By::Token(nth) = by else { return None };
        let token = self.tokens.get(nth % self.tokens.len().max(1))?;
        (!token.revoked && token.expires_at.is_none_or(|end| self.now < end)).then_some(token)
    }

    fn may(&self, by: By, action: Action, place: Place) -> bool {
        self.token(by).is_none_or(|token| {
            token
                .scopes
                .iter()
                .any(|Scope(actions, where_)| actions.contains(&action) && covers(*where_, place))
        })
    }

    fn need(&self, by: By, action: Action, place: Place) -> Result<(), Rejection> {
        if self.may(by, action, place) {
            Ok(())
        } else {
            Err(missing(action))
        }
    }

    fn sees(&self, by: By, place: Place) -> bool {
        self.token(by).is_none_or(|token| {
            token.scopes.iter().any(|Scope(actions, where_)| {
                // Of the actions used here, this is the one that says nothing about projects.
                actions.iter().any(|action| *action != Action::UsersManage)
                    && (covers(*where_, place) || covers(place, *where_))
            })
        })
    }

    fn is_user(&self, by: By) -> bool {
        matches!(by, By::Owner) || self.token(by).is_some_and(|token| token.personal)
    }

    fn see_project(&self, by: By, slug: &str) -> Result<Place, Rejection> {
        let project = self
            .projects
            .get(slug)
            .map(|project| (Some(project.id), None));
        project
            .filter(|place| self.sees(by, *place))
            .ok_or(Rejection::NotFound(Noun::Project))
    }

    fn see_config(&self, by: By, path: &str) -> Result<Place, Rejection> {
        let (project, _) = path.split_once('/').unwrap();
        if let Some(place) = self.place_of(path).filter(|place| self.sees(by, *place)) {
            return Ok(place);
        }
        let lost = self.gone.iter().any(|(id, at, _)| {
            at == path
                && self.token(by).is_some_and(|token| {
                    token
                        .scopes
                        .iter()
                        .any(|Scope(_, (_, config))| *config == Some(*id))
                })
        });
        if lost {
            return Err(Rejection::ConfigDeleted);
        }
        self.see_project(by, project)?;
        Err(Rejection::NotFound(Noun::Config))
    }

    fn place_of(&self, path: &str) -> Option<Place> {
        let (project, config) = path.split_once('/').unwrap();
        let project = self.projects.get(project)?;
        Some((Some(project.id), Some(project.configs.get(config)?.id)))
    }

    fn create_project(
        &mut self,
        by: By,
        slug: &str,
        given: Option<&Answer>,
    ) -> Result<Answer, Rejection> {
        self.need(by, Action::ProjectsWrite, EVERYWHERE)?;
        if self.projects.contains_key(slug) {
            return Err(Rejection::AlreadyExists(Noun::Project));
        }
        let Some(Answer::Project(id)) = given else {
            return Ok(Answer::Nothing);
        };
        self.seq += 1;
        self.projects.insert(
            slug.into(),
            Project {
                id: *id,
                configs: BTreeMap::new(),
            },
        );
        Ok(Answer::Project(*id))
    }

    fn delete_project(&mut self, by: By, slug: &str) -> Result<Answer, Rejection> {
        let place = self.see_project(by, slug)?;
        self.need(by, Action::ProjectsWrite, place)?;
        self.seq += 1;
        let project = self.projects.remove(slug).unwrap();
        for (config, deleted) in project.configs {
            self.gone
                .push((deleted.id, format!("{slug}/{config}"), self.seq));
        }
        for token in &mut self.tokens {
            token.revoked |= token.scopes.iter().all(|Scope(_, (id, _))| *id == place.0);
        }
        Ok(Answer::Nothing)
    }

    fn create_config(
        &mut self,
        by: By,
        path: &str,
        parent: Option<&str>,
        given: Option<&Answer>,
    ) -> Result<Answer, Rejection> {
        let (project, slug) = path.split_once('/').unwrap();
        let place = self.see_project(by, project)?;
        self.need(by, Action::ConfigsWrite, place)?;
        if self.projects[project].configs.contains_key(slug) {
            return Err(Rejection::AlreadyExists(Noun::Config));
        }
        if let Some(parent) = parent {
            self.may_inherit(by, &format!("{project}/{parent}"), "parent")?;
        }
        let Some(Answer::Config(id)) = given else {
            return Ok(Answer::Nothing);
        };
        self.seq += 1;
        let config = Config {
            id: *id,
            parent: parent.map(Into::into),
            revision: self.seq,
            made: self.seq,
            secrets: BTreeMap::new(),
            versions: BTreeMap::new(),
        };
        self.projects
            .get_mut(project)
            .unwrap()
            .configs
            .insert(slug.into(), config);
        Ok(Answer::Config(*id))
    }

    fn delete_config(&mut self, by: By, path: &str) -> Result<Answer, Rejection> {
        let place = self.see_config(by, path)?;
        self.need(by, Action::ConfigsWrite, place)?;
        let (project, slug) = path.split_once('/').unwrap();
        if !self.projects[project].configs[slug].secrets.is_empty() {
            self.need(by, Action::SecretsDelete, place)?;
        }
        let configs = &mut self.projects.get_mut(project).unwrap().configs;
        if configs
            .values()
            .any(|config| config.parent.as_deref() == Some(slug))
        {
            return Err(Rejection::HasChildren);
        }
        self.seq += 1;
        let deleted = configs.remove(slug).unwrap();
        self.gone.push((deleted.id, path.into(), self.seq));
        Ok(Answer::Nothing)
    }

    fn write(
        &mut self,
        by: By,
        path: &str,
        set: &[(&str, &str)],
        delete: &[&str],
        belief: Belief,
    ) -> Result<Answer, Rejection> {
        let place = self.see_config(by, path)?;
        if !set.is_empty() || delete.is_empty() {
            self.need(by, Action::SecretsWrite, place)?;
        }
        if !delete.is_empty() {
            self.need(by, Action::SecretsDelete, place)?;
        }
        let (project, slug) = path.split_once('/').unwrap();
        let above: Vec<String> = self.lineage(project, slug).into_iter().skip(1).collect();
        let project = self.projects.get_mut(project).unwrap();
        let inherited: BTreeSet<String> = above
            .iter()
            .flat_map(|above| project.configs[above].secrets.keys().cloned())
            .collect();
        let config = project.configs.get_mut(slug).unwrap();
        if matches!(belief, Belief::Wrong | Belief::OtherEpoch) {
            return Err(Rejection::RevisionMoved {
                current: config.revision,
            });
        }
        let mut seen = BTreeSet::new();
        for name in set.iter().map(|(name, _)| name).chain(delete) {
            if !seen.insert(*name) {
                return Err(invalid(name));
            }
        }
        if delete
            .iter()
            .any(|name| !config.secrets.contains_key(*name))
        {
            return Err(Rejection::NotFound(Noun::Secret));
        }
        let mut keys = Vec::new();
        for (name, value) in set {
            let outcome = match config.secrets.get(*name) {
                Some((_, there)) if there == value => Outcome::Same,
                Some(_) => Outcome::Changed,
                None => Outcome::New,
            };
            if outcome != Outcome::Same {
                let version = config.versions.entry((*name).into()).or_default();
                *version += 1;
                config
                    .secrets
                    .insert((*name).into(), (*version, (*value).into()));
            }
            keys.push((*name, outcome));
        }
        for name in delete {
            config.secrets.remove(*name);
            keys.push((name, Outcome::Deleted));
        }
        if keys.iter().any(|(_, outcome)| *outcome != Outcome::Same) {
            self.seq += 1;
            self.touch(path);
        }
        let (project, slug) = path.split_once('/').unwrap();
        let written = |(name, outcome)| WrittenKey {
            key: key(name),
            outcome,
            overrides_inherited: inherited.contains(name),
        };
        Ok(Answer::Written(Written {
            revision: self.projects[project].configs[slug].revision,
            keys: keys.into_iter().map(written).collect(),
        }))
    }

    /// Whatever has the config in its lineage has changed.
    fn touch(&mut self, path: &str) {
        let (project, touched) = path.split_once('/').unwrap();
        let all: Vec<String> = self.projects[project].configs.keys().cloned().collect();
        for slug in all {
            if self
                .lineage(project, &slug)
                .iter()
                .any(|above| above == touched)
            {
                let project = self.projects.get_mut(project).unwrap();
                project.configs.get_mut(&slug).unwrap().revision = self.seq;
            }
        }
    }

    /// A config and what it inherits from, nearest first.
    pub fn lineage(&self, project: &str, config: &str) -> Vec<String> {
        let configs = &self.projects[project].configs;
        let mut lineage = vec![config.to_owned()];
        while let Some(parent) = &configs[lineage.last().unwrap()].parent {
            lineage.push(parent.clone());
        }
        lineage
    }

    /// By key: the value that counts, where it is from, and whose it hides.
    pub fn effective(
        &self,
        project: &str,
        config: &str,
    ) -> BTreeMap<String, (String, String, Option<String>)> {
        let mut effective = BTreeMap::new();
        for source in self.lineage(project, config).iter().rev() {
            for (key, (_, value)) in &self.projects[project].configs[source].secrets {
                let hidden = effective
                    .get(key)
                    .map(|(_, source, _): &(String, String, _)| source.clone());
                effective.insert(key.clone(), (value.clone(), source.clone(), hidden));
            }
        }
        effective
    }
}
