//! What changing a config as a whole promises: another name or parent, a copy, values from elsewhere, and the way back.

use ssm_domain::access::Action;
use ssm_domain::change::Reference;
use ssm_domain::configs::{CloneConfig, MAX_DEPTH};
use ssm_domain::id::{ConfigId, Epoch};
use ssm_domain::projects::UpdateProject;
use ssm_domain::rejection::{Noun, Rejection};
use ssm_domain::secret::SecretValue;
use ssm_domain::secrets::{Edit, ExpectedRevision, Outcome, Promote, SetSecret, WriteSecrets};

use crate::support::{
    World, create_config, create_project, invalid, key, path, slug, update_config, without_reason,
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

fn reparent(world: &mut World, at: &str, parent: &str) -> Result<u64, Rejection> {
    let mut command = update_config(at);
    command.parent = Edit::Set(slug(parent));
    let update = world
        .run(&command, &world.owner())
        .map_err(without_reason)?;
    Ok(update.revision)
}

fn rename(world: &mut World, at: &str, to: &str) -> Result<u64, Rejection> {
    let mut command = update_config(at);
    command.slug = Some(slug(to));
    Ok(world.run(&command, &world.owner())?.revision)
}

fn clone(world: &mut World, at: &str, to: &str) -> Result<ConfigId, Rejection> {
    let command = CloneConfig {
        source: path(at),
        slug: slug(to),
    };
    Ok(world.run(&command, &world.owner())?.id)
}

fn promote(from: &str, to: &str, keys: Option<&[&str]>) -> Promote {
    Promote {
        project: slug("web"),
        from: slug(from),
        to: slug(to),
        keys: keys.map(|keys| keys.iter().map(|name| key(name)).collect()),
        expected: None,
    }
}

fn roll_back(world: &mut World, at: &str, revision: u64) -> Vec<(String, Outcome)> {
    let command = world.rollback(at, revision).unwrap();
    let written = world.run(&command, &world.owner()).unwrap();
    let keys = written.keys.into_iter();
    keys.map(|key| (key.key.to_string(), key.outcome)).collect()
}

/// Sets one secret with all that it can have.
fn set_fully(world: &mut World, at: &str, name: &str, value: &str, note: &str) {
    let command = WriteSecrets {
        path: path(at),
        set: vec![SetSecret {
            icon: Edit::Set("key".into()),
            note: Edit::Set(note.parse().unwrap()),
            ..SetSecret::new(key(name), SecretValue::new(value.into()))
        }],
        delete: Vec::new(),
        expected: None,
    };
    world.run(&command, &world.owner()).unwrap();
}

#[test]
fn no_config_inherits_from_itself_by_whatever_way() {
    let mut world = world();
    for (at, parent) in [
        ("web/base", "base"),
        ("web/base", "dev"),
        ("web/base", "local"),
        ("web/dev", "local"),
    ] {
        assert_eq!(
            reparent(&mut world, at, parent),
            Err(Rejection::InheritanceCycle),
            "{at} under {parent}"
        );
    }
    let seq = world.seq();
    assert_eq!(reparent(&mut world, "web/local", "prod"), Ok(seq + 1));
    assert_eq!(reparent(&mut world, "web/dev", "local"), Ok(seq + 2));
}

#[test]
fn everything_below_a_config_has_to_have_room_under_its_new_parent() {
    let mut world = world();
    world.config("web/c1", None);
    for depth in 2..MAX_DEPTH {
        let parent = format!("c{}", depth - 1);
        world.config(&format!("web/c{depth}"), Some(&parent));
    }
    // `dev` stands above `local`, so that the two need two places below.
    let too_deep = Err(invalid("inherits_from"));
    assert_eq!(reparent(&mut world, "web/dev", "c15"), too_deep);
    let seq = world.seq();
    assert_eq!(reparent(&mut world, "web/dev", "c14"), Ok(seq + 1));
    assert_eq!(reparent(&mut world, "web/c1", "prod"), too_deep);
    assert_eq!(reparent(&mut world, "web/local", "c15"), Ok(seq + 2));
    let local = world.state.lineage(world.at("web/local")).count();
    assert_eq!(local, MAX_DEPTH);
}

#[test]
fn another_parent_must_be_readable_and_moves_the_revision_of_all_below() {
    let mut world = world();
    world.set("web/prod", &[("A", "prod")]);
    let blind = world.service(&[Action::ConfigsWrite], "web");
    let mut command = update_config("web/dev");
    command.parent = Edit::Set(slug("prod"));
    let missing = Rejection::MissingScope(Action::SecretsRead);
    assert_eq!(world.run(&command, &blind), Err(missing));

    let revision = reparent(&mut world, "web/dev", "prod").unwrap();
    assert_eq!(world.effective("web/local", "A").as_deref(), Some("prod"));
    assert_eq!(world.at("web/local").revision, revision);
    command.parent = Edit::Clear;
    world.run(&command, &blind).unwrap();
    assert_eq!(world.effective("web/local", "A"), None);
}

#[test]
fn a_renamed_config_is_the_same_config_at_another_path() {
    let mut world = world();
    world.set("web/dev", &[("A", "one")]);
    let id = world.at("web/dev").id;
    assert_eq!(
        rename(&mut world, "web/dev", "prod"),
        Err(Rejection::AlreadyExists(Noun::Config))
    );
    let revision = rename(&mut world, "web/dev", "stage").unwrap();
    assert_eq!((world.at("web/stage").id, world.seq()), (id, revision));
    assert!(world.state.config_at(&path("web/dev")).is_none());
    assert_eq!(world.effective("web/local", "A").as_deref(), Some("one"));
    assert_eq!(world.at("web/local").revision, revision);

    let here = world.service(&[Action::ConfigsWrite], "web/stage");
    let mut command = update_config("web/stage");
    command.name = Some("Stage".parse().unwrap());
    world.run(&command, &here).unwrap();
    assert_eq!(
        world.at("web/stage").revision,
        revision,
        "a title is no content"
    );
    command.slug = Some(slug("dev"));
    let missing = Rejection::MissingScope(Action::ConfigsWrite);
    assert_eq!(
        world.run(&command, &here),
        Err(missing),
        "a slug is the project's"
    );
}

#[test]
fn what_is_so_already_writes_nothing_and_a_wrong_belief_is_refused() {
    let mut world = world();
    let seq = world.seq();
    let mut command = update_config("web/dev");
    command.slug = Some(slug("dev"));
    command.parent = Edit::Set(slug("base"));
    let update = world.run(&command, &world.owner()).unwrap();
    assert_eq!(
        (update.revision, world.seq()),
        (world.at("web/dev").revision, seq)
    );

    command.name = Some("Development".parse().unwrap());
    command.expected = Some(ExpectedRevision {
        epoch: Epoch::MIN,
        revision: update.revision,
    });
    let current = update.revision;
    assert_eq!(
        world.run(&command, &world.owner()),
        Err(Rejection::RevisionMoved { current })
    );
}

#[test]
fn what_a_command_answers_is_what_the_state_then_has() {
    let mut world = world();
    let owner = world.owner();
    let mut update = update_config("web/dev");
    update.slug = Some(slug("stage"));
    update.parent = Edit::Set(slug("prod"));
    let copy = CloneConfig {
        source: path("web/local"),
        slug: slug("copy"),
    };
    let answers = [
        world.run(&create_config("web/new", Some("base")), &owner),
        world.run(&update, &owner),
        world.run(&copy, &owner),
    ];
    for answer in answers.map(Result::unwrap) {
        let config = world.state.config(answer.id).unwrap();
        let parent = config.parent_id.and_then(|id| world.state.config(id));
        assert_eq!(answer.slug, config.slug);
        assert_eq!(answer.name, config.name);
        assert_eq!(answer.parent, parent.map(|parent| parent.slug.clone()));
        assert_eq!(answer.created_at, config.created_at);
        assert_eq!(answer.revision, config.revision);
    }
    let answer = world.run(&create_project("api"), &owner).unwrap();
    let project = world.state.project(answer.id).unwrap();
    assert_eq!(
        (answer.slug, answer.name),
        (project.slug.clone(), project.name.clone())
    );
    assert_eq!(answer.created_at, project.created_at);
}

#[test]
fn a_project_takes_another_name_and_loses_its_description() {
    let mut world = world();
    let mut command = UpdateProject {
        slug: slug("web"),
        name: Some("Web shop".parse().unwrap()),
        description: Edit::Set("Sells things".parse().unwrap()),
    };
    world.run(&command, &world.owner()).unwrap();
    let seq = world.seq();
    command.name = None;
    world.run(&command, &world.owner()).unwrap();
    assert_eq!(world.seq(), seq, "that is so already");
    command.description = Edit::Clear;
    world.run(&command, &world.owner()).unwrap();
    let project = world.state.project_at(&slug("web")).unwrap();
    assert_eq!(project.name.as_str(), "Web shop");
    assert_eq!(project.description, None);
}

#[test]
fn a_clone_has_the_parent_and_all_that_the_secrets_have() {
    let mut world = world();
    world.set("web/base", &[("BASE", "inherited")]);
    set_fully(&mut world, "web/dev", "A", "first", "a note");
    set_fully(&mut world, "web/dev", "A", "second", "a note");
    let seq = world.seq();
    clone(&mut world, "web/dev", "copy").unwrap();
    assert_eq!(world.seq(), seq + 1, "one entry");

    let (copy, dev) = (world.at("web/copy"), world.at("web/dev"));
    assert_eq!(
        (copy.parent_id, copy.name.as_str()),
        (dev.parent_id, "copy")
    );
    let (theirs, ours) = (&dev.secrets[&key("A")], &copy.secrets[&key("A")]);
    assert_eq!((&ours.icon, &ours.note), (&theirs.icon, &theirs.note));
    assert_eq!((ours.version, theirs.version), (1, 2));
    assert_ne!(ours.value, theirs.value, "sealed for its own place");
    assert_eq!(world.own("web/copy", "A").as_deref(), Some("second"));
    assert_eq!(
        world.effective("web/copy", "BASE").as_deref(),
        Some("inherited")
    );
    assert_eq!(
        clone(&mut world, "web/dev", "copy"),
        Err(Rejection::AlreadyExists(Noun::Config))
    );
}

#[test]
fn promoting_takes_what_a_config_has_itself_and_named_keys_from_above() {
    let mut world = world();
    world.set("web/base", &[("BASE", "inherited")]);
    world.set("web/dev", &[("A", "dev"), ("B", "same")]);
    world.set("web/prod", &[("B", "same"), ("C", "kept")]);
    let seq = world.seq();
    let owner = world.owner();
    let written = world.run(&promote("dev", "prod", None), &owner).unwrap();
    assert_eq!((written.revision, world.seq()), (seq + 1, seq + 1));
    let outcomes: Vec<_> = written.keys.iter().map(|key| key.outcome).collect();
    assert_eq!(outcomes, [Outcome::New, Outcome::Same]);
    assert_eq!(world.own("web/prod", "C").as_deref(), Some("kept"));

    let named = promote("dev", "prod", Some(&["BASE"]));
    let written = world.run(&named, &owner).unwrap();
    assert!(written.keys[0].overrides_inherited);
    assert_eq!(world.own("web/prod", "BASE").as_deref(), Some("inherited"));
    for (command, refusal) in [
        (
            promote("dev", "prod", Some(&["NOPE"])),
            Rejection::NotFound(Noun::Secret),
        ),
        (promote("dev", "dev", None), invalid("to")),
        (promote("dev", "prod", Some(&["A", "A"])), invalid("A")),
    ] {
        let outcome = world.run(&command, &owner).map_err(without_reason);
        assert_eq!(outcome, Err(refusal));
    }
}

#[test]
fn rolling_back_brings_back_what_was_and_leaves_alone_what_still_is() {
    let mut world = world();
    set_fully(&mut world, "web/dev", "A", "one", "a note");
    world.set("web/dev", &[("B", "kept"), ("C", "gone later")]);
    let then = world.seq();
    world.set("web/dev", &[("A", "two"), ("D", "new")]);
    world
        .run(&write("web/dev", &[], &["C"]), &world.owner())
        .unwrap();
    set_fully(&mut world, "web/dev", "A", "two", "another note");
    let seq = world.seq();

    let outcomes = roll_back(&mut world, "web/dev", then);
    let expected = [
        ("A", Outcome::Changed),
        ("B", Outcome::Same),
        ("C", Outcome::New),
        ("D", Outcome::Deleted),
    ];
    assert_eq!(
        outcomes,
        expected.map(|(key, outcome)| (key.to_owned(), outcome))
    );
    assert_eq!(world.seq(), seq + 1, "one entry");
    let back = &world.at("web/dev").secrets;
    assert_eq!(back[&key("A")].note.as_ref().unwrap().as_str(), "a note");
    assert_eq!(back[&key("C")].version, 2, "versions go on");
    assert_eq!(world.own("web/dev", "A").as_deref(), Some("one"));
    assert_eq!(world.own("web/dev", "D"), None);

    roll_back(&mut world, "web/dev", then);
    assert_eq!(world.seq(), seq + 1, "it is so already");
    roll_back(&mut world, "web/dev", seq);
    assert_eq!(world.own("web/dev", "D").as_deref(), Some("new"));
    assert_eq!(world.own("web/dev", "C"), None);
}

#[test]
fn rolling_back_needs_the_right_to_do_what_it_comes_to() {
    let mut world = world();
    world.set("web/dev", &[("A", "one")]);
    let then = world.seq();
    world.set("web/dev", &[("A", "two"), ("B", "new")]);
    let command = world.rollback("web/dev", then).unwrap();
    let read = Action::SecretsRead;
    for (actions, missing) in [
        (&[Action::SecretsWrite, Action::SecretsDelete][..], read),
        (&[read, Action::SecretsDelete], Action::SecretsWrite),
        (&[read, Action::SecretsWrite], Action::SecretsDelete),
    ] {
        let actor = world.service(actions, "web/dev");
        assert_eq!(
            world.run(&command, &actor),
            Err(Rejection::MissingScope(missing))
        );
    }
    let enough = [read, Action::SecretsWrite, Action::SecretsDelete];
    let actor = world.service(&enough, "web/dev");
    world.run(&command, &actor).unwrap();
}

#[test]
fn a_value_that_is_lost_stops_only_the_rollback_that_needs_it() {
    let mut world = world();
    world.set("web/dev", &[("A", "one")]);
    let then = world.seq();
    world.set("web/dev", &[("A", "two")]);
    let mut command = world.rollback("web/dev", then).unwrap();
    command.secrets.get_mut(&key("A")).unwrap().value = None;
    assert_eq!(
        world.run(&command, &world.owner()),
        Err(Rejection::Unopenable("A".into()))
    );
    let mut now = world.rollback("web/dev", world.seq()).unwrap();
    now.secrets.get_mut(&key("A")).unwrap().value = None;
    world.run(&now, &world.owner()).unwrap();
}

#[test]
fn what_another_config_of_the_same_name_had_does_not_come_back() {
    let mut world = world();
    world.set("web/local", &[("A", "one")]);
    let command = world.rollback("web/local", world.seq()).unwrap();
    let delete = ssm_domain::configs::DeleteConfig {
        path: path("web/local"),
    };
    world.run(&delete, &world.owner()).unwrap();
    world.config("web/local", None);
    assert_eq!(
        world.run(&command, &world.owner()),
        Err(Rejection::NotFound(Noun::Config))
    );
}

#[test]
fn a_config_was_at_no_revision_before_it_was_made_or_after_what_it_is_at() {
    let mut world = world();
    let made = world.at("web/prod").revision;
    world.set("web/prod", &[("A", "one")]);
    world.set("web/local", &[("A", "one")]);
    for beyond in [0, made - 1, world.at("web/prod").revision + 1, u64::MAX] {
        let outcome = world.rollback("web/prod", beyond).map(|_| ());
        assert_eq!(outcome, Err(Rejection::RevisionNotFound), "{beyond}");
    }
    assert!(world.rollback("web/prod", made).unwrap().secrets.is_empty());
}

#[test]
fn references_come_back_as_they_were_stored() {
    let mut world = world();
    world.set("web/dev", &[("A", "one")]);
    let then = world.seq();
    world.set("web/dev", &[("A", "two")]);
    let mut command = world.rollback("web/dev", then).unwrap();
    let refs = vec![Reference {
        config_id: Some(ConfigId::MIN),
        key: key("GONE"),
    }];
    command.secrets.get_mut(&key("A")).unwrap().refs = Some(refs.as_slice().into());
    world.run(&command, &world.owner()).unwrap();
    let refs_in = |world: &World, at: &str| world.at(at).secrets[&key("A")].refs.clone();
    assert_eq!(refs_in(&world, "web/dev").as_deref(), Some(&*refs));
    clone(&mut world, "web/dev", "copy").unwrap();
    assert_eq!(refs_in(&world, "web/copy").as_deref(), Some(&*refs));
}
