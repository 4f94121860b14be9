//! What configs promise: inheritance, its limits, and that an end is an end.

use ssm_domain::access::Action;
use ssm_domain::command::RecordName;
use ssm_domain::configs::{DeleteConfig, MAX_CONFIGS, MAX_DEPTH};
use ssm_domain::digest::Digest;
use ssm_domain::effective::EffectiveConfig;
use ssm_domain::names::Key;
use ssm_domain::projects::DeleteProject;
use ssm_domain::rejection::{Noun, Rejection};
use ssm_domain::seal::{SealError, ValuePlace};
use ssm_domain::state::Changed;

use crate::support::{
    World, create_config, create_project, invalid, key, load_keys, path, slug, without_reason,
    write,
};

/// `web` with `base` ← `dev` ← `local`, and `prod` beside them.
fn world() -> World {
    let mut world = World::new();
    world.project("web");
    world.config("web/base", None);
    world.config("web/dev", Some("base"));
    world.config("web/local", Some("dev"));
    world.config("web/prod", Some("base"));
    world
}

fn delete(world: &mut World, at: &str) -> Result<(), Rejection> {
    world.run(&DeleteConfig { path: path(at) }, &world.owner())
}

#[test]
fn the_nearest_value_counts_and_says_whose_it_hides() {
    let mut world = world();
    world.set("web/base", &[("A", "base"), ("B", "base"), ("C", "base")]);
    world.set("web/dev", &[("B", "dev"), ("C", "dev")]);
    world.set("web/local", &[("C", "local")]);
    let local = world.at("web/local");
    let effective = EffectiveConfig::of(&world.state, local, true);
    for (name, source, overrides) in [
        ("A", "base", None),
        ("B", "dev", Some("base")),
        ("C", "local", Some("dev")),
    ] {
        let found = effective.secrets[&key(name)];
        assert_eq!(found.source.slug.as_str(), source);
        assert_eq!(
            found.overrides.map(|config| config.slug.as_str()),
            overrides
        );
        assert_eq!(found.is_inherited(local), source != "local");
        assert_eq!(world.effective("web/local", name).as_deref(), Some(source));
    }
    let own = EffectiveConfig::of(&world.state, local, false);
    assert_eq!(
        own.secrets.into_keys().map(Key::as_str).collect::<Vec<_>>(),
        ["C"]
    );
}

#[test]
fn a_change_moves_the_revision_of_everything_below_and_of_nothing_else() {
    let mut world = world();
    let all = ["web/base", "web/dev", "web/local", "web/prod"];
    for (written, moved) in [
        ("web/base", &all[..]),
        ("web/dev", &["web/dev", "web/local"]),
        ("web/local", &["web/local"]),
        ("web/prod", &["web/prod"]),
    ] {
        let before = world.seq();
        world.set(written, &[("A", &before.to_string())]);
        for at in all {
            assert_eq!(
                world.at(at).revision == world.seq(),
                moved.contains(&at),
                "{at} after {written}"
            );
        }
        assert_eq!(world.state.changed_since(before).count(), moved.len());
    }
}

#[test]
fn nothing_has_changed_since_a_revision_that_is_still_to_come() {
    let world = world();
    for revision in [world.seq(), world.seq() + 1, u64::MAX] {
        assert_eq!(world.state.changed_since(revision).count(), 0);
    }
}

#[test]
fn a_chain_of_configs_is_at_most_sixteen_long() {
    let mut world = World::new();
    world.project("web");
    world.config("web/c1", None);
    for depth in 2..=MAX_DEPTH {
        world.config(&format!("web/c{depth}"), Some(&format!("c{}", depth - 1)));
    }
    let owner = world.owner();
    let refused = world
        .run(&create_config("web/c17", Some("c16")), &owner)
        .err();
    assert_eq!(refused.map(without_reason), Some(invalid("parent")));
    world.set("web/c1", &[("A", "from the top")]);
    assert_eq!(
        world.effective("web/c16", "A").as_deref(),
        Some("from the top")
    );
}

#[test]
fn a_project_has_at_most_a_thousand_configs() {
    let mut world = World::new();
    world.project("web");
    for nth in 0..MAX_CONFIGS {
        world.config(&format!("web/c{nth}"), None);
    }
    let owner = world.owner();
    let refused = world.run(&create_config("web/more", None), &owner).err();
    assert!(matches!(refused, Some(Rejection::TooLarge(_))));
    delete(&mut world, "web/c7").unwrap();
    world.config("web/more", None);
}

#[test]
fn names_are_taken_once() {
    let mut world = world();
    let owner = world.owner();
    let refused = world.run(&create_project("web"), &owner).err();
    assert_eq!(refused, Some(Rejection::AlreadyExists(Noun::Project)));
    let refused = world.run(&create_config("web/dev", None), &owner).err();
    assert_eq!(refused, Some(Rejection::AlreadyExists(Noun::Config)));
    world.project("api");
    world.config("api/dev", None);
}

#[test]
fn a_parent_is_a_config_of_the_same_project_and_not_the_config_itself() {
    let mut world = world();
    world.project("api");
    world.config("api/shared", None);
    let owner = world.owner();
    for parent in ["nope", "shared", "new"] {
        let refused = world
            .run(&create_config("web/new", Some(parent)), &owner)
            .err();
        assert_eq!(
            refused.map(without_reason),
            Some(invalid("parent")),
            "{parent}"
        );
    }
}

