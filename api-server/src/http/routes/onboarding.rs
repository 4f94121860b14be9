//! The first user.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequestParts, State};
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use ssm_domain::caller::Actor;
use ssm_domain::credential::check_new_password;
use ssm_domain::names::Username;
use ssm_domain::rejection::Rejection;
use ssm_domain::secret::Password;
use ssm_domain::state::State as Domain;
use ssm_domain::time::Timestamp;
use ssm_domain::tokens::Issued;
use ssm_engine::Requester;
use utoipa::ToSchema;

use super::Status;
use crate::http::auth::Origin;
use crate::http::body::{Plaintext, Unread, required};
use crate::http::errors::{ApiError, ApiResult, ErrorBody, WriteErrors};
use crate::state::App;

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Onboarding {
    is_initialized: bool,
    /// `not_initialized` or `completed`
    #[schema(example = "completed")]
    state: &'static str,
    #[schema(value_type = Option<String>, format = DateTime)]
    initialized_at: Option<Timestamp>,
    /// The first user's name
    initialized_by: Option<String>,
}

impl Onboarding {
    fn of(state: &Domain) -> Self {
        let first = state.first_user();
        Self {
            is_initialized: first.is_some(),
            state: if first.is_some() {
                "completed"
            } else {
                "not_initialized"
            },
            initialized_at: first.map(|user| user.created_at),
            initialized_by: first.map(|user| user.username.to_string()),
        }
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct OnboardingStatus {
    status: Status,
    onboarding: Onboarding,
}

/// Whether there is a first user
#[utoipa::path(
    get, path = "/api/onboarding/status", operation_id = "onboardingStatus", tag = "Onboarding", security(()),
    responses((status = 200, body = OnboardingStatus))
)]
pub(crate) async fn status(State(app): State<Arc<App>>) -> Json<OnboardingStatus> {
    let onboarding = Onboarding::of(&app.engine.state());
    Json(OnboardingStatus {
        status: Status::Ok,
        onboarding,
    })
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct Bootstrap {
    /// 1 to 64 of A-Z, a-z, 0-9, `_`, `.`, `@` and `-`
    username: String,
    /// 12 to 256 characters, not a common password and not the username
    #[schema(value_type = String)]
    password: Plaintext,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Bootstrapped {
    status: Status,
    onboarding: Onboarding,
    /// A session token
    token: String,
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    #[serde(rename = "type")]
    #[schema(example = "personal")]
    kind: &'static str,
}

/// Make the first user, an owner, and sign them in
///
/// Works once only. Where the server has a setup token, it must come as `X-Setup-Token`.
#[utoipa::path(
    post, path = "/api/onboarding/bootstrap", operation_id = "bootstrap", tag = "Onboarding", security(()), request_body = Bootstrap,
    params(("X-Setup-Token" = Option<String>, Header, description = "The setup token, where there is one")),
    responses(
        (status = 201, body = Bootstrapped), WriteErrors,
        (status = 409, body = ErrorBody, description = "There is a first user already"),
        (status = 429, body = ErrorBody, description = "Too many guesses; `Retry-After` says when to try again"),
    )
)]
pub(crate) async fn bootstrap(
    State(app): State<Arc<App>>,
    sign_up: SignUp,
    body: Unread,
) -> ApiResult<(StatusCode, Json<Bootstrapped>)> {
    sign_up.admit(&app)?;
    let Bootstrap { username, password } = body.json().await?;
    let password = password.into_password();
    let issued = sign_up.make_first(&app, &username, password).await?;
    let answer = Bootstrapped {
        status: Status::Ok,
        onboarding: Onboarding::of(&app.engine.state()),
        token: issued.token.reveal().to_owned(),
        expires_at: issued.expires_at,
        kind: "personal",
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

/// Whoever wants to be the first user.
pub(crate) struct SignUp {
    origin: Origin,
    setup_token: Option<HeaderValue>,
}

impl SignUp {
    /// Refuses whoever comes too late, or lacks the setup token where there is one.
    pub(crate) fn admit(&self, app: &App) -> ApiResult<()> {
        if app.engine.state().users().next().is_some() {
            return Err(Rejection::AlreadyInitialized.into());
        }
        let shown = self.setup_token.as_ref().map(HeaderValue::as_bytes);
        let admitted = || app.setup.admits(shown);
        let (address, request) = (self.origin.address, || self.origin.recorded());
        if !app.engine.check_setup_token(address, request, admitted)? {
            let message =
                "The first sign-up needs the setup token as X-Setup-Token; the server's log has it";
            return Err(ApiError::new(
                StatusCode::FORBIDDEN,
                "setup_token_required",
                message,
            ));
        }
        Ok(())
    }

    /// Makes the first user and signs them in.
    pub(crate) async fn make_first(
        &self,
        app: &App,
        username: &str,
        password: Password,
    ) -> ApiResult<Issued> {
        let username: Username = required("username", username)?;
        check_new_password(&password, &username)
            .map_err(|why| ApiError::invalid("password", &why))?;
        let requester = Requester {
            actor: Actor::Anonymous,
            request: Some(self.origin.recorded()),
        };
        Ok(app.engine.bootstrap(requester, username, password).await?)
    }
}

impl FromRequestParts<Arc<App>> for SignUp {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Infallible> {
        Ok(Self {
            setup_token: parts.headers.get("x-setup-token").cloned(),
            origin: Origin::from_request_parts(parts, app).await?,
        })
    }
}
