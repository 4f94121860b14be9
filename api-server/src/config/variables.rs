//! Variables that look like settings and are none. To pass over a misspelt one in silence would be to run otherwise than
//! somebody believes.

use std::ffi::{OsStr, OsString};

use clap::{Args as _, Command};

use super::{ConfigError, SECRETS, Settings};

/// How the names of settings begin that nobody else uses.
const PREFIXES: [&str; 6] = [
    "SSM_",
    "ENCRYPTION_KEY",
    "TOKEN_SALT",
    "TRUSTED_PROX",
    "TLS_CERT",
    "TLS_KEY",
];

/// Variables of our other programs, which may well be set where the server is started, too.
const OF_OTHERS: [&str; 5] = [
    "SSM_SERVER_URL",
    "SSM_SERVER_CA_FILE",
    "SSM_URL",
    "SSM_TOKEN",
    "SSM_TOKEN_FILE",
];

/// Refuses a variable that looks like a setting and is none.
pub(super) fn refuse_unknown(
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<(), ConfigError> {
    let settings = Settings::augment_args(Command::new("settings"));
    let flags = settings.get_arguments().filter_map(clap::Arg::get_env);
    let known: Vec<&OsStr> = flags
        .chain(SECRETS.iter().map(OsStr::new))
        .chain(OF_OTHERS.iter().map(OsStr::new))
        .collect();
    for (name, value) in variables {
        let text = name.to_string_lossy();
        if PREFIXES.iter().any(|prefix| text.starts_with(prefix))
            && !known.contains(&&*name)
            && !is_service_link(&text, &value.to_string_lossy())
            && !is_for_tests(&text)
        {
            return Err(ConfigError::Unknown(
                text.chars().filter(|c| !c.is_control()).collect(),
            ));
        }
    }
    Ok(())
}

/// Whether Kubernetes made the variable: it tells every pod where each service is, and one may be called `ssm`.
fn is_service_link(name: &str, value: &str) -> bool {
    let is_url = ["tcp://", "udp://", "sctp://"]
        .iter()
        .any(|scheme| value.starts_with(scheme));
    name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || (name.ends_with("_PORT") && is_url)
        || ["_TCP", "_UDP", "_SCTP"]
            .iter()
            .any(|protocol| name.contains(protocol))
}

/// Whether the variable tells a build for tests where to let the process die.
fn is_for_tests(name: &str) -> bool {
    cfg!(debug_assertions) && name.starts_with("SSM_TEST_")
}

#[cfg(test)]
mod tests {
    use super::{ConfigError, refuse_unknown};

    fn refused(name: &str, value: &str) -> bool {
        let outcome = refuse_unknown([("PATH".into(), "/bin".into()), (name.into(), value.into())]);
        match outcome {
            Ok(()) => false,
            Err(ConfigError::Unknown(named)) => named == name,
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn misspelt_settings_are_refused_and_everything_else_is_not_ours() {
        for (name, value, expected) in [
            ("SSM_SETUP_TOKENS", "x", true),
            ("SSM_PORT", "8080", true),
            ("ENCRYPTION_KEYFILE", "/k", true),
            ("TOKEN_SALTS", "x", true),
            ("TRUSTED_PROXY", "10.0.0.1", true),
            ("TLS_CERT", "/c", true),
            ("SSM_SETUP_TOKEN", "x", false),
            ("TLS_CERT_FILE", "/c", false),
            ("SSM_SERVER_URL", "http://x", false),
            ("SSM_SERVICE_HOST", "10.1.2.3", false),
            ("SSM_PORT", "tcp://10.1.2.3:8080", false),
            ("SSM_SERVER_PORT_8080_TCP_ADDR", "10.1.2.3", false),
            ("HOSTNAME", "x", false),
        ] {
            assert_eq!(refused(name, value), expected, "{name}={value}");
        }
    }
}
