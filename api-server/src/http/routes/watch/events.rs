//! What a stream's client is told, given what it was told before.

use std::collections::BTreeSet;

use serde::Serialize;
use ssm_domain::access::{Action, Authority, Place};
use ssm_domain::caller::Caller;
use ssm_domain::entry::Seq;
use ssm_domain::id::Epoch;
use ssm_domain::names::{ConfigPath, Slug};
use ssm_domain::state::{Changed, Config, State};

/// Whoever may do one of these in a config can read it.
pub(super) const READING: [Action; 2] = [Action::SecretsRead, Action::SecretsExport];

/// What a client was told of.
pub(super) struct Told {
    /// The state.
    pub seq: Seq,
    /// The journal's lifetime.
    pub epoch: Option<Epoch>,
    /// What it could read in it.
    pub authority: Authority,
}

#[derive(Serialize)]
struct Hello {
    epoch: String,
}

#[derive(Serialize)]
struct Current<'a> {
    project: &'a Slug,
    config: &'a Slug,
    revision: u64,
}

#[derive(Serialize)]
struct Gone<'a> {
    project: &'a Slug,
    config: &'a Slug,
    reason: &'static str,
}

impl Told {
    /// Whether `state` comes after the one that was told of. It does not where the history was rolled back.
    pub(super) fn goes_on_in(&self, state: &State) -> bool {
        self.seq <= state.head().seq && self.epoch == state.journal().map(|journal| journal.epoch)
    }
}

/// What a client is told next: everything where it was told nothing, else what it does not know.
pub(super) fn untold(
    state: &State,
    caller: &Caller<'_>,
    wanted: Option<&BTreeSet<ConfigPath>>,
    told: Option<&Told>,
) -> Vec<u8> {
    let mut events = Events {
        state,
        caller,
        wanted,
        text: Vec::new(),
    };
    match told {
        None => events.greet(),
        Some(told) => {
            events.changes_since(told);
            if caller.user().is_ok() && state.rights_seq() > told.seq {
                events.rights_since(told);
            }
        }
    }
    events.text
}

/// Events being written for one caller in one state.
struct Events<'a> {
    state: &'a State,
    caller: &'a Caller<'a>,
    wanted: Option<&'a BTreeSet<ConfigPath>>,
    text: Vec<u8>,
}

impl Events<'_> {
    fn greet(&mut self) {
        let epoch = self
            .state
            .journal()
            .map(|journal| journal.epoch.to_string());
        self.push(
            "hello",
            &Hello {
                epoch: epoch.unwrap_or_default(),
            },
        );
        let state = self.state;
        if let Some(wanted) = self.wanted {
            let configs = wanted.iter().filter_map(|path| state.config_at(path));
            configs.for_each(|config| self.revision(config));
        } else {
            let sees = |id| self.caller.authority().sees(Place::project(id));
            let projects = state.projects().filter(|project| sees(project.id));
            let configs = projects.flat_map(|project| state.configs_of(project));
            configs.for_each(|config| self.revision(config));
        }
        self.text.extend_from_slice(b"event: synced\ndata: {}\n\n");
    }

    fn changes_since(&mut self, told: &Told) {
        for changed in self.state.changed_since(told.seq) {
            match changed {
                Changed::Config(config) => {
                    let Some(path) = self.state.path_of(config) else {
                        continue;
                    };
                    let known_at = path_at(told.seq, &path, &config.former_slugs);
                    if known_at != path && !self.is_taken(&known_at) {
                        self.gone(told, config.place(), &known_at, "deleted");
                    }
                    self.revision(config);
                }
                Changed::Gone(id, gone) => {
                    let place = Place::config(gone.project_id, id);
                    let known_at = path_at(told.seq, &gone.path, &gone.former_slugs);
                    self.gone(told, place, &known_at, "deleted");
                }
            }
        }
    }

    /// Tells what can be read that could not be, and the other way round, though nothing about it changed.
    fn rights_since(&mut self, told: &Told) {
        let state = self.state;
        for config in state
            .projects()
            .flat_map(|project| state.configs_of(project))
        {
            let could = reads(&told.authority, config.place());
            let can = reads(self.caller.authority(), config.place());
            if can && !could && config.revision <= told.seq {
                self.revision(config);
            }
            // One that was renamed meanwhile is known by a name that was told to be gone.
            if could
                && !can
                && let Some(path) = state.path_of(config)
                && path_at(told.seq, &path, &config.former_slugs) == path
            {
                self.gone(told, config.place(), &path, "forbidden");
            }
        }
    }

    /// Whether there is something at a path that is told of by itself.
    fn is_taken(&self, path: &ConfigPath) -> bool {
        let there = self.state.config_at(path);
        there.is_some_and(|config| reads(self.caller.authority(), config.place()))
    }

    fn gone(&mut self, told: &Told, place: Place, path: &ConfigPath, reason: &'static str) {
        if self.is_wanted(path) && reads(&told.authority, place) {
            let ConfigPath { project, config } = path;
            self.push(
                "gone",
                &Gone {
                    project,
                    config,
                    reason,
                },
            );
        }
    }

    fn revision(&mut self, config: &Config) {
        let Some(path) = self.state.path_of(config) else {
            return;
        };
        if self.is_wanted(&path) && reads(self.caller.authority(), config.place()) {
            let ConfigPath {
                project,
                config: slug,
            } = &path;
            self.push(
                "revision",
                &Current {
                    project,
                    config: slug,
                    revision: config.revision,
                },
            );
        }
    }

    fn is_wanted(&self, path: &ConfigPath) -> bool {
        self.wanted.is_none_or(|wanted| wanted.contains(path))
    }

    fn push(&mut self, event: &str, data: &impl Serialize) {
        self.text.extend_from_slice(b"event: ");
        self.text.extend_from_slice(event.as_bytes());
        self.text.extend_from_slice(b"\ndata: ");
        serde_json::to_writer(&mut self.text, data).expect("slugs and numbers are JSON");
        self.text.extend_from_slice(b"\n\n");
    }
}

/// Whether the config there can be read.
pub(in crate::http::routes) fn reads(authority: &Authority, place: Place) -> bool {
    READING.iter().any(|action| authority.may(*action, place))
}

/// Where a config was at `seq`, by where it is now and the slugs that it had since.
fn path_at<'a>(
    seq: Seq,
    now: &ConfigPath,
    former: impl IntoIterator<Item = &'a (Seq, Slug)>,
) -> ConfigPath {
    let since = former.into_iter().find(|(taken_at, _)| *taken_at > seq);
    ConfigPath {
        project: now.project.clone(),
        config: since.map_or_else(|| now.config.clone(), |(_, slug)| slug.clone()),
    }
}
