//! What is there after an import.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use ssm_tests::caller::Caller;
use ssm_tests::{Server, canary};

use super::{AUTH, DATA, Old, Place, id, record_of};

const LET_IN: [&str; 4] = ["admin", "alice", "bob", "carol"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_found_again_in_an_embedded_database() {
    everything_is_found_again_in(Place::embedded()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_found_again_in_a_mongodb() {
    everything_is_found_again_in(Place::mongodb().await).await;
}

async fn everything_is_found_again_in(place: Place) {
    let old = Old::new().await;
    let before = old.bytes().await;
    let dry = old
        .import_with(&place, &["--dry-run"])
        .end()
        .await
        .unwrap()
        .ok();
    assert!(place.is_untouched().await);
    let told = old.import(&place).end().await.unwrap().ok();
    assert!(old.bytes().await == before, "the source is another one now");
    let (report, end) = told
        .split_once("\ndone; ")
        .expect("it says that it is done");
    assert_eq!(dry, format!("{report}\nNothing was written (--dry-run)\n"));
    assert!(end.contains("all 18 secrets open"), "{end}");
    is_reported(&old, report);

    for username in LET_IN {
        let told = place.let_in(username).await;
        assert!(
            told.contains("they were disabled, and no longer are"),
            "{told}"
        );
    }
    let verified = place.command(["audit", "verify"]).end().await.unwrap().ok();
    assert!(
        verified.ends_with("all is as it was written\n"),
        "{verified}"
    );

    let server = Server::start(place.server()).await.unwrap();
    let nobody = Caller::nobody(&server.url());
    let admin = nobody.sign_in("admin").await;
    let status = nobody.get("/api/onboarding/status").await.ok();
    assert_eq!(status["onboarding"]["isInitialized"], true);
    let first = &old.of(AUTH, "system_state")[0]["initialized_by"];
    assert_eq!(status["onboarding"]["initializedBy"], *first);
    projects_and_values(&old, &admin).await;
    people_and_roles(&old, &admin).await;
    events(&old, &admin).await;
    assert_eq!(admin.get("/api/audit/verify").await.ok()["ok"], true);
    rights(&nobody).await;
}

fn is_reported(old: &Old, report: &str) {
    for line in [
        "3  projects",
        "6  configs",
        "18  secrets, 3 of them with references",
        "5  members",
        "2  groups, with 3 people in them",
        "3  roles in projects",
        "1  group mappings",
        "25  audit events",
        "service ci, ",
        " 2026-11-23T14:58:05.875Z: secrets:read secrets:export (web-shop/prod)",
        "personal, of admin, ",
        "ssm-server admin reset-password admin",
        "owners: admin\n",
        "others: alice, bob, carol\n",
        "disabled before, too: dave\n",
        "secrets payments/prod/2FA_SEED: its key starts with a digit",
    ] {
        assert!(report.contains(line), "{line:?} is not in:\n{report}");
    }
    assert!(!report.contains("NOT come along"), "{report}");
    for secret in old.of(DATA, "secrets") {
        let value = secret["value_enc"].as_str().unwrap();
        assert!(value.len() < 6 || !report.contains(value));
    }
}

/// Configs by their id: project, slug, and the id of the parent.
fn configs(old: &Old) -> BTreeMap<&str, (&str, &str, &str)> {
    let projects: BTreeMap<_, _> = old
        .of(DATA, "projects")
        .iter()
        .map(|project| (id(&project["_id"]), project["slug"].as_str().unwrap()))
        .collect();
    let configs = old.of(DATA, "configs").iter();
    let config = |config: &'_ Value| (id(&config["project_id"]).to_owned(), config["slug"].clone());
    configs
        .map(|document| {
            let (project, _) = config(document);
            let slug = document["slug"].as_str().unwrap();
            let parent = id(&document["parent_config_id"]);
            (
                id(&document["_id"]),
                (projects[project.as_str()], slug, parent),
            )
        })
        .collect()
}

async fn projects_and_values(old: &Old, admin: &Caller) {
    let projects = admin.get("/api/projects").await.ok();
    let mut names = projects["projects"].as_array().unwrap().clone();
    names.sort_by_key(|project| project["slug"].to_string());
    let mut written = old.of(DATA, "projects").clone();
    written.sort_by_key(|project| project["slug"].to_string());
    let name = |project: &Value| (project["slug"].clone(), project["name"].clone());
    assert!(names.iter().map(name).eq(written.iter().map(name)));

    let configs = configs(old);
    for (project, slug, parent) in configs.values() {
        let all = admin
            .get(&format!("/api/projects/{project}/configs"))
            .await
            .ok();
        let all = all["configs"].as_array().unwrap();
        let config = all.iter().find(|config| config["slug"] == *slug).unwrap();
        let parent = configs.get(parent).map(|(_, slug, _)| *slug);
        assert_eq!(config["inherits_from"], json!(parent), "{project}/{slug}");
    }
    for (config, (project, slug, _)) in &configs {
        let mut own = BTreeMap::new();
        let mut effective = BTreeMap::new();
        let lineage = std::iter::successors(Some(*config), |config| {
            Some(configs[config].2).filter(|parent| !parent.is_empty())
        });
        for above in lineage {
            let secrets = old.of(DATA, "secrets").iter();
            for secret in secrets.filter(|secret| id(&secret["config_id"]) == above) {
                let key = secret["key"].as_str().unwrap().to_owned();
                let value = &secret["value_enc"];
                if above == *config {
                    own.insert(key.clone(), value);
                }
                effective.entry(key).or_insert(value);
            }
        }
        let path = format!("/api/projects/{project}/configs/{slug}/secrets");
        for (query, expected) in [
            ("raw=true&include_parent=false", &own),
            ("raw=true&include_parent=true", &effective),
        ] {
            let read = admin.get(&format!("{path}?{query}")).await.ok();
            assert_eq!(read["data"], json!(expected), "{path}?{query}");
        }
        for (key, value) in own {
            let read = admin.get(&format!("{path}/{key}?raw=true")).await.ok();
            assert_eq!(read["value"], *value, "{path}/{key}");
        }
    }
    for (path, key, resolved) in [
        (
            "web-shop/configs/prod",
            "DSN",
            "postgres://prod@db/prod&app=shop",
        ),
        ("web-shop/configs/prod", "LEVEL", "info"),
        (
            "payments/configs/prod",
            "SHOP_DB",
            "postgres://prod@db/prod",
        ),
    ] {
        let query = "resolve_references=true&raw=false";
        let read = admin
            .get(&format!("/api/projects/{path}/secrets?{query}"))
            .await
            .ok();
        assert_eq!(read["data"][key], resolved, "{path}/{key}");
    }
    // Known keys live on; new ones of that form do not come to be.
    let config = "/api/projects/payments/configs/prod/secrets";
    let seed = format!("{config}/2FA_SEED");
    let value = json!({"value": canary::value("seed")});
    let again = json!({"value": "leading digit"});
    admin.put(&seed, value.clone()).await.ok();
    admin.put(&seed, again).await.ok();
    admin
        .put(&format!("{config}/3FA_SEED"), value)
        .await
        .refused(400, "invalid");
}

async fn people_and_roles(old: &Old, admin: &Caller) {
    let members = admin.get("/api/workspace/members").await.ok();
    let members = members["members"].as_array().unwrap();
    for user in old.of(AUTH, "users") {
        let username = &user["username"];
        let found = members
            .iter()
            .find(|member| member["username"] == *username)
            .unwrap();
        let memberships = old.of(AUTH, "workspace_memberships");
        let membership = memberships
            .iter()
            .find(|one| one["username"] == *username)
            .unwrap();
        assert_eq!(found["email"], user["email"]);
        assert_eq!(found["fullName"], user["full_name"]);
        assert_eq!(found["workspaceRole"], membership["workspace_role"]);
        let let_in = LET_IN.contains(&username.as_str().unwrap());
        assert_eq!(found["disabled"], !let_in, "{username}");
    }
    assert_eq!(members.len(), old.of(AUTH, "users").len());

    let groups = admin.get("/api/workspace/groups").await.ok();
    let groups = groups["groups"].as_array().unwrap();
    let mut slugs = BTreeMap::new();
    for group in old.of(AUTH, "groups") {
        let found = groups
            .iter()
            .find(|found| found["slug"] == group["slug"])
            .unwrap();
        assert_eq!(found["name"], group["name"]);
        assert_eq!(found["description"], group["description"]);
        let slug = group["slug"].as_str().unwrap();
        slugs.insert(id(&group["_id"]), slug);
        let inside = admin
            .get(&format!("/api/workspace/groups/{slug}/members"))
            .await
            .ok();
        let members = old.of(AUTH, "group_members").iter();
        let members = members.filter(|member| id(&member["group_id"]) == id(&group["_id"]));
        let mut members: Vec<_> = members.map(|member| member["username"].as_str()).collect();
        members.sort_unstable();
        assert_eq!(inside["members"], json!(members));
    }
    let projects = old.of(DATA, "projects");
    for role in old.of(AUTH, "project_memberships") {
        let project = projects
            .iter()
            .find(|one| one["_id"] == role["project_id"])
            .unwrap();
        let slug = project["slug"].as_str().unwrap();
        let found = admin
            .get(&format!("/api/workspace/projects/{slug}/members"))
            .await
            .ok();
        let subject = role["subject_id"].as_str().unwrap();
        let is_it = |found: &&Value| {
            found["subjectType"] == role["subject_type"]
                && (found["subjectId"] == subject
                    || found["groupSlug"] == slugs.get(subject).copied().unwrap_or("?"))
        };
        let found = found["members"]
            .as_array()
            .unwrap()
            .iter()
            .find(is_it)
            .unwrap();
        assert_eq!(found["role"], role["project_role"]);
    }
    let mappings = admin.get("/api/workspace/group-mappings").await.ok();
    let mapping = &mappings["mappings"][0];
    assert_eq!(mapping["externalGroupKey"], "corp-dev");
    assert_eq!(mapping["groupSlug"], "developers");
    let settings = admin.get("/api/workspace/settings").await.ok();
    let written = &old.of(AUTH, "workspaces")[0]["settings"];
    for name in [
        "defaultWorkspaceRole",
        "defaultProjectRole",
        "referencingEnabled",
    ] {
        assert_eq!(settings["settings"][name], written[name]);
    }
}

async fn events(old: &Old, admin: &Caller) {
    let found = record_of(admin, "limit=7").await;
    let of_before: Vec<_> = found
        .iter()
        .filter(|event| event["imported"] == true)
        .collect();
    let mut written: Vec<_> = old.of(DATA, "audit_events").iter().collect();
    written.sort_by_key(|event| (event["ts"].to_string(), event["_id"].to_string()));
    written.reverse();
    assert_eq!(of_before.len(), written.len());
    for (event, written) in of_before.iter().zip(written) {
        assert_eq!(event["imported"], true);
        let millis: i64 = written["ts"]["$date"]["$numberLong"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        let at = mongodb::bson::DateTime::from_millis(millis)
            .try_to_rfc3339_string()
            .unwrap();
        assert_eq!(trimmed(event["ts"].as_str().unwrap()), trimmed(&at));
        // Some were by the id of the token that `admin` had.
        assert_eq!(event["actor_id"], "admin");
        assert_eq!(event["actor_kind"], Value::Null);
        assert_eq!(event["actorKind"], "user");
        for name in [
            "token_id",
            "action",
            "project_slug",
            "config_slug",
            "key",
            "method",
            "path",
            "ip",
            "user_agent",
        ] {
            assert_eq!(event[name], written[name], "{name} of {written}");
        }
        for name in ["status_code", "latency_ms"] {
            let number = written[name]["$numberInt"].as_str().unwrap();
            assert_eq!(event[name].to_string(), number);
        }
    }
    for (query, count) in [
        ("project=payments&until=2026-11-23T23:00:00Z", 7),
        ("project=web-shop&config=prod&until=2026-11-23T23:00:00Z", 3),
        ("action=tokens.create", 2),
        ("key=REDIS_URL", 2),
        ("key=REDIS_URL&action=secrets.delete", 1),
        ("actor=admin&action=projects.write", 3),
        ("actor=nobody&until=2026-11-23T23:00:00Z", 0),
        ("outcome=failure&until=2026-11-23T23:00:00Z", 0),
        (
            "since=2026-11-23T13:58:05Z&until=2026-11-23T13:58:05.880Z&action=tokens.create",
            1,
        ),
    ] {
        let page = admin
            .get(&format!("/api/audit/events?limit=100&{query}"))
            .await
            .ok();
        let events = page["events"].as_array().unwrap().iter();
        let imported = events.filter(|event| event["imported"] == true).count();
        assert_eq!(imported, count, "{query}: {page}");
    }
}

/// A time without what may be left out at its end.
fn trimmed(time: &str) -> &str {
    time.trim_end_matches(['0', '.', 'Z'])
}

/// Roles hold, those of groups included, and whoever was disabled is it still.
async fn rights(nobody: &Caller) {
    let read = |caller: Caller, path: &'static str| async move {
        caller
            .get(&format!("/api/projects/{path}/secrets"))
            .await
            .status
            .as_u16()
    };
    for (username, path, status) in [
        ("alice", "web-shop/configs/base", 200),
        ("alice", "payments/configs/prod", 404),
        ("bob", "payments/configs/default", 200),
        ("carol", "payments/configs/default", 200),
    ] {
        let caller = nobody.sign_in(username).await;
        assert_eq!(read(caller, path).await, status, "{username} {path}");
    }
    let bob = nobody.sign_in("bob").await;
    let path = "/api/projects/payments/configs/default/secrets/A";
    bob.put(path, json!({"value": "a"}))
        .await
        .refused(403, "missing_scope");
    let request = nobody.request("GET", "/api/auth/tokens/");
    let dave = request.basic_auth("dave", Some(canary::password()));
    assert_eq!(Caller::send(dave).await.status, 401);
}
