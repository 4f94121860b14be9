//! What the engine promises on good storage.

use std::sync::Arc;
use std::time::Duration;

use crate::support::{
    ROOT, SALT, create_config, create_project, open, open_with, path, put, server, service_token,
    shop, value, write,
};
use ssm_domain::access::Action;
use ssm_domain::caller::Actor;
use ssm_domain::command::AuthStore;
use ssm_domain::digest::Digest;
use ssm_domain::entry::Purpose;
use ssm_domain::projects::DeleteProject;
use ssm_domain::rejection::Rejection;
use ssm_domain::secret::Password;
use ssm_domain::tokens::RevokeToken;
use ssm_engine::access::AccessFilter;
use ssm_engine::memory::MemoryJournal;
use ssm_engine::verify::Named;
use ssm_engine::{
    AuditEvent, AuditQuery, Claim, Engine, OpenError, PageStart, ReadFailure, RenderKey, RunError,
};

async fn started() -> (Arc<MemoryJournal>, Engine) {
    let journal = Arc::new(MemoryJournal::default());
    let engine = open(&journal).await;
    shop(&engine).await;
    (journal, engine)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_writes_are_all_there_and_in_one_order() {
    let (_, engine) = started().await;
    let before = engine.state().head().seq;
    let writes = (0..100).map(|n| {
        let engine = engine.clone();
        tokio::spawn(async move {
            put(&engine, "web/base", &format!("K{n}"), "v")
                .await
                .unwrap()
                .revision
        })
    });
    let mut revisions = Vec::new();
    for write in writes.collect::<Vec<_>>() {
        revisions.push(write.await.unwrap());
    }
    revisions.sort_unstable();
    assert_eq!(revisions, (before + 1..=before + 100).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_user_is_made_only_once_even_in_a_race() {
    let (_, engine) = started().await;
    let attempts = ["ann", "bob", "eve"].map(|name| {
        let engine = engine.clone();
        let password = Password::new("Str0ng!Passw0rd".into());
        tokio::spawn(async move {
            engine
                .bootstrap(server(), name.parse().unwrap(), password)
                .await
        })
    });
    let mut made = 0;
    for attempt in attempts {
        match attempt.await.unwrap() {
            Ok(_) => made += 1,
            Err(error) => assert!(matches!(
                error,
                RunError::Rejected(Rejection::AlreadyInitialized)
            )),
        }
    }
    assert_eq!((made, engine.state().users().count()), (1, 1));
}

fn claim(username: &str, password: &str) -> Claim {
    Claim {
        username: username.into(),
        password: Password::new(password.into()),
        address: Some([192, 0, 2, 1].into()),
        request: None,
    }
}

#[tokio::test]
async fn passwords_that_are_tried_at_once_are_counted_before_any_is_checked() {
    let (_, engine) = started().await;
    let password = Password::new("Str0ng!Passw0rd".into());
    let ann = "Ann".parse().unwrap();
    engine.bootstrap(server(), ann, password).await.unwrap();
    let tries = (0..10).map(|n| engine.prove(claim("ann", &format!("wrong {n}"))));
    let outcomes = futures::future::join_all(tries).await;
    let throttled = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Err(RunError::Throttled(_))));
    assert_eq!(throttled.count(), 7);
}

#[tokio::test]
async fn a_user_signs_in_with_their_password_and_with_no_other() {
    let (journal, engine) = started().await;
    let password = || Password::new("Str0ng!Passw0rd".into());
    engine
        .bootstrap(server(), "Ann".parse().unwrap(), password())
        .await
        .unwrap();

    let reopened = open(&journal).await;
    let issued = reopened
        .sign_in(claim("ANN", "Str0ng!Passw0rd"), Purpose::Session, None)
        .await
        .unwrap();
    let actor = reopened.authenticate(&issued.token).unwrap();
    let name = reopened
        .look(&actor, |_, caller| Ok(caller.user()?.username.to_string()))
        .unwrap();
    assert_eq!(name, "Ann");
    for (name, wrong) in [
        ("Ann", "Str0ng!Passw0rD"),
        ("bob", "Str0ng!Passw0rd"),
        ("", ""),
        ("a b", "x"),
    ] {
        let refused = reopened
            .sign_in(claim(name, wrong), Purpose::Session, None)
            .await;
        assert!(
            matches!(refused, Err(RunError::Rejected(Rejection::Unauthenticated))),
            "{name}"
        );
    }
}

#[tokio::test]
async fn everything_is_there_again_after_a_restart() {
    let (journal, engine) = started().await;
    put(&engine, "web/base", "A", "base").await.unwrap();
    put(&engine, "web/base", "B", "base").await.unwrap();
    put(&engine, "web/prod", "B", "prod").await.unwrap();
    let token = service_token(&engine, &[Action::SecretsRead], "web/prod").await;

    let reopened = open(&journal).await;
    assert_eq!(value(&reopened, "web/prod", "A").as_deref(), Some("base"));
    assert_eq!(value(&reopened, "web/prod", "B").as_deref(), Some("prod"));
    assert_eq!(reopened.authenticate(&token), engine.authenticate(&token));
    assert_eq!(reopened.state().head(), engine.state().head());
}

#[tokio::test]
async fn two_servers_on_one_journal_neither_lose_nor_double_anything() {
    let journal = Arc::new(MemoryJournal::default());
    let (one, two) = (open(&journal).await, open(&journal).await);
    shop(&one).await;
    // The second has seen none of this yet; its own attempt makes it catch up and decide again.
    let refused = create_project(&two, "web").await;
    assert!(matches!(
        refused,
        Err(RunError::Rejected(Rejection::AlreadyExists(_)))
    ));

    for n in 0..50 {
        let engine = if n % 2 == 0 { &one } else { &two };
        put(engine, "web/base", &format!("K{n}"), &n.to_string())
            .await
            .unwrap();
    }
    put(&one, "web/base", "LAST", "1").await.unwrap();
    for n in 0..50 {
        assert_eq!(
            value(&one, "web/prod", &format!("K{n}")),
            Some(n.to_string())
        );
    }
    assert_eq!(
        one.verify(&Actor::System, None, None)
            .await
            .unwrap()
            .findings,
        []
    );
}

#[tokio::test]
async fn the_wrong_keys_are_refused_over_existing_data() {
    let (journal, _) = started().await;
    let other = "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4MTIzNDU2Nzg=";
    assert!(matches!(
        open_with(&journal, other, SALT).await,
        Err(OpenError::WrongRootKey { .. })
    ));
    assert!(matches!(
        open_with(&journal, ROOT, other).await,
        Err(OpenError::WrongTokenSalt { .. })
    ));
    assert!(open_with(&journal, ROOT, SALT).await.is_ok());
}

#[tokio::test]
async fn a_record_that_is_not_the_one_the_journal_names_is_refused() {
    for store in [AuthStore::Tokens, AuthStore::Keys] {
        let (journal, engine) = started().await;
        service_token(&engine, &[Action::SecretsRead], "web/prod").await;
        journal.tamper_records(store, |_, body| {
            let text = String::from_utf8(body.clone()).unwrap();
            *body = text.replacen(['a', 'b', 'c'], "d", 1).into_bytes();
        });
        assert!(
            matches!(
                open_with(&journal, ROOT, SALT).await,
                Err(OpenError::ForeignRecord { .. })
            ),
            "{store:?}"
        );
    }
}

#[tokio::test]
async fn verify_names_the_first_entry_that_was_tampered_with() {
    let (journal, engine) = started().await;
    for n in 0..10 {
        put(&engine, "web/base", "A", &n.to_string()).await.unwrap();
    }
    let verify = async || {
        engine
            .verify(&Actor::System, None, None)
            .await
            .unwrap()
            .findings
            .first()
            .map(|finding| finding.named.clone())
    };
    assert_eq!(verify().await, None);

    let whole = engine.state().head().seq;
    journal.tamper(|entries| {
        let text = String::from_utf8(entries[5].bytes.clone())
            .unwrap()
            .replace("secrets.write", "secrets.wrote");
        entries[5].bytes = text.into_bytes();
    });
    assert_eq!(verify().await, Some(Named::Entry(6)));
    // With its hash made good, its signature tells.
    journal.tamper(|entries| entries[5].hash = Digest::of(&entries[5].bytes));
    assert_eq!(verify().await, Some(Named::Signature(6)));
    journal.tamper(|entries| entries.truncate(4));
    assert_eq!(verify().await, Some(Named::Signature(5)));
    assert!(whole > 7);
}

#[tokio::test]
async fn a_cached_body_is_served_to_nobody_who_may_not_read_it() {
    let (_, engine) = started().await;
    create_config(&engine, "web/dev", None).await.unwrap();
    put(&engine, "web/base", "A", "1").await.unwrap();
    let key = RenderKey {
        inherited: true,
        variant: 0,
    };
    let render = |actor: &Actor| {
        let reader = engine.read(actor, Action::SecretsExport, &path("web/prod"))?;
        let rendered = reader.rendered(key, |effective| {
            Ok(format!("{} keys", effective.secrets.len())
                .into_bytes()
                .into())
        });
        rendered.map(|rendered| rendered.body)
    };
    assert_eq!(render(&Actor::System).unwrap(), "1 keys");

    let exporter = engine
        .authenticate(&service_token(&engine, &[Action::SecretsExport], "web/prod").await)
        .unwrap();
    let reader = engine
        .authenticate(&service_token(&engine, &[Action::SecretsRead], "web/prod").await)
        .unwrap();
    let elsewhere = engine
        .authenticate(&service_token(&engine, &[Action::SecretsExport], "web/dev").await)
        .unwrap();
    assert_eq!(render(&exporter).unwrap(), "1 keys");
    assert_eq!(
        render(&reader),
        Err(Rejection::MissingScope(Action::SecretsExport))
    );
    assert!(matches!(render(&elsewhere), Err(Rejection::NotFound(_))));
    let Actor::Token(token_id) = exporter else {
        panic!("a token's actor is a token")
    };
    engine
        .run(server(), RevokeToken { token_id })
        .await
        .unwrap();
    assert_eq!(render(&exporter), Err(Rejection::Unauthenticated));
}

#[tokio::test]
async fn a_rendered_body_is_new_after_any_change_that_it_depends_on() {
    let (_, engine) = started().await;
    let render = || {
        let reader = engine
            .read(&Actor::System, Action::SecretsExport, &path("web/prod"))
            .unwrap();
        let key = RenderKey {
            inherited: true,
            variant: 0,
        };
        reader
            .rendered::<Rejection>(key, |effective| {
                Ok(effective.secrets.len().to_string().into_bytes().into())
            })
            .unwrap()
            .body
    };
    assert_eq!(render(), "0");
    put(&engine, "web/base", "A", "1").await.unwrap();
    assert_eq!(render(), "1");
    put(&engine, "web/prod", "B", "1").await.unwrap();
    assert_eq!(render(), "2");
}

#[tokio::test]
async fn a_change_wakes_whoever_waits_for_it() {
    let (_, engine) = started().await;
    let next = engine.state().head().seq + 1;
    let waiting = {
        let engine = engine.clone();
        tokio::spawn(async move { engine.wait_for(next, Duration::from_secs(30)).await })
    };
    put(&engine, "web/base", "A", "1").await.unwrap();
    assert!(waiting.await.unwrap());
    assert!(!engine.wait_for(next + 1, Duration::from_millis(1)).await);
}

#[tokio::test]
async fn the_values_of_a_deleted_project_do_not_open_any_more() {
    let (journal, engine) = started().await;
    put(&engine, "web/base", "A", "1").await.unwrap();
    engine
        .run(
            server(),
            DeleteProject {
                slug: "web".parse().unwrap(),
            },
        )
        .await
        .unwrap();
    shop(&engine).await;
    assert_eq!(value(&engine, "web/base", "A"), None);
    let reopened = open(&journal).await;
    assert_eq!(value(&reopened, "web/base", "A"), None);
}

#[tokio::test]
async fn a_preview_tells_what_would_happen_and_changes_nothing() {
    let (_, engine) = started().await;
    let head = *engine.state().head();
    let preview = engine
        .preview(&Actor::System, &write("web/base", "A", "1"))
        .unwrap();
    assert_eq!(preview.keys.len(), 1);
    assert_eq!(*engine.state().head(), head);
    assert_eq!(value(&engine, "web/base", "A"), None);
}

#[tokio::test]
async fn audit_pages_are_newest_first_and_only_for_those_who_may_see_them() {
    let (_, engine) = started().await;
    for n in 0..5 {
        put(&engine, "web/base", "A", &n.to_string()).await.unwrap();
    }
    create_project(&engine, "other").await.unwrap();
    let query = |page: usize| AuditQuery {
        filter: AccessFilter {
            project: Some("web".parse().unwrap()),
            ..AccessFilter::default()
        },
        limit: 3,
        from: PageStart::After(page - 1),
    };
    let seqs = async |page| {
        let page = engine.audit(&Actor::System, &query(page)).await.unwrap();
        let seqs = page.events.iter().map(|event| match event {
            AuditEvent::Change(entry) => entry.seq,
            AuditEvent::Access(access) | AuditEvent::Imported(access) => {
                panic!("nothing was read: {access:?}")
            }
        });
        (seqs.collect::<Vec<_>>(), page.next.is_some())
    };
    let newest = engine.state().head().seq - 1;
    assert_eq!(seqs(1).await, (vec![newest, newest - 1, newest - 2], true));
    assert_eq!(seqs(3).await, (vec![newest - 6, newest - 7], false));

    let reader = engine
        .authenticate(&service_token(&engine, &[Action::SecretsRead], "web/prod").await)
        .unwrap();
    let refused = engine.audit(&reader, &query(1)).await;
    assert!(matches!(
        refused,
        Err(ReadFailure::Rejected(Rejection::MissingScope(
            Action::AuditRead
        )))
    ));
}
