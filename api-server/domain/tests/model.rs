//! Any sequence of commands leaves the state that a naive model of it predicts, refusals included.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use ssm_domain::effective::{EffectiveConfig, EffectiveSecret};
use ssm_domain::id::{ConfigId, TokenId};
use ssm_domain::names::Key;
use ssm_domain::seal::Sealed;
use ssm_domain::state::{Changed, Config, State};

use crate::support::model::Model;
use crate::support::steps::{self, Answer, CONFIGS, KEYS, PROJECTS, Step};
use crate::support::{World, key, path, without_reason};

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, ..ProptestConfig::default() })]

    #[test]
    fn any_run_of_commands_does_what_the_model_predicts(run in steps::run(80)) {
        let mut world = World::new();
        let mut model = Model { seq: world.seq(), now: world.now, ..Model::default() };
        let mut tokens: Vec<TokenId> = Vec::new();
        for (by, step) in &run {
            let before = world.state.clone();
            if let Step::Wait = step {
                world.wait(std::time::Duration::from_hours(7));
                model.now = world.now;
            } else {
                let actor = steps::actor(&world, *by, &tokens);
                let real = steps::decide(&mut world, step, &actor, &tokens)
                    .map(|draft| world.write(draft).unwrap());
                let predicted = model.step(*by, step, real.as_ref().ok());
                let real = real.map_err(without_reason);
prop_assert_eq!(&real, &predicted, "{:?} {:?}", by, step);
                if let Ok(Answer::Issued(id, _)) = real {
                    tokens.push(id);
                }
            }
            same_configs(&world, &model)?;
            same_tokens(&world, &model)?;
            same_changes(&world.state, &model)?;
            moved_with_its_content(&before, &world.state)?;
        }
        for revision in 0..=world.seq() + 1 {
            same_changes_since(&world.state, &model, revision)?;
        }
    }
}

fn same_configs(world: &World, model: &Model) -> Result<(), TestCaseError> {
    let state = &world.state;
    prop_assert_eq!(state.head().seq, model.seq);
    let projects: Vec<_> = state
        .projects()
        .map(|project| (project.slug.to_string(), project.id))
        .collect();
    let expected: Vec<_> = model
        .projects
        .iter()
        .map(|(slug, project)| (slug.clone(), project.id))
        .collect();
    prop_assert_eq!(projects, expected);
    for (project, config) in PROJECTS
        .iter()
        .flat_map(|project| CONFIGS.map(|config| (*project, config)))
    {
        let at = path(&format!("{project}/{config}"));
        let expected = model
            .projects
            .get(project)
            .and_then(|project| project.configs.get(config));
        let Some(expected) = expected else {
            prop_assert!(state.config_at(&at).is_none());
            continue;
        };
        let found = state.config_at(&at).expect("the model has it");
        prop_assert_eq!(found.id, expected.id);
        prop_assert_eq!(found.revision, expected.revision);
        let lineage: Vec<_> = state
            .lineage(found)
            .map(|config| config.slug.to_string())
            .collect();
        prop_assert_eq!(lineage, model.lineage(project, config));
        for name in KEYS {
            let last = expected.versions.get(name).copied().unwrap_or(0);
            prop_assert_eq!(found.next_version(&key(name)), last + 1);
            let version = found.secrets.get(&key(name)).map(|secret| secret.version);
            prop_assert_eq!(
                version,
                expected.secrets.get(name).map(|(version, _)| *version)
            );
        }
        let effective = effective(world, found);
        prop_assert_eq!(found.keys, effective.len());
        prop_assert_eq!(effective, model.effective(project, config));
    }
    let count = state
        .projects()
        .map(|project| state.configs_of(project).count())
        .sum::<usize>();
    prop_assert_eq!(
        count,
        model
            .projects
            .values()
            .map(|project| project.configs.len())
            .sum::<usize>()
    );
    Ok(())
}

type Effective = BTreeMap<String, (String, String, Option<String>)>;

fn effective(world: &World, config: &Config) -> Effective {
    let open = |(key, found): (&&Key, &EffectiveSecret<'_>)| {
        let value = found.open(key, &world.keys).expect("it opens");
        let hidden = found.overrides.map(|config| config.slug.to_string());
        let source = found.source.slug.to_string();
        (key.to_string(), (value.reveal().to_owned(), source, hidden))
    };
    let effective = EffectiveConfig::of(&world.state, config, true);
    effective.secrets.iter().map(open).collect()
}

fn same_tokens(world: &World, model: &Model) -> Result<(), TestCaseError> {
    prop_assert_eq!(
        world.state.tokens().count(),
        model.tokens.len() + 1,
        "the owner has a session"
    );
    for expected in &model.tokens {
        let token = world.state.token(expected.id).expect("it was issued");
        prop_assert_eq!(token.revoked_at.is_some(), expected.revoked);
        prop_assert_eq!(token.expires_at, expected.expires_at);
    }
    Ok(())
}

fn same_changes(state: &State, model: &Model) -> Result<(), TestCaseError> {
    for revision in [0, model.seq / 2, model.seq - 1] {
        same_changes_since(state, model, revision)?;
    }
    Ok(())
}

fn same_changes_since(state: &State, model: &Model, revision: u64) -> Result<(), TestCaseError> {
    let found: Vec<(u64, ConfigId)> = state
        .changed_since(revision)
        .map(|changed| match changed {
            Changed::Config(config) => (config.revision, config.id),
            Changed::Gone(id, gone) => (gone.seq, id),
        })
        .collect();
    prop_assert!(found.is_sorted(), "oldest first");
    let living = model
        .projects
        .values()
        .flat_map(|project| project.configs.values())
        .map(|config| (config.revision, config.id));
    let gone = model.gone.iter().map(|(id, _, seq)| (*seq, *id));
    let expected: BTreeSet<_> = living
        .chain(gone)
        .filter(|(seq, _)| *seq > revision)
        .collect();
    prop_assert_eq!(found.len(), expected.len(), "each once");
    prop_assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected);
    Ok(())
}

/// A revision only grows, and wherever the effective content is another, the revision is the new entry's.
fn moved_with_its_content(before: &State, after: &State) -> Result<(), TestCaseError> {
    for old in before
        .projects()
        .flat_map(|project| before.configs_of(project))
    {
        let Some(new) = after.config(old.id) else {
            continue;
        };
        prop_assert!(new.revision >= old.revision);
        if sealed(before, old) != sealed(after, new) {
            prop_assert_eq!(new.revision, after.head().seq);
        }
    }
    Ok(())
}

fn sealed<'a>(
    state: &'a State,
    config: &'a Config,
) -> Vec<(&'a Key, ConfigId, &'a Option<Sealed>)> {
    let secrets = EffectiveConfig::of(state, config, true).secrets;
    secrets
        .into_iter()
        .map(|(key, found)| (key, found.source.id, &found.secret.value))
        .collect()
}
