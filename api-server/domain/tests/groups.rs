//! Groups, roles in projects and mappings: who may give what to whom.

use ssm_domain::access::Action;
use ssm_domain::groups::{DeleteGroup, UpdateGroup};
use ssm_domain::mappings::{AddMapping, RemoveMapping};
use ssm_domain::project_members::{Member, RemoveProjectRole};
use ssm_domain::projects::DeleteProject;
use ssm_domain::rejection::{Noun, Rejection};
use ssm_domain::roles::{ProjectRole, RoleSubject, WorkspaceRole};
use ssm_domain::secrets::Edit;
use ssm_domain::settings::UpdateSettings;

use crate::support::people::{
    PROJECT_ROLES, change_members, create_group, group, set_role, user, username,
};
use crate::support::{World, invalid, slug, without_reason};

fn world() -> World {
    let mut world = World::new();
    world.project("web");
    world.project("api");
    for name in ["bob", "eve"] {
        world.member(name, WorkspaceRole::Viewer);
    }
    world
}

fn missing(action: Action) -> Rejection {
    Rejection::MissingScope(action)
}

fn members(world: &World, name: &str) -> Vec<String> {
    let group = world.state.group_at(&slug(name)).unwrap();
    let names = group.members.iter().map(|id| world.state.user(*id));
    let mut names: Vec<_> = names
        .map(|user| user.unwrap().username.to_string())
        .collect();
    names.sort();
    names
}

fn mapping(external: &str, name: &str) -> AddMapping {
    AddMapping {
        external_key: external.parse().unwrap(),
        group: slug(name),
    }
}

fn remove_role(project: &str, member: Member) -> RemoveProjectRole {
    RemoveProjectRole {
        project: slug(project),
        member,
    }
}

#[test]
fn a_group_has_a_slug_of_its_own_and_can_be_called_otherwise() {
    let mut world = world();
    let owner = world.owner();
    world.group("team", &["bob"]);
    world.group("ops", &[]);
    let refused = world.decide(&create_group("team"), &owner).err();
    assert_eq!(refused, Some(Rejection::AlreadyExists(Noun::Group)));
    let rename = |slug_: &str| UpdateGroup {
        slug: slug("team"),
        new_slug: Some(slug(slug_)),
        name: Some("The team".parse().unwrap()),
        description: Edit::Set("us".parse().unwrap()),
    };
    let refused = world.decide(&rename("ops"), &owner).err();
    assert_eq!(refused, Some(Rejection::AlreadyExists(Noun::Group)));
    world.run(&rename("crew"), &owner).unwrap();
    assert!(world.state.group_at(&slug("team")).is_none());
    assert_eq!(members(&world, "crew"), ["bob"]);
    let refused = world.decide(&rename("crew"), &owner).err();
    assert_eq!(refused, Some(Rejection::NotFound(Noun::Group)));
}

#[test]
fn who_comes_and_goes_is_named_and_nobody_is_twice() {
    let mut world = world();
    let owner = world.owner();
    world.group("team", &["bob"]);
    for (add, remove, expected) in [
        (&["EVE", "eve", "bob"][..], &[][..], &["bob", "eve"][..]),
        (&[], &["bob", "alice"], &["eve"]),
        (&["bob"], &["bob", "eve"], &[]),
    ] {
        let command = change_members("team", add, remove);
        world.run(&command, &owner).unwrap();
        assert_eq!(members(&world, "team"), expected);
    }
    let before = world.seq();
    let nothing = change_members("team", &[], &["bob"]);
    world.run(&nothing, &owner).unwrap();
    assert_eq!(world.seq(), before, "nothing changed, nothing is written");
    for (command, field) in [
        (change_members("team", &["bob", "nobody"], &[]), "add"),
        (change_members("team", &["bob"], &["nobody"]), "remove"),
    ] {
        let refused = world.run(&command, &owner).map_err(without_reason);
        assert_eq!(refused, Err(invalid(field)));
    }
    assert!(members(&world, "team").is_empty());
}

