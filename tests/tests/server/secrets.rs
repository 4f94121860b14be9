//! Secrets over HTTP: inheritance, exports, many at once, imports, and preconditions.

use serde_json::{Value, json};
use ssm_tests::canary;

use ssm_tests::caller::{Caller, owner};

#[tokio::test]
async fn a_config_takes_over_what_it_inherits_and_says_where_each_value_is_from() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let set = json!({"set": {"A": canary::value("a"), "B": canary::value("b")}});
    owner.patch(&shop.secrets("base"), set).await.ok();
    let put = owner
        .put(
            &shop.secret("prod", "B"),
            json!({"value": canary::value("own")}),
        )
        .await
        .ok();
    assert_eq!((&put["status"], &put["key"]), (&json!("OK"), &json!("B")));

    let answer = owner.get(&shop.secrets("prod")).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    let body = answer.ok();
    assert_eq!(
        body["data"],
        json!({"A": canary::value("a"), "B": canary::value("own")})
    );
    assert_eq!(body["revision"], put["revision"]);
    let meta = &body["meta"];
    assert_eq!(
        (&meta["A"]["source"], &meta["A"]["inherited"]),
        (&json!("base"), &json!(true))
    );
    assert_eq!(
        (&meta["B"]["source"], &meta["B"]["inherited"]),
        (&json!("prod"), &json!(false))
    );
    assert_eq!(
        (&meta["B"]["overrides"], &meta["B"]["version"]),
        (&json!("base"), &json!(1))
    );
    assert_eq!(meta["A"]["updatedBy"], ssm_tests::caller::OWNER);

    let own = owner
        .get(&format!(
            "{}?include_parent=false&include_meta=false",
            shop.secrets("prod")
        ))
        .await
        .ok();
    assert_eq!(own["data"], json!({"B": canary::value("own")}));
    assert!(own.get("meta").is_none_or(Value::is_null));
    let hidden = owner
        .get(&format!("{}?values=false", shop.secrets("prod")))
        .await;
    assert!(!canary::is_in(hidden.text.as_bytes()));
    assert!(hidden.ok()["meta"]["A"].is_object());
}

#[tokio::test]
async fn a_single_secret_is_the_configs_own_unless_the_effective_one_is_asked_for() {
    let owner = owner().await;
    let shop = owner.shop().await;
    owner
        .put(
            &shop.secret("base", "A"),
            json!({"value": "base", "icon_slug": null}),
        )
        .await
        .ok();
    owner
        .get(&shop.secret("prod", "A"))
        .await
        .refused(404, "secret_not_found");
    let effective = owner
        .get(&format!("{}?effective=true", shop.secret("prod", "A")))
        .await
        .ok();
    assert_eq!(
        (&effective["key"], &effective["value"]),
        (&json!("A"), &json!("base"))
    );
    owner
        .delete(&shop.secret("prod", "A"))
        .await
        .refused(404, "secret_not_found");
    owner.delete(&shop.secret("base", "A")).await.ok();
    owner
        .get(&format!("{}?effective=true", shop.secret("prod", "A")))
        .await
        .refused(404, "secret_not_found");
}

#[tokio::test]
async fn many_changes_are_one_revision_and_all_or_nothing() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let before = owner
        .patch(&shop.secrets("base"), json!({"set": {"A": "1"}}))
        .await
        .ok()["revision"]
        .as_u64()
        .unwrap();
    owner
        .patch(
            &shop.secrets("base"),
            json!({"set": {"B": "1"}, "delete": ["NOPE"]}),
        )
        .await
        .refused(404, "secret_not_found");
    let dry = owner
        .patch(
            &shop.secrets("base"),
            json!({"set": {"B": "1"}, "delete": ["A"], "dryRun": true}),
        )
        .await;
    dry.ok();
    let unchanged = owner.get(&shop.secrets("base")).await.ok();
    assert_eq!(
        (&unchanged["data"], &unchanged["revision"]),
        (&json!({"A": "1"}), &json!(before))
    );
    let after = owner
        .patch(
            &shop.secrets("base"),
            json!({"set": {"B": "1", "C": "2"}, "delete": ["A"]}),
        )
        .await
        .ok();
    assert!(after["revision"].as_u64().unwrap() > before);
    assert_eq!(
        owner.get(&shop.secrets("base")).await.ok()["data"],
        json!({"B": "1", "C": "2"})
    );
}

#[tokio::test]
async fn the_etag_spares_unchanged_bodies_and_guards_against_lost_updates() {
    let owner = owner().await;
    let shop = owner.shop().await;
    owner
        .put(&shop.secret("base", "A"), json!({"value": "1"}))
        .await
        .ok();
    let first = owner.get(&shop.secrets("prod")).await;
    let etag = first.header("etag").to_owned();
    assert!(etag.starts_with('"') && etag.contains('.'), "{etag}");

    let conditional = |tag: String| {
        owner
            .request("GET", &shop.secrets("prod"))
            .header("if-none-match", tag)
    };
    for tag in [
        etag.clone(),
        format!("W/{etag}"),
        format!("\"other\", {etag}"),
        "*".to_owned(),
    ] {
        let same = Caller::send(conditional(tag.clone())).await;
        assert_eq!(
            (same.status.as_u16(), same.text.as_str()),
            (304, ""),
            "{tag}"
        );
        assert_eq!(same.header("etag"), etag);
    }
    // What is inherited counts.
    owner
        .put(&shop.secret("base", "A"), json!({"value": "2"}))
        .await
        .ok();
    let changed = Caller::send(conditional(etag.clone())).await;
    assert_eq!(changed.status, 200);
    assert_ne!(changed.header("etag"), etag);

    let stale = owner
        .request("PUT", &shop.secret("prod", "B"))
        .header("if-match", &etag)
        .json(&json!({"value": "x"}));
    assert_eq!(Caller::send(stale).await.status, 412);
    let fresh = changed.header("etag").to_owned();
    let put = owner
        .request("PUT", &shop.secret("prod", "B"))
        .header("if-match", &fresh)
        .json(&json!({"value": "x"}));
    Caller::send(put).await.ok();
    assert_eq!(
        owner.get(&shop.secrets("prod")).await.ok()["data"],
        json!({"A": "2", "B": "x"})
    );
}

