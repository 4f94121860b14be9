//! Changing root keys and data keys.

use ssm_domain::access::Action;
use ssm_domain::admin::AdminCreate;
use ssm_domain::caller::{Actor, Caller};
use ssm_domain::command::{AuthStore, RecordName};
use ssm_domain::credential::PasswordHash;
use ssm_domain::keys::{KeyStatus, RewrapDataKeys, RotateDataKeys, RotateRootKey};
use ssm_domain::rejection::{Noun, Rejection};
use ssm_domain::roles::WorkspaceRole;
use ssm_domain::seal::{KeyRing, RootKey};

use crate::support::{ROOT_KEY, World, load_keys, slug};

const NEW_KEY: &str = "lT2j0qY3gmbVnS0fWq9m1o7H3c5yZkq4x8uJwM6rT1E=";

fn root(text: &str) -> RootKey {
    RootKey::parse(text).unwrap()
}

/// A world with a secret in each of `projects` projects, on a server that was given a new root key.
fn given_a_new_key(projects: usize) -> World {
    let mut world = World::new();
    for project in 0..projects {
        world.project(&format!("p{project}"));
        world.config(&format!("p{project}/c"), None);
        world.set(
            &format!("p{project}/c"),
            &[("A", &format!("value {project}"))],
        );
    }
    world.keys = KeyRing::with_previous(root(NEW_KEY), vec![root(ROOT_KEY)]);
    load_keys(&world.keys, &world.store.borrow());
    world
}

fn status(world: &World) -> KeyStatus {
    let caller = Caller::identify(&world.state, &world.owner(), world.now).unwrap();
    KeyStatus::of(&world.state, &world.keys, &caller).unwrap()
}

#[test]
fn until_it_is_told_to_change_a_server_goes_on_with_the_key_of_before() {
    let mut world = given_a_new_key(1);
    let (old, new) = (root(ROOT_KEY).fingerprint(), root(NEW_KEY).fingerprint());
    assert_eq!(status(&world).ready, Some(new.clone()));
    assert_eq!(status(&world).root_key, old);
    world.project("late");
    let late = world.state.project_at(&slug("late")).unwrap();
    assert_eq!(late.data_keys[0].key.root_key, old);

    let owner = world.owner();
    world.wait(std::time::Duration::from_mins(1));
    world.run(&RotateRootKey, &owner).unwrap();
    assert_eq!(status(&world).since, world.now);
    world.project("later");
    let later = world.state.project_at(&slug("later")).unwrap();
    assert_eq!(later.data_keys[0].key.root_key, new);
}

#[test]
fn data_keys_are_wrapped_anew_some_at_a_time_until_the_new_key_alone_opens_everything() {
    let mut world = given_a_new_key(60);
    let (old, owner) = (root(ROOT_KEY).fingerprint(), world.owner());
    world.run(&RotateRootKey, &owner).unwrap();
    let begun = status(&world);
    assert_eq!(
        (begun.rewrapped, begun.total, &begun.from[..]),
        (0, 60, &[old][..])
    );
    // To begin once more changes nothing, and does not fail either.
    let seq = world.seq();
    world.run(&RotateRootKey, &owner).unwrap();
    assert_eq!(world.seq(), seq);

    assert_eq!(world.run(&RewrapDataKeys, &Actor::System), Ok(10));
    assert_eq!(status(&world).rewrapped, 50);
    assert_eq!(world.run(&RewrapDataKeys, &Actor::System), Ok(0));
    let done = status(&world);
    assert_eq!((done.rewrapped, done.from.len(), done.ready), (60, 0, None));
    let seq = world.seq();
    assert_eq!(world.run(&RewrapDataKeys, &Actor::System), Ok(0));
    assert_eq!(world.seq(), seq);

    world.keys = KeyRing::new(root(NEW_KEY));
    let named = world
        .state
        .data_keys()
        .map(|(_, key)| key.key.record_id.to_string());
    let named: Vec<_> = named.collect();
    let store = world.store.clone();
    store
        .borrow_mut()
        .records
        .retain(|record| record.store != AuthStore::Keys || named.contains(&record.id));
    load_keys(&world.keys, &store.borrow());
    for project in 0..60 {
        let value = world.own(&format!("p{project}/c"), "A");
        assert_eq!(value, Some(format!("value {project}")));
    }
}

