//! What writing secrets promises: all or nothing, nothing for nothing, and never a value where it does not belong.

use std::collections::HashSet;

use ssm_domain::access::Action;
use ssm_domain::id::Epoch;
use ssm_domain::names::Description;
use ssm_domain::rejection::{Noun, Rejection};
use ssm_domain::secret::{InvalidValue, SecretValue};
use ssm_domain::secrets::{
    Edit, ExpectedRevision, MAX_BYTES, MAX_KEYS, Outcome, SetSecret, WriteSecrets,
};

use crate::support::{World, create_config, invalid, key, without_reason, write};

fn world() -> World {
    let mut world = World::new();
    world.project("web");
    world.config("web/base", None);
    world.config("web/prod", Some("base"));
    world
}

fn run(world: &mut World, command: &WriteSecrets) -> Result<Vec<Outcome>, Rejection> {
    let written = world.run(command, &world.owner())?;
    Ok(written.keys.into_iter().map(|key| key.outcome).collect())
}

#[test]
fn setting_the_same_value_again_writes_nothing() {
    let mut world = world();
    let first = world.set("web/prod", &[("A", "one"), ("B", "two")]);
    assert_eq!(first.revision, world.seq());
    let again = world.set("web/prod", &[("A", "one"), ("B", "two")]);
    assert_eq!(again.revision, first.revision);
    assert!(again.keys.iter().all(|key| key.outcome == Outcome::Same));
    assert_eq!(world.seq(), first.revision);

    let part = world.set("web/prod", &[("A", "one"), ("B", "three"), ("C", "")]);
    let outcomes: Vec<_> = part.keys.iter().map(|key| key.outcome).collect();
    assert_eq!(outcomes, [Outcome::Same, Outcome::Changed, Outcome::New]);
    let prod = world.at("web/prod");
    assert_eq!(
        prod.secrets[&key("A")].version,
        1,
        "an unchanged key keeps its version"
    );
    assert_eq!(prod.secrets[&key("B")].version, 2);
}

#[test]
fn a_write_says_what_it_overrides() {
    let mut world = world();
    world.set("web/base", &[("A", "base")]);
    let written = world.set("web/prod", &[("A", "prod"), ("B", "prod")]);
    let overrides: Vec<_> = written
        .keys
        .iter()
        .map(|key| key.overrides_inherited)
        .collect();
    assert_eq!(overrides, [true, false]);
}

#[test]
fn delete_of_an_absent_key_is_not_found_and_nothing_is_half_done() {
    let mut world = world();
    world.set("web/base", &[("INHERITED", "x")]);
    world.set("web/prod", &[("A", "one")]);
    let (seq, values) = (world.seq(), world.store.borrow().values.len());
    for absent in ["B", "INHERITED"] {
        let refused = run(
            &mut world,
            &write("web/prod", &[("C", "new")], &["A", absent]),
        );
        assert_eq!(refused, Err(Rejection::NotFound(Noun::Secret)));
    }
    assert_eq!(
        (world.seq(), world.store.borrow().values.len()),
        (seq, values)
    );
    assert_eq!(world.own("web/prod", "A").as_deref(), Some("one"));
    assert_eq!(world.own("web/prod", "C"), None);
}

#[test]
fn a_key_is_given_once_in_a_write() {
    let mut world = world();
    world.set("web/prod", &[("A", "one")]);
    for command in [
        write("web/prod", &[("A", "x"), ("B", "y"), ("A", "x")], &[]),
        write("web/prod", &[("A", "x")], &["A"]),
        write("web/prod", &[], &["A", "A"]),
    ] {
        assert_eq!(
            run(&mut world, &command).map_err(without_reason),
            Err(invalid("A"))
        );
    }
}

#[test]
fn versions_go_on_after_deletion() {
    let mut world = world();
    world.set("web/prod", &[("A", "one")]);
    world.set("web/prod", &[("A", "two")]);
    run(&mut world, &write("web/prod", &[], &["A"])).unwrap();
    assert_eq!(world.at("web/prod").next_version(&key("A")), 3);
    world.set("web/prod", &[("A", "one")]);
    assert_eq!(world.at("web/prod").secrets[&key("A")].version, 3);
    assert_eq!(world.own("web/prod", "A").as_deref(), Some("one"));
}

