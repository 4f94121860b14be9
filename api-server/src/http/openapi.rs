//! What the `OpenAPI` document says beside the endpoints: how to prove who one is, and what holds for all of them.

use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::schema::Type;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{
    Components, Content, ObjectBuilder, OpenApi as Document, Ref, RefOr, ResponseBuilder,
};
use utoipa::{Modify, OpenApi, ToSchema as _};

use super::errors::ErrorBody;

/// What people should know first.
const ABOUT: &str = "\
Projects hold configs, configs hold secrets, and a config may inherit from another of its project.

Sign in with `GET /api/auth/tokens/` (HTTP Basic), then send the token as `Authorization: Bearer` or `X-API-KEY`. \
Machines get service tokens of their own. The console signs in with `POST /api/auth/session` and is known by a cookie; \
then every change must come from a page of the server's own, with the content type `application/json`.

Checks go in this order: authenticated (401), visible (404), allowed (403), well-formed (400, 413, 415). Every error has \
the same body. Times are RFC 3339 in UTC. `X-Request-Id` is echoed, or made, and is in the server's log.";

const SLUG: &str = "^[a-z0-9_-]{1,64}$";
const KEY: &str = "^[A-Z0-9_]{1,253}$";

/// The document without its endpoints, which the router adds.
#[derive(OpenApi)]
#[openapi(
    info(title = "Simple Secrets Manager", description = ABOUT),
    components(schemas(ErrorBody)),
    modifiers(&Security),
    tags(
        (name = "System", description = "Health, version, and this document"),
        (name = "Onboarding", description = "The first user"),
        (name = "Signing in", description = "From a password to a session token"),
        (name = "Tokens", description = "Tokens for people and machines"),
        (name = "Projects", description = "Projects and their configs"),
        (name = "Secrets", description = "Keys and values"),
        (name = "Watching", description = "Changes as they happen"),
        (name = "Audit", description = "Who did what, and the proof of it"),
    )
)]
pub(crate) struct Base;

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut Document) {
        let schemes = [
            (
                "bearer",
                SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)),
            ),
            (
                "apiKey",
                SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("X-API-KEY"))),
            ),
            (
                "cookie",
                SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new("__Host-ssm_session"))),
            ),
            (
                "basic",
                SecurityScheme::Http(Http::new(HttpAuthScheme::Basic)),
            ),
        ];
        let components = document.components.get_or_insert_with(Components::default);
        components
            .security_schemes
            .extend(schemes.map(|(name, scheme)| (name.to_owned(), scheme.into())));
    }
}

/// The finished document: an operation that says nothing about its security takes a token.
pub(crate) fn finish(mut document: Document) -> String {
    let paths = document.paths.paths.values_mut();
    let operations = paths.flat_map(|path| {
        [
            &mut path.get,
            &mut path.put,
            &mut path.post,
            &mut path.patch,
            &mut path.delete,
        ]
    });
    for operation in operations.flatten() {
        take_a_token(operation);
        may_fail(operation);
        for parameter in operation.parameters.iter_mut().flatten() {
            if let RefOr::T(parameter) = parameter {
                describe(parameter);
            }
        }
    }
    let json = document
        .to_pretty_json()
        .expect("the document has only texts and numbers");
    json + "\n"
}

fn take_a_token(operation: &mut Operation) {
    operation.security.get_or_insert_with(|| {
        ["bearer", "apiKey", "cookie"]
            .map(|name| SecurityRequirement::new(name, [""; 0]))
            .to_vec()
    });
}

/// Whatever an operation does, the server can be at fault.
fn may_fail(operation: &mut Operation) {
    let body = Ref::from_schema_name(ErrorBody::name());
    let failure = ResponseBuilder::new()
        .description("The server is at fault; its log has more under the request's id")
        .content("application/json", Content::new(Some(body)))
        .build();
    let responses = &mut operation.responses.responses;
    responses
        .entry("500".to_owned())
        .or_insert_with(|| failure.into());
}

/// Names in paths mean the same everywhere, and have a grammar.
fn describe(parameter: &mut Parameter) {
    let (about, grammar) = match (&parameter.parameter_in, parameter.name.as_str()) {
        (ParameterIn::Path, "project") => ("The project's slug", SLUG),
        (ParameterIn::Path, "config") => ("The config's slug", SLUG),
        (ParameterIn::Path, "key") => ("The secret's key", KEY),
        _ => return,
    };
    parameter
        .description
        .get_or_insert_with(|| about.to_owned());
    let text = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(grammar));
    parameter.schema = Some(text.build().into());
}
