//! Finds the programs of the control plane. Building them is the business of `tools/build.sh`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::paths;

const GO_MOD: &str = include_str!("../tools/go.mod");
const BUILD: &str = "run `make tools`, which builds it once";

/// etcd, kube-apiserver and kube-controller-manager.
#[derive(Clone, Debug)]
pub struct Tools {
    dir: PathBuf,
    is_given: bool,
}

impl Tools {
    /// Those in `KUBEBUILDER_ASSETS` where it is set, else those that `make tools` built.
    pub fn find() -> Result<Self> {
        let given = std::env::var_os("KUBEBUILDER_ASSETS").filter(|dir| !dir.is_empty());
        let is_given = given.is_some();
        let dir = match given {
            Some(dir) => PathBuf::from(dir),
            None => paths::cache_dir()?.join(format!("kube-v{}", Self::version()?)),
        };
        let tools = Self { dir, is_given };
        let advice = if is_given {
            "KUBEBUILDER_ASSETS must name a directory that has it, or be unset"
        } else {
            BUILD
        };
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

    /// Few tests need it, and what `setup-envtest` installs lacks it, so that only those ask.
    pub fn kube_controller_manager(&self) -> Result<PathBuf> {
        let path = self.dir.join("kube-controller-manager");
        if path.is_file() {
            return Ok(path);
        }
        let advice = if self.is_given {
            "KUBEBUILDER_ASSETS names a directory without it, as setup-envtest makes them; put one of the same version \
             beside kube-apiserver, or unset the variable and run `make tools`, which builds all of them"
        } else {
            BUILD
        };
        bail!("{} is missing: {advice}", path.display())
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
