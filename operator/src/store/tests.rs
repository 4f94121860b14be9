use super::*;
use crate::desired::Fingerprint;

fn sync(version: &str) -> SecretSync {
    let sync = serde_json::json!({
        "apiVersion": "simplesecrets.io/v1alpha1", "kind": "SecretSync",
        "metadata": {"name": "web", "namespace": "shop", "uid": "s", "resourceVersion": version, "generation": 1},
        "spec": {"sources": [{"project": "web", "config": "prod"}]},
    });
    serde_json::from_value(sync).expect("valid")
}

fn meta(uid: &str, version: &str) -> SecretMeta {
    SecretMeta {
        uid: uid.into(),
        resource_version: version.into(),
        controller: Some("s".into()),
        is_made: true,
    }
}

fn written(version: &str) -> Written {
    Written {
        resource_version: version.into(),
        fingerprint: Fingerprint { data: 0, rest: 0 },
        names: Vec::new().into(),
    }
}

fn key() -> Key {
    Key::new("shop", "web")
}

#[test]
fn a_secret_that_was_deleted_while_it_was_written_is_not_taken_to_be_there() {
    let store = Store::new(None);
    store.apply_sync(sync("1"));
    store.apply_secret(&key(), meta("a", "2"));
    // The write is made, the Secret is deleted, and only then the answer to the write is there.
    assert_eq!(
        store.remove_secret(&key(), "a".into()),
        [(key(), Lane::First)]
    );
    store.set_written(&key(), &key(), meta("a", "3"), written("3"), true);
    assert_eq!((store.secret(&key()), store.written(&key())), (None, None));
    // The next one of that name is there.
    store.set_written(&key(), &key(), meta("b", "5"), written("5"), false);
    assert_eq!(store.secret(&key()), Some(meta("b", "5")));
}

#[test]
fn a_resource_that_was_deleted_while_its_status_was_written_stays_deleted() {
    let store = Store::new(None);
    store.apply_sync(sync("1"));
    store.remove_sync(&key());
    assert_eq!(store.update_sync(sync("2")), []);
    assert!(store.sync(&key()).is_none());
}

#[test]
fn a_write_is_told_of_until_the_status_has_it() {
    let store = Store::new(None);
    store.apply_sync(sync("1"));
    let write =
        |just_now| store.set_written(&key(), &key(), meta("a", "2"), written("2"), just_now);
    assert!(!write(false));
    assert!(write(true) && write(false));
    store.set_told(&key());
    assert!(!write(false));
}

#[test]
fn a_secret_that_a_resource_controls_under_another_name_is_found_and_looked_at() {
    let store = Store::new(None);
    let (former, unrelated) = (Key::new("shop", "former"), Key::new("shop", "unrelated"));
    store.apply_secret(&key(), meta("a", "1"));
    store.apply_sync(sync("2"));
    assert_eq!(store.strays(&sync("2")), []);
    let woken = store.apply_secret(&former, meta("b", "3"));
    assert_eq!(woken, [(key(), Lane::First)]);
    let nobodys = SecretMeta {
        is_made: false,
        ..meta("c", "4")
    };
    assert_eq!(store.apply_secret(&unrelated, nobodys.clone()), []);
    assert_eq!(store.strays(&sync("2")), ["former".into()]);
    // What was heard of already wakes nobody, and what is given up is nobody's any more.
    assert_eq!(store.apply_secret(&former, meta("b", "5")), []);
    store.apply_secret(
        &former,
        SecretMeta {
            resource_version: "6".into(),
            ..nobodys
        },
    );
    assert_eq!(store.strays(&sync("2")), []);
    store.apply_secret(&former, meta("b", "7"));
    store.remove_secret(&former, "b".into());
    assert_eq!(store.strays(&sync("2")), []);
}
