//! Which token a resource uses, and where it may go.
//!
//! Somebody who may edit a resource but not read the token must not be able to have it sent to a server of their own. So
//! a token goes to the operator's default server, to a server on the operator's allow-list, or to one that the token
//! Secret itself names, and to no other.

use k8s_openapi::api::core::v1::Secret;
use secrecy::zeroize::Zeroizing;
use ssm_client::{Origin, Token};

use crate::crd::{SERVER_ANNOTATION, TokenSecretRef};
use crate::problem::Problem;

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

/// The token in a Secret. `None` stands for a Secret that does not exist.
pub fn read(secret: Option<&Secret>, reference: &TokenSecretRef) -> Result<HeldToken, Problem> {
    let (name, key) = (reference.name.clone(), reference.key.clone());
    let Some(secret) = secret else {
        return Err(Problem::TokenSecretMissing { name, key });
    };
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
        let token = read(Some(&secret(b" ssm_abc\n")), &reference).map(|held| held.token);
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
                read(Some(&secret(bad)), &reference),
                Err(Problem::TokenMalformed { .. })
            ));
        }
        assert!(matches!(
            read(Some(&Secret::default()), &reference),
            Err(Problem::TokenKeyMissing { .. })
        ));
        assert!(matches!(
            read(None, &reference),
            Err(Problem::TokenSecretMissing { .. })
        ));
    }
}
