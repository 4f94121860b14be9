//! What a client does at random, and the request that asks for it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use http::Method;
use rand::RngExt as _;
use rand::rngs::StdRng;
use serde_json::json;

const PROJECTS: [&str; 3] = ["web", "api", "jobs"];
const CONFIGS: [&str; 5] = ["base", "dev", "stage", "prod", "edge"];
const KEYS: [&str; 8] = ["A", "B", "C", "D", "E", "F", "G", "H"];

/// A config.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// Its project.
    pub project: &'static str,
    /// Its name.
    pub config: &'static str,
}

/// One thing that a client does.
#[derive(Clone, Debug)]
pub enum Step {
    AddProject(&'static str),
    DropProject(&'static str),
    AddConfig {
        at: Place,
        parent: Option<&'static str>,
    },
    DropConfig(Place),
    Write {
        at: Place,
        how: How,
        set: BTreeMap<String, String>,
        delete: Vec<String>,
    },
    ReadKey {
        at: Place,
        key: &'static str,
    },
    ReadConfig(Place),
}

/// By which endpoint something is written.
#[derive(Clone, Copy, Debug)]
pub enum How {
    One,
    Many,
    File,
}

fn pick<T: Copy>(rng: &mut StdRng, from: &[T]) -> T {
    from[rng.random_range(0..from.len())]
}

impl Step {
    /// Any step; values are made from `mark`, so that no two are equal.
    pub fn any(rng: &mut StdRng, mark: &str) -> Self {
        let at = Place {
            project: pick(rng, &PROJECTS),
            config: pick(rng, &CONFIGS),
        };
        match rng.random_range(0..1000) {
            0..20 => Self::AddProject(at.project),
            20..21 => Self::DropProject(at.project),
            21..90 => Self::AddConfig {
                at,
                parent: any_parent(rng, at),
            },
            90..100 => Self::DropConfig(at),
            100..550 => Self::write(rng, at, How::One, mark),
            550..680 => Self::write(rng, at, How::Many, mark),
            680..750 => Self::write(rng, at, How::File, mark),
            750..850 => Self::ReadKey {
                at,
                key: pick(rng, &KEYS),
            },
            _ => Self::ReadConfig(at),
        }
    }

    fn write(rng: &mut StdRng, at: Place, how: How, mark: &str) -> Self {
        let (mut set, mut delete) = (BTreeMap::new(), Vec::new());
        let keys = if matches!(how, How::One) {
            1
        } else {
            rng.random_range(1..=4)
        };
        for _ in 0..keys {
            let key = pick(rng, &KEYS).to_owned();
            let deletes = !matches!(how, How::File) && rng.random_ratio(1, 6);
            if set.contains_key(&key) || delete.contains(&key) {
                continue;
            }
            if deletes {
                delete.push(key);
            } else {
                let value = format!("{key} of {mark}");
                set.insert(key, value);
            }
        }
        Self::Write {
            at,
            how,
            set,
            delete,
        }
    }

    /// The method, the path and the body.
    pub fn request(&self) -> (Method, String, String) {
        let config = |at: &Place| format!("/api/projects/{}/configs/{}", at.project, at.config);
        match self {
            Self::AddProject(project) => (
                Method::POST,
                "/api/projects".to_owned(),
                json!({"slug": project}).to_string(),
            ),
            Self::DropProject(project) => (
                Method::DELETE,
                format!("/api/projects/{project}?confirm={project}"),
                String::new(),
            ),
            Self::AddConfig { at, parent } => (
                Method::POST,
                format!("/api/projects/{}/configs", at.project),
                json!({"slug": at.config, "parent": parent}).to_string(),
            ),
            Self::DropConfig(at) => (Method::DELETE, config(at), String::new()),
            Self::Write {
                at,
                how: How::One,
                set,
                delete,
            } => match set.first_key_value() {
                Some((key, value)) => (
                    Method::PUT,
                    format!("{}/secrets/{key}", config(at)),
                    json!({"value": value}).to_string(),
                ),
                None => (
                    Method::DELETE,
                    format!("{}/secrets/{}", config(at), delete[0]),
                    String::new(),
                ),
            },
            Self::Write {
                at,
                how: How::Many,
                set,
                delete,
            } => (
                Method::PATCH,
                format!("{}/secrets", config(at)),
                json!({"set": set, "delete": delete}).to_string(),
            ),
            Self::Write {
                at,
                how: How::File,
                set,
                ..
            } => {
                let mut file = String::new();
                for (key, value) in set {
                    writeln!(file, "{key}='{value}'").expect("a text takes everything");
                }
                (Method::POST, format!("{}/secrets/import", config(at)), file)
            }
            Self::ReadKey { at, key } => (
                Method::GET,
                format!("{}/secrets/{key}", config(at)),
                String::new(),
            ),
            Self::ReadConfig(at) => (
                Method::GET,
                format!("{}/secrets?include_meta=false", config(at)),
                String::new(),
            ),
        }
    }
}

/// None, or any other config, so that chains of every form come to be.
fn any_parent(rng: &mut StdRng, at: Place) -> Option<&'static str> {
    let parent = pick(rng, &CONFIGS);
    (parent != at.config && rng.random_ratio(3, 4)).then_some(parent)
}
