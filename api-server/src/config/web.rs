//! The settings of the outer wall: how the server is reached, by whom, and by how many at a time.

use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr as _;

use clap::Args;
use ipnet::IpNet;
use ssm_client::Origin;

use super::ConfigError;

/// The flags of the outer wall.
#[derive(Args)]
pub(crate) struct WebSettings {
    /// File with the TLS certificate and what it is signed by, in PEM; a new one is taken up by itself
    #[arg(long, env = "TLS_CERT_FILE")]
    pub tls_cert_file: Option<PathBuf>,
    /// File with that certificate's private key, in PEM
    #[arg(long, env = "TLS_KEY_FILE")]
    pub tls_key_file: Option<PathBuf>,
    /// Scheme and host at which people reach the server: decides the form of the console's cookie, and which pages may
    /// send it. Unset, it is taken from the request on loopback
    #[arg(long, env = "PUBLIC_URL")]
    pub public_url: Option<String>,
    /// Lets the console sign in over plain HTTP beyond loopback, as on a home network: `true` or `false`
    #[arg(long, env = "ALLOW_INSECURE_HTTP", num_args = 0..=1, default_missing_value = "true")]
    pub allow_insecure_http: Option<String>,
    /// Proxies whose X-Forwarded-For is believed: addresses, or blocks such as 10.0.0.0/8, separated by commas
    #[arg(long, env = "TRUSTED_PROXIES")]
    pub trusted_proxies: Option<String>,
    /// Origins of pages that may call the API from a browser, with tokens and never with the console's cookie; separated
    /// by commas
    #[arg(long, env = "CORS_ORIGINS")]
    pub cors_origins: Option<String>,
    /// The most connections at a time
    #[arg(long, env = "MAX_CONNECTIONS", default_value_t = 10_000, value_parser = at_least_one)]
    pub max_connections: usize,
    /// The most connections at a time from one address, or from one /64 of IPv6; trusted proxies have no such limit
    #[arg(long, env = "MAX_CONNECTIONS_PER_ADDRESS", default_value_t = 2_000, value_parser = at_least_one)]
    pub max_connections_per_address: usize,
    /// The most watch streams at a time
    #[arg(long, env = "MAX_STREAMS", default_value_t = 8_000, value_parser = at_least_one)]
    pub max_streams: usize,
    /// The most watch streams at a time with one token
    #[arg(long, env = "MAX_STREAMS_PER_TOKEN", default_value_t = 2_000, value_parser = at_least_one)]
    pub max_streams_per_token: usize,
}

fn at_least_one(text: &str) -> Result<usize, &'static str> {
    let number = text.trim().parse().ok();
    number
        .filter(|number| *number > 0)
        .ok_or("must be a whole number of at least 1")
}

/// The outer wall.
#[derive(Debug, Clone, Default)]
pub(crate) struct WebConfig {
    /// The certificate and its key; without them, plain HTTP is spoken.
    pub tls: Option<TlsFiles>,
    /// Where people reach the server.
    pub public_url: Option<Origin>,
    /// Whether the console may sign in over plain HTTP beyond loopback.
    pub allow_insecure_http: bool,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Whose pages may call the API.
    pub cors_origins: Vec<Origin>,
    /// How much of everything there may be.
    pub limits: Limits,
}

/// Where the certificate and its key are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TlsFiles {
    /// The certificate, and what it is signed by.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// How much there may be at a time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Connections.
    pub connections: usize,
    /// Connections from one address.
    pub connections_per_address: usize,
    /// Watch streams.
    pub streams: usize,
    /// Watch streams with one token.
    pub streams_per_token: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            connections_per_address: 2_000,
            streams: 8_000,
            streams_per_token: 2_000,
        }
    }
}