#[test]
fn a_deleted_override_shows_what_it_hid() {
    let mut world = world();
    world.set("web/base", &[("A", "base")]);
    world.set("web/prod", &[("A", "prod")]);
    run(&mut world, &write("web/prod", &[], &["A"])).unwrap();
    assert_eq!(world.effective("web/prod", "A").as_deref(), Some("base"));
}

#[test]
fn a_write_that_believes_in_another_revision_is_refused_with_the_one_there_is() {
    let mut world = world();
    let revision = world.set("web/prod", &[("A", "one")]).revision;
    let epoch = world.state.journal().unwrap().epoch;
    let moved = || Err(Rejection::RevisionMoved { current: revision });
    let same = || Ok(vec![Outcome::Same]);
    for (epoch, believed, expected) in [
        (epoch, revision, same()),
        (epoch, revision - 1, moved()),
        (epoch, revision + 1, moved()),
        (Epoch::MIN, revision, moved()),
    ] {
        let mut command = write("web/prod", &[("A", "one")], &[]);
        command.expected = Some(ExpectedRevision {
            epoch,
            revision: believed,
        });
        assert_eq!(run(&mut world, &command), expected);
    }
    // What is inherited counts: its change moves the revision as well.
    world.set("web/base", &[("B", "two")]);
    let mut command = write("web/prod", &[("A", "two")], &[]);
    command.expected = Some(ExpectedRevision { epoch, revision });
    let current = world.seq();
    assert_eq!(
        run(&mut world, &command),
        Err(Rejection::RevisionMoved { current })
    );
}

#[test]
fn icon_and_note_are_kept_cleared_and_set_and_count_as_changes() {
    let mut world = world();
    let edit = |icon: Edit<String>, note: Edit<&str>| WriteSecrets {
        set: vec![SetSecret {
            icon,
            note: match note {
                Edit::Keep => Edit::Keep,
                Edit::Clear => Edit::Clear,
                Edit::Set(note) => Edit::Set(note.parse().unwrap()),
            },
            ..SetSecret::new(key("A"), SecretValue::new("one".into()))
        }],
        ..write("web/prod", &[], &[])
    };
    for (command, outcome, icon, note) in [
        (
            edit(Edit::Set("db".into()), Edit::Set("for web")),
            Outcome::New,
            Some("db"),
            Some("for web"),
        ),
        (
            edit(Edit::Keep, Edit::Keep),
            Outcome::Same,
            Some("db"),
            Some("for web"),
        ),
        (
            edit(Edit::Set("db".into()), Edit::Clear),
            Outcome::Changed,
            Some("db"),
            None,
        ),
        (edit(Edit::Clear, Edit::Clear), Outcome::Changed, None, None),
        (edit(Edit::Clear, Edit::Keep), Outcome::Same, None, None),
    ] {
        assert_eq!(run(&mut world, &command), Ok(vec![outcome]));
        let secret = &world.at("web/prod").secrets[&key("A")];
        assert_eq!(secret.icon.as_deref(), icon);
        assert_eq!(secret.note.as_ref().map(Description::as_str), note);
    }
}

#[test]
fn a_config_has_at_most_five_thousand_keys_of_its_own() {
    let mut world = world();
    let names: Vec<String> = (0..=MAX_KEYS).map(|nth| format!("K{nth}")).collect();
    let all: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
    let refused = run(&mut world, &write("web/prod", &all, &[]));
    assert!(matches!(refused, Err(Rejection::TooLarge(_))));
    assert!(world.at("web/prod").secrets.is_empty());

    world.set("web/prod", &all[..MAX_KEYS]);
    let refused = run(&mut world, &write("web/prod", &all[MAX_KEYS..], &[]));
    assert!(matches!(refused, Err(Rejection::TooLarge(_))));
    world.set("web/prod", &[("K0", "a key that is there can change")]);
    let exchange = write("web/prod", &all[MAX_KEYS..], &["K0"]);
    assert_eq!(
        run(&mut world, &exchange),
        Ok(vec![Outcome::New, Outcome::Deleted])
    );
    world.set("web/base", &[("MORE", "inherited keys do not count")]);
}

