//! Saving.

use ssm_domain::access::Action::{SecretsRead, SecretsWrite};
use ssm_domain::change::Change;
use ssm_domain::configs::DeleteConfig;
use ssm_domain::projects::DeleteProject;
use ssm_domain::references::Fault;
use ssm_domain::rejection::Rejection;
use ssm_domain::secrets::Outcome;
use ssm_domain::settings::Settings;

use super::{is_plain, read, refused, value, world};
use crate::support::{World, path, slug, write};

fn unresolved(text: &str) -> Fault {
    Fault::Unresolved(text.into())
}

fn forbidden(text: &str) -> Fault {
    Fault::Forbidden(text.into())
}

fn set_referencing(world: &mut World, referencing_enabled: bool) {
    let settings = Settings {
        referencing_enabled,
        ..Settings::default()
    };
    world.append(vec![Change::SettingsChanged { settings }]);
}

#[test]
fn a_reference_must_lead_somewhere_when_it_is_saved() {
    let mut world = world();
    let owner = world.owner();
    world.set("web/base", &[("A", "a")]);
    world.set("shop/prod", &[("S", "s")]);
    for (text, fault) in [
        ("${A}", None),
        ("${base.A} ${prod.A}", None),
        ("${web.base.A}${shop.prod.S}", None),
        ("$${NOPE}", None),
        ("${NOPE}", Some(unresolved("${NOPE}"))),
        ("${A}${base.NOPE}", Some(unresolved("${base.NOPE}"))),
        ("${nope.A}", Some(unresolved("${nope.A}"))),
        ("${shop.base.A}", Some(unresolved("${shop.base.A}"))),
        ("${nope.prod.S}", Some(unresolved("${nope.prod.S}"))),
    ] {
        assert_eq!(
            refused(&mut world, &owner, "web/prod", &[("X", text)]),
            fault,
            "{text}"
        );
    }
    let syntax = refused(&mut world, &owner, "web/prod", &[("X", "${a b}")]);
    let message = "Invalid reference syntax: ${a b}";
    assert_eq!(
        syntax.map(|fault| fault.to_string()).as_deref(),
        Some(message)
    );
}

#[test]
fn keys_of_one_request_may_refer_to_each_other_as_they_will_be() {
    let mut world = world();
    let owner = world.owner();
    world.set("web/base", &[("INHERITED", "i")]);
    world.set("web/prod", &[("OLD", "o"), ("INHERITED", "own")]);
    let set = [("X", "${Y}${web.prod.Y}"), ("Y", "${Z}"), ("Z", "z")];
    assert_eq!(refused(&mut world, &owner, "web/prod", &set), None);
    assert_eq!(value(&world, "web/prod", "X"), "zz");

    // What the same request deletes is not there; what is inherited under the same name then is.
    let gone = world.run(&write("web/prod", &[("V", "${OLD}")], &["OLD"]), &owner);
    assert!(matches!(gone, Err(Rejection::Reference { .. })));
    let command = write("web/prod", &[("V", "${INHERITED}")], &["INHERITED"]);
    world.run(&command, &owner).unwrap();
    assert_eq!(value(&world, "web/prod", "V"), "i");
}

#[test]
fn what_the_writer_may_not_read_looks_the_same_whether_it_is_there_or_not() {
    let mut world = world();
    world.set("web/base", &[("A", "a")]);
    world.set("shop/prod", &[("S", "s")]);
    let narrow = world.service(&[SecretsWrite], "web/prod");
    let wide = world.service(&[SecretsWrite, SecretsRead], "web");
    for (by, text, fault) in [
        (&narrow, "${base.A}", Some(forbidden("${base.A}"))),
        (&narrow, "${base.NOPE}", Some(forbidden("${base.NOPE}"))),
        (&narrow, "${nope.A}", Some(forbidden("${nope.A}"))),
        (&narrow, "${shop.prod.S}", Some(forbidden("${shop.prod.S}"))),
        (&narrow, "${nope.prod.S}", Some(forbidden("${nope.prod.S}"))),
        (&narrow, "${A}${prod.A}", None),
        (&wide, "${base.A}", None),
        (&wide, "${nope.A}", Some(unresolved("${nope.A}"))),
        (&wide, "${shop.prod.S}", Some(forbidden("${shop.prod.S}"))),
        (&wide, "${shop.nope.S}", Some(forbidden("${shop.nope.S}"))),
        (&wide, "${nope.prod.S}", Some(forbidden("${nope.prod.S}"))),
    ] {
        assert_eq!(
            refused(&mut world, by, "web/prod", &[("X", text)]),
            fault,
            "{text}"
        );
    }
}

