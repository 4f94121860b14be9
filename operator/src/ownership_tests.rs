use serde_json::json;

use super::*;

fn sync() -> SecretSync {
    serde_json::from_value(json!({
        "apiVersion": "simplesecrets.io/v1alpha1", "kind": "SecretSync",
        "metadata": { "name": "web", "namespace": "shop", "uid": "uid-1" },
        "spec": { "sources": [{ "project": "web", "config": "prod" }] },
    }))
    .expect("valid")
}

/// A Secret with this mark, which `manager` has put there.
fn marked(mark: &str, manager: &str) -> Secret {
    let set = json!({ format!("f:{OWNED_BY_ANNOTATION}"): {} });
    serde_json::from_value(json!({ "metadata": {
        "name": "web", "uid": "secret-uid",
        "annotations": { OWNED_BY_ANNOTATION: mark },
        "managedFields": [{ "manager": manager, "fieldsV1": { "f:metadata": { "f:annotations": set } } }],
    } }))
    .expect("valid")
}

#[test]
fn a_mark_counts_only_where_the_operator_has_put_it_on_this_very_secret() {
    let sync = sync();
    let left = |name: &str| Ownership::Left(name.to_owned());
    for (why, mark, manager, expected) in [
        ("ours", "web/uid-1", FIELD_MANAGER, Ownership::Marked),
        ("a copy", "web/uid-1", "kubectl-create", left("web")),
        (
            "a former resource's",
            "web/uid-0",
            FIELD_MANAGER,
            left("web"),
        ),
        (
            "another resource's",
            "api/uid-2",
            FIELD_MANAGER,
            left("api"),
        ),
        (
            "another's with our id",
            "api/uid-1",
            FIELD_MANAGER,
            left("api"),
        ),
        ("no mark of ours at all", "", FIELD_MANAGER, left("")),
        ("only a name", "web", FIELD_MANAGER, left("web")),
        ("more than ours", "web/uid-1/", FIELD_MANAGER, left("web")),
    ] {
        assert_eq!(
            Ownership::of(&marked(mark, manager), &sync),
            expected,
            "{why}"
        );
    }
}

#[test]
fn a_mark_whose_setter_is_not_recorded_counts_for_nothing() {
    let mut secret = marked("web/uid-1", FIELD_MANAGER);
    secret.metadata.managed_fields = None;
    assert_eq!(
        Ownership::of(&secret, &sync()),
        Ownership::Left("web".to_owned())
    );
}

#[test]
fn consent_names_the_resource() {
    let sync = sync();
    let allowed = |name: Option<&str>| {
        let mut secret = Secret::default();
        let annotations = name.map(|name| (ALLOW_ANNOTATION.to_owned(), name.to_owned()));
        secret.metadata.annotations = Some(annotations.into_iter().collect());
        is_allowed(&secret, &sync)
    };
    assert!(allowed(Some("web")));
    for other in [
        None,
        Some(""),
        Some("*"),
        Some("true"),
        Some("web2"),
        Some("WEB"),
        Some("web,api"),
    ] {
        assert!(!allowed(other), "{other:?}");
    }
    let mut nameless = sync;
    nameless.metadata.name = None;
    assert!(!is_allowed(&Secret::default(), &nameless));
}
