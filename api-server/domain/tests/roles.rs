//! What each role allows, where, and from when to when.

use ssm_domain::access::{Action, ActionSet, Place};
use ssm_domain::caller::{Actor, Caller};
use ssm_domain::roles::{ProjectRole, WorkspaceRole};
use ssm_domain::settings::UpdateSettings;

use crate::support::people::{
    PROJECT_ROLES, WORKSPACE_ROLES, change_members, disable, give, group, user,
};
use crate::support::{World, issue_personal, scope, slug};

fn world() -> World {
    let mut world = World::new();
    world.project("web");
    world.project("api");
    world
}

fn actions(world: &World, actor: &Actor, place: Place) -> ActionSet {
    let caller = Caller::identify(&world.state, actor, world.now).unwrap();
    caller.authority().actions(place)
}

fn in_project(world: &World, actor: &Actor, project: &str) -> ActionSet {
    let id = world.state.project_at(&slug(project)).unwrap().id;
    actions(world, actor, Place::project(id))
}

/// The contract's own words for roles in the workspace.
fn everywhere(role: WorkspaceRole) -> Vec<&'static str> {
    let all = Action::ALL.iter().map(|action| action.as_str());
    match role {
        WorkspaceRole::Owner => all.collect(),
        WorkspaceRole::Admin => all
            .filter(|action| {
                ![
                    "users:manage",
                    "workspace:settings:manage",
                    "workspace:members:manage",
                ]
                .contains(action)
            })
            .collect(),
        WorkspaceRole::Collaborator | WorkspaceRole::Viewer => vec!["workspace:members:read"],
    }
}

/// The contract's own words for roles in projects.
fn here(role: ProjectRole) -> &'static [&'static str] {
    match role {
        ProjectRole::None => &[],
        ProjectRole::Viewer => &[
            "projects:read",
            "configs:read",
            "secrets:read",
            "secrets:export",
            "audit:read",
        ],
        ProjectRole::Collaborator => &[
            "projects:read",
            "configs:read",
            "secrets:read",
            "secrets:export",
            "audit:read",
            "configs:write",
            "secrets:write",
        ],
        ProjectRole::Admin => &[
            "projects:read",
            "configs:read",
            "secrets:read",
            "secrets:export",
            "audit:read",
            "configs:write",
            "secrets:write",
            "secrets:delete",
        ],
    }
}

#[test]
fn every_pair_of_roles_allows_what_the_contract_says_and_nothing_else() {
    for (workspace, project) in WORKSPACE_ROLES
        .into_iter()
        .flat_map(|workspace| PROJECT_ROLES.map(|project| (workspace, project)))
    {
        let mut world = world();
        let bob = world.member("bob", workspace);
        world.role("web", user("bob"), project);
        let global = ActionSet::parse(everywhere(workspace)).unwrap();
        let more = ActionSet::parse(here(project).iter().copied()).unwrap();
        let about = format!("{workspace:?} with {project:?}");
        assert_eq!(actions(&world, &bob, Place::EVERYWHERE), global, "{about}");
        assert_eq!(in_project(&world, &bob, "api"), global, "{about}");
        assert_eq!(
            in_project(&world, &bob, "web"),
            global.union(more),
            "{about}"
        );
        let caller = Caller::identify(&world.state, &bob, world.now).unwrap();
        let counted = usize::from(!more.without(global).is_empty());
        assert_eq!(caller.project_scope_count(), counted, "{about}");
    }
}

#[test]
fn the_greatest_of_own_and_group_roles_counts() {
    for (own, of_group) in PROJECT_ROLES
        .into_iter()
        .flat_map(|own| PROJECT_ROLES.map(|of_group| (own, of_group)))
    {
        let mut world = world();
        let bob = world.member("bob", WorkspaceRole::Viewer);
        world.role("web", user("bob"), own);
        world.group("team", &["bob"]);
        world.role("web", group("team"), of_group);
        let greatest = own.max(of_group).actions();
        let here = in_project(&world, &bob, "web").without(ActionSet::of(&[Action::MembersRead]));
        assert_eq!(here, greatest, "{own:?} and {of_group:?}");
    }
}

