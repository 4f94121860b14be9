//! What the documents of version 1.4 say. Names are as they were written there: whether they are names here is for others to
//! decide. Identifiers are hexadecimal texts.

use mongodb::bson::Bson;
use ssm_domain::secret::SecretValue;
use ssm_domain::time::Timestamp;

use super::fields::Fields;

/// What is told of a wrong field.
type Why = String;

/// A project.
#[derive(Debug, Clone)]
pub struct Project {
    /// Its id.
    pub id: String,
    /// Its name in paths.
    pub slug: String,
    /// Its name for people.
    pub name: Option<String>,
    /// What it is about.
    pub description: Option<String>,
}

/// A config.
#[derive(Debug, Clone)]
pub struct Config {
    /// Its id.
    pub id: String,
    /// Its project's id.
    pub project_id: String,
    /// Its name in paths.
    pub slug: String,
    /// Its name for people.
    pub name: Option<String>,
    /// The config that it inherits from.
    pub parent_id: Option<String>,
}

/// A secret.
#[derive(Debug, Clone)]
pub struct Secret {
    /// Its id.
    pub id: String,
    /// Its config's id.
    pub config_id: String,
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: SecretValue,
    /// The icon that somebody chose.
    pub icon: Option<String>,
}

/// Something on record.
#[derive(Debug, Clone)]
pub struct Event {
    /// Its id.
    pub id: String,
    /// When it happened.
    pub at: Timestamp,
    /// What kind of actor it was.
    pub actor_type: Option<String>,
    /// Who did it: a name, or a token's id.
    pub actor: Option<String>,
    /// The token that was used.
    pub token_id: Option<String>,
    /// What it was.
    pub action: String,
    /// The project's slug.
    pub project: Option<String>,
    /// The project's id, where there is no slug.
    pub project_id: Option<String>,
    /// The config's slug.
    pub config: Option<String>,
    /// The config's id, where there is no slug.
    pub config_id: Option<String>,
    /// The secret's key.
    pub key: Option<String>,
    /// What it was answered with.
    pub status: Option<u64>,
    /// The method.
    pub method: Option<String>,
    /// The path.
    pub path: Option<String>,
    /// From where.
    pub ip: Option<String>,
    /// With what.
    pub user_agent: Option<String>,
    /// How long it took, in milliseconds.
    pub latency_ms: Option<u64>,
}

/// Somebody.
#[derive(Debug, Clone)]
pub struct User {
    /// The profile's id.
    pub id: String,
    /// What they sign in with.
    pub username: String,
    /// Where to write to them.
    pub email: Option<String>,
    /// What they are called.
    pub full_name: Option<String>,
    /// Whether they were kept from signing in.
    pub disabled: bool,
    /// Since when they are there.
    pub created_at: Option<Timestamp>,
}

/// Somebody's role in the workspace.
#[derive(Debug, Clone)]
pub struct Member {
    /// The membership's id.
    pub id: String,
    /// Whose.
    pub username: String,
    /// Which.
    pub role: String,
}

/// Who has a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubjectKind {
    /// A person, by name.
    User,
    /// A group, by id.
    Group,
}

/// A role in a project.
#[derive(Debug, Clone)]
pub struct Role {
    /// The membership's id.
    pub id: String,
    /// The project's id.
    pub project_id: String,
    /// What kind of subject has it.
    pub kind: SubjectKind,
    /// A username, or a group's id.
    pub subject: String,
    /// Which.
    pub role: String,
}

/// A group.
#[derive(Debug, Clone)]
pub struct Group {
    /// Its id.
    pub id: String,
    /// Its name in paths.
    pub slug: String,
    /// Its name for people.
    pub name: Option<String>,
    /// What it is about.
    pub description: Option<String>,
}

/// Somebody in a group.
#[derive(Debug, Clone)]
pub struct GroupMember {
    /// The membership's id.
    pub id: String,
    /// The group's id.
    pub group_id: String,
    /// Who.
    pub username: String,
}

/// A group of an identity provider.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// The mapping's id.
    pub id: String,
    /// The provider.
    pub provider: String,
    /// What the provider calls it.
    pub external_key: String,
    /// The group that it stands for.
    pub group_id: String,
}

/// What holds for the workspace.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The workspace's id.
    pub id: String,
    /// The role of new members.
    pub default_workspace_role: Option<String>,
    /// The role of members in projects where they have none.
    pub default_project_role: Option<String>,
    /// Whether values may refer to others.
    pub referencing_enabled: Option<bool>,
}

