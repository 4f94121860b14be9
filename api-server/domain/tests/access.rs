//! Who sees and does what: a token's scopes, and its user's rights behind them.

use std::time::Duration;

use ssm_domain::access::{Action, Place};
use ssm_domain::caller::{Actor, Caller};
use ssm_domain::configs::DeleteConfig;
use ssm_domain::id::TokenId;
use ssm_domain::projects::DeleteProject;
use ssm_domain::rejection::{Noun, Rejection};
use ssm_domain::tokens::RevokeToken;

use crate::support::{
    World, create_config, create_project, issue, issue_personal, path, scope, slug, write,
};

fn world() -> World {
    let mut world = World::new();
    for project in ["web", "api"] {
        world.project(project);
    }
    world.config("web/base", None);
    world.config("web/prod", Some("base"));
    world.config("api/prod", None);
    world.set("web/prod", &[("A", "one")]);
    world
}

fn identified(world: &World, actor: &Actor) -> Result<(), Rejection> {
    Caller::identify(&world.state, actor, world.now).map(|_| ())
}

/// What every kind of change comes to for `actor`, all of them in `web`.
fn attempts(world: &mut World, actor: &Actor) -> [Result<(), Rejection>; 8] {
    let project = world.decide(&create_project("new"), actor).map(|_| ());
    let config = world
        .decide(&create_config("web/new", None), actor)
        .map(|_| ());
    let set = world
        .decide(&write("web/prod", &[("B", "x")], &[]), actor)
        .map(|_| ());
    let delete = world
        .decide(&write("web/prod", &[], &["A"]), actor)
        .map(|_| ());
    let both = world
        .decide(&write("web/prod", &[("B", "x")], &["A"]), actor)
        .map(|_| ());
    let token = issue(vec![scope(&[Action::TokensWrite], "web")]);
    let issued = world.decide(&token, actor).map(|_| ());
    let command = DeleteConfig {
        path: path("web/prod"),
    };
    let delete_config = world.decide(&command, actor).map(|_| ());
    let delete_project = world
        .decide(&DeleteProject { slug: slug("web") }, actor)
        .map(|_| ());
    [
        project,
        config,
        set,
        delete,
        both,
        issued,
        delete_config,
        delete_project,
    ]
}

#[test]
fn every_change_needs_its_own_action_and_no_other() {
    let mut world = world();
    for needed in needs() {
        let exactly = world.service(needed, "");
        for (needs, result) in std::iter::zip(needs(), attempts(&mut world, &exactly)) {
            let may = needs.iter().all(|action| needed.contains(action));
            assert_eq!(result.is_ok(), may, "{needs:?} with {needed:?}: {result:?}");
        }
        let others: Vec<_> = Action::ALL
            .iter()
            .copied()
            .filter(|action| !needed.contains(action))
            .collect();
        let others = world.service(&others, "");
        for (needs, result) in std::iter::zip(needs(), attempts(&mut world, &others)) {
            match needs.iter().find(|action| needed.contains(action)) {
                Some(action) => assert_eq!(result, Err(Rejection::MissingScope(*action))),
                None => assert_eq!(result, Ok(())),
            }
        }
    }
}

/// The actions that each of [`attempts`] needs.
fn needs() -> [&'static [Action]; 8] {
    [
        &[Action::ProjectsWrite],
        &[Action::ConfigsWrite],
        &[Action::SecretsWrite],
        &[Action::SecretsDelete],
        &[Action::SecretsWrite, Action::SecretsDelete],
        &[Action::TokensWrite],
        &[Action::ConfigsWrite, Action::SecretsDelete],
        &[Action::ProjectsWrite],
    ]
}

#[test]
fn what_a_caller_may_not_see_is_answered_like_what_is_not_there() {
    let mut world = world();
    let stranger = world.service(Action::ALL, "api");
    let there = attempts(&mut world, &stranger);
    let owner = world.owner();
    world
        .run(&DeleteProject { slug: slug("web") }, &owner)
        .unwrap();
    assert_eq!(attempts(&mut world, &stranger), there);
    for result in &there[1..] {
        assert_eq!(*result, Err(Rejection::NotFound(Noun::Project)));
    }
}

