//! Documents that are odd, alone or together.

use ssm_domain::secret::SecretValue;
use ssm_domain::time::Timestamp;
use ssm_journal_mongodb::version1::{Config, Project, Secret, User, Version1};

use super::{Plan, plan};

fn project(id: &str, slug: &str) -> Project {
    Project {
        id: id.to_owned(),
        slug: slug.to_owned(),
        name: None,
        description: None,
    }
}

fn config(id: &str, parent: Option<&str>) -> Config {
    Config {
        id: id.to_owned(),
        project_id: "p".to_owned(),
        slug: id.to_owned(),
        name: None,
        parent_id: parent.map(str::to_owned),
    }
}

fn secret(config: &str, key: &str, value: &str) -> Secret {
    Secret {
        id: format!("{config}-{key}"),
        config_id: config.to_owned(),
        key: key.to_owned(),
        value: SecretValue::new(value.to_owned()),
        icon: None,
    }
}

fn planned(configs: Vec<Config>, secrets: Vec<Secret>) -> Plan {
    let source = Version1 {
        projects: vec![project("p", "web")],
        configs,
        secrets,
        ..Version1::nothing()
    };
    plan(&source, Timestamp::from_millis(1))
}

/// What is told, as pairs of a name and the beginning of why.
fn lost(plan: &Plan) -> Vec<&str> {
    let lost = plan.report.lost.iter();
    lost.map(|note| note.name.as_str()).collect()
}

fn changed(plan: &Plan) -> Vec<&str> {
    let changed = plan.report.changed.iter();
    changed.map(|note| note.name.as_str()).collect()
}

#[test]
fn configs_are_made_behind_those_that_they_inherit_from_whatever_their_order() {
    let configs = vec![
        config("c", Some("b")),
        config("b", Some("a")),
        config("a", None),
    ];
    let plan = planned(configs, Vec::new());
    assert!(lost(&plan).is_empty());
    assert_eq!(plan.report.counts.configs, 3);
    assert_eq!(plan.units.len(), 1);
}

#[test]
fn a_circle_of_configs_and_what_hangs_on_it_is_told_and_the_others_come_along() {
    let configs = vec![
        config("a", Some("b")),
        config("b", Some("a")),
        config("c", Some("a")),
        config("d", Some("gone")),
        config("e", None),
    ];
    let plan = planned(configs, vec![secret("a", "A", "x"), secret("e", "A", "x")]);
    assert_eq!(lost(&plan), ["a", "b", "c", "d", "a-A"]);
    assert_eq!(
        (plan.report.counts.configs, plan.report.counts.secrets),
        (1, 1)
    );
}

#[test]
fn one_secret_that_cannot_be_takes_no_other_with_it() {
    let secrets = vec![
        secret("a", "A", "x"),
        secret("a", "A", "y"),
        secret("a", "b", "x"),
        secret("a", "C", &"x".repeat(70_000)),
        secret("a", "D", "x\0"),
        secret("gone", "E", "x"),
        secret("a", "2FA", "x"),
    ];
    let plan = planned(vec![config("a", None)], secrets);
    let expected = [
        "a-A of web/a",
        "a-b of web/a",
        "a-C of web/a",
        "a-D of web/a",
        "gone-E",
    ];
    assert_eq!(lost(&plan), expected);
    assert_eq!(plan.report.counts.secrets, 2);
    assert_eq!(changed(&plan), ["web/a/2FA"]);
}

#[test]
fn references_that_would_mean_something_else_are_told_and_the_others_are_kept() {
    let secrets = vec![
        secret("a", "GOOD", "${b.A}"),
        secret("a", "GONE", "${nowhere.A}"),
        secret("a", "MISSING", "${b.NOT}"),
        secret("a", "DOLLAR", "$${GOOD}"),
        secret("a", "SPACE", "${ GOOD }"),
        secret("a", "SELF", "${SELF}"),
        secret("a", "PING", "${b.PONG}"),
        secret("b", "A", "x"),
        secret("b", "PONG", "${a.PING}"),
    ];
    let plan = planned(vec![config("a", None), config("b", None)], secrets);
    assert!(lost(&plan).is_empty(), "{:?}", plan.report.lost);
    let expected = [
        "web/a/GONE",
        "web/a/MISSING",
        "web/a/DOLLAR",
        "web/a/SPACE",
        "web/a/SELF",
        "web/b/PONG",
    ];
    assert_eq!(changed(&plan), expected);
    assert_eq!(plan.report.counts.references, 3);
}

#[test]
fn a_slug_that_is_none_here_takes_its_project_with_it_and_is_not_repeated() {
    let source = Version1 {
        projects: vec![project("p", "we\0b"), project("q", "shop")],
        configs: vec![config("a", None)],
        secrets: vec![secret("a", "A", "x")],
        ..Version1::nothing()
    };
    let plan = plan(&source, Timestamp::from_millis(1));
    assert_eq!(lost(&plan), ["p", "a", "a-A"]);
    assert_eq!(plan.report.counts.projects, 1);
    assert!(!plan.report.text().contains('\0'));
}

#[test]
fn people_come_as_they_came_behind_the_first_user_and_before_those_of_whom_it_is_not_known() {
    let user = |username: &str, at: Option<i64>| User {
        id: username.to_owned(),
        username: username.to_owned(),
        email: None,
        full_name: None,
        disabled: false,
        created_at: at.map(Timestamp::from_millis),
    };
    let mut source = Version1 {
        users: vec![
            user("untold", None),
            user("late", Some(3)),
            user("zoe", Some(1)),
            user("alice", Some(1)),
            user("first", Some(2)),
        ],
        passwords: ["bare", "zoe"].map(str::to_owned).into(),
        initialized_by: Some("first".to_owned()),
        ..Version1::nothing()
    };
    let order = |source: &Version1| -> Vec<String> {
        let people = plan(source, Timestamp::from_millis(4)).report.people;
        people.others.iter().map(ToString::to_string).collect()
    };
    let expected = ["first", "zoe", "alice", "late", "untold", "bare"];
    assert_eq!(order(&source), expected);
    source.initialized_by = None;
    let expected = ["zoe", "alice", "first", "late", "untold", "bare"];
    assert_eq!(order(&source), expected);
}
