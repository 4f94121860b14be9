//! What proves who somebody is: tokens and passwords, and the salted forms of them that are stored.
//!
//! A token is `ssm_`, 43 characters of base62 (256 random bits) and 6 of base62 CRC-32, so that a mistyped one and one found by a
//! scanner of leaked secrets can be told from noise without asking anybody.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use rand::CryptoRng;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::digest::Digest;
use crate::id::{CredentialId, TokenId, UserId};
use crate::names::Username;
use crate::seal::SealError;
use crate::secret::Password;

const PREFIX: &str = "ssm_";
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const RANDOM_CHARS: usize = 43;
const CHECKSUM_CHARS: usize = 6;

/// A token in clear. Shown once, never stored.
#[derive(Clone)]
pub struct PlainToken(SecretString);

/// The text has not the form of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a token")]
pub struct NotAToken;

impl PlainToken {
    /// A new token of 256 random bits.
    pub fn random(rng: &mut dyn CryptoRng) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        rng.fill_bytes(bytes.as_mut_slice());
        let mut text = String::with_capacity(PREFIX.len() + RANDOM_CHARS + CHECKSUM_CHARS);
        text.push_str(PREFIX);
        push_base62(&mut text, bytes.as_mut_slice(), RANDOM_CHARS);
        push_checksum(&mut text);
        Self(text.into())
    }

    /// Accepts what has the form and checksum of a token.
    pub fn parse(text: &str) -> Result<Self, NotAToken> {
        let body = text
            .get(..text.len().saturating_sub(CHECKSUM_CHARS))
            .ok_or(NotAToken)?;
        let random = body.strip_prefix(PREFIX).ok_or(NotAToken)?;
        let well_formed =
            random.len() == RANDOM_CHARS && random.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let mut expected = Zeroizing::new(String::with_capacity(text.len()));
        expected.push_str(body);
        push_checksum(&mut expected);
        if well_formed && *expected == text {
            Ok(Self(text.to_owned().into()))
        } else {
            Err(NotAToken)
        }
    }

    /// The token itself. The only way to it.
    #[expect(clippy::disallowed_methods, reason = "the one function that reveals")]
    pub fn reveal(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for PlainToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Writes a big-endian number as `chars` digits of base62, and leaves zeroes behind.
fn push_base62(text: &mut String, number: &mut [u8], chars: usize) {
    for _ in 0..chars {
        let mut remainder = 0u32;
        for byte in number.iter_mut() {
            let dividend = remainder << 8 | u32::from(*byte);
            *byte = u8::try_from(dividend / 62)
                .expect("a remainder below 62 keeps the quotient below 256");
            remainder = dividend % 62;
        }
        text.push(char::from(BASE62[remainder as usize]));
    }
}

fn push_checksum(text: &mut String) {
    let checksum = crc32fast::hash(text.as_bytes());
    push_base62(text, &mut checksum.to_be_bytes(), CHECKSUM_CHARS);
}

/// A token as the store knows it: HMAC-SHA256 keyed with the salt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash([u8; 32]);

/// The key of all token hashes and, by derivation, of password peppering. Kept outside the database.
#[derive(Clone)]
pub struct TokenSalt(Hmac<Sha256>);

impl TokenSalt {
    /// Reads 32 bytes of base64, white space around them allowed.
    pub fn parse(text: &str) -> Result<Self, SealError> {
        // A root key is read by the same rules, well-known values included.
        crate::seal::RootKey::parse(text)?;
        let bytes = STANDARD
            .decode(text.trim())
            .map_err(|_| SealError::InvalidKey)?;
        Ok(Self(keyed(&Zeroizing::new(bytes))))
    }

    /// Tells two salts apart without saying anything about them.
    pub fn fingerprint(&self) -> String {
        hex::encode(&self.mac(b"ssm/token-salt-fingerprint/v1")[..16])
    }

    /// The stored form of a token.
    pub fn hash(&self, token: &PlainToken) -> TokenHash {
        TokenHash(self.mac(token.reveal().as_bytes()))
    }

    /// Names a text so that it can be known again and nothing about it can be guessed. `purpose` keeps one use of this
    /// apart from the others.
    pub fn digest(&self, purpose: &str, parts: &[&[u8]]) -> Digest {
        let mut mac = self.0.clone();
        mac.update(purpose.as_bytes());
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        Digest::from_bytes(mac.finalize().into_bytes().into())
    }

    /// bcrypt over this, since bcrypt alone ignores what follows byte 72 or a NUL.
    fn pepper(&self, password: &Password) -> Zeroizing<String> {
        let key = Zeroizing::new(self.mac(b"ssm/password-pepper/v1"));
        let mac = finish(keyed(key.as_slice()), password.reveal().as_bytes());
        Zeroizing::new(STANDARD.encode(mac))
    }

    fn mac(&self, message: &[u8]) -> [u8; 32] {
        finish(self.0.clone(), message)
    }
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}

fn finish(mut mac: Hmac<Sha256>, message: &[u8]) -> [u8; 32] {
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// A token's record in the auth store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRecord {
    /// The token's id, which the journal holds.
    pub id: TokenId,
    #[serde(with = "hex::serde")]
    hash: [u8; 32],
}

impl TokenRecord {
    /// The record of a token.
    pub fn new(id: TokenId, hash: TokenHash) -> Self {
        Self { id, hash: hash.0 }
    }

    /// The stored hash.
    pub fn hash(&self) -> TokenHash {
        TokenHash(self.hash)
    }
}

/// A password's record in the auth store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordRecord {
    /// The credential's id, which the journal holds.
    pub id: CredentialId,
    /// Whose password it is.
    pub user_id: UserId,
    /// bcrypt, in modular crypt format.
    pub hash: PasswordHash,
}

