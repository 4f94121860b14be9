//! Finds the programs of the control plane. Building them is the business of `tools/build.sh`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::paths;

const GO_MOD: &str = include_str!("../tools/go.mod");

/// etcd and kube-apiserver.
#[derive(Clone, Debug)]
pub struct Tools {
    dir: PathBuf,
}

impl Tools {
    /// Those in `KUBEBUILDER_ASSETS` where it is set, else those that `make tools` built.
    pub fn find() -> Result<Self> {
        let given = std::env::var_os("KUBEBUILDER_ASSETS").filter(|dir| !dir.is_empty());
        let (dir, advice) = match given {
            Some(dir) => (
                PathBuf::from(dir),
                "KUBEBUILDER_ASSETS must name a directory that has it, or be unset",
            ),
            None => (
                paths::cache_dir()?.join(format!("kube-v{}", Self::version()?)),
                "run `make tools`, which builds it once",
            ),
        };
        let tools = Self { dir };
        for path in [tools.etcd(), tools.kube_apiserver()] {
            if !path.is_file() {
                bail!("{} is missing: {advice}", path.display());
            }
        }
        Ok(tools)
    }

    /// The version of Kubernetes that `make tools` builds, `1.36.3` for instance.
    pub fn version() -> Result<&'static str> {
        GO_MOD
            .lines()
            .find_map(|line| {
                line.trim()
                    .trim_start_matches("require ")
                    .strip_prefix("k8s.io/kubernetes v")
            })
            .and_then(|rest| rest.split_whitespace().next())
            .context("tools/go.mod does not require k8s.io/kubernetes")
    }

    /// The directory that holds them.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn etcd(&self) -> PathBuf {
        self.dir.join("etcd")
    }

    pub(crate) fn kube_apiserver(&self) -> PathBuf {
        self.dir.join("kube-apiserver")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_staging_module_has_the_version_of_kubernetes() {
        let staging = Tools::version().unwrap().replacen("1.", "v0.", 1);
        let replaced: Vec<&str> = GO_MOD
            .lines()
            .filter(|line| line.contains(" => "))
            .collect();
        assert!(!replaced.is_empty());
        for line in replaced {
            assert!(line.ends_with(&staging), "{line} is not at {staging}");
        }
    }
}
