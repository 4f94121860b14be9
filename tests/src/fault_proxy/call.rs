//! What a request to the API server asks for, read from its method and path.

use http::{Method, Uri};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// One object.
    Get,
    /// All of a kind.
    List,
    /// The changes from a version on.
    Watch,
    /// A new object.
    Create,
    /// An object put whole.
    Update,
    /// A part of an object.
    Patch,
    /// An end.
    Delete,
}

impl Verb {
    /// Whether it changes something.
    pub fn writes(self) -> bool {
        matches!(
            self,
            Self::Create | Self::Update | Self::Patch | Self::Delete
        )
    }
}

/// A request.
#[derive(Clone, Debug)]
pub struct Call {
    /// What is asked for.
    pub verb: Verb,
    /// Of which kind, in the plural: `secrets`.
    pub resource: String,
    /// Of which object; empty for all of a kind.
    pub name: String,
    /// Of which part: `status`. Empty for the object itself.
    pub part: String,
    /// The how many-th write this is, from 1 on. Events and leases do not count, which are written when there is time.
    pub write: Option<usize>,
}

impl Call {
    pub(super) fn of(method: &Method, uri: &Uri) -> Self {
        let mut path = uri.path().split('/').filter(|part| !part.is_empty());
        // `api` and a version, or `apis`, a group and a version.
        let before = if path.next() == Some("apis") { 2 } else { 1 };
        let mut path = path.skip(before).peekable();
        if path.peek() == Some(&"namespaces") {
            path.next();
            path.next();
        }
        let mut next = || path.next().unwrap_or_default().to_owned();
        let (resource, name, part) = (next(), next(), next());
        let watches = uri.query().is_some_and(|query| {
            form_urlencoded::parse(query.as_bytes())
                .any(|(key, value)| key == "watch" && matches!(&*value, "1" | "true"))
        });
        let verb = match *method {
            Method::POST => Verb::Create,
            Method::PUT => Verb::Update,
            Method::PATCH => Verb::Patch,
            Method::DELETE => Verb::Delete,
            _ if watches => Verb::Watch,
            _ if name.is_empty() => Verb::List,
            _ => Verb::Get,
        };
        Self {
            verb,
            resource,
            name,
            part,
            write: None,
        }
    }

    /// Whether it is a write that counts.
    pub(super) fn counts(&self) -> bool {
        self.verb.writes() && !matches!(self.resource.as_str(), "events" | "leases")
    }

    /// Whether it asks for this of this kind.
    pub fn is(&self, verb: Verb, resource: &str) -> bool {
        self.verb == verb && self.resource == resource
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_read_from_method_and_path() {
        for (method, uri, expected) in [
            (
                "GET",
                "/api/v1/secrets?limit=250",
                (Verb::List, "secrets", "", ""),
            ),
            (
                "GET",
                "/api/v1/namespaces/a/secrets?watch=true&resourceVersion=1",
                (Verb::Watch, "secrets", "", ""),
            ),
            (
                "GET",
                "/api/v1/namespaces/a/secrets/web",
                (Verb::Get, "secrets", "web", ""),
            ),
            (
                "PATCH",
                "/apis/simplesecrets.io/v1alpha1/namespaces/a/secretsyncs/web/status?fieldManager=x",
                (Verb::Patch, "secretsyncs", "web", "status"),
            ),
            (
                "POST",
                "/apis/events.k8s.io/v1/namespaces/a/events",
                (Verb::Create, "events", "", ""),
            ),
        ] {
            let call = Call::of(&method.parse().unwrap(), &uri.parse().unwrap());
            let (verb, resource, name, part) = expected;
            assert_eq!(
                (call.verb, &*call.resource, &*call.name, &*call.part),
                (verb, resource, name, part),
                "{method} {uri}"
            );
        }
    }
}
