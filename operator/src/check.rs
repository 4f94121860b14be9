//! `ssm-operator check`: whether everything that [`crate::run`] needs is there, said in words that tell what to do.

use std::fmt;

use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use kube::api::PostParams;
use kube::{Api, Client, Config, discovery};

use crate::config::Settings;
use crate::crd::GROUP;
use crate::kube_error::describe;

/// What the operator does in the namespaces that it serves.
const RIGHTS: &[(&str, &str, &[&str])] = &[
    (GROUP, "secretsyncs", &["get", "list", "watch"]),
    (GROUP, "secretsyncs/status", &["patch"]),
    (
        "",
        "secrets",
        &[
            "get", "list", "watch", "create", "update", "patch", "delete",
        ],
    ),
    ("events.k8s.io", "events", &["create", "patch"]),
];
/// What it does there besides where it restarts workloads.
const RESTART_RIGHTS: &[(&str, &str, &[&str])] = &[
    ("apps", "deployments", &["get", "list", "watch", "patch"]),
    ("apps", "statefulsets", &["get", "list", "watch", "patch"]),
    ("apps", "daemonsets", &["get", "list", "watch", "patch"]),
];
/// What it does in its own.
const LEASE_RIGHTS: &[&str] = &["get", "create", "patch"];

/// What was looked at, and what is wrong with it.
#[derive(Debug)]
pub struct Finding {
    what: String,
    problem: Option<String>,
}

impl Finding {
    fn of(what: impl Into<String>, result: Result<(), String>) -> Self {
        Self {
            what: what.into(),
            problem: result.err(),
        }
    }

    /// Whether nothing is wrong.
    pub fn is_good(&self) -> bool {
        self.problem.is_none()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.problem {
            None => write!(f, "ok      {}", self.what),
            Some(problem) => write!(f, "FAILED  {}: {problem}", self.what),
        }
    }
}

/// Looks at everything, and writes nothing.
pub async fn check(config: Config, settings: &Settings) -> Vec<Finding> {
    let own_namespace = settings
        .pod_namespace
        .clone()
        .unwrap_or_else(|| config.default_namespace.clone());
    let mut findings = vec![server(settings).await];
    let client = match Client::try_from(config) {
        Ok(client) => client,
        Err(error) => {
            findings.push(Finding::of("Kubernetes", Err(describe(&error))));
            return findings;
        }
    };
    let answers = client.apiserver_version().await;
    let is_there = answers.is_ok();
    findings.push(Finding::of(
        "Kubernetes answers",
        answers.map(drop).map_err(|error| describe(&error)),
    ));
    if !is_there {
        return findings;
    }
    findings.push(Finding::of(
        "SecretSync is defined",
        definition(&client).await,
    ));
    let namespaces = settings.namespaces();
    let scopes: Vec<Option<&str>> = if namespaces.is_empty() {
        vec![None]
    } else {
        namespaces.iter().map(|name| Some(name.as_str())).collect()
    };
    let restart_rights = if settings.restart_enabled {
        RESTART_RIGHTS
    } else {
        &[]
    };
    for scope in scopes {
        for (group, resource, verbs) in RIGHTS.iter().chain(restart_rights) {
            findings.push(may(&client, scope, group, resource, verbs).await);
        }
    }
    if settings.leader_election {
        let group = "coordination.k8s.io";
        findings.push(may(&client, Some(&own_namespace), group, "leases", LEASE_RIGHTS).await);
    }
    findings
}

async fn server(settings: &Settings) -> Finding {
    let Some(origin) = &settings.ssm_server_url else {
        return Finding::of(
            "no default server (SSM_SERVER_URL): every SecretSync has to name one",
            Ok(()),
        );
    };
    let result = async {
        let mut builder = ssm_client::Client::builder_for(origin.clone()).retries(0);
        if let Some(path) = &settings.ssm_server_ca_file {
            let pem = std::fs::read(path).map_err(|error| {
                format!(
                    "SSM_SERVER_CA_FILE: cannot read {}: {error}",
                    path.display()
                )
            })?;
            builder = builder.ca_bundle(pem);
        }
        let client = builder.build().map_err(|error| error.to_string())?;
        client.version().await.map_err(|error| error.to_string())
    }
    .await;
    Finding::of(
        format!("the server {} answers", origin.as_str()),
        result.map(drop),
    )
}

async fn definition(client: &Client) -> Result<(), String> {
    let missing = || "kubectl apply -f crds/secretsyncs.yaml".to_owned();
    let group = discovery::group(client, GROUP)
        .await
        .map_err(|error| match error {
            kube::Error::Discovery(_) => missing(),
            kube::Error::Api(status) if status.code == 404 => missing(),
            other => describe(&other),
        })?;
    let is_served = group
        .versioned_resources("v1alpha1")
        .iter()
        .any(|(resource, _)| resource.plural == "secretsyncs");
    if is_served { Ok(()) } else { Err(missing()) }
}

async fn may(
    client: &Client,
    namespace: Option<&str>,
    group: &str,
    resource: &str,
    verbs: &[&str],
) -> Finding {
    let mut refused = Vec::new();
    let mut failed = None;
    for verb in verbs {
        let (resource, subresource) = match resource.split_once('/') {
            Some((resource, subresource)) => (resource, Some(subresource)),
            None => (resource, None),
        };
        let review = SelfSubjectAccessReview {
            spec: SelfSubjectAccessReviewSpec {
                resource_attributes: Some(ResourceAttributes {
                    group: Some(group.to_owned()),
                    namespace: namespace.map(str::to_owned),
                    resource: Some(resource.to_owned()),
                    subresource: subresource.map(str::to_owned),
                    verb: Some((*verb).to_owned()),
                    ..ResourceAttributes::default()
                }),
                ..SelfSubjectAccessReviewSpec::default()
            },
            ..SelfSubjectAccessReview::default()
        };
        let reviews: Api<SelfSubjectAccessReview> = Api::all(client.clone());
        match reviews.create(&PostParams::default(), &review).await {
            Ok(answer) if answer.status.as_ref().is_some_and(|status| status.allowed) => {}
            Ok(_) => refused.push(*verb),
            Err(error) => failed = Some(describe(&error)),
        }
    }
    let place = namespace.map_or_else(
        || "in all namespaces".to_owned(),
        |name| format!("in {name}"),
    );
    let result = match failed {
        Some(why) => Err(why),
        None if refused.is_empty() => Ok(()),
        None => Err(format!(
            "grant the operator's service account: {}",
            refused.join(", ")
        )),
    };
    Finding::of(format!("{} {resource} {place}", verbs.join(", ")), result)
}