/// A bcrypt hash of a peppered password. Slow to make and to check, on purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PasswordHash(String);

/// bcrypt's cost: about a quarter of a second on one core.
const COST: u32 = 12;

impl PasswordHash {
    /// Hashes a password. Takes a quarter of a second.
    pub fn new(rng: &mut dyn CryptoRng, salt: &TokenSalt, password: &Password) -> Self {
        let mut bcrypt_salt = [0; 16];
        rng.fill_bytes(&mut bcrypt_salt);
        let parts = bcrypt::hash_with_salt(salt.pepper(password).as_bytes(), COST, bcrypt_salt)
            .expect("the cost is in range and 44 bytes of base64 hold no NUL");
        Self(parts.to_string())
    }

    /// Whether `password` is the one that was hashed. Takes a quarter of a second.
    pub fn matches(&self, salt: &TokenSalt, password: &Password) -> bool {
        bcrypt::verify(salt.pepper(password).as_bytes(), &self.0).unwrap_or(false)
    }

    /// A hash that no password matches, for taking the same time over users that do not exist.
    pub fn unmatchable() -> Self {
        Self(format!("$2b${COST}${}", ".".repeat(53)))
    }
}

/// Why a new password is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// Not 12 to 256 characters.
    #[error("must have 12 to 256 characters")]
    Length,
    /// In the list of common ones.
    #[error("is one of the passwords that are tried first; choose another")]
    Common,
    /// The username, forwards or repeated.
    #[error("must not be the username")]
    Username,
}

