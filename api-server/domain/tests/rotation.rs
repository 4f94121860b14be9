//! What replacing a token promises: the new one is good for the same and no more, and the old one dies.

use std::time::Duration;

use ssm_domain::access::{Action, ActionSet};
use ssm_domain::caller::Actor;
use ssm_domain::cidr::MAX_CIDRS;
use ssm_domain::entry::Purpose;
use ssm_domain::id::TokenId;
use ssm_domain::names::Cidr;
use ssm_domain::rejection::{Noun, Rejection};
use ssm_domain::settings::UpdateSettings;
use ssm_domain::state::Token;
use ssm_domain::tokens::{IssueToken, MAX_OVERLAP, RevokeToken, RotateToken};
use ssm_domain::users::SignIn;

use crate::support::{World, invalid, issue, issue_personal, scope, without_reason};

const OVERLAP: Duration = Duration::from_mins(5);

fn world() -> World {
    let mut world = World::new();
    world.project("web");
    world.config("web/base", None);
    world.config("web/prod", None);
    world
}

fn rotate(token_id: TokenId) -> RotateToken {
    RotateToken {
        token_id,
        overlap: OVERLAP,
    }
}

/// A token that reads `web/prod` from some addresses for ten hours.
fn reader() -> IssueToken {
    IssueToken {
        cidrs: vec!["10.0.0.0/8".parse().unwrap()],
        ttl: Some(Duration::from_hours(10)),
        ..issue(vec![scope(&[Action::SecretsRead], "web/prod")])
    }
}

fn token(world: &World, id: TokenId) -> &Token {
    world.state.token(id).unwrap()
}

#[test]
fn the_new_token_is_good_for_the_same_and_lives_as_long() {
    let mut world = world();
    let owner = world.owner();
    let old = world.run(&reader(), &owner).unwrap().token_id;
    world.wait(Duration::from_hours(4));
    let issued = world.run(&rotate(old), &owner).unwrap();
    let (old, new) = (token(&world, old), token(&world, issued.token_id));
    assert_eq!(new.subject, old.subject);
    assert_eq!(new.scopes, old.scopes);
    assert_eq!(new.cidrs, old.cidrs);
    assert_eq!(new.purpose, Purpose::Api);
    assert_eq!(
        new.expires_at,
        Some(world.now.plus(Duration::from_hours(10)))
    );
    assert_eq!(issued.expires_at, new.expires_at);
}

#[test]
fn the_old_token_dies_after_the_overlap_and_never_later_than_it_would_have() {
    for (overlap, left, expected) in [
        (OVERLAP, Duration::from_hours(6), OVERLAP),
        (
            MAX_OVERLAP,
            Duration::from_hours(6),
            Duration::from_hours(6),
        ),
        (OVERLAP, Duration::from_mins(1), Duration::from_mins(1)),
        (Duration::ZERO, Duration::from_hours(6), Duration::ZERO),
    ] {
        let mut world = world();
        let owner = world.owner();
        let id = world.run(&reader(), &owner).unwrap().token_id;
        world.wait(Duration::from_hours(10).saturating_sub(left));
        let command = RotateToken {
            token_id: id,
            overlap,
        };
        world.run(&command, &owner).unwrap();
        let old = token(&world, id);
        let end = world.now.plus(expected);
        let just_before = world
            .now
            .plus(expected.saturating_sub(Duration::from_millis(1)));
        assert_eq!(old.is_alive(just_before), !expected.is_zero());
        assert!(!old.is_alive(end), "{overlap:?} {left:?}");
    }
}

#[test]
fn a_token_without_expiry_is_replaced_by_one_without() {
    let mut world = world();
    let owner = world.owner();
    let forever = issue(vec![scope(&[Action::SecretsRead], "")]);
    let old = world.run(&forever, &owner).unwrap().token_id;
    let new = world.run(&rotate(old), &owner).unwrap().token_id;
    assert_eq!(token(&world, new).expires_at, None);
    assert_eq!(token(&world, old).expires_at, Some(world.now.plus(OVERLAP)));
}

#[test]
fn whoever_could_make_such_a_token_may_replace_it_and_nobody_else() {
    let mut world = world();
    let owner = world.owner();
    let old = world.run(&reader(), &owner).unwrap().token_id;
    let (write, read) = (Action::TokensWrite, Action::SecretsRead);
    for (actions, place, expected) in [
        (&[write, read][..], "", None),
        (&[write, read], "web", None),
        (&[write, read], "web/prod", None),
        (&[write], "web/prod", Some(Rejection::MissingScope(read))),
        (
            &[read, Action::TokensRead],
            "",
            Some(Rejection::MissingScope(write)),
        ),
        (
            &[write, read],
            "web/base",
            Some(Rejection::NotFound(Noun::Token)),
        ),
        (&[read], "", Some(Rejection::NotFound(Noun::Token))),
    ] {
        let caller = world.service(actions, place);
        let refused = world.decide(&rotate(old), &caller).err();
        assert_eq!(refused, expected, "{actions:?} in {place:?}");
    }
    let itself = world.decide(&rotate(old), &Actor::Token(old)).err();
    assert_eq!(itself, Some(Rejection::MissingScope(write)));
}