#[test]
fn the_default_role_holds_where_somebody_has_none_of_their_own() {
    let mut world = world();
    let bob = world.member("bob", WorkspaceRole::Viewer);
    world.role("api", user("bob"), ProjectRole::None);
    world.settings(UpdateSettings {
        default_project_role: Some(ProjectRole::Viewer),
        ..UpdateSettings::default()
    });
    assert!(world.may(&bob, Action::SecretsRead, "web"));
    assert!(
        !world.may(&bob, Action::SecretsRead, "api"),
        "none is a role"
    );
    assert!(!world.may(&bob, Action::SecretsRead, ""));
    world.project("new");
    assert!(world.may(&bob, Action::SecretsRead, "new"));
}

#[test]
fn a_personal_token_follows_its_users_roles_at_once() {
    let mut world = world();
    world.member("bob", WorkspaceRole::Viewer);
    world.role("web", user("bob"), ProjectRole::Collaborator);
    world.group("team", &["bob"]);
    let session = world.session("bob");
    let narrow = issue_personal(vec![scope(&[Action::SecretsWrite], "web")]);
    let narrow = Actor::Token(world.run(&narrow, &session).unwrap().token_id);
    let may = |world: &World| {
        [&session, &narrow].map(|token| world.may(token, Action::SecretsWrite, "web"))
    };
    assert_eq!(may(&world), [true, true]);
    world.role("web", user("bob"), ProjectRole::Viewer);
    assert_eq!(may(&world), [false, false]);
    world.role("web", group("team"), ProjectRole::Admin);
    assert_eq!(may(&world), [true, true]);
    let owner = world.owner();
    let leave = change_members("team", &[], &["bob"]);
    world.run(&leave, &owner).unwrap();
    assert_eq!(may(&world), [false, false]);
    world
        .run(&give("bob", WorkspaceRole::Owner), &owner)
        .unwrap();
    assert_eq!(may(&world), [true, true]);
    world.run(&disable("bob"), &owner).unwrap();
    assert_eq!(may(&world), [false, false]);
}

#[test]
fn a_personal_token_without_named_actions_has_what_its_user_has_in_projects_too() {
    let mut world = world();
    world.member("bob", WorkspaceRole::Viewer);
    world.role("web", user("bob"), ProjectRole::Viewer);
    let session = world.session("bob");
    let mut all = scope(&[], "");
    all.actions = None;
    let all = issue_personal(vec![all]);
    let all = Actor::Token(world.run(&all, &session).unwrap().token_id);
    assert_eq!(
        actions(&world, &all, Place::EVERYWHERE),
        actions(&world, &session, Place::EVERYWHERE)
    );
    assert_eq!(
        in_project(&world, &all, "web"),
        in_project(&world, &session, "web")
    );
    assert!(world.may(&all, Action::SecretsRead, "web"));
    assert!(!world.may(&all, Action::SecretsWrite, "web"));
}

#[test]
fn what_may_change_somebodys_rights_is_noted_and_nothing_else_is() {
    let mut world = world();
    world.config("web/prod", None);
    world.member("bob", WorkspaceRole::Viewer);
    world.group("team", &[]);
    let noted = |world: &World| world.state.rights_seq() == world.seq();
    world.set("web/prod", &[("A", "1")]);
    assert!(!noted(&world));
    world.session("bob");
    assert!(!noted(&world));
    world.role("web", user("bob"), ProjectRole::Viewer);
    assert!(noted(&world));
    let owner = world.owner();
    let join = change_members("team", &["bob"], &[]);
    world.run(&join, &owner).unwrap();
    assert!(noted(&world));
    world.run(&disable("bob"), &owner).unwrap();
    assert!(noted(&world));
}
