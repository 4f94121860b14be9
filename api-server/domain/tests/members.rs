//! Who may make, change and disable whom.

use ssm_domain::access::Action;
use ssm_domain::caller::{Actor, Caller};
use ssm_domain::command::RecordName;
use ssm_domain::credential::PasswordHash;
use ssm_domain::me::{ChangePassword, UpdateProfile};
use ssm_domain::members::{AddMember, UpdateMember, Via};
use ssm_domain::rejection::{Noun, Rejection};
use ssm_domain::roles::{ProjectRole, WorkspaceRole};
use ssm_domain::secrets::Edit;
use ssm_domain::settings::UpdateSettings;
use ssm_domain::users::SignIn;

use crate::support::people::{WORKSPACE_ROLES, add, disable, enable, give, username};
use crate::support::{Conflict, World, invalid, issue_personal, scope, without_reason};

fn missing(action: Action) -> Rejection {
    Rejection::MissingScope(action)
}

#[test]
fn only_owners_make_members_of_any_role() {
    let mut world = World::new();
    for role in WORKSPACE_ROLES {
        let caller = world.member(&format!("the-{}", role.as_str()), role);
        for given in WORKSPACE_ROLES {
            let refused = world.decide(&add("new", Some(given)), &caller).err();
            let expected = match role {
                WorkspaceRole::Owner => None,
                _ => Some(missing(Action::MembersManage)),
            };
            assert_eq!(refused, expected, "{role:?} makes {given:?}");
        }
    }
}

#[test]
fn a_token_gives_no_role_that_allows_more_than_itself() {
    let mut world = World::new();
    let viewing = [Action::MembersManage, Action::MembersRead];
    let mut administering: Vec<Action> = Action::ALL.to_vec();
    administering.retain(|action| ![Action::UsersManage, Action::SettingsManage].contains(action));
    let (viewing, administering) = (
        world.service(&viewing, ""),
        world.service(&administering, ""),
    );
    let bare = world.service(&[Action::MembersManage], "");
    let every = world.service(Action::ALL, "");
    let (read, write) = (Action::MembersRead, Action::ProjectsRead);
    for (caller, role, expected) in [
        (&bare, WorkspaceRole::Viewer, Some(missing(read))),
        (&viewing, WorkspaceRole::Viewer, None),
        (&viewing, WorkspaceRole::Collaborator, None),
        (&viewing, WorkspaceRole::Admin, Some(missing(write))),
        (&viewing, WorkspaceRole::Owner, Some(missing(write))),
        (&administering, WorkspaceRole::Admin, None),
        (
            &administering,
            WorkspaceRole::Owner,
            Some(missing(Action::UsersManage)),
        ),
        (&every, WorkspaceRole::Owner, None),
    ] {
        let refused = world.decide(&add("new", Some(role)), caller).err();
        assert_eq!(refused, expected, "{role:?}");
        let lift = world.member(&format!("m{}", world.seq()), WorkspaceRole::Viewer);
        let Actor::User(id) = lift else {
            unreachable!()
        };
        let name = world.state.user(id).unwrap().username.to_string();
        // A viewer may stay one, whoever asks.
        if role != WorkspaceRole::Viewer {
            let refused = world.decide(&give(&name, role), caller).err();
            assert_eq!(refused, expected, "{role:?}");
        }
    }
}

#[test]
fn nobody_touches_those_who_may_do_more_than_themselves() {
    let mut world = World::new();
    world.member("admin", WorkspaceRole::Admin);
    world.member("viewer", WorkspaceRole::Viewer);
    let token = world.service(&[Action::MembersManage, Action::MembersRead], "");
    for name in ["alice", "admin"] {
        let commands = [
            disable(name),
            give(name, WorkspaceRole::Viewer),
            UpdateMember {
                role: None,
                full_name: Edit::Clear,
                ..give(name, WorkspaceRole::Viewer)
            },
        ];
        for command in commands {
            let refused = world.decide(&command, &token).err();
            assert_eq!(refused, Some(missing(Action::ProjectsRead)), "{name}");
        }
    }
    world.run(&disable("viewer"), &token).unwrap();
    assert!(world.user("viewer").disabled);
}

#[test]
fn each_way_to_manage_members_has_its_own_action() {
    let mut world = World::new();
    let (members, users) = (
        world.service(&[Action::MembersManage, Action::MembersRead], ""),
        world.service(&[Action::UsersManage, Action::MembersRead], ""),
    );
    for (caller, via, expected) in [
        (&members, Via::Workspace, None),
        (&members, Via::Userpass, Some(missing(Action::UsersManage))),
        (&users, Via::Userpass, None),
        (&users, Via::Workspace, Some(missing(Action::MembersManage))),
    ] {
        let command = AddMember {
            via,
            ..add("bob", None)
        };
        assert_eq!(world.decide(&command, caller).err(), expected);
        world.member(&format!("m{}", world.seq()), WorkspaceRole::Viewer);
        let disabling = UpdateMember::disabling(via, username("nobody"));
        let expected = expected.or(Some(Rejection::NotFound(Noun::User)));
        assert_eq!(world.decide(&disabling, caller).err(), expected);
    }
}

