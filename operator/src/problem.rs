//! Everything that can keep a Secret from being what its resource says, with what to do about it. No message holds a value.

/// What a problem is about, which decides the conditions it shows in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concern {
    /// The resource itself or the operator's settings.
    Resource,
    /// The token, its Secret, or where it may go.
    Token,
    /// The server answered, and not with the config.
    Upstream,
    /// The server does not answer. What is in the Secret stays good.
    Outage,
    /// The Secret.
    Target,
    /// Nobody wants anything to happen.
    Suspended,
}

/// What became of a Secret whose config was deleted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Gone {
    /// Nothing.
    #[error("the Secret is kept as it is, since spec.onUpstreamMissing is Retain")]
    Kept,
    /// Nothing, since another source is still there.
    #[error(
        "the Secret is kept as it is until all sources are deleted; remove this one from spec.sources to go on without it"
    )]
    KeptForOthers,
    /// It is not there any more.
    #[error(
        "spec.onUpstreamMissing is Delete, so there is no Secret {name} any more; it is made again once the config is back"
    )]
    Deleted {
        /// The Secret.
        name: String,
    },
    /// What was merged into it is not there any more.
    #[error(
        "spec.onUpstreamMissing is Delete, so its keys are no longer in Secret {name}; they are put there again once the \
         config is back"
    )]
    Withdrawn {
        /// The Secret.
        name: String,
    },
    /// What is there is somebody else's.
    #[error("Secret {name} is not this SecretSync's and is left as it is")]
    NotOurs {
        /// The Secret.
        name: String,
    },
}

/// What others have named, as it may stand in a message: short and without surprises.
pub fn printable(text: &str) -> String {
    text.chars()
        .take(128)
        .map(|c| {
            if c.is_ascii_graphic() || c == ' ' {
                c
            } else {
                '?'
            }
        })
        .collect()
}

