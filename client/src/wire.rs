//! What the server sends, field by field. Fields that the server adds later are ignored.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::secret::Token;

/// `GET /onboarding/status`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Onboarding {
    /// Whether there is a first administrator.
    pub is_initialized: bool,
    /// `not_initialized` or `completed`.
    pub state: String,
    /// When the first administrator was made.
    #[serde(default)]
    pub initialized_at: Option<String>,
    /// The first administrator's name.
    #[serde(default)]
    pub initialized_by: Option<String>,
}

/// `POST /onboarding/bootstrap`.
#[derive(Debug, Clone, Deserialize)]
pub struct Bootstrapped {
    /// The first administrator's token.
    pub token: Token,
    /// When it ends.
    #[serde(default)]
    pub expires_at: Option<String>,
    /// The state of onboarding afterwards.
    pub onboarding: Onboarding,
}

/// `GET /version`.
#[derive(Debug, Clone, Deserialize)]
pub struct Version {
    /// The server's version.
    pub version: String,
}

/// `GET /me`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Me {
    /// Sign-in name.
    pub username: String,
    /// Electronic mail address.
    #[serde(default)]
    pub email: Option<String>,
    /// Full name.
    #[serde(default)]
    pub full_name: Option<String>,
    /// `owner`, `admin`, `collaborator` or `viewer`.
    #[serde(default)]
    pub workspace_role: Option<String>,
    /// The workspace's slug.
    #[serde(default)]
    pub workspace_slug: Option<String>,
}

/// A newly made token: the only time its text is shown.
#[derive(Debug, Clone, Deserialize)]
pub struct TokenIssued {
    /// The token.
    pub token: Token,
    /// Its id, by which it is revoked.
    pub token_id: String,
    /// When it ends; none for a token without expiry.
    #[serde(default)]
    pub expires_at: Option<String>,
    /// `service` or `personal`.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
}

/// Where a token may do what. Without a project, everywhere.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Scope {
    /// Such as `secrets:read`.
    pub actions: Vec<String>,
    /// Only in this project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Only in this config.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<String>,
}

/// A token as `GET /auth/tokens/v2` and `GET /auth/tokens/self` show it.
#[derive(Debug, Clone, Deserialize)]
pub struct TokenInfo {
    /// Id.
    pub token_id: String,
    /// `service` or `personal`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whose service it is for.
    #[serde(default)]
    pub subject_service_name: Option<String>,
    /// Whose user it is for.
    #[serde(default)]
    pub subject_user: Option<String>,
    /// Where it may do what.
    #[serde(default)]
    pub scopes: Vec<Scope>,
    /// End of its life.
    #[serde(default)]
    pub expires_at: Option<String>,
    /// Last use, as far as known.
    #[serde(default)]
    pub last_used_at: Option<String>,
    /// When it was revoked.
    #[serde(default)]
    pub revoked_at: Option<String>,
    /// When it was made.
    #[serde(default)]
    pub created_at: Option<String>,
    /// Who made it.
    #[serde(default)]
    pub created_by: Option<String>,
}

/// A project.
#[derive(Debug, Clone, Deserialize)]
pub struct Project {
    /// Name in paths.
    pub slug: String,
    /// Name for people.
    #[serde(default)]
    pub name: Option<String>,
    /// Free text.
    #[serde(default)]
    pub description: Option<String>,
    /// When it was made.
    #[serde(default)]
    pub created_at: Option<String>,
}

/// A config.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Config {
    /// Name in paths.
    pub slug: String,
    /// Name for people.
    #[serde(default)]
    pub name: Option<String>,
    /// The config it inherits from.
    #[serde(default)]
    pub parent_slug: Option<String>,
    /// When it was made.
    #[serde(default)]
    pub created_at: Option<String>,
    /// Grows with every change of its effective content.
    #[serde(default)]
    pub revision: Option<u64>,
}

/// Answer to a `PUT` or `DELETE` of one secret.
#[derive(Debug, Clone, Deserialize)]
pub struct ItemWritten {
    /// The key.
    #[serde(default)]
    pub key: Option<String>,
    /// The config's revision afterwards.
    #[serde(default)]
    pub revision: Option<u64>,
}

/// Answer to a change of many secrets at once: a `PATCH` or an import, done or only tried.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ManyWritten {
    /// The config's revision: with this change, or as it is where it was only tried.
    pub revision: u64,
    /// Whether nothing was changed, only tried.
    #[serde(default)]
    pub dry_run: bool,
    /// What becomes of each key.
    #[serde(default)]
    pub keys: Vec<KeyChange>,
}

/// What becomes of a key.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyChange {
    /// The key.
    pub key: String,
    /// In one word.
    pub change: Change,
    /// Whether a config above has a value of this key, too.
    #[serde(default)]
    pub overrides_inherited: bool,
}