#[test]
fn new_members_have_the_default_role_and_whoever_makes_them_has_to_have_it_too() {
    let mut world = World::new();
    let owner = world.owner();
    let token = world.service(&[Action::MembersManage, Action::MembersRead], "");
    world.run(&add("bob", None), &token).unwrap();
    assert_eq!(world.user("bob").role, WorkspaceRole::Viewer);
    let settings = UpdateSettings {
        default_workspace_role: Some(WorkspaceRole::Admin),
        ..UpdateSettings::default()
    };
    world.settings(settings);
    let refused = world.decide(&add("eve", None), &token).err();
    assert_eq!(refused, Some(missing(Action::ProjectsRead)));
    world.run(&add("eve", None), &owner).unwrap();
    assert_eq!(world.user("eve").role, WorkspaceRole::Admin);
}

#[test]
fn whoever_makes_or_enables_members_has_what_everybody_has_in_projects() {
    let mut world = World::new();
    let token = world.service(&[Action::MembersManage, Action::MembersRead], "");
    world.run(&add("bob", None), &token).unwrap();
    world.run(&disable("bob"), &token).unwrap();
    world.settings(UpdateSettings {
        default_project_role: Some(ProjectRole::Viewer),
        ..UpdateSettings::default()
    });
    for refused in [
        world.decide(&add("eve", None), &token).map(|_| ()).err(),
        world.decide(&enable("bob"), &token).map(|_| ()).err(),
    ] {
        assert_eq!(refused, Some(missing(Action::ProjectsRead)));
    }
}

#[test]
fn usernames_are_unique_whatever_their_case() {
    let mut world = World::new();
    let owner = world.owner();
    world.member("Bob", WorkspaceRole::Viewer);
    for name in ["bob", "BOB", "ALICE"] {
        let refused = world.decide(&add(name, None), &owner).err();
        assert_eq!(refused, Some(Rejection::AlreadyExists(Noun::User)));
    }
    assert_eq!(world.user("bOB").username.as_str(), "Bob");
}

#[test]
fn disabling_somebody_kills_their_tokens_and_not_those_of_their_machines() {
    let mut world = World::new();
    let owner = world.owner();
    let bob = world.member("bob", WorkspaceRole::Owner);
    let session = world.session("bob");
    let narrow = issue_personal(vec![scope(&[Action::MembersRead], "")]);
    let narrow = Actor::Token(world.run(&narrow, &session).unwrap().token_id);
    let machine = crate::support::issue(vec![scope(&[Action::MembersRead], "")]);
    let machine = Actor::Token(world.run(&machine, &session).unwrap().token_id);
    let before = world.seq();
    world.run(&disable("bob"), &owner).unwrap();
    assert_eq!(world.seq(), before + 1, "all in one entry");

    let is_anybody =
        |world: &World, actor: &Actor| Caller::identify(&world.state, actor, world.now).is_ok();
    for actor in [&bob, &session, &narrow] {
        assert!(!is_anybody(&world, actor));
    }
    assert!(is_anybody(&world, &machine));

    world.run(&enable("bob"), &owner).unwrap();
    assert!(is_anybody(&world, &bob));
    for dead in [&session, &narrow] {
        assert!(!is_anybody(&world, dead), "what died stays dead");
    }
    let session = world.session("bob");
    assert!(is_anybody(&world, &session));
}

#[test]
fn a_disabled_member_cannot_sign_in() {
    let mut world = World::new();
    let owner = world.owner();
    let bob = world.member("bob", WorkspaceRole::Viewer);
    let credential_id = world.user("bob").credential_id;
    world.run(&disable("bob"), &owner).unwrap();
    let refused = world.run(&SignIn::session(credential_id), &bob).err();
    assert_eq!(refused, Some(Rejection::Unauthenticated));
}

#[test]
fn the_last_active_owner_stays_one() {
    let mut world = World::new();
    let owner = world.owner();
    for command in [disable("alice"), give("alice", WorkspaceRole::Admin)] {
        assert_eq!(
            world.decide(&command, &owner).err(),
            Some(Rejection::LastOwner)
        );
    }
    world.member("bob", WorkspaceRole::Owner);
    world.run(&disable("bob"), &owner).unwrap();
    let refused = world.decide(&disable("alice"), &owner).err();
    assert_eq!(
        refused,
        Some(Rejection::LastOwner),
        "a disabled owner is none"
    );
    // Who cannot sign in anyway is none to be missed.
    world
        .run(&give("bob", WorkspaceRole::Viewer), &owner)
        .unwrap();
    world.member("eve", WorkspaceRole::Owner);
    world
        .run(&give("alice", WorkspaceRole::Viewer), &owner)
        .unwrap();
    assert_eq!(world.state.active_owners(), 1);
}