#[test]
fn a_personal_token_is_replaced_by_its_user_signed_in_and_not_by_itself() {
    let mut world = world();
    let owner = world.owner();
    let command = issue_personal(vec![scope(Action::ALL, "")]);
    let id = world.run(&command, &owner).unwrap().token_id;
    let refused = Some(Rejection::MissingScope(Action::TokensWrite));
    assert_eq!(world.decide(&rotate(id), &Actor::Token(id)).err(), refused);
    let machine = world.service(Action::ALL, "");
    assert_eq!(
        world.decide(&rotate(id), &machine).err(),
        Some(Rejection::NotAUser)
    );
    let new = world.run(&rotate(id), &owner).unwrap().token_id;
    assert_eq!(token(&world, new).scopes[0].actions, ActionSet::ALL);
}

#[test]
fn sessions_and_dead_tokens_are_not_replaced() {
    let mut world = world();
    let owner = world.owner();
    let credential_id = world.state.users().next().unwrap().credential_id;
    let session = SignIn::session(credential_id);
    let session = world.run(&session, &owner).unwrap().token_id;
    let refused = world.decide(&rotate(session), &owner).err();
    assert_eq!(refused.map(without_reason), Some(invalid("tokenId")));

    let old = world.run(&reader(), &owner).unwrap().token_id;
    let long = RotateToken {
        token_id: old,
        overlap: MAX_OVERLAP + Duration::from_secs(1),
    };
    let refused = world.decide(&long, &owner).err();
    assert_eq!(refused.map(without_reason), Some(invalid("overlapSeconds")));
    world.run(&RevokeToken { token_id: old }, &owner).unwrap();
    let refused = world.decide(&rotate(old), &owner).err();
    assert_eq!(refused, Some(Rejection::NotFound(Noun::Token)));
}

#[test]
fn a_token_of_some_addresses_makes_none_that_is_good_elsewhere() {
    let mut world = world();
    let owner = world.owner();
    let blocks = |texts: &[&str]| {
        texts
            .iter()
            .map(|text| Cidr::read(text).unwrap())
            .collect::<Vec<_>>()
    };
    let at = |cidrs| IssueToken {
        cidrs,
        ..issue(vec![scope(&[Action::TokensWrite, Action::SecretsRead], "")])
    };
    let office = world.run(&at(blocks(&["10.0.0.0/8"])), &owner).unwrap();
    let office = Actor::Token(office.token_id);
    for (cidrs, good) in [
        (blocks(&["10.1.0.0/16", "10.2.0.1"]), true),
        (blocks(&["10.1.0.0/16", "192.0.2.1"]), false),
        (blocks(&["0.0.0.0/0"]), false),
    ] {
        let refused = world.decide(&at(cidrs), &office).err().map(without_reason);
        assert_eq!(refused, (!good).then(|| invalid("allowedCidrs")));
    }
    let inherited = world.run(&at(Vec::new()), &office).unwrap().token_id;
    assert_eq!(*token(&world, inherited).cidrs, *blocks(&["10.0.0.0/8"]));

    let free = world.run(&at(Vec::new()), &owner).unwrap().token_id;
    let refused = world.decide(&rotate(free), &office).err();
    assert_eq!(refused.map(without_reason), Some(invalid("allowedCidrs")));
    let many = (0..=MAX_CIDRS).map(|n| Cidr::read(&format!("10.0.0.{n}")).unwrap());
    let refused = world.decide(&at(many.collect()), &owner).err();
    assert_eq!(refused.map(without_reason), Some(invalid("allowedCidrs")));
}

#[test]
fn a_workspace_that_wants_an_end_for_every_token_gets_no_new_one_without() {
    let mut world = world();
    let owner = world.owner();
    let forever = issue(vec![scope(&[Action::SecretsRead], "")]);
    let old = world.run(&forever, &owner).unwrap().token_id;
    let strict = UpdateSettings {
        tokens_without_expiry: Some(false),
        ..UpdateSettings::default()
    };
    world.run(&strict, &owner).unwrap();
    let refused = world.decide(&rotate(old), &owner).err();
    assert_eq!(refused.map(without_reason), Some(invalid("tokenId")));
}
