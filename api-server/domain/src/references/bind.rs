//! What the placeholders of values mean when these are saved.

use super::grammar::{has_literal, is_plain};
use super::graph::Written;
use super::{Fault, Graph, Piece, Place, Placeholder, Reader, parse, pieces_of};
use crate::access::{self, Action};
use crate::caller::Caller;
use crate::change::Reference;
use crate::id::ConfigId;
use crate::names::{ConfigPath, Key};
use crate::rejection::Rejection;
use crate::secret::SecretValue;
use crate::state::{Config, State};

/// Where the meaning of a value's placeholders comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Binding {
    /// The names in its text.
    #[default]
    ByName,
    /// What it was bound to before: for a value that is brought back or taken from elsewhere, so that it goes on meaning
    /// what it meant although something was renamed since.
    As(Option<Vec<Reference>>),
    /// The names in its text, for a value from version 1.4: keys that lead nowhere may do so, or come later, and where the
    /// text has anything in it that was no reference there, or means something else here, all of it is plain text.
    Imported,
}

/// A value that is about to be saved.
#[derive(Debug, Clone, Copy)]
pub struct NewValue<'a> {
    /// Its key.
    pub key: &'a Key,
    /// The value.
    pub value: &'a SecretValue,
    /// What its placeholders mean.
    pub binding: &'a Binding,
}

/// A placeholder with what it is bound to.
type Bound<'a> = (&'a str, Reference);

/// Binds the values that `config` is about to have, and refuses what leads nowhere, in a circle, too far, or where the
/// caller may not read. `set` and `deleted` are looked at together, as they will be: keys may refer to each other.
///
/// Returns what each of `set` refers to, for [`Change::SecretSet`](crate::change::Change::SecretSet). While referencing
/// is off, everything is plain text.
pub fn bind(
    state: &State,
    caller: &Caller<'_>,
    config: &Config,
    set: &[NewValue<'_>],
    deleted: &[Key],
) -> Result<Vec<Option<Vec<Reference>>>, Rejection> {
    if !state.settings().referencing_enabled {
        return Ok(vec![None; set.len()]);
    }
    let names = Names {
        state,
        config,
        reader: Reader {
            authority: caller.authority(),
            root: config.id,
        },
    };
    let bound = set.iter().map(|new| {
        let bound = names.bind(new.value.reveal(), new.binding);
        bound.map_err(|fault| refusal(new, fault))
    });
    let bound = bound.collect::<Result<Vec<_>, _>>()?;
    let references: Vec<_> = bound
        .iter()
        .map(|bound| unnamed(bound.as_deref()))
        .collect();
    if references.iter().all(Option::is_none) {
        return Ok(references);
    }
    let keys = set.iter().map(|new| new.key);
    let written = Written {
        config: config.id,
        set: keys.zip(references.iter().cloned()).collect(),
        deleted: deleted.iter().collect(),
    };
    let mut graph = Graph::new(state, caller.authority(), config.id).with(&written);
    for (new, bound) in set.iter().zip(&bound) {
        if *new.binding == Binding::Imported {
            continue;
        }
        let leads_somewhere = |(text, reference): &Bound<'_>| {
            let target = reference
                .config_id
                .map_or(Some(config), |id| state.config(id));
            let found = target.is_some_and(|target| graph.has(target, &reference.key));
            let fault = || Fault::Unresolved((*text).to_owned());
            found.then_some(()).ok_or_else(fault)
        };
        let mut bound = bound.iter().flatten();
        bound
            .try_for_each(leads_somewhere)
            .map_err(|fault| refusal(new, fault))?;
    }
    for new in set {
        let followed = graph.follow(config, new.key);
        followed.map_err(|fault| refusal(new, fault))?;
    }
    Ok(references)
}

fn refusal(new: &NewValue<'_>, fault: Fault) -> Rejection {
    Rejection::Reference {
        key: new.key.clone(),
        fault,
    }
}

fn unnamed(bound: Option<&[Bound<'_>]>) -> Option<Vec<Reference>> {
    let bound = bound?.iter();
    Some(bound.map(|(_, reference)| reference.clone()).collect())
}

/// Names as they are now, for somebody who writes `config`.
struct Names<'a> {
    state: &'a State,
    config: &'a Config,
    reader: Reader<'a>,
}

impl Names<'_> {
    fn bind<'t>(&self, text: &'t str, binding: &Binding) -> Result<Option<Vec<Bound<'t>>>, Fault> {
        let placeholders = |pieces: Vec<Piece<'t>>| pieces.into_iter().filter_map(into_placeholder);
        match binding {
            Binding::As(None) => Ok(None),
            Binding::As(Some(before)) => {
                // Text and references that do not belong together have always been read as plain text.
                let Some(pieces) = pieces_of(text, before) else {
                    return Ok(None);
                };
                let bound = placeholders(pieces).zip(before).map(|(found, reference)| {
                    self.check(found.text, reference.config_id)?;
                    Ok((found.text, reference.clone()))
                });
                bound.collect::<Result<_, _>>().map(Some)
            }
            Binding::Imported => {
                let is_text = is_plain(text) || has_literal(text);
                Ok(if is_text {
                    None
                } else {
                    self.bind(text, &Binding::ByName).ok().flatten()
                })
            }
            Binding::ByName if is_plain(text) => Ok(None),
            Binding::ByName => {
                let pieces = parse(text).map_err(Fault::Syntax)?;
                let bound = placeholders(pieces).map(|found| {
                    let config_id = self.find(&found)?;
                    Ok((
                        found.text,
                        Reference {
                            config_id,
                            key: found.key,
                        },
                    ))
                });
                bound.collect::<Result<_, _>>().map(Some)
            }
        }
    }

    /// The config that a placeholder means now; none for the one that will be read.
    fn find(&self, placeholder: &Placeholder<'_>) -> Result<Option<ConfigId>, Fault> {
        let own_project = self.state.project(self.config.project_id);
        let path = match (&placeholder.place, own_project) {
            (Place::Here, _) => return Ok(None),
            (Place::Anywhere(path), _) => path.clone(),
            (Place::InProject(config), Some(project)) => ConfigPath {
                project: project.slug.clone(),
                config: config.clone(),
            },
            (Place::InProject(_), None) => return Err(Fault::Unresolved(placeholder.text.into())),
        };
        if let Some(config) = self.state.config_at(&path) {
            self.check(placeholder.text, Some(config.id))?;
            return Ok(Some(config.id));
        }
        // What is not there is told only to those who could read it if it were; to others it looks like what they may
        // not read.
        let project = self.state.project_at(&path.project);
        let place = project.map_or(access::Place::EVERYWHERE, |project| {
            access::Place::project(project.id)
        });
        if self.reader.authority.may(Action::SecretsRead, place) {
            Err(Fault::Unresolved(placeholder.text.into()))
        } else {
            Err(Fault::Forbidden(placeholder.text.into()))
        }
    }

    /// Refuses a reference to what the writer may not read. One that is gone is found to be so later.
    fn check(&self, text: &str, config: Option<ConfigId>) -> Result<(), Fault> {
        match config.and_then(|id| self.state.config(id)) {
            Some(config) if !self.reader.may_read(config) => Err(Fault::Forbidden(text.into())),
            Some(_) | None => Ok(()),
        }
    }
}

fn into_placeholder(piece: Piece<'_>) -> Option<Placeholder<'_>> {
    match piece {
        Piece::Text(_) => None,
        Piece::Placeholder(placeholder) => Some(placeholder),
    }
}
