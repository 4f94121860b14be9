//! What somebody who has the data may do for an owner who is locked out.

use ssm_domain::access::Action;
use ssm_domain::admin::{AdminCreate, AdminResetPassword, PasswordReset};
use ssm_domain::caller::{Actor, Caller};
use ssm_domain::change::Change;
use ssm_domain::credential::PasswordHash;
use ssm_domain::rejection::{Noun, Rejection};
use ssm_domain::roles::WorkspaceRole;
use ssm_domain::users::SignIn;

use crate::support::{World, issue_personal, scope};

fn create(username: &str) -> AdminCreate {
    AdminCreate {
        username: username.parse().unwrap(),
        role: WorkspaceRole::Owner,
        password: PasswordHash::unmatchable(),
    }
}

fn reset(username: &str) -> AdminResetPassword {
    AdminResetPassword {
        username: username.parse().unwrap(),
        password: PasswordHash::unmatchable(),
    }
}

#[test]
fn a_user_is_added_to_a_journal_with_and_without_others() {
    for mut world in [World::empty(1), World::new()] {
        let before = world.state.users().count();
        world.run(&create("rescue"), &Actor::System).unwrap();
        let user = world.state.user_named(&"Rescue".parse().unwrap()).unwrap();
        assert_eq!(user.role, WorkspaceRole::Owner);
        assert_eq!(world.state.users().count(), before + 1);
        let again = world.run(&create("RESCUE"), &Actor::System).err();
        assert_eq!(again, Some(Rejection::AlreadyExists(Noun::User)));
    }
}

#[test]
fn a_reset_ends_all_that_the_user_is_signed_in_with_and_nothing_else() {
    let mut world = World::new();
    world.run(&create("other"), &Actor::System).unwrap();
    let id = |world: &World, name: &str| world.state.user_named(&name.parse().unwrap()).unwrap().id;
    let (alice, other) = (id(&world, "alice"), id(&world, "other"));
    let personal = world.run(
        &issue_personal(vec![scope(&[Action::SecretsRead], "")]),
        &Actor::User(alice),
    );
    let credential_id = world.state.user(other).unwrap().credential_id;
    let others = world.run(&SignIn::session(credential_id), &Actor::User(other));
    let service = world.service(&[Action::SecretsRead], "");

    let before = world.state.user(alice).unwrap().credential_id;
    let answer = world.run(&reset("alice"), &Actor::System).unwrap();
    // The session that bootstrapping made, and the personal token.
    assert_eq!(
        answer,
        PasswordReset {
            revoked: 2,
            enabled: false
        }
    );
    assert_ne!(world.state.user(alice).unwrap().credential_id, before);
    let alive = |id| world.state.token(id).unwrap().is_alive(world.now);
    assert!(!alive(personal.unwrap().token_id));
    assert!(alive(others.unwrap().token_id));
    assert!(Caller::identify(&world.state, &service, world.now).is_ok());
    let old = SignIn::session(before);
    assert_eq!(
        world.run(&old, &Actor::User(alice)).err(),
        Some(Rejection::Unauthenticated)
    );
}

#[test]
fn a_reset_lets_in_again_who_was_disabled() {
    let mut world = World::new();
    let user = world.state.users().next().unwrap().clone();
    let mut draft = world.decide(&reset("alice"), &Actor::System).unwrap();
    draft.changes = vec![Change::UserUpdated {
        user_id: user.id,
        role: user.role,
        disabled: true,
        email: None,
        full_name: None,
    }];
    world.write(draft).unwrap();
    assert!(Caller::identify(&world.state, &Actor::User(user.id), world.now).is_err());
    assert!(world.run(&reset("alice"), &Actor::System).unwrap().enabled);
    assert!(Caller::identify(&world.state, &Actor::User(user.id), world.now).is_ok());
}

#[test]
fn only_the_server_itself_may_do_this() {
    let mut world = World::new();
    for actor in [Actor::Anonymous, world.owner()] {
        assert_eq!(
            world.run(&create("x"), &actor).err(),
            Some(Rejection::Unauthenticated)
        );
        assert_eq!(
            world.run(&reset("alice"), &actor).err(),
            Some(Rejection::Unauthenticated)
        );
    }
    let nobody = world.run(&reset("nobody"), &Actor::System).err();
    assert_eq!(nobody, Some(Rejection::NotFound(Noun::User)));
}