#[test]
fn inheriting_needs_secrets_read_on_the_parent() {
    let mut world = world();
    let writer = world.service(&[Action::ConfigsWrite], "web");
    let reader = world.service(&[Action::ConfigsWrite, Action::SecretsRead], "web");
    assert!(
        world
            .decide(&create_config("web/new", None), &writer)
            .is_ok()
    );
    let command = create_config("web/new", Some("base"));
    let refused = world.decide(&command, &writer).err();
    assert_eq!(refused, Some(Rejection::MissingScope(Action::SecretsRead)));
    assert!(world.decide(&command, &reader).is_ok());
}

#[test]
fn deleting_a_config_that_others_inherit_from_is_refused() {
    let mut world = world();
    assert_eq!(delete(&mut world, "web/dev"), Err(Rejection::HasChildren));
    delete(&mut world, "web/local").unwrap();
    delete(&mut world, "web/dev").unwrap();
    assert_eq!(
        delete(&mut world, "web/dev"),
        Err(Rejection::NotFound(Noun::Config))
    );
}

#[test]
fn a_recreated_config_has_no_secrets_and_begins_anew() {
    let mut world = world();
    world.set("web/prod", &[("A", "old")]);
    let old = world.at("web/prod").id;
    delete(&mut world, "web/prod").unwrap();
    world.config("web/prod", None);
    let new = world.at("web/prod");
    assert_ne!(new.id, old);
    assert!(new.secrets.is_empty() && new.parent_id.is_none());
    assert_eq!(new.next_version(&key("A")), 1);
    assert_eq!(world.state.gone(old).unwrap().path, path("web/prod"));
}

#[test]
fn a_value_sealed_before_does_not_open_in_a_recreated_place() {
    let mut world = world();
    world.set("web/prod", &[("A", "old")]);
    let sealed = world.at("web/prod").secrets[&key("A")]
        .value
        .clone()
        .unwrap();
    let opens = |world: &World| {
        let (config, key) = (world.at("web/prod"), key("A"));
        let (project, config) = (config.project_id, config.id);
        let place = ValuePlace {
            project,
            config,
            key: &key,
            version: 1,
        };
        world
            .keys
            .open(place, &sealed)
            .map(|value| value.reveal().to_owned())
    };
    assert_eq!(opens(&world).as_deref(), Ok("old"));

    delete(&mut world, "web/prod").unwrap();
    world.config("web/prod", None);
    world.set("web/prod", &[("A", "new")]);
    assert_eq!(opens(&world), Err(SealError::DoesNotOpen));

    let owner = world.owner();
    world
        .run(&DeleteProject { slug: slug("web") }, &owner)
        .unwrap();
    world.project("web");
    world.config("web/prod", None);
    assert_eq!(
        opens(&world),
        Err(SealError::MissingDataKey),
        "its key went with the project"
    );
    load_keys(&world.keys, &world.store.borrow());
    assert_eq!(
        opens(&world),
        Err(SealError::DoesNotOpen),
        "even if the key came back"
    );
}

#[test]
fn deleting_a_project_ends_its_configs_and_asks_for_its_key_to_be_destroyed() {
    let mut world = world();
    let project = world.state.project_at(&slug("web")).unwrap();
    let data_key = &project.data_keys[0].key;
    let (project_id, record_id, record) = (project.id, data_key.record_id, data_key.record);
    let stored = world
        .store
        .borrow()
        .records
        .iter()
        .any(|record_| record_.digest() == record);
    assert!(stored, "the entry names a record that is there");
    let (owner, before) = (world.owner(), world.seq());
    let draft = world
        .decide(&DeleteProject { slug: slug("web") }, &owner)
        .unwrap();
    assert_eq!(draft.destroyed, [RecordName::key(record_id)]);
    world.write(draft).unwrap();

    assert!(world.state.project(project_id).is_none());
    let mut gone: Vec<String> = world
        .state
        .changed_since(before)
        .map(|changed| match changed {
            Changed::Gone(_, gone) => gone.path.to_string(),
            Changed::Config(config) => panic!("{} lives", config.slug),
        })
        .collect();
    gone.sort();
    assert_eq!(gone, ["web/base", "web/dev", "web/local", "web/prod"]);
}

#[test]
fn a_value_that_the_store_has_lost_does_not_keep_the_journal_from_being_read() {
    let mut world = world();
    world.set("web/base", &[("A", "lost"), ("B", "kept")]);
    let lost = world.at("web/base").secrets[&key("A")]
        .value
        .clone()
        .unwrap();
    world
        .store
        .borrow_mut()
        .values
        .remove(&Digest::of(lost.as_bytes()));
    let mut again = world.replica(2);
    assert_eq!(again.effective("web/dev", "B").as_deref(), Some("kept"));
    let base = again.at("web/base");
    let effective = EffectiveConfig::of(&again.state, base, true);
    let opened = effective.secrets[&key("A")].open(&key("A"), &again.keys);
    assert_eq!(opened.err(), Some(SealError::DoesNotOpen));
    // Whatever is set takes its place, the same value included.
    let owner = again.owner();
    again
        .run(&write("web/base", &[("A", "lost")], &[]), &owner)
        .unwrap();
    assert_eq!(again.own("web/base", "A").as_deref(), Some("lost"));
}
