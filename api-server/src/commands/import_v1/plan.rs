//! What becomes of a database of version 1.4: documents in, units of commands and a report out. Nothing is read or written
//! here.
//!
//! Every command is tried on a state of its own first, with keys that nobody keeps, so that the domain's rules decide what
//! can be carried over, a dry run says what an import would, and nothing is refused any more once writing begins.

mod events;
mod people;
mod projects;
#[cfg(test)]
mod tests;
mod tokens;

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::Rng as _;
use rand::rngs::StdRng;
use ssm_domain::caller::Actor;
use ssm_domain::command::Env;
use ssm_domain::credential::TokenSalt;
use ssm_domain::entry::Target;
use ssm_domain::import::{Import, Step, foresee};
use ssm_domain::names::{ConfigPath, Slug};
use ssm_domain::rejection::Rejection;
use ssm_domain::seal::{KeyRing, RootKey};
use ssm_domain::state::State;
use ssm_domain::time::Timestamp;
use ssm_domain::users::StartJournal;
use ssm_journal_mongodb::version1::Version1;

use super::report::Report;

/// What is to be written, each unit as one entry, and what is to be told.
pub(super) struct Plan {
    /// The units, in order.
    pub units: Vec<Import>,
    /// What comes along, and what does not.
    pub report: Report,
}

/// Decides what becomes of everything in `source`.
pub(super) fn plan(source: &Version1, now: Timestamp) -> Plan {
    let mut planner = Planner::new(source, now);
    planner.malformed();
    planner.projects();
    planner.secrets();
    planner.members();
    planner.groups();
    planner.roles();
    planner.mappings();
    planner.settings();
    planner.tokens();
    planner.events();
    planner.report.kv = source.kv;
    planner.report.unknown.clone_from(&source.unknown);
    Plan {
        units: planner.units,
        report: planner.report,
    }
}

/// A command that was tried, and changes something.
type Tried = Arc<dyn Step>;

struct Planner<'a> {
    source: &'a Version1,
    /// What all units so far come to.
    state: State,
    keys: KeyRing,
    salt: TokenSalt,
    rng: StdRng,
    now: Timestamp,
    units: Vec<Import>,
    report: Report,
    /// Projects that come along, by their id in version 1.4.
    project_slugs: HashMap<&'a str, Slug>,
    /// Configs that come along, by their id in version 1.4.
    config_paths: HashMap<&'a str, ConfigPath>,
    /// Groups that come along, by their id in version 1.4.
    group_slugs: HashMap<&'a str, Slug>,
}

impl<'a> Planner<'a> {
    fn new(source: &'a Version1, now: Timestamp) -> Self {
        let mut rng: StdRng = rand::make_rng();
        let mut key = || {
            let mut bytes = [0; 32];
            rng.fill_bytes(&mut bytes);
            STANDARD.encode(bytes)
        };
        let root = RootKey::parse(&key()).expect("32 random bytes are a key");
        let salt = TokenSalt::parse(&key()).expect("32 random bytes are a salt");
        let mut planner = Self {
            source,
            state: State::default(),
            keys: KeyRing::new(root),
            salt,
            rng,
            now,
            units: Vec::new(),
            report: Report::default(),
            project_slugs: HashMap::new(),
            config_paths: HashMap::new(),
            group_slugs: HashMap::new(),
        };
        let begun = planner.attempt(StartJournal);
        assert!(begun.is_ok(), "a journal can always be begun");
        planner
    }

    /// Tries a command behind all before it. Nothing where it would change nothing.
    fn attempt(&mut self, step: impl Step + 'static) -> Result<Option<Tried>, Rejection> {
        let mut env = Env {
            now: self.now,
            rng: &mut self.rng,
            keys: &self.keys,
            salt: &self.salt,
        };
        let draft = step.draft(&self.state, &Actor::System, &mut env)?;
        if draft.changes.is_empty() {
            return Ok(None);
        }
        foresee(&mut self.state, &draft, &env);
        Ok(Some(Arc::new(step)))
    }

    /// Makes one entry of what was tried since the last.
    fn close(&mut self, action: &'static str, target: Target, steps: Vec<Tried>) {
        if !steps.is_empty() {
            self.units.push(Import {
                action,
                target,
                steps,
            });
        }
    }

    fn malformed(&mut self) {
        for malformed in &self.source.malformed {
            self.report
                .lose(malformed.collection, &malformed.id, &malformed.why);
        }
    }
}
