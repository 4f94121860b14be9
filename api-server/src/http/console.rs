//! The console: a page and its files, from within the binary. What they ask for, they ask of the API like everybody else.

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::errors::ApiError;

/// A file with the forms that it was compressed into when it was built.
struct File {
    path: &'static str,
    plain: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

mod built {
    //! What `build.rs` found in `web/dist`.
    use super::File;

    include!(concat!(env!("OUT_DIR"), "/console.rs"));
}

/// Where the page wants its nonce.
const NONCE: &str = "__CSP_NONCE__";
/// What is in here has its hash in its name.
const HASHED: &str = "/assets/";
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Asked for again each time.
const FRESH: HeaderValue = HeaderValue::from_static("no-cache");

/// Whatever is at no address of the API: a file of the console, the console's page where a browser goes to one of its
/// views, and otherwise nothing.
pub(super) async fn answer(request: Request) -> Response {
    let (path, headers) = (request.uri().path(), request.headers());
    let nothing = || ApiError::no_such_endpoint().into_response();
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return nothing();
    }
    if let Some(file) = built::FILES.iter().find(|file| file.path == path) {
        return file.answer(headers);
    }
    if is_view(path) && (path == "/" || wants_page(headers)) {
        return page();
    }
    nothing()
}

/// Whether the console may have a view there: which ones it has, its own router knows.
fn is_view(path: &str) -> bool {
    path != "/api" && !path.starts_with("/api/") && !path.starts_with(HASHED)
}

/// Whether this is a browser that goes somewhere. Scripts that mistyped an address get an error that they can read.
fn wants_page(headers: &HeaderMap) -> bool {
    lists(headers, &ACCEPT, "text/html")
}

/// The page. It is made anew for each answer, since the styles that Mantine computes are let in by a nonce.
fn page() -> Response {
    let nonce = STANDARD.encode(rand::random::<[u8; 16]>());
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self'; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (CONTENT_SECURITY_POLICY, policy),
    ];
    (headers, built::PAGE.replace(NONCE, &nonce)).into_response()
}

impl File {
    fn answer(&self, headers: &HeaderMap) -> Response {
        let (encoding, body) = self.form_for(headers);
        let cache = if self.path.starts_with(HASHED) {
            FOR_EVER
        } else {
            FRESH
        };
        let about = [
            (CONTENT_TYPE, HeaderValue::from_static(self.media_type())),
            (CACHE_CONTROL, cache),
            (VARY, HeaderValue::from_static("accept-encoding")),
        ];
        let encoding = encoding.map(|name| [(CONTENT_ENCODING, HeaderValue::from_static(name))]);
        let mut response = (about, body).into_response();
        response
            .headers_mut()
            .extend(encoding.into_iter().flatten());
        response
    }

    /// The smallest form that the client takes.
    fn form_for(&self, headers: &HeaderMap) -> (Option<&'static str>, &'static [u8]) {
        let forms = [("br", self.brotli), ("gzip", self.gzip)];
        let taken = forms.into_iter().find_map(|(name, body)| {
            let body = body.filter(|_| lists(headers, &ACCEPT_ENCODING, name))?;
            Some((Some(name), body))
        });
        taken.unwrap_or((None, self.plain))
    }

    fn media_type(&self) -> &'static str {
        match self.path.rsplit_once('.').map(|(_, end)| end) {
            Some("css") => "text/css; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            Some("svg") => "image/svg+xml",
            Some("txt") => "text/plain; charset=utf-8",
            Some(_) | None => "application/octet-stream",
        }
    }
}

/// Whether a list of what a client takes has `wanted` in it, and not as something that it does not want (`q=0`).
fn lists(headers: &HeaderMap, header: &HeaderName, wanted: &str) -> bool {
    let lines = headers.get_all(header).iter();
    let items = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','));
    items
        .map(|item| item.split(';').map(str::trim))
        .any(|mut item| {
            let name = item.next().unwrap_or_default();
            let is_refused = |weight: &str| {
                let weight = weight.strip_prefix("q=");
                weight.is_some_and(|weight| weight.parse() == Ok(0.0))
            };
            name.eq_ignore_ascii_case(wanted) && !item.any(is_refused)
        })
}

#[cfg(test)]
mod tests {
    use http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE};
    use http::{HeaderMap, HeaderValue};

    use super::{File, is_view, lists, page};

    const SCRIPT: File = File {
        path: "/assets/index-1a2b.js",
        plain: b"plain",
        brotli: Some(b"br"),
        gzip: Some(b"gz"),
    };

    fn taking(encodings: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(encodings))])
    }

    #[test]
    fn a_file_comes_in_the_smallest_form_that_the_client_takes() {
        for (encodings, form) in [
            ("gzip, deflate, br", &b"br"[..]),
            ("gzip;q=1.0, BR;q=0", b"gz"),
            ("deflate", b"plain"),
            ("", b"plain"),
        ] {
            assert_eq!(SCRIPT.form_for(&taking(encodings)).1, form, "{encodings}");
        }
        let bare = File {
            brotli: None,
            ..SCRIPT
        };
        assert_eq!(bare.form_for(&taking("br")), (None, &b"plain"[..]));
    }

    #[test]
    fn what_has_its_hash_in_its_name_is_kept_and_everything_else_asked_for_again() {
        let answer = SCRIPT.answer(&taking("gzip"));
        let header = |name| answer.headers()[name].to_str().unwrap();
        assert!(header(CACHE_CONTROL).contains("immutable"));
        assert_eq!(header(CONTENT_ENCODING), "gzip");
        assert_eq!(header(CONTENT_TYPE), "text/javascript; charset=utf-8");
        let icon = File {
            path: "/favicon.svg",
            ..SCRIPT
        };
        assert_eq!(
            icon.answer(&HeaderMap::new()).headers()[CACHE_CONTROL],
            "no-cache"
        );
    }

    #[test]
    fn no_two_pages_have_the_same_nonce() {
        let [one, other] = [page(), page()].map(|page| {
            let policy = page.headers()["content-security-policy"].clone();
            policy.to_str().unwrap().to_owned()
        });
        assert!(one.contains("'nonce-") && !one.contains("unsafe"), "{one}");
        assert_ne!(one, other);
    }

    #[test]
    fn the_console_has_views_beside_the_api_only() {
        assert!(is_view("/") && is_view("/p/shop/c/prod") && is_view("/apis"));
        assert!(!is_view("/api") && !is_view("/api/nope") && !is_view("/assets/gone.js"));
    }

    #[test]
    fn a_list_has_what_is_named_in_it() {
        let headers = taking("text/html;q=0.8, br;q=0.0");
        assert!(lists(&headers, &ACCEPT_ENCODING, "text/html"));
        assert!(!lists(&headers, &ACCEPT_ENCODING, "br"));
        assert!(!lists(&headers, &ACCEPT_ENCODING, "html"));
    }
}