#[test]
fn a_rewrapped_key_gets_a_record_of_its_own_and_the_one_before_is_destroyed() {
    let mut world = given_a_new_key(1);
    let owner = world.owner();
    world.run(&RotateRootKey, &owner).unwrap();
    let before = world.state.data_keys().next().unwrap().1.clone();
    let draft = world.decide(&RewrapDataKeys, &Actor::System).unwrap();
    assert_eq!(draft.destroyed, [RecordName::key(before.key.record_id)]);
    world.write(draft).unwrap();
    let after = world.state.data_keys().next().unwrap().1.clone();
    assert_eq!(
        (after.key.id, after.created_at),
        (before.key.id, before.created_at)
    );
    assert_ne!(after.key.record_id, before.key.record_id);
}

#[test]
fn new_values_are_sealed_with_new_data_keys_and_old_ones_still_open() {
    let mut world = given_a_new_key(2);
    let owner = world.owner();
    let first = |world: &World, project: &str| {
        world
            .state
            .project_at(&slug(project))
            .unwrap()
            .data_keys
            .len()
    };
    let one = RotateDataKeys {
        project: Some(slug("p0")),
    };
    world.run(&one, &owner).unwrap();
    assert_eq!((first(&world, "p0"), first(&world, "p1")), (2, 1));
    world
        .run(&RotateDataKeys { project: None }, &owner)
        .unwrap();
    assert_eq!((first(&world, "p0"), first(&world, "p1")), (3, 2));
    world.set("p0/c", &[("B", "new")]);
    assert_eq!(world.own("p0/c", "A").as_deref(), Some("value 0"));
    assert_eq!(world.own("p0/c", "B").as_deref(), Some("new"));
    let absent = RotateDataKeys {
        project: Some(slug("nope")),
    };
    assert_eq!(
        world.run(&absent, &owner).err(),
        Some(Rejection::NotFound(Noun::Project))
    );
}

#[test]
fn a_key_that_is_in_use_is_not_changed_to() {
    let mut world = World::new();
    world.project("p");
    let owner = world.owner();
    assert_eq!(
        world.run(&RotateRootKey, &owner).err(),
        Some(Rejection::NothingToRotateTo)
    );
}

#[test]
fn keys_are_for_owners_in_person() {
    let mut world = given_a_new_key(1);
    let owner = world.owner();
    let machine = world.service(&[Action::SettingsManage, Action::UsersManage], "");
    let admin = AdminCreate {
        username: "admin".parse().unwrap(),
        role: WorkspaceRole::Admin,
        password: PasswordHash::unmatchable(),
    };
    world.run(&admin, &Actor::System).unwrap();
    let admin = world
        .state
        .user_named(&"admin".parse().unwrap())
        .unwrap()
        .id;
    for (actor, refusal) in [
        (
            Actor::User(admin),
            Rejection::MissingScope(Action::SettingsManage),
        ),
        (machine, Rejection::NotAUser),
        (Actor::System, Rejection::NotAUser),
    ] {
        assert_eq!(
            world.run(&RotateRootKey, &actor).err(),
            Some(refusal.clone())
        );
        let data = RotateDataKeys { project: None };
        assert_eq!(world.run(&data, &actor).err(), Some(refusal.clone()));
        let caller = Caller::identify(&world.state, &actor, world.now).unwrap();
        assert_eq!(
            KeyStatus::of(&world.state, &world.keys, &caller).err(),
            Some(refusal)
        );
    }
    assert_eq!(
        world.run(&RewrapDataKeys, &owner).err(),
        Some(Rejection::Unauthenticated)
    );
}