impl WebConfig {
    pub(super) fn new(settings: WebSettings) -> Result<Self, ConfigError> {
        let config = Self {
            tls: tls_files(settings.tls_cert_file, settings.tls_key_file)?,
            public_url: public_url(settings.public_url.as_deref())?,
            allow_insecure_http: switch(
                "ALLOW_INSECURE_HTTP",
                settings.allow_insecure_http.as_deref(),
            )?,
            trusted_proxies: trusted_proxies(settings.trusted_proxies.as_deref())?,
            cors_origins: cors_origins(settings.cors_origins.as_deref())?,
            limits: Limits {
                connections: settings.max_connections,
                connections_per_address: settings.max_connections_per_address,
                streams: settings.max_streams,
                streams_per_token: settings.max_streams_per_token,
            },
        };
        config.agrees_with_itself()?;
        Ok(config)
    }

    /// Whether everybody reaches the server over HTTPS.
    pub(crate) fn is_https(&self) -> bool {
        self.tls.is_some() || self.public_url.as_ref().is_some_and(Origin::is_https)
    }

    fn agrees_with_itself(&self) -> Result<(), ConfigError> {
        let url = self.public_url.as_ref();
        let plain_beyond_loopback = url.is_some_and(|url| !url.is_https() && !url.is_loopback());
        if self.tls.is_some() && url.is_some_and(|url| !url.is_https()) {
            return Err(ConfigError::Contradiction(
                "PUBLIC_URL is http, but TLS_CERT_FILE makes the server speak https only; set PUBLIC_URL to its https address",
            ));
        }
        if plain_beyond_loopback && !self.allow_insecure_http {
            return Err(ConfigError::Contradiction(
                "PUBLIC_URL is http and beyond this machine, so passwords and secrets would travel in clear; use https, or \
                 set ALLOW_INSECURE_HTTP=true if you trust everybody on that network",
            ));
        }
        if self.allow_insecure_http && self.is_https() {
            return Err(ConfigError::Contradiction(
                "ALLOW_INSECURE_HTTP is set, but the server is reached over https; remove ALLOW_INSECURE_HTTP",
            ));
        }
        Ok(())
    }
}

fn tls_files(cert: Option<PathBuf>, key: Option<PathBuf>) -> Result<Option<TlsFiles>, ConfigError> {
    let given = |path: Option<PathBuf>| path.filter(|path| !path.as_os_str().is_empty());
    match (given(cert), given(key)) {
        (None, None) => Ok(None),
        (Some(cert), Some(key)) => Ok(Some(TlsFiles { cert, key })),
        (Some(_), None) => Err(ConfigError::Contradiction(
            "TLS_CERT_FILE is set without TLS_KEY_FILE; set both, or neither for plain HTTP",
        )),
        (None, Some(_)) => Err(ConfigError::Contradiction(
            "TLS_KEY_FILE is set without TLS_CERT_FILE; set both, or neither for plain HTTP",
        )),
    }
}

fn public_url(text: Option<&str>) -> Result<Option<Origin>, ConfigError> {
    let why = "must be http:// or https://, a host and maybe a port, and nothing behind them, such as https://ssm.example.com";
    let url = given(text).map(Origin::parse).transpose();
    url.map_err(|_| ConfigError::invalid("PUBLIC_URL", &why))
}

fn switch(name: &'static str, text: Option<&str>) -> Result<bool, ConfigError> {
    match given(text).map(str::to_ascii_lowercase).as_deref() {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(ConfigError::invalid(name, &"must be true or false")),
    }
}

fn trusted_proxies(text: Option<&str>) -> Result<Vec<IpNet>, ConfigError> {
    let invalid = |why: &str| ConfigError::invalid("TRUSTED_PROXIES", &why);
    let blocks = list(text).map(|text| {
        let address = IpAddr::from_str(text).map(IpNet::from);
        let block = address.or_else(|_| IpNet::from_str(text));
        block.map_err(|_| {
            invalid("must be addresses, or blocks such as 10.0.0.0/8, separated by commas")
        })
    });
    let blocks = blocks.collect::<Result<Vec<_>, _>>()?;
    if blocks.iter().any(|block| block.prefix_len() == 0) {
        return Err(invalid(
            "must not hold every address: then anybody could claim to be anybody",
        ));
    }
    Ok(blocks)
}

