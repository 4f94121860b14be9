//! The operator's rights, as its chart grants them. Tests run it with these and no more.

use anyhow::Result;
use serde_json::Value;

/// In all namespaces: resources, Secrets and events.
pub const OPERATOR_CLUSTER_ROLE: &str = include_str!("../manifests/operator-cluster-role.yaml");

/// In all namespaces, and only where it restarts workloads: these.
pub const OPERATOR_RESTART_ROLE: &str = include_str!("../manifests/operator-restart-role.yaml");

/// In its own namespace: the leader's lease.
pub const OPERATOR_ROLE: &str = include_str!("../manifests/operator-role.yaml");

/// The same rights as [`OPERATOR_CLUSTER_ROLE`] in one namespace only, for an operator with `WATCH_NAMESPACES`. Tests that
/// share a control plane confine their operators so, since two of them would otherwise serve the same resources.
pub fn operator_role_in(namespace: &str) -> Result<String> {
    confined(OPERATOR_CLUSTER_ROLE, namespace)
}

/// The same rights as [`OPERATOR_RESTART_ROLE`] in one namespace only.
pub fn operator_restart_role_in(namespace: &str) -> Result<String> {
    confined(OPERATOR_RESTART_ROLE, namespace)
}

fn confined(role: &str, namespace: &str) -> Result<String> {
    let mut role: Value = serde_yaml::from_str(role)?;
    role["kind"] = "Role".into();
    role["metadata"]["namespace"] = namespace.into();
    Ok(serde_yaml::to_string(&role)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operators_rights_have_no_wildcard() {
        for role in [OPERATOR_CLUSTER_ROLE, OPERATOR_RESTART_ROLE, OPERATOR_ROLE] {
            assert!(!role.contains('*'), "{role}");
            // With which it could be anybody.
            for right in ["serviceaccounts", "impersonate", "bind", "escalate"] {
                assert!(!role.contains(right), "{role}");
            }
        }
    }
}
