//! Certificates to trust for a server, out of a Secret in the resource's namespace. Whoever may edit the resource chooses them, so that
//! they never count for the operator's default server.

use std::sync::Arc;

use k8s_openapi::api::core::v1::Secret;

use crate::crd::CaSecretRef;
use crate::problem::Problem;

/// As much as `caBundle` holds.
const MAX_PEM: usize = 96 * 1024;

/// The certificates in PEM, not yet parsed. `None` stands for a Secret that does not exist.
pub fn read(secret: Option<&Secret>, reference: &CaSecretRef) -> Result<Arc<[u8]>, Problem> {
    let (name, key) = (reference.name.clone(), reference.key.clone());
    let Some(secret) = secret else {
        return Err(Problem::CaSecretMissing { name, key });
    };
    let data = secret.data.as_ref();
    let Some(pem) = data.and_then(|data| data.get(&reference.key)) else {
        return Err(Problem::CaKeyMissing { name, key });
    };
    if pem.0.len() > MAX_PEM {
        let why = format!("it is larger than {MAX_PEM} bytes");
        return Err(Problem::InvalidCaSecret { name, key, why });
    }
    Ok(pem.0.as_slice().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::ByteString;

    #[test]
    fn what_is_not_there_or_too_much_is_explained() {
        let reference = CaSecretRef {
            name: "ca".into(),
            key: "ca.crt".into(),
        };
        let secret = |value: &[u8]| Secret {
            data: Some([("ca.crt".to_owned(), ByteString(value.to_vec()))].into()),
            ..Secret::default()
        };
        let reason =
            |secret: Option<&Secret>| read(secret, &reference).map_err(|problem| problem.reason());
        assert_eq!(reason(None), Err("CASecretMissing"));
        assert_eq!(reason(Some(&Secret::default())), Err("CAKeyMissing"));
        assert_eq!(
            reason(Some(&secret("x".repeat(MAX_PEM + 1).as_bytes()))),
            Err("InvalidCASecret")
        );
        assert_eq!(reason(Some(&secret(b"pem"))), Ok(b"pem"[..].into()));
    }
}