/// Why a Secret is not written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Neither the resource nor the operator names a server.
    #[error("no server: set spec.server.url, or SSM_SERVER_URL for the operator")]
    NoServer,
    /// The server's URL cannot be used.
    #[error("spec.server.url cannot be used: {why}")]
    InvalidServer {
        /// Why.
        why: String,
    },
    /// The Secret with the server's certificates does not exist.
    #[error(
        "CA Secret {name} does not exist in this namespace; create it with PEM certificates under key {key}"
    )]
    CaSecretMissing {
        /// The Secret.
        name: String,
        /// The key.
        key: String,
    },
    /// The Secret with the server's certificates has no such key.
    #[error("CA Secret {name} has no key {key}; put PEM certificates there")]
    CaKeyMissing {
        /// The Secret.
        name: String,
        /// The key.
        key: String,
    },
    /// What is there cannot be trusted.
    #[error("key {key} of CA Secret {name} cannot be used: {why}")]
    InvalidCaSecret {
        /// The Secret.
        name: String,
        /// The key.
        key: String,
        /// Why.
        why: String,
    },
    /// The CA bundle cannot be used.
    #[error("spec.server.caBundle cannot be used: {why}")]
    InvalidCaBundle {
        /// Why.
        why: String,
    },
    /// The resource cannot be read as a `SecretSync`.
    #[error("the resource cannot be read; compare it with the installed CRD: {why}")]
    Malformed {
        /// The parser's words, which name the field.
        why: String,
    },
    /// A type of Secret that is never written.
    #[error("Secrets of type {type_} hand out identities and are never written")]
    ForbiddenType {
        /// The type.
        type_: String,
    },
    /// Neither the resource nor the operator names a token Secret.
    #[error("no token: set spec.auth.tokenSecretRef, or DEFAULT_TOKEN_SECRET for the operator")]
    NoTokenRef,
    /// The token Secret does not exist.
    #[error(
        "token Secret {name} does not exist in this namespace; create it with the API token under key {key}"
    )]
    TokenSecretMissing {
        /// The Secret.
        name: String,
        /// The key.
        key: String,
    },
    /// The token Secret has no such key.
    #[error("token Secret {name} has no key {key}; put the API token there")]
    TokenKeyMissing {
        /// The Secret.
        name: String,
        /// The key.
        key: String,
    },
    /// What is there cannot be a token.
    #[error(
        "key {key} of token Secret {name} is not an API token: it must be one line of visible ASCII"
    )]
    TokenMalformed {
        /// The Secret.
        name: String,
        /// The key.
        key: String,
    },
    /// The token may not be sent to that server.
    #[error(
        "the token may not be sent to {server}: annotate token Secret {name} with simplesecrets.io/server: {server}, \
         or add it to the operator's ALLOWED_SERVER_URLS"
    )]
    TokenNotAllowed {
        /// The Secret.
        name: String,
        /// The server.
        server: String,
    },
    /// The target is the token Secret.
    #[error("the target {name} is the token Secret; set spec.target.name to another name")]
    TargetIsToken {
        /// The Secret.
        name: String,
    },
    /// 401.
    #[error(
        "the server does not accept the token: it is wrong, expired or revoked; put a valid one into token Secret {name}"
    )]
    Unauthorized {
        /// The Secret.
        name: String,
    },
    /// The server cannot be reached or does not work.
    #[error(
        "the server cannot be used: {why}; the Secret is kept as it is and the operator keeps trying"
    )]
    Unreachable {
        /// Why.
        why: String,
    },
    /// 403.
    #[error("the token may not read {config}: {why}; the Secret is kept as it is")]
    Forbidden {
        /// `project/config`.
        config: String,
        /// The server's words.
        why: String,
    },
    /// 404.
    #[error("{config} does not exist or the token may not see it; the Secret is kept as it is")]
    NotFound {
        /// `project/config`.
        config: String,
    },
    /// 404 with the code `config_deleted`.
    #[error("{config} was deleted in the server; {then}")]
    ConfigDeleted {
        /// `project/config`.
        config: String,
        /// What became of the Secret.
        then: Gone,
    },
    /// Another answer that makes no sense here.
    #[error("the server's answer for {config} cannot be used: {why}; the Secret is kept as it is")]
    UnusableAnswer {
        /// `project/config`.
        config: String,
        /// Why.
        why: String,
    },
    /// A config that had keys has none.
    #[error(
        "{config} has no keys any more; the Secret is kept as it is: set a key again, or remove the source or the SecretSync; \
         if it is meant to be so: {command}"
    )]
    UpstreamEmpty {
        /// `project/config`.
        config: String,
        /// What to type to allow it.
        command: String,
    },
    /// More keys were deleted than may go at once.
    #[error(
        "{removed} of the {of} keys of Secret {name} were deleted in the server, and spec.maxRemovedPercent is {percent}; \
         the Secret is kept as it is. If they are meant to go: {command}"
    )]
    RemovalGuard {
        /// The Secret.
        name: String,
        /// Keys that are to go.
        removed: usize,
        /// Keys that were last written.
        of: usize,
        /// The bound.
        percent: u8,
        /// What to type to allow it.
        command: String,
    },
    /// Values refer to what is not there.
    #[error("{config} has {count} references that lead nowhere; the Secret is kept as it is")]
    Unresolved {
        /// `project/config`.
        config: String,
        /// How many.
        count: usize,
    },
    /// The choice of keys leaves nothing of configs that have keys.
    #[error("spec.sources[].keys leave no key at all; the Secret is kept as it is")]
    NothingSelected,
    /// A key that Kubernetes refuses.
    #[error(
        "{key} cannot be a key of a Secret (letters, digits, '-', '_', '.'; 253 at most); rename or exclude it"
    )]
    InvalidKey {
        /// The key.
        key: String,
    },
    /// A value to be decoded that cannot be.
    #[error(
        "the value of {key} in {config} is not base64; mend it, or take it out of spec.sources[].keys.decode"
    )]
    NotBase64 {
        /// `project/config`.
        config: String,
        /// The key, by its name in the server.
        key: String,
    },
    /// Two keys under one name.
    #[error(
        "keys {first} and {second} both end as {name}; change spec.sources[].keys or exclude one"
    )]
    KeyCollision {
        /// One.
        first: String,
        /// The other.
        second: String,
        /// Their name.
        name: String,
    },
    /// Bytes where text is needed.
    #[error(
        "the value of {key} is not text, which spec.target.format and template need; exclude it, or do not decode it"
    )]
    NotText {
        /// The key.
        key: String,
    },
    /// A key that no variable can be called.
    #[error(
        "{key} cannot be a variable in a .env file (letters, digits, '_'; no digit first); rename or exclude it"
    )]
    NotVariable {
        /// The key.
        key: String,
    },
    /// A value without a form in a `.env` file.
    #[error(
        "the value of {key} has no form in a .env file that every reader takes for the same bytes; exclude it, or set \
         spec.target.format to json or yaml"
    )]
    NotPortable {
        /// The key.
        key: String,
    },
    /// A template that cannot be rendered.
    #[error("spec.target.template.data[{key}]{}: {why}; the Secret is kept as it is", in_line(*.line))]
    Template {
        /// Its key.
        key: String,
        /// Where in it, from 1, where that is known.
        line: Option<usize>,
        /// Why, in words of the engine, the operator or the template itself.
        why: String,
    },
    /// More than a Secret can hold.
    #[error("the data is {bytes} bytes, a Secret holds 1048576; choose fewer keys")]
    TooLarge {
        /// How much.
        bytes: usize,
    },
    /// The type needs keys that are not there.
    #[error("a Secret of type {type_} needs {needs}; name them with spec.sources[].keys.rename")]
    MissingKeys {
        /// The type.
        type_: String,
        /// What is missing, in words.
        needs: &'static str,
    },
    /// The value of a key is not what the type demands.
    #[error("a Secret of type {type_} needs {key} to be a JSON object")]
    NotJson {
        /// The type.
        type_: String,
        /// The key.
        key: &'static str,
    },
    /// The Secret exists and nobody owns it.
    #[error(
        "Secret {name} exists and is not this SecretSync's; delete it, set another spec.target.name, or have it taken over, \
         data and all: kubectl annotate secret {name} --namespace {namespace} --overwrite simplesecrets.io/allow={sync}"
    )]
    NotOwned {
        /// The Secret.
        name: String,
        /// Its namespace.
        namespace: String,
        /// The resource.
        sync: String,
    },
    /// Nobody has agreed to keys being merged into the Secret.
    #[error(
        "nothing is merged into Secret {name} until it agrees: \
         kubectl annotate secret {name} --namespace {namespace} --overwrite simplesecrets.io/allow={sync}"
    )]
    MergeNotAllowed {
        /// The Secret.
        name: String,
        /// Its namespace.
        namespace: String,
        /// The resource.
        sync: String,
    },
    /// There is nothing to merge into.
    #[error(
        "Secret {name} does not exist, and is not made with creationPolicy Merge; it is waited for: create it with the \
         annotation simplesecrets.io/allow: {sync}"
    )]
    TargetMissing {
        /// The Secret.
        name: String,
        /// The resource.
        sync: String,
    },
    /// Nothing can be merged into the Secret.
    #[error(
        "Secret {name} is immutable, so no key can be merged into it; make it anew without immutable"
    )]
    TargetImmutable {
        /// The Secret.
        name: String,
    },
    /// Somebody else has set what is to be merged.
    #[error(
        "{what} {field} of Secret {name} was set by {other} to something else, so it is left to {other} and nothing is merged: \
         remove it from the Secret, or leave it out of this SecretSync"
    )]
    MergeConflict {
        /// The Secret.
        name: String,
        /// `key`, `label` or `annotation`.
        what: &'static str,
        /// Its name.
        field: String,
        /// Under which name Kubernetes knows who has set it.
        other: String,
    },
    /// The Secret is one that hands out an identity.
    #[error(
        "Secret {name} is of type {type_}, which hands out an identity and is never touched; set another spec.target.name"
    )]
    ForbiddenTarget {
        /// The Secret.
        name: String,
        /// Its type.
        type_: String,
    },
    /// A `SecretSync` has left its mark on the Secret, and may still want all of it.
    #[error(
        "Secret {name} is marked as that of SecretSync {owner}; if that one is gone, remove the annotation \
         simplesecrets.io/owned-by from the Secret"
    )]
    LeftByOther {
        /// The Secret.
        name: String,
        /// Name of the other resource.
        owner: String,
    },
    /// The Secret belongs to something else.
    #[error("Secret {name} belongs to {owner}; set another spec.target.name")]
    OwnedByOther {
        /// The Secret.
        name: String,
        /// Kind and name of the owner.
        owner: String,
    },
    /// The Secret is being deleted.
    #[error(
        "Secret {name} is being deleted and held by a finalizer; it is made anew when it is gone"
    )]
    Terminating {
        /// The Secret.
        name: String,
    },
    /// Kubernetes refuses the Secret.
    #[error("Kubernetes refuses Secret {name}: {why}")]
    Refused {
        /// The Secret.
        name: String,
        /// The fields, or what right is missing; never a value.
        why: String,
    },
    /// `spec.suspend`.
    #[error("spec.suspend is set; nothing is touched until it is removed")]
    Suspended,
    /// The operator started without a copy of the data while the server is away.
    #[error(
        "the server cannot be used since the operator started, so the Secret is kept as found: {why}"
    )]
    NoCopy {
        /// Why.
        why: String,
    },
}