#[test]
fn nobody_gives_a_role_in_a_project_that_allows_more_than_they_may_do_there() {
    let mut world = world();
    world.group("team", &[]);
    let manage = Action::ProjectMembersManage;
    for own in PROJECT_ROLES {
        let mut actions: Vec<Action> = own.actions().iter().collect();
        actions.push(manage);
        let caller = world.service(&actions, "web");
        for given in PROJECT_ROLES {
            for member in [user("bob"), group("team")] {
                let result = world.decide(&set_role("web", member, given), &caller);
                assert_eq!(result.is_ok(), given <= own, "{given:?} by {own:?}");
            }
        }
        let elsewhere = set_role("api", user("bob"), ProjectRole::None);
        let refused = world.decide(&elsewhere, &caller).err();
        assert_eq!(refused, Some(Rejection::NotFound(Noun::Project)));
    }
}

#[test]
fn roles_are_given_by_those_who_manage_members_there_to_those_who_are_there() {
    let mut world = world();
    let owner = world.owner();
    let reader = world.service(&[Action::ProjectsRead, Action::ProjectMembersRead], "web");
    let none = |member| set_role("web", member, ProjectRole::None);
    let refused = world.decide(&none(user("bob")), &reader).err();
    assert_eq!(refused, Some(missing(Action::ProjectMembersManage)));
    for (member, noun) in [(user("nobody"), Noun::User), (group("none"), Noun::Group)] {
        let refused = world.decide(&none(member), &owner).err();
        assert_eq!(refused, Some(Rejection::NotFound(noun)));
    }
    world.role("web", user("BOB"), ProjectRole::Admin);
    let before = world.seq();
    world.role("web", user("bob"), ProjectRole::Admin);
    assert_eq!(world.seq(), before, "it is so already");
    world.run(&remove_role("web", user("bob")), &owner).unwrap();
    for member in [user("bob"), user("nobody"), group("none")] {
        let refused = world.decide(&remove_role("web", member), &owner).err();
        assert_eq!(refused, Some(Rejection::NotFound(Noun::ProjectMember)));
    }
}

#[test]
fn nobody_is_put_into_a_group_by_somebody_without_its_roles() {
    let mut world = world();
    world.group("team", &[]);
    world.role("web", group("team"), ProjectRole::Viewer);
    world.role("api", group("team"), ProjectRole::Collaborator);
    let bare = world.service(&[Action::GroupsManage, Action::MappingsManage], "");
    let mut actions: Vec<Action> = ProjectRole::Viewer.actions().iter().collect();
    actions.extend([Action::GroupsManage, Action::MappingsManage]);
    let viewing = world.service(&actions, "");
    actions.extend([Action::ConfigsWrite, Action::SecretsWrite]);
    let enough = world.service(&actions, "");
    let join = change_members("team", &["bob"], &[]);
    let stand_for = mapping("corp-dev", "team");
    for (caller, expected) in [
        (&bare, Some(missing(Action::ProjectsRead))),
        (&viewing, Some(missing(Action::ConfigsWrite))),
        (&enough, None),
    ] {
        assert_eq!(world.decide(&join, caller).err(), expected);
        assert_eq!(world.decide(&stand_for, caller).err(), expected);
        // To leave it is no gain.
        let leave = change_members("team", &[], &["bob"]);
        assert!(world.decide(&leave, caller).is_ok());
    }
}

#[test]
fn nobody_gives_the_default_role_back_without_having_it() {
    let mut world = world();
    world.group("team", &["bob"]);
    world.role("web", group("team"), ProjectRole::None);
    world.role("web", user("eve"), ProjectRole::None);
    world.settings(UpdateSettings {
        default_project_role: Some(ProjectRole::Viewer),
        ..UpdateSettings::default()
    });
    let bare = [Action::GroupsManage, Action::ProjectMembersManage];
    let bare = world.service(&bare, "");
    let delete = DeleteGroup { slug: slug("team") };
    let leave = change_members("team", &[], &["bob"]);
    let remove = [group("team"), user("eve")].map(|member| remove_role("web", member));
    for refused in [
        world.decide(&delete, &bare).err(),
        world.decide(&leave, &bare).err(),
        world.decide(&remove[0], &bare).err(),
        world.decide(&remove[1], &bare).err(),
    ] {
        assert_eq!(refused, Some(missing(Action::ProjectsRead)));
    }
}

