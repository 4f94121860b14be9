//! What the workflows in `.github/workflows` say, as far as it can be told without running them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_yaml::{Mapping, Value};

/// A workflow: the name of its file, its text, and what that means.
struct Workflow {
    name: String,
    text: String,
    content: Value,
}

impl Workflow {
    /// The jobs with their names.
    fn jobs(&self) -> impl Iterator<Item = (&str, &Value)> {
        let jobs = mapping(&self.content["jobs"]);
        jobs.iter()
            .map(|(name, job)| (name.as_str().expect("a name"), job))
    }

    /// What its steps run.
    fn scripts(&self) -> impl Iterator<Item = &str> {
        self.jobs()
            .flat_map(|(_, job)| job["steps"].as_sequence().into_iter().flatten())
            .filter_map(|step| step["run"].as_str())
    }
}

fn mapping(value: &Value) -> &Mapping {
    value.as_mapping().expect("a mapping")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn workflows() -> Vec<Workflow> {
    let dir = root().join(".github/workflows");
    let mut found: Vec<_> = fs::read_dir(&dir)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let content = serde_yaml::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
            Workflow {
                name,
                text,
                content,
            }
        })
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    let names: Vec<_> = found
        .iter()
        .map(|workflow| workflow.name.as_str())
        .collect();
    assert_eq!(names, ["audit.yml", "checks.yml", "release.yml"]);
    found
}

/// The lines that use something, without what stands before it.
fn uses(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let line = line.trim_start();
        line.strip_prefix("- ")
            .unwrap_or(line)
            .strip_prefix("uses: ")
    })
}

#[test]
fn every_action_is_pinned_by_its_commit_and_tells_its_version() {
    for workflow in workflows() {
        for used in uses(&workflow.text) {
            if let Some(own) = used.strip_prefix("./") {
                assert!(root().join(own).is_file(), "{own} is not there");
                continue;
            }
            let (action, comment) = used.split_once(" # ").unwrap_or((used, ""));
            let (_, commit) = action.split_once('@').unwrap_or((action, ""));
            let is_commit = commit.len() == 40 && commit.bytes().all(|c| c.is_ascii_hexdigit());
            let is_version = comment.strip_prefix('v').is_some_and(|version| {
                version.split('.').count() == 3
                    && version.split('.').all(|part| part.parse::<u32>().is_ok())
            });
            assert!(is_commit && is_version, "{}: {used}", workflow.name);
        }
    }
}

#[test]
fn an_action_is_of_the_same_commit_everywhere() {
    let mut seen = std::collections::BTreeMap::new();
    for workflow in workflows() {
        for used in uses(&workflow.text) {
            let action = used.split('@').next().unwrap().to_owned();
            let before = seen
                .entry(action)
                .or_insert_with(|| used.to_owned())
                .clone();
            assert_eq!(before, used, "{}", workflow.name);
        }
    }
}

#[test]
fn every_job_says_how_long_it_may_take_and_what_it_may_do() {
    for workflow in workflows() {
        let name = &workflow.name;
        // What no job asks for, none has.
        assert!(
            mapping(&workflow.content["permissions"]).is_empty(),
            "{name}"
        );
        assert!(
            workflow.content["concurrency"]["group"].is_string(),
            "{name}"
        );
        for (job, content) in workflow.jobs() {
            let permissions = mapping(&content["permissions"]);
            assert!(!permissions.is_empty(), "{name}: {job}");
            // A job that calls another workflow takes its times from there.
            let is_call = content["uses"].is_string();
            let has_timeout = content["timeout-minutes"].is_u64();
            assert_ne!(has_timeout, is_call, "{name}: {job}");
        }
    }
}

#[test]
fn only_what_releases_may_write_and_nothing_of_a_stranger_runs_with_rights() {
    for workflow in workflows() {
        let Workflow {
            name,
            text,
            content,
        } = &workflow;
        assert!(!text.contains("pull_request_target"), "{name}");
        assert!(!text.contains("workflow_run"), "{name}");
        assert!(!text.contains("secrets."), "{name} needs a secret");
        let checkouts = text.matches("uses: actions/checkout@").count();
        let without = text.matches("persist-credentials: false").count();
        assert_eq!(checkouts, without, "{name} leaves credentials lying about");
        // What others may choose, such as a branch's name, comes to a script by its environment only.
        for script in workflow.scripts() {
            assert!(!script.contains("${{"), "{name}: {script}");
        }
        let is_release = content["on"].get("push").is_some_and(|push| {
            push["tags"]
                .as_sequence()
                .is_some_and(|tags| tags == &["v*"])
        });
        for (job, content) in workflow.jobs() {
            let may_write = mapping(&content["permissions"])
                .values()
                .any(|right| right == "write");
            assert!(!may_write || is_release, "{name}: {job}");
        }
    }
}

#[test]
fn every_script_and_target_of_make_that_they_name_is_there() {
    let makefile = fs::read_to_string(root().join("Makefile")).unwrap();
    let mut found = 0;
    for workflow in workflows() {
        for script in workflow.scripts() {
            let words: Vec<_> = script
                .split(|c: char| c.is_whitespace() || "\"'()".contains(c))
                .collect();
            for (index, word) in words.iter().enumerate() {
                if *word == "make" {
                    let target = words[index + 1];
                    let has = makefile.contains(&format!("\n{target}:"));
                    assert!(has, "{}: make {target}", workflow.name);
                    found += 1;
                }
                if word.starts_with("tests/") || word.starts_with(".ci/") {
                    let path = root().join(word);
                    assert!(path.is_file(), "{}: {word} is not there", workflow.name);
                    found += 1;
                }
            }
        }
    }
    assert!(found >= 4, "only {found} were found");
}

/// Asks what a tag stands for, among others that there are: the tags of its images, or nothing.
fn version(tag: &str, others: &[&str]) -> Option<Vec<String>> {
    let mut child = Command::new(root().join("tests/release/version.sh"))
        .arg(tag)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // It may end without reading.
    let _ = std::io::Write::write_all(&mut stdin, others.join("\n").as_bytes());
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    output
        .status
        .success()
        .then(|| text.lines().map(str::to_owned).collect())
}

#[test]
fn a_tag_is_the_version_in_all_files_and_the_newest_alone_is_the_latest() {
    let own = env!("CARGO_PKG_VERSION");
    let tag = format!("v{own}");
    let (minor, _) = own.rsplit_once('.').unwrap();
    let (major, second) = minor.split_once('.').unwrap();
    let all = [own, minor, major, "latest"];
    assert_eq!(version(&tag, &[]).unwrap(), all);
    assert_eq!(version(&tag, &[&tag, "v0.0.1", "nightly"]).unwrap(), all);

    let later_patch = format!("v{own}0");
    let later_minor = format!("v{major}.{}.0", second.parse::<u64>().unwrap() + 1);
    assert_eq!(version(&tag, &[&later_patch]).unwrap(), all[..1]);
    assert_eq!(version(&tag, &[&later_minor]).unwrap(), all[..2]);
    assert_eq!(version(&tag, &["v999.0.0"]).unwrap(), all[..3]);

    for other in ["v999.0.0", "", own, &tag[1..], &format!("{tag}-rc.1")] {
        assert_eq!(version(other, &[]), None, "{other}");
    }
}
