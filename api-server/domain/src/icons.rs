//! Which icon a secret has: the one that somebody chose, or else one that its key suggests.
//!
//! What a key suggests is worked out when it is read and stored nowhere, so a better table helps at once and never argues
//! with a choice. The names are those of Simple Icons where there is a brand, and of Lucide where there is none.

use crate::names::Key;
use crate::state::Secret;

/// Icons by what keys begin with, in whole words; the longest that fits counts. Sorted, so that it can be searched.
const BY_PREFIX: &[(&str, &str)] = &[
    ("ALGOLIA", "algolia"),
    ("ANTHROPIC", "anthropic"),
    ("AUTH0", "auth0"),
    ("AWS", "amazonwebservices"),
    ("AZURE", "microsoftazure"),
    ("CASSANDRA", "apachecassandra"),
    ("CLICKHOUSE", "clickhouse"),
    ("CLOUDFLARE", "cloudflare"),
    ("DATABASE", "database"),
    ("DATADOG", "datadog"),
    ("DB", "database"),
    ("DD", "datadog"),
    ("DIGITALOCEAN", "digitalocean"),
    ("DISCORD", "discord"),
    ("DOCKER", "docker"),
    ("ELASTIC", "elasticsearch"),
    ("ELASTICSEARCH", "elasticsearch"),
    ("EMAIL", "mail"),
    ("FIREBASE", "firebase"),
    ("GCP", "googlecloud"),
    ("GH", "github"),
    ("GITHUB", "github"),
    ("GITLAB", "gitlab"),
    ("GOOGLE", "google"),
    ("GOOGLE_CLOUD", "googlecloud"),
    ("GRAFANA", "grafana"),
    ("JIRA", "jira"),
    ("JWT", "jsonwebtokens"),
    ("KAFKA", "apachekafka"),
    ("MAIL", "mail"),
    ("MAILGUN", "mailgun"),
    ("MARIADB", "mariadb"),
    ("MINIO", "minio"),
    ("MONGO", "mongodb"),
    ("MONGODB", "mongodb"),
    ("MYSQL", "mysql"),
    ("NATS", "natsdotio"),
    ("NPM", "npm"),
    ("OPENAI", "openai"),
    ("PAYPAL", "paypal"),
    ("PG", "postgresql"),
    ("POSTGRES", "postgresql"),
    ("POSTGRESQL", "postgresql"),
    ("RABBITMQ", "rabbitmq"),
    ("REDIS", "redis"),
    ("S3", "amazons3"),
    ("SENDGRID", "sendgrid"),
    ("SENTRY", "sentry"),
    ("SHOPIFY", "shopify"),
    ("SLACK", "slack"),
    ("SMTP", "mail"),
    ("SSH", "terminal"),
    ("STRIPE", "stripe"),
    ("SUPABASE", "supabase"),
    ("TELEGRAM", "telegram"),
    ("TLS", "lock"),
    ("TWILIO", "twilio"),
    ("VAULT", "vault"),
    ("VERCEL", "vercel"),
];

/// The longest name of an icon.
const LONGEST: usize = 100;

/// Whether a text can be the name of an icon that somebody chooses.
pub fn is_name(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_.:-".contains(&b);
    (1..=LONGEST).contains(&text.len()) && text.bytes().all(allowed)
}

/// The icon of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Icon<'a> {
    /// Somebody chose it.
    Manual(&'a str),
    /// The key suggests it; or nothing.
    Auto(Option<&'static str>),
}

impl<'a> Icon<'a> {
    /// The icon of what is stored under `key`.
    pub fn of(key: &Key, secret: &'a Secret) -> Self {
        match secret.icon.as_deref() {
            Some(chosen) => Self::Manual(chosen),
            None => Self::Auto(suggested(key)),
        }
    }

    /// Its name.
    pub fn slug(self) -> Option<&'a str> {
        match self {
            Self::Manual(slug) => Some(slug),
            Self::Auto(slug) => slug,
        }
    }

    /// `manual` or `auto`.
    pub fn source(self) -> &'static str {
        match self {
            Self::Manual(_) => "manual",
            Self::Auto(_) => "auto",
        }
    }
}

/// The icon that a key suggests.
pub fn suggested(key: &Key) -> Option<&'static str> {
    let mut prefixes = std::iter::successors(Some(key.as_str()), |prefix| {
        Some(prefix.rsplit_once('_')?.0)
    });
    prefixes.find_map(|prefix| {
        let found = BY_PREFIX.binary_search_by_key(&prefix, |(known, _)| known);
        found.ok().map(|at| BY_PREFIX[at].1)
    })
}

#[cfg(test)]
mod tests {
    use super::{BY_PREFIX, suggested};

    #[test]
    fn the_longest_prefix_of_whole_words_counts() {
        for (key, icon) in [
            ("POSTGRES", Some("postgresql")),
            ("POSTGRES_PASSWORD", Some("postgresql")),
            ("DATABASE_URL", Some("database")),
            ("REDIS_URL", Some("redis")),
            ("GOOGLE_API_KEY", Some("google")),
            ("GOOGLE_CLOUD_PROJECT", Some("googlecloud")),
            ("STRIPES", None),
            ("MY_STRIPE_KEY", None),
            ("_", None),
            ("_REDIS", None),
            ("LOG_LEVEL", None),
        ] {
            assert_eq!(suggested(&key.parse().unwrap()), icon, "{key}");
        }
    }

    #[test]
    fn every_prefix_is_a_key_and_is_found() {
        assert!(BY_PREFIX.is_sorted_by(|(one, _), (next, _)| one < next));
        for (prefix, icon) in BY_PREFIX {
            let key = format!("{prefix}_X").parse().unwrap();
            assert_eq!(suggested(&key), Some(*icon));
        }
    }
}
