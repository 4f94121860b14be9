//! Putting values together when they are read.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use super::{Fault, MAX_DEPTH, MAX_OUTPUT, Node, Piece, Reader, cycle, pieces_of};
use crate::access::Authority;
use crate::change::Reference;
use crate::effective::EffectiveSecret;
use crate::id::ConfigId;
use crate::names::Key;
use crate::rejection::Rejection;
use crate::seal::KeyRing;
use crate::secret::SecretValue;
use crate::state::{Config, State};

/// How many bytes references may still come to in an answer. Shared by all that is resolved for it.
#[derive(Debug)]
pub struct Budget(usize);

impl Default for Budget {
    fn default() -> Self {
        Self(MAX_OUTPUT)
    }
}

/// Resolves the values of one config for one reader. Each value is put together once, however often it is referred to,
/// so the time is linear in what is stored and what comes out.
pub struct Resolver<'a> {
    state: &'a State,
    keys: &'a KeyRing,
    root: &'a Config,
    reader: Reader<'a>,
    max_depth: usize,
    budget: &'a mut Budget,
    done: HashMap<Node, Rc<Resolved>>,
    path: Vec<Node>,
    hops: BTreeSet<ConfigId>,
    unresolved: BTreeSet<String>,
}

/// A value that has been put together.
struct Resolved {
    value: SecretValue,
    /// How many references follow one after the other in it, at most.
    height: usize,
}

/// A value that cannot be put together, or not opened.
enum Failure {
    Fault(Fault),
    Unopenable(Key),
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl<'a> Resolver<'a> {
    /// For a reader with `authority`, who may read `root` already. Follows at most `max_depth` references one after the
    /// other, and never more than [`MAX_DEPTH`].
    pub fn new(
        state: &'a State,
        keys: &'a KeyRing,
        authority: &'a Authority,
        root: &'a Config,
        max_depth: usize,
        budget: &'a mut Budget,
    ) -> Self {
        Self {
            state,
            keys,
            root,
            reader: Reader {
                authority,
                root: root.id,
            },
            max_depth: max_depth.min(MAX_DEPTH),
            budget,
            done: HashMap::new(),
            path: Vec::new(),
            hops: BTreeSet::new(),
            unresolved: BTreeSet::new(),
        }
    }

    /// The value of `key`, inherited ones included; none where there is none. After a refusal other keys may be asked for.
    pub fn resolve(&mut self, key: &Key) -> Result<Option<SecretValue>, Rejection> {
        self.path.clear();
        let resolved = self.visit(self.root, key).and_then(|resolved| {
            let resolved = resolved.as_deref();
            resolved.map_or(Ok(()), |resolved| self.spend(resolved))?;
            Ok(resolved.map(|resolved| resolved.value.clone()))
        });
        match resolved {
            Ok(value) => Ok(value),
            Err(Failure::Unopenable(key)) => Err(Rejection::Unopenable(key.to_string())),
            Err(Failure::Fault(fault)) => Err(Rejection::Reference {
                key: key.clone(),
                fault,
            }),
        }
    }

    /// The other configs that values were taken from: whoever is given these values has to be allowed to read all of
    /// them.
    pub fn hops(&self) -> impl Iterator<Item = ConfigId> {
        self.hops.iter().copied()
    }

    /// The references that led nowhere, as they are written. Nothing stands in their place.
    pub fn unresolved(&self) -> impl Iterator<Item = &str> {
        self.unresolved.iter().map(String::as_str)
    }

    fn visit(&mut self, config: &'a Config, key: &Key) -> Result<Option<Rc<Resolved>>, Failure> {
        let (node, depth) = ((config.id, key.clone()), self.path.len());
        if let Some(known) = self.done.get(&node).cloned() {
            self.within(depth + known.height)?;
            return Ok(Some(known));
        }
        if self.path.contains(&node) {
            return Err(cycle(self.state, &self.path, &node).into());
        }
        self.within(depth)?;
        let Some(found) = EffectiveSecret::find(self.state, config, key, true) else {
            return Ok(None);
        };
        let value = found
            .open(key, self.keys)
            .map_err(|_| Failure::Unopenable(key.clone()))?;
        let pieces = found.secret.refs.as_deref();
        let pieces = pieces.and_then(|refs| Some((pieces_of(value.reveal(), refs)?, refs)));
        let resolved = match pieces {
            None => Resolved { value, height: 0 },
            Some((pieces, refs)) => {
                self.path.push(node.clone());
                let resolved = self.compose(config, &pieces, refs)?;
                self.path.pop();
                resolved
            }
        };
        let resolved = Rc::new(resolved);
        self.done.insert(node, resolved.clone());
        Ok(Some(resolved))
    }

    /// Puts a value together. Its length is known before a byte of it is copied, so nothing grows and nothing is left
    /// behind in memory.
    fn compose(
        &mut self,
        config: &'a Config,
        pieces: &[Piece<'_>],
        refs: &[Reference],
    ) -> Result<Resolved, Failure> {
        // What would not fit into the answer is not even made.
        let in_answer = self.path.len() == 1;
        let limit = if in_answer { self.budget.0 } else { MAX_OUTPUT };
        let (mut length, mut height) = (0, 0);
        let mut parts: Vec<Rc<Resolved>> = Vec::with_capacity(refs.len());
        let mut refs = refs.iter();
        for piece in pieces {
            length += match piece {
                Piece::Text(text) => text.len(),
                Piece::Placeholder(placeholder) => {
                    let reference = refs.next().expect("pieces and references were counted");
                    let part = self.reference(config, placeholder.text, reference)?;
                    height = height.max(1 + part.height);
                    parts.push(part);
                    parts.last().map_or(0, |part| part.value.reveal().len())
                }
            };
            if height > 0 && length > limit {
                return Err(Fault::TooLarge.into());
            }
        }
        let mut text = String::with_capacity(length);
        let mut parts = parts.iter();
        for piece in pieces {
            match piece {
                Piece::Text(piece) => text.push_str(piece),
                Piece::Placeholder(_) => {
                    text.extend(parts.next().map(|part| part.value.reveal()));
                }
            }
        }
        Ok(Resolved {
            value: SecretValue::new(text),
            height,
        })
    }

    /// What stands in the place of one reference.
    fn reference(
        &mut self,
        config: &'a Config,
        text: &str,
        reference: &Reference,
    ) -> Result<Rc<Resolved>, Failure> {
        let target = match reference.config_id {
            None => Some(config),
            Some(id) => self.state.config(id),
        };
        if let (Some(target), Some(id)) = (target, reference.config_id) {
            if !self.reader.may_read(target) {
                return Err(Fault::Forbidden(text.to_owned()).into());
            }
            if id != self.root.id {
                self.hops.insert(id);
            }
        }
        let found = match target {
            Some(target) => self.visit(target, &reference.key)?,
            None => None,
        };
        Ok(found.unwrap_or_else(|| {
            self.unresolved.insert(text.to_owned());
            Rc::new(Resolved {
                value: SecretValue::new(String::new()),
                height: 0,
            })
        }))
    }

    /// Only what references come to is paid for: anything else is no more than what is stored.
    fn spend(&mut self, resolved: &Resolved) -> Result<(), Fault> {
        if resolved.height > 0 {
            let length = resolved.value.reveal().len();
            self.budget.0 = self.budget.0.checked_sub(length).ok_or(Fault::TooLarge)?;
        }
        Ok(())
    }

    fn within(&self, depth: usize) -> Result<(), Fault> {
        if depth > self.max_depth {
            Err(Fault::TooDeep)
        } else {
            Ok(())
        }
    }
}