#[test]
fn a_config_scoped_token_does_not_see_other_configs() {
    let mut world = world();
    let token = world.service(&[Action::SecretsRead, Action::SecretsWrite], "web/prod");
    let caller = Caller::identify(&world.state, &token, world.now).unwrap();
    assert!(caller.config(&path("web/prod")).is_ok());
    assert!(caller.project(&slug("web")).is_ok());
    for (hidden, what) in [
        ("web/base", Noun::Config),
        ("web/nope", Noun::Config),
        ("api/prod", Noun::Project),
        ("nope/prod", Noun::Project),
    ] {
        let result = caller.config(&path(hidden)).map(|config| config.id);
        assert_eq!(result, Err(Rejection::NotFound(what)), "{hidden}");
    }
    let seen = world
        .state
        .projects()
        .flat_map(|project| world.state.configs_of(project));
    assert_eq!(seen.filter(|config| caller.sees(config)).count(), 1);
}

#[test]
fn only_a_token_for_a_deleted_config_learns_that_it_was_deleted() {
    let mut world = world();
    let every = &[Action::SecretsWrite];
    let for_it = world.service(every, "web/prod");
    let others = ["web/base", "web", ""].map(|place| world.service(every, place));
    let stranger = world.service(every, "api");
    let owner = world.owner();
    world
        .run(
            &DeleteConfig {
                path: path("web/prod"),
            },
            &owner,
        )
        .unwrap();

    // Whether the name is free again or taken by another config is the same to the token that had the first.
    for recreated in [false, true] {
        if recreated {
            world.config("web/prod", None);
        }
        let command = write("web/prod", &[("A", "x")], &[]);
        let refused = world.decide(&command, &for_it).err();
        assert_eq!(refused, Some(Rejection::ConfigDeleted));
        let refused = world.decide(&command, &others[0]).err();
        assert_eq!(refused, Some(Rejection::NotFound(Noun::Config)));
        let refused = world.decide(&command, &stranger).err();
        assert_eq!(refused, Some(Rejection::NotFound(Noun::Project)));
        for wider in &others[1..] {
            let refused = world.decide(&command, wider).err();
            assert_eq!(
                refused,
                (!recreated).then_some(Rejection::NotFound(Noun::Config))
            );
        }
        let elsewhere = world.decide(&write("web/nope", &[], &[]), &for_it).err();
        assert_eq!(elsewhere, Some(Rejection::NotFound(Noun::Config)));
    }
}

#[test]
fn expired_and_revoked_tokens_and_those_nobody_made_are_nobodys() {
    let mut world = world();
    let owner = world.owner();
    let living = world.service(&[Action::SecretsRead], "web");
    let revoked = world.service(&[Action::SecretsRead], "web");
    let Actor::Token(token_id) = revoked else {
        unreachable!()
    };
    world.run(&RevokeToken { token_id }, &owner).unwrap();
    let mut command = issue(vec![scope(&[Action::SecretsRead], "web")]);
    command.ttl = Some(Duration::from_hours(1));
    let expired = Actor::Token(world.run(&command, &owner).unwrap().token_id);

    world.wait(Duration::from_millis(3_599_999));
    assert_eq!(identified(&world, &expired), Ok(()), "until its very end");
    world.wait(Duration::from_millis(1));
    for nobody in [
        expired,
        revoked,
        Actor::Token(TokenId::MIN),
        Actor::Anonymous,
    ] {
        assert_eq!(identified(&world, &nobody), Err(Rejection::Unauthenticated));
        for result in attempts(&mut world, &nobody) {
            assert_eq!(result, Err(Rejection::Unauthenticated));
        }
    }
    assert_eq!(identified(&world, &living), Ok(()));
}

#[test]
fn a_service_token_is_not_a_user() {
    let mut world = world();
    let service = world.service(Action::ALL, "");
    let caller = Caller::identify(&world.state, &service, world.now).unwrap();
    assert_eq!(caller.user().map(|user| user.id), Err(Rejection::NotAUser));
    let personal = issue_personal(vec![scope(&[Action::SecretsRead], "")]);
    let refused = world.decide(&personal, &service).err();
    assert_eq!(refused, Some(Rejection::NotAUser));
}

#[test]
fn several_scopes_do_not_add_up_to_one_wider_place() {
    let mut world = world();
    let owner = world.owner();
    let scopes = ["web", "api"].map(|project| scope(&[Action::ProjectsWrite], project));
    let both = Actor::Token(world.run(&issue(scopes.into()), &owner).unwrap().token_id);
    let refused = world.decide(&create_project("new"), &both).err();
    assert_eq!(
        refused,
        Some(Rejection::MissingScope(Action::ProjectsWrite))
    );
    let caller = Caller::identify(&world.state, &both, world.now).unwrap();
    assert!(
        !caller
            .authority()
            .may(Action::ProjectsWrite, Place::EVERYWHERE)
    );
    assert_eq!(caller.project_scope_count(), 2);
}
