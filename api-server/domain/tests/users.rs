//! The journal's beginning, the first user, and signing in.

use std::sync::Arc;
use std::time::Duration;

use ssm_domain::access::{Action, ActionSet, Place};
use ssm_domain::caller::{Actor, Caller};
use ssm_domain::command::AuthStore;
use ssm_domain::credential::PasswordRecord;
use ssm_domain::entry::{Purpose, Subject, Target};
use ssm_domain::id::{CredentialId, UserId};
use ssm_domain::import::{Import, ImportMember, Step};
use ssm_domain::rejection::Rejection;
use ssm_domain::roles::WorkspaceRole;
use ssm_domain::users::{SESSION_TTL, SignIn, StartJournal};

use crate::support::{World, bootstrap, issue_personal, scope};

fn credential(world: &World) -> CredentialId {
    world.state.users().next().unwrap().credential_id
}

#[test]
fn a_journal_begins_once() {
    let mut world = World::empty(1);
    let begun = world.state.journal().cloned().unwrap();
    world.run(&StartJournal, &Actor::System).unwrap();
    assert_eq!(world.seq(), 1);
    assert_eq!(world.state.journal(), Some(&begun));
    assert_eq!(begun.root_key, world.keys.root_fingerprint());
    assert_eq!(begun.token_salt, world.salt.fingerprint());
}

#[test]
fn the_first_user_is_an_owner_and_signed_in() {
    let mut world = World::empty(1);
    let issued = world.run(&bootstrap("Alice"), &Actor::Anonymous).unwrap();
    let user = world.state.user_named(&"aLICE".parse().unwrap()).unwrap();
    assert_eq!(user.role, WorkspaceRole::Owner);
    assert_eq!(
        world.state.first_user().map(|first| first.id),
        Some(user.id)
    );
    let session = world.state.token(issued.token_id).unwrap();
    assert_eq!(session.subject, Subject::User(user.id));
    assert_eq!(session.purpose, Purpose::Session);
    assert_eq!(session.expires_at, Some(world.now.plus(SESSION_TTL)));
    let actor = Actor::Token(issued.token_id);
    let caller = Caller::identify(&world.state, &actor, world.now).unwrap();
    assert_eq!(
        caller.authority().actions(Place::EVERYWHERE),
        ActionSet::ALL
    );
}

#[test]
fn of_members_who_are_imported_in_one_entry_the_first_is_the_first_user() {
    for seed in 0..20 {
        let mut world = World::empty(seed);
        let member = |username: &str| -> Arc<dyn Step> {
            Arc::new(ImportMember {
                username: username.parse().unwrap(),
                role: WorkspaceRole::Viewer,
                email: None,
                full_name: None,
            })
        };
        let import = Import {
            action: "members.create",
            target: Target::default(),
            steps: ["mallory", "alice", "zoe"].map(member).into(),
        };
        world.run(&import, &Actor::System).unwrap();
        let first = world.state.first_user().unwrap();
        assert_eq!(first.username.as_str(), "mallory", "{seed}");
    }
}

#[test]
fn there_is_a_first_user_only_once_whoever_asks() {
    let mut world = World::new();
    let owner = world.owner();
    for actor in [Actor::Anonymous, Actor::System, owner] {
        for username in ["alice", "bob"] {
            let refused = world.run(&bootstrap(username), &actor).err();
            assert_eq!(refused, Some(Rejection::AlreadyInitialized));
        }
    }
    assert_eq!(world.state.users().count(), 1);
}

#[test]
fn a_users_entry_names_the_record_of_their_password() {
    let world = World::new();
    let user = world.state.users().next().unwrap();
    let store = world.store.borrow();
    let record = store
        .records
        .iter()
        .find(|record| record.digest() == user.credential)
        .unwrap();
    assert_eq!(record.store, AuthStore::Credentials);
    let body: PasswordRecord = serde_json::from_slice(&record.body).unwrap();
    assert_eq!((body.id, body.user_id), (user.credential_id, user.id));
}

#[test]
fn signing_in_makes_a_new_session_and_ends_no_other() {
    let mut world = World::new();
    let (owner, credential_id) = (world.owner(), credential(&world));
    let first = world.run(&SignIn::session(credential_id), &owner).unwrap();
    let second = world.run(&SignIn::session(credential_id), &owner).unwrap();
    assert_ne!(first.token.reveal(), second.token.reveal());
    for session in [first, second] {
        let token = world.state.token(session.token_id).unwrap();
        assert!(token.is_alive(world.now));
    }
}

#[test]
fn signing_in_with_a_credential_that_has_changed_meanwhile_is_refused() {
    let mut world = World::new();
    let owner = world.owner();
    let stale = SignIn::session(CredentialId::MIN);
    let refused = world.run(&stale, &owner).err();
    assert_eq!(refused, Some(Rejection::Unauthenticated));
}

#[test]
fn only_a_person_who_proved_their_password_signs_in() {
    let mut world = World::new();
    let (owner, credential_id) = (world.owner(), credential(&world));
    let narrow = issue_personal(vec![scope(&[Action::MembersRead], "")]);
    let narrow = Actor::Token(world.run(&narrow, &owner).unwrap().token_id);
    let service = world.service(Action::ALL, "");
    for (actor, expected) in [
        (Actor::Anonymous, Rejection::Unauthenticated),
        (Actor::User(UserId::MIN), Rejection::Unauthenticated),
        (Actor::System, Rejection::NotAUser),
        (service, Rejection::NotAUser),
        (narrow, Rejection::Unauthenticated),
    ] {
        let refused = world.run(&SignIn::session(credential_id), &actor).err();
        assert_eq!(refused, Some(expected), "{actor:?}");
    }
}

#[test]
fn a_session_of_the_console_takes_the_place_of_the_one_before_and_of_nothing_else() {
    let mut world = World::new();
    let (owner, credential_id) = (world.owner(), credential(&world));
    let kept = world.run(
        &issue_personal(vec![scope(&[Action::MembersRead], "")]),
        &owner,
    );
    let kept = kept.unwrap().token_id;
    let console = |replaces| SignIn {
        purpose: Purpose::Console,
        replaces: Some(replaces),
        ..SignIn::session(credential_id)
    };
    let first = world.run(&console(kept), &owner).unwrap().token_id;
    let second = world.run(&console(first), &owner).unwrap().token_id;
    let alive = [kept, first, second].map(|id| world.state.token(id).unwrap().is_alive(world.now));
    assert_eq!(alive, [true, false, true]);
}

#[test]
fn a_session_of_the_console_that_is_left_alone_for_eight_hours_is_over() {
    let mut world = World::new();
    let (owner, credential_id) = (world.owner(), credential(&world));
    for (purpose, expected) in [(Purpose::Console, true), (Purpose::Session, false)] {
        let command = SignIn {
            purpose,
            ..SignIn::session(credential_id)
        };
        let id = world.run(&command, &owner).unwrap().token_id;
        let token = world.state.token(id).unwrap();
        let later = |hours| token.created_at.plus(Duration::from_hours(hours));
        assert!(!token.is_left_alone(None, later(7)));
        assert!(!token.is_left_alone(Some(later(7)), later(14)));
        for (used, now) in [(None, later(8)), (Some(later(7)), later(15))] {
            assert_eq!(token.is_left_alone(used, now), expected);
        }
    }
}
