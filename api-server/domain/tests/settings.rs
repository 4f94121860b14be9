//! What holds for the whole workspace.

use std::time::Duration;

use ssm_domain::access::Action;
use ssm_domain::rejection::Rejection;
use ssm_domain::roles::{ProjectRole, WorkspaceRole};
use ssm_domain::settings::{Settings, UpdateSettings};

use crate::support::{World, invalid, issue, scope, without_reason};

#[test]
fn settings_change_one_by_one_and_equal_ones_are_not_written() {
    let mut world = World::new();
    assert_eq!(*world.state.settings(), Settings::default());
    let change = UpdateSettings {
        default_workspace_role: Some(WorkspaceRole::Collaborator),
        ..UpdateSettings::default()
    };
    world.settings(change);
    world.settings(UpdateSettings {
        referencing_enabled: Some(false),
        ..UpdateSettings::default()
    });
    let expected = Settings {
        default_workspace_role: WorkspaceRole::Collaborator,
        referencing_enabled: false,
        ..Settings::default()
    };
    assert_eq!(*world.state.settings(), expected);
    let before = world.seq();
    world.settings(change);
    world.settings(UpdateSettings::default());
    assert_eq!(world.seq(), before);
}

#[test]
fn nobody_makes_a_default_of_what_they_do_not_have() {
    let mut world = World::new();
    let token = world.service(&[Action::SettingsManage, Action::MembersRead], "");
    let workspace = |role| UpdateSettings {
        default_workspace_role: Some(role),
        ..UpdateSettings::default()
    };
    let project = |role| UpdateSettings {
        default_project_role: Some(role),
        ..UpdateSettings::default()
    };
    for (command, allowed) in [
        (workspace(WorkspaceRole::Viewer), true),
        (workspace(WorkspaceRole::Admin), false),
        (workspace(WorkspaceRole::Owner), false),
        (project(ProjectRole::None), true),
        (project(ProjectRole::Viewer), false),
    ] {
        let refused = world.decide(&command, &token).err();
        let expected = (!allowed).then_some(Rejection::MissingScope(Action::ProjectsRead));
        assert_eq!(refused, expected, "{command:?}");
    }
    let admin = world.member("admin", WorkspaceRole::Admin);
    let refused = world.decide(&UpdateSettings::default(), &admin).err();
    let expected = Rejection::MissingScope(Action::SettingsManage);
    assert_eq!(refused, Some(expected));
}

#[test]
fn where_the_workspace_wants_it_every_new_token_has_an_end() {
    let mut world = World::new();
    let owner = world.owner();
    let endless = issue(vec![scope(&[Action::SecretsRead], "")]);
    world.run(&endless, &owner).unwrap();
    world.settings(UpdateSettings {
        tokens_without_expiry: Some(false),
        ..UpdateSettings::default()
    });
    let refused = world.decide(&endless, &owner).map_err(without_reason);
    assert_eq!(refused.err(), Some(invalid("ttl_seconds")));
    let mut ending = endless;
    ending.ttl = Some(Duration::from_hours(1));
    world.run(&ending, &owner).unwrap();
}