/// The common passwords of 12 and more characters, lower case: shorter ones are refused for their length.
const COMMON: &[&str] = &[
    "123456789012",
    "1234567890123",
    "12345678901234",
    "123456789012345",
    "1234567890123456",
    "012345678901",
    "qwertyuiop12",
    "qwertyuiop123",
    "qwertyuiopasdfgh",
    "qwertyuiop[]",
    "1q2w3e4r5t6y",
    "1qaz2wsx3edc",
    "zaq12wsxcde3",
    "password1234",
    "password12345",
    "password123456",
    "passwordpassword",
    "passw0rd1234",
    "p@ssw0rd1234",
    "mypassword123",
    "administrator",
    "administrator1",
    "admin1234567",
    "adminadminadmin",
    "adminpassword",
    "changemechangeme",
    "changeme1234",
    "letmeinletmein",
    "iloveyou1234",
    "abcdefghijkl",
    "abcdefghijklm",
    "abcd1234abcd",
    "abc123abc123",
    "aaaaaaaaaaaa",
    "000000000000",
    "111111111111",
    "123123123123",
    "qwertyqwerty",
    "welcome12345",
    "correcthorsebatterystaple",
    "simplesecrets",
    "simplesecretsmanager",
    "secretsecret",
    "supersecret123",
    "unknown00000",
    "q1w2e3r4t5y6",
];

/// Checks a new password: 12 to 256 characters, any of them, not common and not the username.
pub fn check_new_password(password: &Password, username: &Username) -> Result<(), WeakPassword> {
    let text = password.reveal();
    let lower = Zeroizing::new(text.to_lowercase());
    if !(12..=256).contains(&text.chars().count()) {
        Err(WeakPassword::Length)
    } else if COMMON.contains(&lower.as_str()) {
        Err(WeakPassword::Common)
    } else if *lower == *username.folded() {
        Err(WeakPassword::Username)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::{PasswordHash, PlainToken, TokenSalt, WeakPassword, check_new_password};
    use crate::secret::Password;

    fn salt(text: &str) -> TokenSalt {
        TokenSalt::parse(text).unwrap()
    }

    const SALT: &str = "3n9Jd1fTq8bWm2Xc7vKz5LpR4sYh6GtU0eAoIiQwBxM=";

    #[test]
    fn a_token_has_its_form_and_every_mistyped_character_is_noticed() {
        let token = PlainToken::random(&mut StdRng::seed_from_u64(7));
        let text = token.reveal();
        assert_eq!(text.len(), 53);
        assert!(PlainToken::parse(text).is_ok());
        for i in 0..text.len() {
            let mut bytes = text.as_bytes().to_vec();
            bytes[i] = if bytes[i] == b'x' { b'y' } else { b'x' };
            assert!(
                PlainToken::parse(std::str::from_utf8(&bytes).unwrap()).is_err(),
                "character {i}"
            );
        }
    }

    #[test]
    fn what_is_no_token_is_refused() {
        for text in [
            "",
            " ",
            "ssm_",
            "ssm_é",
            "Bearer",
            &"ssm_".repeat(30),
            "\u{1F511}".repeat(20).as_str(),
        ] {
            assert!(PlainToken::parse(text).is_err());
        }
    }

    #[test]
    fn a_password_matches_itself_and_the_bytes_after_the_seventy_second_count() {
        let mut rng = StdRng::seed_from_u64(7);
        let long = "x".repeat(80);
        let hash = PasswordHash::new(&mut rng, &salt(SALT), &Password::new(long.clone()));
        assert!(hash.matches(&salt(SALT), &Password::new(long.clone())));
        assert!(!hash.matches(&salt(SALT), &Password::new(format!("{}y", &long[..79]))));
        assert!(!PasswordHash::unmatchable().matches(&salt(SALT), &Password::new(String::new())));
    }

    #[test]
    fn new_passwords_are_long_and_uncommon() {
        let alice = "alice@example.com".parse().unwrap();
        for (text, expected) in [
            ("Str0ng!Passw0rd", Ok(())),
            ("пароль из слов", Ok(())),
            ("short", Err(WeakPassword::Length)),
            (&*"x".repeat(257), Err(WeakPassword::Length)),
            ("Password1234", Err(WeakPassword::Common)),
            ("Alice@Example.com", Err(WeakPassword::Username)),
        ] {
            assert_eq!(
                check_new_password(&Password::new(text.into()), &alice),
                expected
            );
        }
    }
}
