//! What tokens promise: they never widen, and they end with what they are for.

use std::time::Duration;

use ssm_domain::access::{Action, ActionSet};
use ssm_domain::caller::{Actor, Caller};
use ssm_domain::credential::TokenRecord;
use ssm_domain::id::TokenId;
use ssm_domain::names::Slug;
use ssm_domain::projects::DeleteProject;
use ssm_domain::rejection::{Noun, Rejection};
use ssm_domain::tokens::{
    Holder, IssueToken, MAX_PERSONAL_TTL, MAX_SCOPES, MAX_SERVICE_TTL, RevokeToken, ScopeRequest,
};

use crate::support::{World, invalid, issue, issue_personal, scope, slug, without_reason};

const PLACES: [&str; 6] = ["", "web", "web/base", "web/prod", "api", "api/prod"];

fn world() -> World {
    let mut world = World::new();
    for project in ["web", "api"] {
        world.project(project);
        world.config(&format!("{project}/base"), None);
        world.config(&format!("{project}/prod"), None);
    }
    world
}

fn covers(outer: &str, inner: &str) -> bool {
    outer.is_empty()
        || outer == inner
        || inner
            .strip_prefix(outer)
            .is_some_and(|rest| rest.starts_with('/'))
}

fn token_of(actor: Actor) -> TokenId {
    match actor {
        Actor::Token(id) => id,
        other => panic!("{other:?} has no token"),
    }
}

#[test]
fn nobody_can_create_a_token_with_more_than_they_have() {
    let mut world = world();
    for own in [
        &[Action::SecretsRead][..],
        &[Action::SecretsRead, Action::SecretsWrite],
        Action::ALL,
    ] {
        for there in PLACES {
            let mut actions = own.to_vec();
            actions.push(Action::TokensWrite);
            let caller = world.service(&actions, there);
            for (action, place) in Action::ALL
                .iter()
                .flat_map(|action| PLACES.map(|place| (*action, place)))
            {
                let result = world.decide(&issue(vec![scope(&[action], place)]), &caller);
                let may = actions.contains(&action) && covers(there, place);
                assert_eq!(
                    result.is_ok(),
                    may,
                    "{action} in {place:?}, having {own:?} in {there:?}"
                );
            }
        }
    }
}

#[test]
fn one_scope_too_many_refuses_the_whole_token() {
    let mut world = world();
    let caller = world.service(&[Action::SecretsRead, Action::TokensWrite], "web");
    let (good, bad) = (
        scope(&[Action::SecretsRead], "web"),
        scope(&[Action::SecretsWrite], "web"),
    );
    let seq = world.seq();
    let refused = world.run(&issue(vec![good, bad]), &caller).err();
    assert_eq!(refused, Some(Rejection::MissingScope(Action::SecretsWrite)));
    assert_eq!(world.seq(), seq);
}

#[test]
fn a_token_without_named_actions_gets_what_its_maker_has_there_and_no_more() {
    let mut world = world();
    let own = [Action::SecretsRead, Action::TokensWrite];
    let caller = world.service(&own, "web");
    let all = ScopeRequest {
        actions: None,
        ..scope(&[], "web/prod")
    };
    let issued = world.run(&issue(vec![all]), &caller).unwrap();
    let token = world.state.token(issued.token_id).unwrap();
    assert_eq!(token.scopes[0].actions, ActionSet::of(&own));
}

#[test]
fn a_personal_token_can_be_made_from_a_narrow_one_but_is_no_wider() {
    let mut world = world();
    let owner = world.owner();
    let narrow = issue_personal(vec![scope(&[Action::SecretsRead], "web/prod")]);
    let narrow = Actor::Token(world.run(&narrow, &owner).unwrap().token_id);
    for (action, place, may) in [
        (Action::SecretsRead, "web/prod", true),
        (Action::SecretsWrite, "web/prod", false),
        (Action::SecretsRead, "web", false),
        (Action::SecretsRead, "", false),
    ] {
        let result = world.decide(&issue_personal(vec![scope(&[action], place)]), &narrow);
        assert_eq!(result.is_ok(), may, "{action} in {place:?}");
    }
}