#[tokio::test]
async fn a_reader_can_wait_for_a_revision() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let revision = owner
        .put(&shop.secret("base", "A"), json!({"value": "1"}))
        .await
        .ok()["revision"]
        .as_u64()
        .unwrap();
    owner
        .get(&format!("{}?minRevision={revision}", shop.secrets("base")))
        .await
        .ok();
    let early = owner
        .get(&format!(
            "{}?minRevision={}",
            shop.secrets("base"),
            i64::MAX
        ))
        .await;
    assert_eq!(early.status, 503);
    assert!(!early.header("retry-after").is_empty());
}

#[tokio::test]
async fn setting_the_same_value_again_is_no_new_revision() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let first = owner
        .put(&shop.secret("base", "A"), json!({"value": "1"}))
        .await
        .ok();
    let again = owner
        .put(&shop.secret("base", "A"), json!({"value": "1"}))
        .await
        .ok();
    assert_eq!(first["revision"], again["revision"]);
}

#[tokio::test]
async fn an_env_file_goes_in_and_comes_out_with_the_same_values() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let file = "# settings\nexport PLAIN=a-b/c:d@e%f+g,h=i\nSPACED='two words'\nEMPTY=\nPEM=\"line one\nline two\"\n";
    let import = async |query: &str| {
        let path = format!("{}/import?format=env{query}", shop.secrets("base"));
        owner.raw("POST", &path, "text/plain", file).await
    };
    let dry = import("&dryRun=true").await.ok();
    assert!(
        dry.to_string().contains("new") && !dry.to_string().contains("two words"),
        "{dry}"
    );
    assert_eq!(
        owner.get(&shop.secrets("base")).await.ok()["data"],
        json!({})
    );

    import("").await.ok();
    let expected = json!({"PLAIN": "a-b/c:d@e%f+g,h=i", "SPACED": "two words", "EMPTY": "", "PEM": "line one\nline two"});
    assert_eq!(
        owner.get(&shop.secrets("base")).await.ok()["data"],
        expected
    );
    let exported = owner
        .get(&format!("{}?format=env", shop.secrets("prod")))
        .await;
    assert!(
        exported.header("content-type").starts_with("text/plain"),
        "{}",
        exported.header("content-type")
    );

    let copy = format!("{}/import?format=env", shop.secrets("prod"));
    owner
        .raw("POST", &copy, "text/plain", exported.text)
        .await
        .ok();
    let own = owner
        .get(&format!("{}?include_parent=false", shop.secrets("prod")))
        .await
        .ok();
    assert_eq!(own["data"], expected);
    let again = import("").await.ok();
    assert!(again.to_string().contains("same"), "{again}");
}

#[tokio::test]
async fn a_broken_env_file_changes_nothing_and_names_lines_not_values() {
    let owner = owner().await;
    let shop = owner.shop().await;
    let secret = canary::value("unterminated");
    let file = format!(
        "GOOD={}\nBARE\nOPEN=\"{secret}\nMORE=1\n",
        canary::value("good")
    );
    let path = format!("{}/import?format=env", shop.secrets("base"));
    let answer = owner.raw("POST", &path, "text/plain", file).await;
    assert_eq!(answer.status, 400);
    assert!(!canary::is_in(answer.text.as_bytes()), "{}", answer.text);
    for line in ["2", "3"] {
        assert!(answer.text.contains(line), "{}", answer.text);
    }
    assert_eq!(
        owner.get(&shop.secrets("base")).await.ok()["data"],
        json!({})
    );
}

#[tokio::test]
async fn a_value_without_a_common_form_is_exported_as_json_only() {
    let owner = owner().await;
    let shop = owner.shop().await;
    owner
        .put(
            &shop.secret("base", "ODD"),
            json!({"value": format!("{}'\\", canary::value("odd"))}),
        )
        .await
        .ok();
    let env = owner
        .get(&format!("{}?format=env", shop.secrets("base")))
        .await;
    env.refused(400, "env_not_portable");
    assert!(env.text.contains("ODD"));
    owner.get(&shop.secrets("base")).await.ok();
}

#[tokio::test]
async fn nothing_that_was_stored_lies_in_clear_in_the_data_directory() {
    let (mut server, owner) =
        ssm_tests::caller::own_server(ssm_tests::ServerOptions::default()).await;
    let shop = owner.shop().await;
    owner
        .put(
            &shop.secret("base", "A"),
            json!({"value": canary::value("at-rest"), "note": "a remark"}),
        )
        .await
        .ok();
    server.stop().await.unwrap();
    assert_eq!(
        canary::sightings(server.data_dir()).unwrap(),
        Vec::<String>::new()
    );
}
