//! The one TLS provider of the test process.

/// Makes `ring` the process's TLS provider. May be called any number of times, from any thread; everything in this crate
/// that speaks TLS calls it, so that only tests with clients of their own need to.
pub fn install_crypto() {
    // An error means that a provider is there already, which is all that is asked for.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