#[test]
fn two_owners_who_disable_each_other_at_once_leave_one() {
    for (first, second) in [
        (disable("bob"), disable("alice")),
        (
            give("bob", WorkspaceRole::Viewer),
            give("alice", WorkspaceRole::Viewer),
        ),
        (disable("bob"), give("alice", WorkspaceRole::Admin)),
    ] {
        let mut one = World::new();
        let bob = one.member("bob", WorkspaceRole::Owner);
        let mut other = one.replica(2);
        let alice = one.owner();
        let draft = one.decide(&first, &alice).unwrap();
        let stale = other.decide(&second, &bob).unwrap();
        one.write(draft).unwrap();
        assert!(matches!(other.write(stale), Err(Conflict)));
        let refused = other.run(&second, &bob).unwrap_err();
        assert!(
            matches!(
                refused,
                Rejection::Unauthenticated | Rejection::MissingScope(_)
            ),
            "{refused:?}"
        );
        // Nor does somebody who may still do it, but came second.
        let refused = other.run(&second, &alice).unwrap_err();
        assert_eq!(refused, Rejection::LastOwner);
        assert_eq!(other.state.active_owners(), 1);
    }
}

#[test]
fn an_update_that_changes_nothing_writes_nothing() {
    let mut world = World::new();
    let owner = world.owner();
    world.member("bob", WorkspaceRole::Viewer);
    let before = world.seq();
    for command in [give("bob", WorkspaceRole::Viewer), enable("bob")] {
        world.run(&command, &owner).unwrap();
    }
    assert_eq!(world.seq(), before);
}

#[test]
fn a_profile_is_changed_field_by_field_and_fields_can_be_cleared() {
    let mut world = World::new();
    let owner = world.owner();
    let profile = |email, full_name| UpdateProfile { email, full_name };
    let email = |text: &str| Edit::Set(text.parse().unwrap());
    let name = |text: &str| Edit::Set(text.parse().unwrap());
    let known = |world: &World| {
        let user = world.user("alice");
        let text = |field: Option<String>| field.unwrap_or_default();
        (
            text(user.email.as_ref().map(ToString::to_string)),
            text(user.full_name.as_ref().map(ToString::to_string)),
        )
    };
    for (command, expected) in [
        (
            profile(email("a@example.com"), name("Alice")),
            ("a@example.com", "Alice"),
        ),
        (
            profile(Edit::Keep, name("Alice A.")),
            ("a@example.com", "Alice A."),
        ),
        (profile(Edit::Clear, Edit::Keep), ("", "Alice A.")),
        (profile(Edit::Keep, Edit::Keep), ("", "Alice A.")),
    ] {
        world.run(&command, &owner).unwrap();
        assert_eq!(known(&world), (expected.0.into(), expected.1.into()));
    }
    assert_eq!(world.user("alice").role, WorkspaceRole::Owner);
    let machine = world.service(Action::ALL, "");
    let refused = world.decide(&profile(Edit::Clear, Edit::Clear), &machine);
    assert_eq!(refused.err(), Some(Rejection::NotAUser));
}

#[test]
fn changing_a_password_ends_every_other_session_and_token_of_its_user() {
    let mut world = World::new();
    let owner = world.owner();
    world.member("bob", WorkspaceRole::Viewer);
    let used = world.session("bob");
    let narrow = issue_personal(vec![scope(&[Action::MembersRead], "")]);
    let narrow = Actor::Token(world.run(&narrow, &used).unwrap().token_id);
    let (other, of_alice) = (world.session("bob"), world.session("alice"));
    let proved = world.user("bob").credential_id;
    let command = ChangePassword {
        proved,
        password: PasswordHash::unmatchable(),
    };
    let draft = world.decide(&command, &used).unwrap();
    assert_eq!(draft.destroyed, [RecordName::credential(proved)]);
    world.run(&command, &used).unwrap();
    let alive = |actor: &Actor| Caller::identify(&world.state, actor, world.now).is_ok();
    assert!(alive(&used) && alive(&of_alice) && alive(&owner));
    assert!(!alive(&narrow) && !alive(&other));
    assert_ne!(world.user("bob").credential_id, proved);
    let store = world.store.borrow();
    let record = store
        .records
        .iter()
        .find(|record| record.id == world.user("bob").credential_id.to_string());
    assert_eq!(record.unwrap().digest(), world.user("bob").credential);
}

#[test]
fn a_password_that_changed_meanwhile_is_not_changed_again() {
    let mut world = World::new();
    let owner = world.owner();
    let command = ChangePassword {
        proved: world.user("alice").credential_id,
        password: PasswordHash::unmatchable(),
    };
    world.run(&command, &owner).unwrap();
    let refused = world.run(&command, &owner).map_err(without_reason);
    assert_eq!(refused, Err(invalid("currentPassword")));
}