fn cors_origins(text: Option<&str>) -> Result<Vec<Origin>, ConfigError> {
    let origins = list(text).map(|text| match Origin::parse(text) {
        // A browser never says so: it would allow nothing, and somebody believes that it does.
        Ok(origin) if origin.as_str().contains('*') => {
            Err("must name each origin; `*` stands for none")
        }
        Ok(origin) => Ok(origin),
        Err(_) => Err("must be origins such as https://tools.example.com, separated by commas"),
    });
    let origins = origins.collect::<Result<_, _>>();
    origins.map_err(|why| ConfigError::invalid("CORS_ORIGINS", &why))
}

/// Compose files pass variables on as empty ones when they are not set.
fn given(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

fn list(text: Option<&str>) -> impl Iterator<Item = &str> {
    let parts = text.unwrap_or_default().split(',');
    parts.map(str::trim).filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::{WebConfig, WebSettings};
    use crate::config::ConfigError;

    #[derive(Parser)]
    struct Flags {
        #[command(flatten)]
        web: WebSettings,
    }

    fn web(flags: &[&str]) -> Result<WebConfig, ConfigError> {
        let flags = [&["ssm-server"], flags].concat();
        WebConfig::new(Flags::try_parse_from(flags).unwrap().web)
    }

    #[test]
    fn settings_that_are_unsafe_or_contradict_each_other_are_refused_with_what_to_do() {
        for (flags, says) in [
            (&["--tls-cert-file=/c"][..], "TLS_KEY_FILE"),
            (&["--tls-key-file=/k"], "TLS_CERT_FILE"),
            (&["--public-url=http://ssm.lan"], "ALLOW_INSECURE_HTTP=true"),
            (
                &[
                    "--public-url=http://localhost",
                    "--tls-cert-file=/c",
                    "--tls-key-file=/k",
                ],
                "https address",
            ),
            (
                &["--public-url=https://ssm.lan", "--allow-insecure-http"],
                "remove ALLOW_INSECURE_HTTP",
            ),
            (&["--public-url=https://ssm.lan/path"], "PUBLIC_URL must be"),
            (&["--allow-insecure-http=perhaps"], "true or false"),
            (
                &["--trusted-proxies=10.0.0.0/8,proxy.lan"],
                "TRUSTED_PROXIES must be",
            ),
            (&["--trusted-proxies=0.0.0.0/0"], "every address"),
            (&["--trusted-proxies=10.0.0.1/8,::/0"], "every address"),
            (&["--cors-origins=*"], "CORS_ORIGINS must be"),
            (&["--cors-origins=https://*.example.com"], "each origin"),
        ] {
            let error = web(flags).expect_err(says).to_string();
            assert!(error.contains(says), "{flags:?}: {error}");
        }
    }

    #[test]
    fn settings_that_agree_are_taken() {
        for flags in [
            &["--public-url=http://localhost:8080"][..],
            &["--public-url=http://ssm.lan", "--allow-insecure-http=TRUE"],
            &["--allow-insecure-http"],
            &[
                "--public-url=https://ssm.lan",
                "--tls-cert-file=/c",
                "--tls-key-file=/k",
            ],
            &[
                "--public-url=",
                "--trusted-proxies=",
                "--cors-origins=",
                "--allow-insecure-http=",
            ],
        ] {
            assert!(web(flags).is_ok(), "{flags:?}");
        }
        let lists = web(&[
            "--trusted-proxies=10.0.0.0/8, ::1,192.168.1.5",
            "--cors-origins=https://a.example,https://b.example:8443",
        ]);
        let lists = lists.ok().unwrap();
        assert_eq!(
            (lists.trusted_proxies.len(), lists.cors_origins.len()),
            (3, 2)
        );
    }
}
