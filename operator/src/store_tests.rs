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
    }
}

fn written(version: &str) -> Written {
    Written {
        resource_version: version.to_owned(),
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
    assert_eq!(store.remove_secret(&key(), "a"), [(key(), Lane::First)]);
    store.set_written(&key(), &key(), meta("a", "3"), written("3"));
    assert_eq!((store.secret(&key()), store.written(&key())), (None, None));
    // The next one of that name is there.
    store.set_written(&key(), &key(), meta("b", "5"), written("5"));
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
