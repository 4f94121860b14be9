//! Which token a resource uses, and where it may go.
//!
//! Somebody who may edit a resource but not read the token must not be able to have it sent to a server of their own. So
//! a token goes to the operator's default server, to a server on the operator's allow-list, or to one that the token
//! Secret itself names, and to no other.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Client};
use secrecy::zeroize::Zeroizing;
use ssm_client::{Origin, Token};

use crate::crd::{SERVER_ANNOTATION, TokenSecretRef};
use crate::problem::Problem;
use crate::queue::Key;
use crate::store::Store;

const MAX_TOKEN: usize = 4096;

/// Whether a token may be sent to a server. `named` is what the token Secret's annotation says.
pub fn may_go(
    server: &Origin,
    default: Option<&Origin>,
    allowed: &[Origin],
    named: Option<&Origin>,
) -> bool {
    default == Some(server) || allowed.contains(server) || named == Some(server)
}

/// A token as its Secret has it.
#[derive(Debug, Clone)]
pub struct HeldToken {
    /// The token.
    pub token: Token,
    /// The server that its Secret names.
    pub named: Option<Origin>,
}

struct Cached {
    resource_version: Box<str>,
    held: Result<HeldToken, Problem>,
}

/// Token Secrets that were read, each until it changes.
#[derive(Default)]
pub struct Tokens {
    cache: Mutex<HashMap<(Key, String), Cached>>,
}

impl Tokens {
    /// Reads a token, from memory where its Secret has not changed. The outer error is the API server's.
    pub async fn get(
        &self,
        client: &Client,
        store: &Store,
        namespace: &str,
        reference: &TokenSecretRef,
    ) -> Result<Result<HeldToken, Problem>, kube::Error> {
        let secret = Key::new(namespace, &reference.name);
        let Some(meta) = store.secret(&secret) else {
            return Ok(Err(missing(reference)));
        };
        let place = (secret, reference.key.clone());
        if let Some(cached) = self.lock().get(&place)
            && cached.resource_version == meta.resource_version
        {
            return Ok(cached.held.clone());
        }
        let api: Api<Secret> = Api::namespaced(client.clone(), namespace);
        let Some(live) = api.get_opt(&reference.name).await? else {
            return Ok(Err(missing(reference)));
        };
        let held = read(&live, reference);
        let resource_version = live
            .metadata
            .resource_version
            .as_deref()
            .unwrap_or_default()
            .into();
        self.lock().insert(
            place,
            Cached {
                resource_version,
                held: held.clone(),
            },
        );
        Ok(held)
    }

    /// Forgets what was read of a Secret.
    pub fn forget(&self, secret: &Key) {
        self.lock().retain(|(key, _), _| key != secret);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<(Key, String), Cached>> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn missing(reference: &TokenSecretRef) -> Problem {
    Problem::TokenSecretMissing {
        name: reference.name.clone(),
        key: reference.key.clone(),
    }
}

fn read(secret: &Secret, reference: &TokenSecretRef) -> Result<HeldToken, Problem> {
    let (name, key) = (reference.name.clone(), reference.key.clone());
    let Some(bytes) = secret
        .data
        .as_ref()
        .and_then(|data| data.get(&reference.key))
    else {
        return Err(Problem::TokenKeyMissing { name, key });
    };
    // Tokens are often put there with a line break at the end.
    let text = Zeroizing::new(String::from_utf8_lossy(&bytes.0).trim().to_owned());
    if text.is_empty()
        || text.len() > MAX_TOKEN
        || !text.bytes().all(|byte| byte.is_ascii_graphic())
    {
        return Err(Problem::TokenMalformed { name, key });
    }
    let named = secret
        .metadata
        .annotations
        .as_ref()
        .and_then(|annotations| annotations.get(SERVER_ANNOTATION));
    Ok(HeldToken {
        token: Token::new(text.as_str()),
        named: named.and_then(|url| Origin::parse(url).ok()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::ByteString;

    #[test]
    fn a_token_goes_to_the_default_server_the_allow_list_and_where_its_secret_says() {
        let origin = |url: &str| Origin::parse(url).expect("valid");
        let default = origin("https://ssm.example.com");
        let allowed = [origin("https://other.example.com:8443")];
        for (server, named, expected) in [
            ("https://ssm.example.com", None, true),
            ("https://SSM.example.com:443/", None, true),
            ("http://ssm.example.com", None, false),
            ("https://ssm.example.com:8443", None, false),
            ("https://ssm.example.com.evil.org", None, false),
            ("https://other.example.com:8443", None, true),
            ("https://other.example.com", None, false),
            ("https://evil.org", None, false),
            ("https://evil.org", Some("https://ssm.example.com"), false),
            ("https://mine.org", Some("https://mine.org"), true),
            ("https://mine.org", Some("https://mine.org:444"), false),
        ] {
            let named = named.map(origin);
            assert_eq!(
                may_go(&origin(server), Some(&default), &allowed, named.as_ref()),
                expected,
                "{server} {named:?}"
            );
        }
        assert!(!may_go(&default, None, &[], None));
    }

    #[test]
    fn a_token_is_one_line_of_visible_characters() {
        let reference = TokenSecretRef {
            name: "t".into(),
            key: "token".into(),
        };
        let secret = |value: &[u8]| Secret {
            data: Some([("token".to_owned(), ByteString(value.to_vec()))].into()),
            ..Secret::default()
        };
        let token = read(&secret(b" ssm_abc\n"), &reference).map(|held| held.token);
        assert_eq!(token, Ok(Token::new("ssm_abc")));
        for bad in [
            &b""[..],
            b" \n",
            b"a b",
            b"a\nb",
            b"\xff\xfe",
            &[b'a'; MAX_TOKEN + 1],
        ] {
            assert!(matches!(
                read(&secret(bad), &reference),
                Err(Problem::TokenMalformed { .. })
            ));
        }
        assert!(matches!(
            read(&Secret::default(), &reference),
            Err(Problem::TokenKeyMissing { .. })
        ));
    }
}