fn in_line(line: Option<usize>) -> String {
    line.map_or_else(String::new, |line| format!(" line {line}"))
}

impl Problem {
    /// The condition's reason.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NoServer => "NoServer",
            Self::InvalidServer { .. } => "InvalidServer",
            Self::CaSecretMissing { .. } => "CASecretMissing",
            Self::CaKeyMissing { .. } => "CAKeyMissing",
            Self::InvalidCaSecret { .. } => "InvalidCASecret",
            Self::InvalidCaBundle { .. } => "InvalidCABundle",
            Self::Malformed { .. } => "Malformed",
            Self::ForbiddenType { .. } | Self::ForbiddenTarget { .. } => "ForbiddenType",
            Self::NoTokenRef => "NoToken",
            Self::TokenSecretMissing { .. } => "TokenSecretMissing",
            Self::TokenKeyMissing { .. } => "TokenKeyMissing",
            Self::TokenMalformed { .. } => "TokenMalformed",
            Self::TokenNotAllowed { .. } => "TokenNotAllowed",
            Self::TargetIsToken { .. } => "TargetIsTokenSecret",
            Self::Unauthorized { .. } => "Unauthorized",
            Self::Unreachable { .. } | Self::NoCopy { .. } => "UpstreamUnreachable",
            Self::Forbidden { .. } => "Forbidden",
            Self::NotFound { .. } => "ConfigNotFound",
            Self::ConfigDeleted { .. } => "ConfigDeleted",
            Self::UnusableAnswer { .. } => "UnusableAnswer",
            Self::UpstreamEmpty { .. } => "UpstreamEmpty",
            Self::RemovalGuard { .. } => "RemovalGuard",
            Self::Unresolved { .. } => "UnresolvedReferences",
            Self::NothingSelected => "NothingSelected",
            Self::InvalidKey { .. } => "InvalidKey",
            Self::NotBase64 { .. } => "InvalidBase64",
            Self::KeyCollision { .. } => "KeyCollision",
            Self::NotText { .. } => "NotText",
            Self::NotVariable { .. } | Self::NotPortable { .. } => "NotPortable",
            Self::Template { .. } => "TemplateFailed",
            Self::TooLarge { .. } => "TooLarge",
            Self::MissingKeys { .. } => "MissingKeys",
            Self::NotJson { .. } => "InvalidData",
            Self::NotOwned { .. } | Self::OwnedByOther { .. } | Self::LeftByOther { .. } => {
                "OwnershipConflict"
            }
            Self::MergeNotAllowed { .. } => "NotAllowed",
            Self::MergeConflict { .. } => "MergeConflict",
            Self::TargetMissing { .. } => "TargetMissing",
            Self::TargetImmutable { .. } => "TargetImmutable",
            Self::Terminating { .. } => "TargetTerminating",
            Self::Refused { .. } => "KubernetesRefused",
            Self::Suspended => "Suspended",
        }
    }

    /// What it is about.
    pub fn concern(&self) -> Concern {
        match self {
            Self::NoServer
            | Self::InvalidServer { .. }
            | Self::CaSecretMissing { .. }
            | Self::CaKeyMissing { .. }
            | Self::InvalidCaSecret { .. }
            | Self::InvalidCaBundle { .. }
            | Self::Malformed { .. } => Concern::Resource,
            Self::NoTokenRef
            | Self::TokenSecretMissing { .. }
            | Self::TokenKeyMissing { .. }
            | Self::TokenMalformed { .. }
            | Self::TokenNotAllowed { .. }
            | Self::Unauthorized { .. }
            | Self::Forbidden { .. } => Concern::Token,
            Self::Unreachable { .. } | Self::NoCopy { .. } => Concern::Outage,
            Self::NotFound { .. }
            | Self::ConfigDeleted { .. }
            | Self::UnusableAnswer { .. }
            | Self::UpstreamEmpty { .. }
            | Self::RemovalGuard { .. }
            | Self::Unresolved { .. } => Concern::Upstream,
            Self::ForbiddenType { .. }
            | Self::TargetIsToken { .. }
            | Self::NothingSelected
            | Self::InvalidKey { .. }
            | Self::NotBase64 { .. }
            | Self::KeyCollision { .. }
            | Self::NotText { .. }
            | Self::NotVariable { .. }
            | Self::NotPortable { .. }
            | Self::Template { .. }
            | Self::TooLarge { .. }
            | Self::MissingKeys { .. }
            | Self::NotJson { .. }
            | Self::NotOwned { .. }
            | Self::OwnedByOther { .. }
            | Self::LeftByOther { .. }
            | Self::ForbiddenTarget { .. }
            | Self::MergeNotAllowed { .. }
            | Self::MergeConflict { .. }
            | Self::TargetMissing { .. }
            | Self::TargetImmutable { .. }
            | Self::Terminating { .. }
            | Self::Refused { .. } => Concern::Target,
            Self::Suspended => Concern::Suspended,
        }
    }
}
