//! Groups of identity providers that stand for ours.

use serde_json::json;
use ssm_tests::caller::{fresh, owner};

const MAPPINGS: &str = "/api/workspace/group-mappings";

#[tokio::test]
async fn a_mapping_is_made_listed_and_removed_and_goes_with_its_group() {
    let owner = owner().await;
    let (slug, key) = (fresh("group"), fresh("Corp Developers "));
    owner
        .post("/api/workspace/groups", json!({"slug": slug}))
        .await
        .ok();
    let body = json!({"provider": "manual", "externalGroupKey": key, "groupSlug": slug, "zzz": 1});
    let made = owner.post(MAPPINGS, body.clone()).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let mapping = made.json()["mapping"].clone();
    let expected = json!({"id": mapping["id"], "provider": "manual", "externalGroupKey": key,
        "groupSlug": slug, "createdAt": mapping["createdAt"]});
    assert_eq!(mapping, expected);
    let listed = async || {
        let listed = owner.get(MAPPINGS).await.ok();
        listed["mappings"].as_array().unwrap().contains(&mapping)
    };
    assert!(listed().await);
    owner
        .post(MAPPINGS, body.clone())
        .await
        .refused(400, "already_exists");
    let path = format!("{MAPPINGS}/{}", mapping["id"].as_str().unwrap());
    owner.delete(&path).await.ok();
    assert!(!listed().await);
    owner.delete(&path).await.refused(404, "mapping_not_found");
    owner
        .delete(&format!("{MAPPINGS}/nothing"))
        .await
        .refused(404, "mapping_not_found");

    let again = owner.post(MAPPINGS, body).await.ok();
    owner
        .delete(&format!("/api/workspace/groups/{slug}"))
        .await
        .ok();
    let left = owner.get(MAPPINGS).await.ok();
    assert!(
        !left["mappings"]
            .as_array()
            .unwrap()
            .contains(&again["mapping"])
    );
}

#[tokio::test]
async fn a_provider_that_does_not_work_yet_is_refused_as_before() {
    let owner = owner().await;
    let slug = fresh("group");
    owner
        .post("/api/workspace/groups", json!({"slug": slug}))
        .await
        .ok();
    for provider in ["oidc", "MANUAL", ""] {
        let body = json!({"provider": provider, "externalGroupKey": "k", "groupSlug": slug});
        let refused = owner.post(MAPPINGS, body).await;
        refused.refused(400, "unsupported_provider");
        assert_eq!(refused.json()["message"], "Unsupported mapping provider");
    }
    let body = json!({"provider": "manual", "externalGroupKey": " ", "groupSlug": slug});
    owner.post(MAPPINGS, body).await.refused(400, "invalid");
    let body = json!({"provider": "manual", "externalGroupKey": "k", "groupSlug": "nothing-there"});
    owner
        .post(MAPPINGS, body)
        .await
        .refused(404, "group_not_found");
}
