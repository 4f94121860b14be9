//! Which configs an entry is part of the history of.

use std::collections::BTreeSet;

use super::{Change, Entry};
use crate::id::ConfigId;

impl Entry {
    /// The configs that the entry's changes name as what they change, each once.
    pub fn touched(&self) -> BTreeSet<ConfigId> {
        self.changes.iter().filter_map(Change::config).collect()
    }
}

impl Change {
    /// The config that this changes. A change of a project is none of its configs', also where it ends them.
    pub fn config(&self) -> Option<ConfigId> {
        match self {
            Self::ConfigAdded { config_id, .. }
            | Self::ConfigUpdated { config_id, .. }
            | Self::ConfigReparented { config_id, .. }
            | Self::ConfigDeleted { config_id }
            | Self::SecretSet { config_id, .. }
            | Self::SecretDeleted { config_id, .. } => Some(*config_id),
            Self::JournalStarted { .. }
            | Self::EpochStarted { .. }
            | Self::RootKeyRotated { .. }
            | Self::SettingsChanged { .. }
            | Self::UserAdded { .. }
            | Self::UserUpdated { .. }
            | Self::PasswordChanged { .. }
            | Self::GroupAdded { .. }
            | Self::GroupUpdated { .. }
            | Self::GroupDeleted { .. }
            | Self::GroupMembersChanged { .. }
            | Self::ProjectRoleSet { .. }
            | Self::ProjectRoleRemoved { .. }
            | Self::MappingAdded { .. }
            | Self::MappingRemoved { .. }
            | Self::TokenIssued { .. }
            | Self::TokenExpiring { .. }
            | Self::TokenRevoked { .. }
            | Self::ProjectAdded { .. }
            | Self::ProjectUpdated { .. }
            | Self::DataKeyAdded { .. }
            | Self::DataKeyRewrapped { .. }
            | Self::ProjectDeleted { .. }
            | Self::EventsImported { .. } => None,
        }
    }
}