#[test]
fn a_deleted_group_takes_its_roles_and_mappings_along() {
    let mut world = world();
    let owner = world.owner();
    let bob = ssm_domain::caller::Actor::User(world.user("bob").id);
    world.group("team", &["bob"]);
    world.role("web", group("team"), ProjectRole::Admin);
    world.run(&mapping("corp-dev", "team"), &owner).unwrap();
    assert!(world.may(&bob, Action::SecretsDelete, "web"));
    world
        .run(&DeleteGroup { slug: slug("team") }, &owner)
        .unwrap();
    assert!(!world.may(&bob, Action::SecretsRead, "web"));
    assert_eq!(world.state.mappings().count(), 0);
    let web = world.state.project_at(&slug("web")).unwrap().id;
    assert_eq!(world.state.roles_in(web).count(), 0);
    // The same slug is another group.
    world.group("team", &["bob"]);
    assert!(!world.may(&bob, Action::SecretsRead, "web"));
}

#[test]
fn a_deleted_project_takes_the_roles_in_it_along() {
    let mut world = world();
    let owner = world.owner();
    world.role("web", user("bob"), ProjectRole::Admin);
    let delete = DeleteProject { slug: slug("web") };
    world.run(&delete, &owner).unwrap();
    let subject = RoleSubject::User(world.user("bob").id);
    assert_eq!(world.state.roles_of(subject).count(), 0);
    world.project("web");
    let bob = ssm_domain::caller::Actor::User(world.user("bob").id);
    assert!(!world.may(&bob, Action::SecretsRead, "web"));
}

#[test]
fn a_group_of_the_provider_stands_for_one_of_ours() {
    let mut world = world();
    let owner = world.owner();
    world.group("team", &[]);
    world.group("ops", &[]);
    let mapping_id = world.run(&mapping("corp-dev", "team"), &owner).unwrap();
    for (command, expected) in [
        (
            mapping("corp-dev", "ops"),
            Rejection::AlreadyExists(Noun::Mapping),
        ),
        (
            mapping("corp-ops", "none"),
            Rejection::NotFound(Noun::Group),
        ),
    ] {
        assert_eq!(world.decide(&command, &owner).err(), Some(expected));
    }
    let remove = RemoveMapping { mapping_id };
    world.run(&remove, &owner).unwrap();
    let refused = world.decide(&remove, &owner).err();
    assert_eq!(refused, Some(Rejection::NotFound(Noun::Mapping)));
}

#[test]
fn groups_and_mappings_are_managed_with_their_own_actions() {
    let mut world = world();
    world.group("team", &["bob"]);
    for (own, other) in [
        (Action::GroupsManage, Action::MappingsManage),
        (Action::MappingsManage, Action::GroupsManage),
    ] {
        let caller = world.service(&[own], "");
        let results = [
            (
                Action::GroupsManage,
                world.decide(&create_group("new"), &caller).map(drop),
            ),
            (
                Action::GroupsManage,
                world
                    .decide(&DeleteGroup { slug: slug("team") }, &caller)
                    .map(drop),
            ),
            (
                Action::GroupsManage,
                world
                    .decide(&change_members("team", &["eve"], &["bob"]), &caller)
                    .map(drop),
            ),
            (
                Action::MappingsManage,
                world.decide(&mapping("key", "team"), &caller).map(drop),
            ),
        ];
        for (needed, result) in results {
            let expected = if needed == own {
                Ok(())
            } else {
                Err(Rejection::MissingScope(other))
            };
            assert_eq!(result, expected);
        }
    }
    assert_eq!(members(&world, "team"), [username("bob").to_string()]);
}
