//! A browser's visit: the cookie of the console's session, whether it can travel safely, and whether the page that sends a
//! request is one of the server's own (cross-site request forgery).

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::header::{CONTENT_TYPE, COOKIE, HOST, ORIGIN};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use ssm_client::Origin;
use ssm_domain::credential::PlainToken;
use ssm_domain::users::SESSION_TTL;

use super::auth::single;
use super::errors::ApiError;
use crate::config::WebConfig;
use crate::state::App;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// With this name a browser takes a cookie over HTTPS only, for this host alone and for all of its paths.
const SECURE_NAME: &str = "__Host-ssm_session";
const PLAIN_NAME: &str = "ssm_session";

/// How the session's cookie travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Over HTTPS.
    Encrypted,
    /// Within the machine.
    Loopback,
    /// In clear, since somebody said that it may.
    InClear,
}

/// What a request says about the browser that it comes from.
pub(crate) struct Visit {
    app: Arc<App>,
    headers: HeaderMap,
    /// The server's own origin, as the browser sees it.
    own: Option<Origin>,
}

impl Visit {
    /// The visit that a request belongs to.
    pub(super) fn of(parts: &Parts, app: &Arc<App>) -> Self {
        let kept = [COOKIE, CONTENT_TYPE, ORIGIN, SEC_FETCH_SITE];
        let mut headers = HeaderMap::new();
        for name in kept {
            for value in parts.headers.get_all(&name) {
                headers.append(&name, value.clone());
            }
        }
        Self {
            own: own_origin(parts, &app.web),
            app: app.clone(),
            headers,
        }
    }

    /// The token of the session.
    pub(super) fn cookie(&self) -> Option<&str> {
        let name = self.way().ok()?.cookie_name();
        let pairs = self.headers.get_all(COOKIE).iter();
        let pairs = pairs.flat_map(|value| value.to_str().unwrap_or_default().split(';'));
        let mut values = pairs
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(given, _)| *given == name);
        // Which of two would count is nobody's to guess.
        let (_, value) = values.next().filter(|_| values.next().is_none())?;
        Some(value)
    }

    /// Refuses a session that would travel in clear where nobody said that it may.
    pub(super) fn require_safe_way(&self) -> Result<(), ApiError> {
        self.way().map(drop)
    }

    /// The cookie that begins the session, and whether it travels in clear.
    pub(super) fn begin(&self, token: &PlainToken) -> Result<(HeaderValue, bool), ApiError> {
        let way = self.way()?;
        let cookie = way.cookie(token.reveal(), SESSION_TTL.as_secs());
        Ok((cookie, way == Way::InClear))
    }

    /// The cookie that ends the session.
    pub(super) fn end(&self) -> Result<HeaderValue, ApiError> {
        Ok(self.way()?.cookie("", 0))
    }

    /// Refuses what a page of another site may have sent.
    pub(super) fn require_own_page(&self) -> Result<(), ApiError> {
        let said = |name| single(&self.headers, name).and_then(|value| value.to_str().ok());
        let own = self.own.as_ref().map(Origin::as_str);
        let is_own = match (said(&SEC_FETCH_SITE), said(&ORIGIN)) {
            (Some(site), _) => matches!(site, "same-origin" | "none"),
            (None, Some(origin)) => own == Some(origin),
            (None, None) => false,
        };
        if is_own {
            return Ok(());
        }
        let message = "This must come from a page of this server: it needs `Sec-Fetch-Site: same-origin`, or an `Origin` that \
                       is the one of PUBLIC_URL";
        Err(ApiError::new(StatusCode::FORBIDDEN, "cross_site", message))
    }

    /// Refuses what a form can send.
    pub(super) fn require_json(&self) -> Result<(), ApiError> {
        let given = single(&self.headers, &CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = given
            .and_then(|given| given.split(';').next())
            .unwrap_or_default();
        if essence.trim().eq_ignore_ascii_case("application/json") {
            return Ok(());
        }
        let message = "With a cookie, the content type must be application/json";
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        Err(ApiError::new(status, "unsupported_media_type", message))
    }

    fn way(&self) -> Result<Way, ApiError> {
        let web = &self.app.web;
        let loopback = self.own.as_ref().is_some_and(Origin::is_loopback);
        if web.is_https() {
            Ok(Way::Encrypted)
        } else if loopback {
            Ok(Way::Loopback)
        } else if web.allow_insecure_http {
            Ok(Way::InClear)
        } else {
            let message = "Signing in here needs HTTPS, since the session would travel in clear. The server's administrator sets \
                           TLS_CERT_FILE and TLS_KEY_FILE, or PUBLIC_URL to the https address of a proxy in front, or \
                           ALLOW_INSECURE_HTTP=true on a network that everybody can trust";
            Err(ApiError::new(
                StatusCode::FORBIDDEN,
                "insecure_http",
                message,
            ))
        }
    }
}

impl FromRequestParts<Arc<App>> for Visit {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        app: &Arc<App>,
    ) -> Result<Self, Self::Rejection> {
        Ok(Self::of(parts, app))
    }
}

impl Way {
    fn cookie_name(self) -> &'static str {
        match self {
            Self::Encrypted => SECURE_NAME,
            Self::Loopback | Self::InClear => PLAIN_NAME,
        }
    }

    fn cookie(self, value: &str, seconds: u64) -> HeaderValue {
        let name = self.cookie_name();
        let secure = match self {
            Self::Encrypted => "; Secure",
            Self::Loopback | Self::InClear => "",
        };
        let text =
            format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly{secure}; SameSite=Strict");
        let mut cookie = HeaderValue::try_from(text).expect("a token has letters and digits only");
        cookie.set_sensitive(true);
        cookie
    }
}

/// `PUBLIC_URL`, or else what the request was sent to. Somebody who has a browser think that their name stands for this
/// machine gets nothing by that: no cookie was ever set for their name, and none is outside of loopback without HTTPS.
fn own_origin(parts: &Parts, web: &WebConfig) -> Option<Origin> {
    if let Some(url) = &web.public_url {
        return Some(url.clone());
    }
    let host = match parts.uri.authority() {
        Some(authority) => authority.as_str(),
        None => single(&parts.headers, &HOST)?.to_str().ok()?,
    };
    let scheme = if web.tls.is_some() { "https" } else { "http" };
    Origin::parse(&format!("{scheme}://{host}")).ok()
}
