//! What the `OpenAPI` document says beside the endpoints: how to prove who one is, and what holds for all of them.

use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::Type;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{
    Components, Content, ObjectBuilder, OpenApi as Document, Ref, RefOr, Required, ResponseBuilder,
};
use utoipa::{Modify, OpenApi, ToSchema as _};

use super::errors::ErrorBody;
use super::idempotency::LONGEST_KEY;

/// What people should know first.
const ABOUT: &str = "\
Projects hold configs, configs hold secrets, and a config may inherit from another of its project.

Sign in with `GET /api/auth/tokens/` (HTTP Basic), then send the token as `Authorization: Bearer` or `X-API-KEY`. \
Machines get service tokens of their own. The console signs in with `POST /api/auth/session` and is known by a cookie; \
then every change must come from a page of the server's own, with the content type `application/json`.

Checks go in this order: authenticated (401), visible (404), allowed (403), well-formed (400, 413, 415). Every error has \
the same body. Times are RFC 3339 in UTC. Every change takes an `Idempotency-Key`: sent again with it within 24 hours, \
it is not made again, and the first answer is given again with `Idempotency-Replayed: true`. `X-Request-Id` is echoed, or made, and is in the server's log.";

const SLUG: &str = "^[a-z0-9_-]{1,64}$";
const KEY: &str = "^[A-Z0-9_]{1,253}$";
const USERNAME: &str = "^[A-Za-z0-9_.@-]{1,64}$";

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
        (name = "Compare", description = "The configs of a project side by side"),
        (name = "History", description = "What was, and the way back"),
        (name = "Workspace", description = "People, groups, their roles, and settings"),
        (name = "Watching", description = "Changes as they happen"),
        (name = "Audit", description = "Who did what, and the proof of it"),
        (name = "Keys", description = "What values are sealed with"),
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
            (&mut path.get, false),
            (&mut path.put, true),
            (&mut path.post, true),
            (&mut path.patch, true),
            (&mut path.delete, true),
        ]
    });
    for (operation, changes) in operations {
        let Some(operation) = operation else { continue };
        take_a_token(operation);
        may_fail(operation);
        if changes {
            may_be_repeated(operation);
        }
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
    let about = "The server is at fault; its log has more under the request's id";
    answer_also(operation, "500", about);
}

/// Every change can be sent again under a key.
fn may_be_repeated(operation: &mut Operation) {
    let text = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some("^[!-~]+$"))
        .min_length(Some(1))
        .max_length(Some(LONGEST_KEY));
    let key = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "Chosen by the client; whoever sends the same again within 24 hours gets the first answer again",
        ))
        .schema(Some(text));
    let parameters = operation.parameters.get_or_insert_default();
    parameters.push(key.build().into());
    answer_also(
        operation,
        "400",
        "Malformed, or something has a value that it cannot have",
    );
    answer_also(
        operation,
        "409",
        "The `Idempotency-Key` is another request's, or this one's, whose answer is not there to be given again",
    );
}

/// Documents an error, unless the operation says something of its own about it.
fn answer_also(operation: &mut Operation, status: &str, about: &str) {
    let body = Ref::from_schema_name(ErrorBody::name());
    let error = ResponseBuilder::new()
        .description(about)
        .content("application/json", Content::new(Some(body)))
        .build();
    let responses = &mut operation.responses.responses;
    responses
        .entry(status.to_owned())
        .or_insert_with(|| error.into());
}

/// Names in paths mean the same everywhere, and have a grammar.
fn describe(parameter: &mut Parameter) {
    let (about, grammar) = match (&parameter.parameter_in, parameter.name.as_str()) {
        (ParameterIn::Path, "project") => ("The project's slug", SLUG),
        (ParameterIn::Path, "config") => ("The config's slug", SLUG),
        (ParameterIn::Path, "key") => ("The secret's key", KEY),
        (ParameterIn::Path, "group") => ("The group's slug", SLUG),
        (ParameterIn::Path, "subjectType") => ("`user` or `group`", "^(user|group)$"),
        (ParameterIn::Path, "subjectId") => ("A username, or a group's slug", USERNAME),
        (ParameterIn::Path, "mappingId") => ("The mapping's id", "^[0-9a-f]{24}$"),
        (ParameterIn::Path, "username") => ("What they sign in with, in any case", USERNAME),
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