/// A token, without what is stored of it.
#[derive(Debug, Clone)]
pub struct Token {
    /// Its id.
    pub id: String,
    /// Whose it is, if a person's.
    pub user: Option<String>,
    /// What the machine is called, if it is one's.
    pub service: Option<String>,
    /// What it allows where.
    pub scopes: Vec<TokenScope>,
    /// When it dies by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// What a token allows in one place.
#[derive(Debug, Clone)]
pub struct TokenScope {
    /// The actions.
    pub actions: Vec<String>,
    /// The project's id; none for everywhere.
    pub project_id: Option<String>,
    /// The config's id; none for all of them.
    pub config_id: Option<String>,
}

impl Project {
    pub(super) fn read(fields: &Fields) -> Result<Self, Why> {
        Ok(Self {
            id: fields.own_id()?,
            slug: fields.text("slug")?,
            name: fields.optional_text("name")?,
            description: fields.optional_text("description")?,
        })
    }
}

impl Config {
    pub(super) fn read(fields: &Fields) -> Result<Self, Why> {
        Ok(Self {
            id: fields.own_id()?,
            project_id: fields.id("project_id")?,
            slug: fields.text("slug")?,
            name: fields.optional_text("name")?,
            parent_id: fields.optional_id("parent_config_id")?,
        })
    }
}

impl Secret {
    pub(super) fn read(fields: &Fields) -> Result<Self, Why> {
        // Whatever is not `manual` was worked out from the key.
        let chosen = fields.optional_text("icon_source")?.as_deref() == Some("manual");
        let icon = fields.optional_text("icon_slug")?;
        Ok(Self {
            id: fields.own_id()?,
            config_id: fields.id("config_id")?,
            key: fields.text("key")?,
            value: SecretValue::new(fields.text("value_enc")?),
            icon: icon.filter(|icon| chosen && !icon.is_empty()),
        })
    }
}

impl Event {
    pub(super) fn read(fields: &Fields) -> Result<Self, Why> {
        Ok(Self {
            id: fields.own_id()?,
            at: fields.time("ts")?,
            actor_type: fields.optional_text("actor_type")?,
            actor: fields.optional_id("actor_id")?,
            token_id: fields.optional_id("token_id")?,
            action: fields.text("action")?,
            project: fields.optional_text("project_slug")?,
            project_id: fields.optional_id("project_id")?,
            config: fields.optional_text("config_slug")?,
            config_id: fields.optional_id("config_id")?,
            key: fields.optional_text("key")?,
            status: fields.optional_number("status_code")?,
            method: fields.optional_text("method")?,
            path: fields.optional_text("path")?,
            ip: fields.optional_text("ip")?,
            user_agent: fields.optional_text("user_agent")?,
            latency_ms: fields.optional_number("latency_ms")?,
        })
    }
}

impl User {
    pub(super) fn read(fields: &Fields) -> Result<Self, Why> {
        Ok(Self {
            id: fields.own_id()?,
            username: fields.text("username")?,
            email: fields.optional_text("email")?,
            full_name: fields.optional_text("full_name")?,
            disabled: fields.optional_time("disabled_at")?.is_some(),
            created_at: fields.optional_time("created_at")?,
        })
    }
}

impl Member {
    pub(super) fn read(fields: &Fields) -> Result<Self, Why> {
        Ok(Self {
            id: fields.own_id()?,
            username: fields.text("username")?,
            role: fields.text("workspace_role")?,
        })
    }
}

impl Role {
    pub(super) fn read(fields: &Fields) -> Result<Self, Why> {
        let kind = match &*fields.text("subject_type")? {
            "user" => SubjectKind::User,
            "group" => SubjectKind::Group,
            _ => return Err("subject_type is neither user nor group".to_owned()),
        };
        Ok(Self {
            id: fields.own_id()?,
            project_id: fields.id("project_id")?,
            kind,
            subject: fields.id("subject_id")?,
            role: fields.text("project_role")?,
        })
    }
}

impl Group {
    pub(super) fn read(fields: &Fields) -> Result<Self, Why> {
        Ok(Self {
            id: fields.own_id()?,
            slug: fields.text("slug")?,
            name: fields.optional_text("name")?,
            description: fields.optional_text("description")?,
        })
    }
}

impl GroupMember {
    pub(super) fn read(fields: &Fields) -> Result<Self, Why> {
        Ok(Self {
            id: fields.own_id()?,
            group_id: fields.id("group_id")?,
            username: fields.text("username")?,
        })
    }
}

impl Mapping {
    pub(super) fn read(fields: &Fields) -> Result<Self, Why> {
        Ok(Self {
            id: fields.own_id()?,
            provider: fields.text("provider")?,
            external_key: fields.text("external_group_key")?,
            group_id: fields.id("group_id")?,
        })
    }
}

impl Settings {
    pub(super) fn read(fields: &Fields) -> Result<Self, Why> {
        let id = fields.own_id()?;
        let Some(inner) = fields.inner("settings")? else {
            return Ok(Self {
                id,
                default_workspace_role: None,
                default_project_role: None,
                referencing_enabled: None,
            });
        };
        Ok(Self {
            id,
            default_workspace_role: inner.optional_text("defaultWorkspaceRole")?,
            default_project_role: inner.optional_text("defaultProjectRole")?,
            referencing_enabled: inner.optional_bool("referencingEnabled")?,
        })
    }
}

impl Token {
    pub(super) fn read(fields: &Fields) -> Result<Self, Why> {
        Ok(Self {
            id: fields.own_id()?,
            user: fields.optional_text("subject_user")?,
            service: fields.optional_text("subject_service_name")?,
            scopes: fields.list("scopes", TokenScope::read)?,
            expires_at: fields.optional_time("expires_at")?,
            revoked_at: fields.optional_time("revoked_at")?,
        })
    }
}

impl TokenScope {
    fn read(scope: &Bson) -> Option<Self> {
        let fields = Fields(scope.as_document()?);
        Some(Self {
            actions: fields
                .list("actions", |action| action.as_str().map(str::to_owned))
                .ok()?,
            project_id: fields.optional_id("project_id").ok()?,
            config_id: fields.optional_id("config_id").ok()?,
        })
    }
}