#[test]
fn what_a_token_is_asked_to_be_is_checked() {
    let mut world = world();
    let owner = world.owner();
    let ttl = |holder: Holder, ttl| IssueToken {
        holder,
        scopes: vec![scope(&[Action::SecretsRead], "")],
        cidrs: Vec::new(),
        ttl,
    };
    let service = || Holder::Service("ci".parse().unwrap());
    let config_alone = ScopeRequest {
        project: None,
        ..scope(&[Action::SecretsRead], "web/prod")
    };
    let many = |count| {
        issue(
            (0..count)
                .map(|_| scope(&[Action::SecretsRead], ""))
                .collect(),
        )
    };
    let ms = Duration::from_millis(1);
    for (command, expected) in [
        (ttl(service(), None), None),
        (ttl(service(), Some(MAX_SERVICE_TTL)), None),
        (
            ttl(service(), Some(MAX_SERVICE_TTL + ms)),
            Some(invalid("ttl_seconds")),
        ),
        (
            ttl(service(), Some(Duration::ZERO)),
            Some(invalid("ttl_seconds")),
        ),
        (ttl(Holder::Myself, None), Some(invalid("ttl_seconds"))),
        (ttl(Holder::Myself, Some(MAX_PERSONAL_TTL)), None),
        (
            ttl(Holder::Myself, Some(MAX_PERSONAL_TTL + ms)),
            Some(invalid("ttl_seconds")),
        ),
        (many(0), Some(invalid("scopes"))),
        (many(MAX_SCOPES), None),
        (many(MAX_SCOPES + 1), Some(invalid("scopes"))),
        (issue(vec![scope(&[], "web")]), Some(invalid("actions"))),
        (issue(vec![config_alone]), Some(invalid("config"))),
        (
            issue(vec![scope(&[Action::SecretsRead], "nope")]),
            Some(Rejection::NotFound(Noun::Project)),
        ),
        (
            issue(vec![scope(&[Action::SecretsRead], "web/nope")]),
            Some(Rejection::NotFound(Noun::Config)),
        ),
    ] {
        let refused = world.decide(&command, &owner).err().map(without_reason);
        assert_eq!(refused, expected, "{:?} {:?}", command.holder, command.ttl);
    }
}

#[test]
fn a_token_is_stored_by_its_salted_hash_only() {
    let mut world = world();
    let owner = world.owner();
    let issued = world
        .run(&issue(vec![scope(&[Action::SecretsRead], "web")]), &owner)
        .unwrap();
    let store = world.store.borrow();
    let record = store
        .records
        .iter()
        .find(|record| record.id == issued.token_id.to_string())
        .unwrap();
    assert_eq!(
        world.state.token(issued.token_id).unwrap().record,
        record.digest()
    );
    let body: TokenRecord = serde_json::from_slice(&record.body).unwrap();
    assert_eq!(body.hash(), world.salt.hash(&issued.token));
    assert!(!String::from_utf8_lossy(&record.body).contains(issued.token.reveal()));
    assert!(!format!("{issued:?}").contains(issued.token.reveal()));
}

#[test]
fn deleting_a_project_revokes_its_tokens() {
    let mut world = world();
    let owner = world.owner();
    let read = &[Action::SecretsRead];
    let theirs = ["web", "web/prod"].map(|place| world.service(read, place));
    let personal = issue_personal(vec![scope(read, "web")]);
    let personal = Actor::Token(world.run(&personal, &owner).unwrap().token_id);
    let others = ["", "api", "api/prod"].map(|place| world.service(read, place));
    let both = issue(vec![scope(read, "web"), scope(read, "api")]);
    let both = Actor::Token(world.run(&both, &owner).unwrap().token_id);
    world
        .run(&DeleteProject { slug: slug("web") }, &owner)
        .unwrap();

    for dead in theirs.into_iter().chain([personal]) {
        let token = world.state.token(token_of(dead)).unwrap();
        assert_eq!(token.revoked_at, Some(world.state.head().at));
    }
    for alive in others.into_iter().chain([both]) {
        assert!(
            world
                .state
                .token(token_of(alive))
                .unwrap()
                .is_alive(world.now)
        );
    }
}

