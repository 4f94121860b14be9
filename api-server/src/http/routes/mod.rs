//! The endpoints, one file per resource. In each file the shapes, the documentation and the handler of an endpoint
//! stand together.

mod audit;
mod compare;
mod configs;
mod console_session;
mod consumers;
mod docs;
mod history;
mod icons;
mod import;
mod keys;
mod me;
mod onboarding;
mod permissions;
mod projects;
mod promote;
mod rollback;
mod secrets;
mod session;
mod sync_reports;
mod system;
mod tokens;
mod userpass;
mod watch;
mod workspace;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::App;

/// What version 1.4 put into every good answer.
#[derive(Serialize, ToSchema)]
pub(crate) enum Status {
    #[serde(rename = "OK")]
    #[schema(rename = "OK")]
    Ok,
}

/// The answer of what has nothing else to say.
#[derive(Serialize, ToSchema)]
pub(crate) struct Done {
    status: Status,
}

impl Done {
    const OK: axum::Json<Self> = axum::Json(Self { status: Status::Ok });
}

/// Every endpoint that is in the `OpenAPI` document.
pub(crate) fn documented() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(system::healthz))
        .routes(routes!(system::readyz))
        .routes(routes!(system::metrics))
        .routes(routes!(system::version))
        .routes(routes!(docs::openapi))
        .routes(routes!(docs::page))
        .routes(routes!(onboarding::status))
        .routes(routes!(onboarding::bootstrap))
        .routes(routes!(session::sign_in, session::revoke))
        .routes(routes!(console_session::sign_in, console_session::sign_out))
        .routes(routes!(me::me, me::update))
        .routes(routes!(me::change_password))
        .routes(routes!(permissions::own))
        .routes(routes!(userpass::register))
        .routes(routes!(userpass::delete))
        .routes(routes!(tokens::list))
        .routes(routes!(tokens::create::create_service))
        .routes(routes!(tokens::create::create_personal))
        .routes(routes!(tokens::revoke))
        .routes(routes!(tokens::rotate::rotate))
        .routes(routes!(tokens::own))
        .routes(routes!(projects::list, projects::create))
        .routes(routes!(projects::read, projects::update, projects::delete))
        .routes(routes!(configs::list, configs::create))
        .routes(routes!(
            configs::read,
            configs::update::update,
            configs::delete
        ))
        .routes(routes!(configs::clone::clone))
        .routes(routes!(secrets::export::export, secrets::write::patch))
        .routes(routes!(import::import))
        .routes(routes!(
            secrets::item::read,
            secrets::item::put,
            secrets::item::delete
        ))
        .routes(routes!(history::versions::versions))
        .routes(routes!(history::revisions::list))
        .routes(routes!(history::revisions::read))
        .routes(routes!(history::diff::diff))
        .routes(routes!(rollback::rollback))
        .routes(routes!(compare::grid::grid))
        .routes(routes!(compare::key::compare))
        .routes(routes!(icons::recompute))
        .routes(routes!(promote::promote))
        .routes(routes!(watch::watch))
        .routes(routes!(sync_reports::report))
        .routes(routes!(consumers::list))
        .routes(routes!(
            workspace::members::list,
            workspace::members::create
        ))
        .routes(routes!(
            workspace::members::update,
            workspace::members::disable
        ))
        .routes(routes!(permissions::of_member))
        .routes(routes!(permissions::of_project))
        .routes(routes!(workspace::groups::list, workspace::groups::create))
        .routes(routes!(
            workspace::groups::update,
            workspace::groups::delete
        ))
        .routes(routes!(
            workspace::groups::members,
            workspace::groups::change_members
        ))
        .routes(routes!(
            workspace::project_members::list,
            workspace::project_members::set
        ))
        .routes(routes!(workspace::project_members::remove))
        .routes(routes!(
            workspace::mappings::list,
            workspace::mappings::create
        ))
        .routes(routes!(workspace::mappings::delete))
        .routes(routes!(
            workspace::settings::read,
            workspace::settings::update
        ))
        .routes(routes!(audit::events))
        .routes(routes!(audit::proof::verify))
        .routes(routes!(audit::proof::export))
        .routes(routes!(audit::proof::checkpoint))
        .routes(routes!(keys::read))
        .routes(routes!(keys::rotate_root))
        .routes(routes!(keys::rotate_data))
}

/// What the document leaves out: the parts of its own page, and a path without the slash that version 1.4 put there.
pub(crate) fn undocumented() -> Router<Arc<App>> {
    Router::new()
        .route("/api/docs/docs.js", get(docs::script))
        .route("/api/docs/docs.css", get(docs::style))
        .route(
            "/api/auth/tokens",
            get(session::sign_in).delete(session::revoke),
        )
}