#[test]
fn a_config_has_at_most_a_mebibyte_of_its_own() {
    let mut world = world();
    let most = "x".repeat(SecretValue::MAX_BYTES);
    let names: Vec<String> = (10..26).map(|nth| format!("K{nth}")).collect();
    let all: Vec<(&str, &str)> = names
        .iter()
        .map(|name| (name.as_str(), most.as_str()))
        .collect();
    let refused = run(&mut world, &write("web/prod", &all, &[]));
    assert!(
        matches!(refused, Err(Rejection::TooLarge(_))),
        "names count, too"
    );

    world.set("web/prod", &all[..15]);
    let left = MAX_BYTES - world.at("web/prod").bytes() - "K25".len();
    world.set("web/prod", &[("K25", &most[..left])]);
    assert_eq!(world.at("web/prod").bytes(), MAX_BYTES);
    let refused = run(
        &mut world,
        &write("web/prod", &[("K25", &most[..=left])], &[]),
    );
    assert!(matches!(refused, Err(Rejection::TooLarge(_))));
    world.set("web/prod", &[("K25", "smaller")]);
}

#[test]
fn a_value_has_at_most_64_kib_and_no_nul() {
    for (text, expected) in [
        (String::new(), None),
        ("x".repeat(65_536), None),
        ("x".repeat(65_537), Some(InvalidValue::TooLong)),
        ("é".repeat(32_769), Some(InvalidValue::TooLong)),
        ("a\0b".into(), Some(InvalidValue::Nul)),
    ] {
        assert_eq!(SecretValue::parse(text).err(), expected);
    }
}

#[test]
fn any_text_comes_back_as_it_was_set() {
    let mut world = world();
    for value in [
        "",
        " ",
        "\r\n\t",
        "é\u{301}\u{feff}\u{202e}",
        "-----BEGIN KEY-----\nx\n",
        "$A$${A}",
    ] {
        world.set("web/prod", &[("A", value)]);
        assert_eq!(world.own("web/prod", "A").as_deref(), Some(value));
    }
}

#[test]
fn rejections_never_contain_a_value() {
    const CANARY: &str = "canary-3f9c";
    let mut world = world();
    world.set("web/prod", &[("A", CANARY)]);
    let owner = world.owner();
    let nobody = world.service(&[Action::SecretsRead], "web");
    let huge = CANARY.repeat(MAX_BYTES / CANARY.len() + 1);
    let set = ("B", CANARY);
    let mut moved = write("web/prod", &[set], &[]);
    moved.expected = Some(ExpectedRevision {
        epoch: Epoch::MIN,
        revision: 1,
    });
    let mut refusals = Vec::new();
    for (command, actor) in [
        (write("web/prod", &[set, set], &[]), &owner),
        (write("web/prod", &[set], &["NOPE"]), &owner),
        (write("web/prod", &[("B", &huge)], &[]), &owner),
        (write("web/nope", &[set], &[]), &owner),
        (write("web/prod", &[set], &[]), &nobody),
        (moved, &owner),
    ] {
        refusals.push(world.run(&command, actor).unwrap_err());
    }
    world.keys.keep(&HashSet::new());
    let unopenable = world
        .run(&write("web/prod", &[set], &[]), &owner)
        .unwrap_err();
    assert!(matches!(unopenable, Rejection::Unopenable(_)));
    refusals.push(unopenable);
    refusals.push(
        world
            .run(&create_config("web/prod", None), &owner)
            .unwrap_err(),
    );
    for refusal in refusals {
        assert!(!format!("{refusal} {refusal:?}").contains(CANARY));
    }
    let command = SetSecret::new(key("A"), SecretValue::new(CANARY.into()));
    assert!(!format!("{command:?} {:?}", world.state).contains(CANARY));
}