#[test]
fn a_recreated_slug_does_not_revive_what_a_token_could_do_there() {
    let mut world = world();
    let owner = world.owner();
    let read = &[Action::SecretsRead];
    let web = world.service(read, "web");
    let both = issue(vec![scope(read, "web"), scope(read, "api")]);
    let both = Actor::Token(world.run(&both, &owner).unwrap().token_id);
    world
        .run(&DeleteProject { slug: slug("web") }, &owner)
        .unwrap();
    world.project("web");
    world.config("web/prod", None);

    let now = world.now;
    assert!(Caller::identify(&world.state, &web, now).is_err());
    let caller = Caller::identify(&world.state, &both, now).unwrap();
    let web: Slug = slug("web");
    let refused = caller.project(&web).map(|project| project.id);
    assert_eq!(refused, Err(Rejection::NotFound(Noun::Project)));
}

#[test]
fn revoking_a_token_twice_changes_nothing_the_second_time() {
    let mut world = world();
    let owner = world.owner();
    let token_id = token_of(world.service(&[Action::SecretsRead], "web"));
    world.run(&RevokeToken { token_id }, &owner).unwrap();
    let seq = world.seq();
    world.run(&RevokeToken { token_id }, &owner).unwrap();
    assert_eq!(world.seq(), seq);
}

#[test]
fn who_may_revoke_a_token_depends_on_all_of_its_places() {
    let mut world = world();
    let owner = world.owner();
    let read = &[Action::SecretsRead];
    let in_web = token_of(world.service(read, "web/prod"));
    let both = issue(vec![scope(read, "web"), scope(read, "api")]);
    let both = world.run(&both, &owner).unwrap().token_id;
    let personal = issue_personal(vec![scope(read, "web")]);
    let personal = Actor::Token(world.run(&personal, &owner).unwrap().token_id);

    let revoker = world.service(&[Action::TokensRevoke], "web");
    let reader = world.service(&[Action::TokensRead], "web");
    let stranger = world.service(&[Action::TokensRevoke], "api");
    let hidden = || Some(Rejection::NotFound(Noun::Token));
    for (actor, token_id, expected) in [
        (revoker, in_web, None),
        (
            reader,
            in_web,
            Some(Rejection::MissingScope(Action::TokensRevoke)),
        ),
        (stranger, in_web, hidden()),
        (revoker, both, hidden()),
        (reader, both, hidden()),
        (owner, both, None),
        (personal, token_of(personal), None),
        (personal, in_web, hidden()),
        (owner, TokenId::MIN, hidden()),
    ] {
        let refused = world.decide(&RevokeToken { token_id }, &actor).err();
        assert_eq!(refused, expected, "{actor:?} and {token_id}");
    }
}

#[test]
fn a_personal_token_cannot_renew_itself() {
    let mut world = world();
    let everything = || vec![scope(Action::ALL, "")];
    let owner = world.owner();
    let mut first = issue_personal(everything());
    first.ttl = Some(Duration::from_hours(1));
    let issued = world.run(&first, &owner).unwrap();
    let end = issued.expires_at;
    world.wait(Duration::from_mins(30));
    let next = world
        .run(
            &issue_personal(everything()),
            &Actor::Token(issued.token_id),
        )
        .unwrap();
    assert_eq!(next.expires_at, end);
}

#[test]
fn a_narrow_token_revokes_itself_and_no_other_of_its_user() {
    let mut world = world();
    let owner = world.owner();
    let narrow = issue_personal(vec![scope(&[Action::ProjectsRead], "")]);
    let mine = world.run(&narrow, &owner).unwrap().token_id;
    let other = world.run(&narrow, &owner).unwrap().token_id;
    let (mine, actor) = (RevokeToken { token_id: mine }, Actor::Token(mine));
    let refused = world.run(&RevokeToken { token_id: other }, &actor);
    assert_eq!(refused, Err(Rejection::NotFound(Noun::Token)));
    world.run(&mine, &actor).unwrap();
}

#[test]
fn a_token_is_forgotten_thirty_days_after_its_death() {
    let mut world = world();
    let token = token_of(world.service(&[Action::ProjectsRead], ""));
    let owner = world.owner();
    world.run(&RevokeToken { token_id: token }, &owner).unwrap();
    for (days, remembered) in [(29, true), (2, false)] {
        world.wait(Duration::from_hours(24 * days));
        world.set("web/base", &[("A", &days.to_string())]);
        assert_eq!(world.state.token(token).is_some(), remembered, "{days}");
    }
}