/// What becomes of a key, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Change {
    /// It was not there before.
    New,
    /// It gets another value.
    Changed,
    /// It keeps its value.
    Same,
    /// It goes.
    Deleted,
    /// Something this client does not know yet.
    #[serde(other)]
    Other,
}

/// One event of the audit trail.
#[derive(Debug, Clone, Deserialize)]
pub struct AuditEvent {
    /// When.
    pub ts: String,
    /// `user`, `service` and so on.
    #[serde(default)]
    pub actor_type: Option<String>,
    /// Who.
    #[serde(default)]
    pub actor_id: Option<String>,
    /// With which token.
    #[serde(default)]
    pub token_id: Option<String>,
    /// What.
    pub action: String,
    /// In which project.
    #[serde(default)]
    pub project_slug: Option<String>,
    /// In which config.
    #[serde(default)]
    pub config_slug: Option<String>,
    /// How it ended.
    #[serde(default)]
    pub status_code: Option<u16>,
    /// Position in the journal, for changes.
    #[serde(default)]
    pub seq: Option<u64>,
    /// Every other field, as sent.
    #[serde(flatten)]
    pub more: BTreeMap<String, serde_json::Value>,
}

/// `GET /audit/events`.
#[derive(Debug, Clone, Deserialize)]
pub struct AuditPage {
    /// Newest first.
    pub events: Vec<AuditEvent>,
    /// Whether there is another page.
    #[serde(default)]
    pub has_next: bool,
}

/// End of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct JournalHead {
    /// Its number.
    pub seq: u64,
    /// Its hash, in hex.
    pub hash: String,
}

/// `GET /audit/verify`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditVerification {
    /// Whether all is as it was written.
    pub ok: bool,
    /// How many entries were checked.
    pub entries: u64,
    /// The end of the journal.
    #[serde(default)]
    pub head: Option<JournalHead>,
    /// The first thing that does not hold.
    #[serde(default)]
    pub first_bad: Option<BadThing>,
}

/// Something of the journal that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct BadThing {
    /// What kind of thing it is, such as `entry`.
    pub kind: String,
    /// What it is called.
    pub name: String,
    /// The entry that it is or belongs to, where it does.
    #[serde(default)]
    pub seq: Option<u64>,
    /// What is wrong with it.
    pub why: String,
}

/// Why a config is no longer watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GoneReason {
    /// The config was deleted.
    Deleted,
    /// The token may not read it any more.
    Forbidden,
    /// Something this client does not know yet.
    #[serde(other)]
    Other,
}

/// `GET /keys`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Keys {
    /// The root key that new data keys are wrapped with.
    pub root_key: RootKey,
    /// How far the change to another root key has got.
    pub rotation: Rotation,
    /// The keys that seal values.
    pub data_keys: DataKeys,
}

/// A root key.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RootKey {
    /// Tells it from others.
    pub fingerprint: String,
    /// Since when it wraps data keys.
    pub since: String,
}

/// How far the change to another root key has got.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rotation {
    /// Whether there is one.
    pub state: RotationState,
    /// Fingerprint of the root key that is rotated to.
    #[serde(default)]
    pub to: Option<String>,
    /// Fingerprints of the root keys that data keys are still to be freed of.
    #[serde(default)]
    pub from: Vec<String>,
    /// How many data keys are wrapped with the root key.
    pub rewrapped: u64,
    /// How many data keys there are.
    pub total: u64,
}

/// Whether a root key is being changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RotationState {
    /// The server has the root key that wraps everything.
    Idle,
    /// The server was given another root key, and goes on with the one before until it is told to rotate.
    Ready,
    /// Data keys are being wrapped anew.
    Running,
    /// One that this version does not know.
    #[serde(other)]
    Unknown,
}

/// The keys that seal values, all together.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DataKeys {
    /// How many there are, former ones included.
    pub total: u64,
    /// When the oldest of those that seal new values was made.
    #[serde(default)]
    pub oldest_in_use: Option<String>,
}

/// `POST /sync-reports`: who has which revision. At most 1,000 consumers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SyncReport {
    /// What the cluster is called.
    pub cluster: String,
    /// Who.
    pub consumers: Vec<ReportedConsumer>,
}

/// What a consumer has; everything else that it said before does not hold any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportedConsumer {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Whether it has nothing any more.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub gone: bool,
    /// At most 16.
    pub sources: Vec<ReportedSource>,
}

/// A revision of a config.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportedSource {
    /// Project.
    pub project: String,
    /// Config.
    pub config: String,
    /// What the revision counts within.
    pub epoch: String,
    /// Revision.
    pub revision: u64,
}
