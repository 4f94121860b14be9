//! Reading.

use ssm_domain::access::Action::{SecretsExport, SecretsRead};
use ssm_domain::caller::Actor;
use ssm_domain::configs::UpdateConfig;
use ssm_domain::references::Fault;
use ssm_domain::secrets::Edit;

use super::{read, value, world};
use crate::support::{issue, scope, slug, update_config, write};

#[test]
fn a_reference_without_a_config_means_the_one_that_is_read() {
    let mut world = world();
    world.set("web/base", &[("HOST", "base"), ("URL", "http://${HOST}/")]);
    world.set("web/prod", &[("HOST", "prod")]);
    assert_eq!(value(&world, "web/base", "URL"), "http://base/");
    assert_eq!(value(&world, "web/prod", "URL"), "http://prod/");
    assert_eq!(value(&world, "web/dev", "URL"), "http://base/");
}

#[test]
fn after_a_hop_it_means_the_config_that_was_hopped_to() {
    let mut world = world();
    world.set("web/base", &[("HOST", "base"), ("URL", "${HOST}")]);
    world.set("web/prod", &[("HOST", "prod")]);
    world.set(
        "web/dev",
        &[("HOST", "dev"), ("X", "${prod.URL} ${base.URL} ${URL}")],
    );
    assert_eq!(value(&world, "web/dev", "X"), "prod base dev");
}

#[test]
fn every_hop_needs_the_readers_own_leave() {
    let mut world = world();
    world.set("shop/prod", &[("S", "s"), ("T", "t")]);
    world.set("web/dev", &[("D", "${shop.prod.S}")]);
    world.set("web/prod", &[("PLAIN", "p")]);
    world.set("web/prod", &[("X", "${dev.D}"), ("SELF", "${prod.PLAIN}")]);
    let forbidden = |text: &str| Err(Fault::Forbidden(text.into()));
    for (places, expected) in [
        (&["web/prod"][..], forbidden("${dev.D}")),
        (&["web/prod", "web/dev"], forbidden("${shop.prod.S}")),
        (&["web/prod", "shop"], forbidden("${dev.D}")),
        (&["web", "shop/prod"], Ok("s")),
        (&[""], Ok("s")),
    ] {
        let scopes = places
            .iter()
            .map(|place| scope(&[SecretsRead, SecretsExport], place));
        let command = issue(scopes.collect());
        let token = world.run(&command, &world.owner()).unwrap().token_id;
        let reader = Actor::Token(token);
        let found = read(&world, &reader, "web/prod").map(|(values, _)| values["X"].clone());
        assert_eq!(
            found.as_deref().map_err(Clone::clone),
            expected,
            "{places:?}"
        );
    }
    // To export is not to read.
    let command = issue(vec![
        scope(&[SecretsRead], "web"),
        scope(&[SecretsExport], "shop"),
    ]);
    let token = world.run(&command, &world.owner()).unwrap().token_id;
    let reader = Actor::Token(token);
    assert!(matches!(
        read(&world, &reader, "web/prod"),
        Err(Fault::Forbidden(_))
    ));
}

#[test]
fn a_renamed_config_is_still_meant() {
    let mut world = world();
    world.set("web/dev", &[("D", "d")]);
    world.set("web/prod", &[("X", "${dev.D}")]);
    let before = world.at("web/prod").revision;
    let rename = UpdateConfig {
        slug: Some(slug("development")),
        ..update_config("web/dev")
    };
    world.run(&rename, &world.owner()).unwrap();
    world.config("web/dev", None);
    world.set("web/dev", &[("D", "other")]);
    assert_eq!(value(&world, "web/prod", "X"), "d");
    assert!(world.at("web/prod").revision > before);
}

#[test]
fn what_has_gone_since_is_empty_and_listed() {
    let mut world = world();
    let owner = world.owner();
    world.set("web/base", &[("A", "a"), ("B", "b")]);
    world.set("web/prod", &[("X", "<${A}|${base.B}>"), ("Y", "${X}")]);
    world
        .run(&write("web/base", &[], &["A", "B"]), &owner)
        .unwrap();
    let (values, unresolved) = read(&world, &owner, "web/prod").unwrap();
    assert_eq!((&*values["X"], &*values["Y"]), ("<|>", "<|>"));
    assert_eq!(unresolved, ["${A}", "${base.B}"]);
}

#[test]
fn a_circle_that_another_parent_makes_is_found_when_it_is_read() {
    let mut world = world();
    world.set("web/dev", &[("A", "x")]);
    world.set("web/dev", &[("B", "${A}")]);
    world.config("web/other", None);
    world.set("web/other", &[("B", "b")]);
    world.set("web/other", &[("A", "${B}")]);
    let owner = world.owner();
    assert!(read(&world, &owner, "web/other").is_ok());
    let unset = write("web/other", &[], &["B"]);
    world.run(&unset, &owner).unwrap();
    let reparent = UpdateConfig {
        parent: Edit::Set(slug("dev")),
        ..update_config("web/other")
    };
    world.run(&reparent, &owner).unwrap();
    let way = "web.other.A -> web.other.B -> web.other.A";
    assert_eq!(
        read(&world, &owner, "web/other"),
        Err(Fault::Cycle(way.into()))
    );
    assert!(read(&world, &owner, "web/dev").is_ok());
}

#[test]
fn an_answer_is_bounded_however_often_values_are_repeated() {
    let mut world = world();
    let owner = world.owner();
    let kilobyte = "x".repeat(1024);
    world.set("web/prod", &[("L0", &kilobyte)]);
    for level in 1..=4 {
        let ten = format!("${{L{}}}", level - 1).repeat(10);
        world.set("web/prod", &[(&format!("L{level}"), &ten)]);
    }
    assert_eq!(read(&world, &owner, "web/prod"), Err(Fault::TooLarge));
    // Each is small enough alone, and together they are not.
    world
        .run(&write("web/prod", &[], &["L4", "L3"]), &owner)
        .unwrap();
    let names: Vec<String> = (0..10).map(|i| format!("M{i}")).collect();
    for (i, name) in names.iter().enumerate() {
        assert!(read(&world, &owner, "web/prod").is_ok(), "{i}");
        world.set("web/prod", &[(name, "${L2}")]);
    }
    assert_eq!(read(&world, &owner, "web/prod"), Err(Fault::TooLarge));
}

#[test]
fn repeating_nothing_over_and_over_takes_no_time() {
    let mut world = world();
    world.set("web/prod", &[("L0", "")]);
    for level in 1..=8 {
        let many = format!("${{L{}}}", level - 1).repeat(2_000);
        world.set("web/prod", &[(&format!("L{level}"), &many)]);
    }
    assert_eq!(value(&world, "web/prod", "L8"), "");
}