#[test]
fn a_circle_is_refused_with_the_way_around_it() {
    let mut world = world();
    let owner = world.owner();
    let way = |text: &str| Some(Fault::Cycle(text.into()));
    assert_eq!(
        refused(&mut world, &owner, "web/prod", &[("A", "${A}")]),
        way("web.prod.A -> web.prod.A")
    );
    assert_eq!(
        refused(
            &mut world,
            &owner,
            "web/prod",
            &[("A", "${prod.B}"), ("B", "-${A}")]
        ),
        way("web.prod.A -> web.prod.B -> web.prod.A")
    );
    world.set("shop/prod", &[("S", "s")]);
    world.set("web/prod", &[("A", "${shop.prod.S}")]);
    assert_eq!(
        refused(&mut world, &owner, "shop/prod", &[("S", "${web.prod.A}")]),
        way("shop.prod.S -> web.prod.A -> shop.prod.S")
    );
    // An override may refer to what it overrides.
    world.set("web/base", &[("A", "base")]);
    assert_eq!(
        refused(&mut world, &owner, "web/dev", &[("A", "${base.A}, dev")]),
        None
    );
    assert_eq!(value(&world, "web/dev", "A"), "base, dev");
}

#[test]
fn a_circle_through_what_the_writer_may_not_read_does_not_show() {
    let mut world = world();
    world.set("web/prod", &[("A", "a")]);
    world.set("shop/prod", &[("S", "${web.prod.A}")]);
    world.set("web/dev", &[("D", "${shop.prod.S}")]);
    let writer = world.service(&[SecretsWrite, SecretsRead], "web");
    assert_eq!(
        refused(&mut world, &writer, "web/prod", &[("A", "${dev.D}")]),
        None
    );
    assert!(matches!(
        read(&world, &writer, "web/prod"),
        Err(Fault::Forbidden(_))
    ));
    let owner = world.owner();
    assert!(matches!(
        read(&world, &owner, "web/prod"),
        Err(Fault::Cycle(_))
    ));
}

#[test]
fn eight_references_may_follow_each_other_and_not_nine() {
    let mut world = world();
    let owner = world.owner();
    let chain = |length: usize| -> Vec<(String, String)> {
        let link = |i| (format!("K{i}"), format!("${{K{}}}", i + 1));
        let end = (format!("K{length}"), "end".to_owned());
        (0..length).map(link).chain([end]).collect()
    };
    for (length, fault) in [(8, None), (9, Some(Fault::TooDeep))] {
        let chain = chain(length);
        let set: Vec<_> = chain
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect();
        assert_eq!(refused(&mut world, &owner, "web/prod", &set), fault);
    }
    assert_eq!(value(&world, "web/prod", "K0"), "end");
    // Made too long at its end, it is found so when it is read.
    world.set("web/prod", &[("K9", "end")]);
    world.set("web/prod", &[("K8", "${K9}")]);
    assert_eq!(read(&world, &owner, "web/prod"), Err(Fault::TooDeep));
}

#[test]
fn what_is_saved_while_referencing_is_off_is_plain_text_until_it_is_saved_again() {
    let mut world = world();
    world.set("web/prod", &[("A", "a"), ("BOUND", "${A}")]);
    set_referencing(&mut world, false);
    for text in ["${A}", "${a b}", "$${A}"] {
        world.set("web/prod", &[("X", text)]);
        assert!(is_plain(&world, "web/prod", "X"));
    }
    set_referencing(&mut world, true);
    assert_eq!(value(&world, "web/prod", "X"), "$${A}");
    let written = world.set("web/prod", &[("X", "$${A}"), ("BOUND", "${A}")]);
    let outcomes: Vec<_> = written.keys.iter().map(|key| key.outcome).collect();
    assert_eq!(outcomes, [Outcome::Changed, Outcome::Same]);
    assert_eq!(value(&world, "web/prod", "X"), "${A}");
}

#[test]
fn a_config_that_others_refer_to_is_not_deleted_and_its_project_is() {
    let mut world = world();
    let owner = world.owner();
    world.set("shop/prod", &[("S", "s"), ("SELF", "${shop.prod.S}")]);
    world.set("web/prod", &[("X", "${shop.prod.S}")]);
    let delete = DeleteConfig {
        path: path("shop/prod"),
    };
    assert_eq!(world.run(&delete, &owner), Err(Rejection::HasDependents));
    let before = world.at("web/prod").revision;
    world
        .run(&DeleteProject { slug: slug("shop") }, &owner)
        .unwrap();
    assert!(world.at("web/prod").revision > before);
    let (values, unresolved) = read(&world, &owner, "web/prod").unwrap();
    assert_eq!(
        (values["X"].as_str(), &*unresolved),
        ("", &["${shop.prod.S}".to_owned()][..])
    );
    // A new one of the same name is another one, until the value is saved again.
    world.project("shop");
    world.config("shop/prod", None);
    world.set("shop/prod", &[("S", "new")]);
    assert_eq!(value(&world, "web/prod", "X"), "");
    world.set("web/prod", &[("X", "${shop.prod.S}")]);
    assert_eq!(value(&world, "web/prod", "X"), "new");

    world.set("web/prod", &[("X", "plain")]);
    world.run(&delete, &owner).unwrap();
}
