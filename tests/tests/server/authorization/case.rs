//! What a case is: an operation, what it asks of its caller, and a request that is right in every other way.

use serde_json::Value;
use ssm_tests::caller::{Caller, fresh};

use super::grants::Need;
use super::world::World;

/// What a request is made from: the world, and what was made in it for this request alone.
pub struct Scene<'a> {
    /// The world.
    pub world: &'a World,
    /// The last answer to [`Case::before`]; `null` where there was nothing to do.
    pub made: Value,
    /// Different each time, for what gets a name.
    pub fresh: String,
}

impl<'a> Scene<'a> {
    /// A scene in which the case can succeed.
    pub async fn set(case: &Case, world: &'a World) -> Self {
        let (made, fresh) = (Value::Null, fresh("new"));
        let mut scene = Self { world, made, fresh };
        if let Some(before) = &case.before {
            let path = (before.path)(&scene);
            let request = world.owner().request(before.method, &path);
            let answer = Caller::send(request.json(&(before.body)(&scene))).await;
            scene.made = answer.ok();
        }
        scene
    }

    /// A field of what was made.
    pub fn made(&self, field: &str) -> &str {
        self.made[field]
            .as_str()
            .unwrap_or_else(|| panic!("{field} is not in {}", self.made))
    }
}

type Text = fn(&Scene<'_>) -> String;
type Fields = fn(&Scene<'_>) -> Vec<(&'static str, String)>;

/// A request's body.
#[derive(Clone, Copy)]
pub enum Body {
    /// None.
    None,
    /// JSON.
    Json(fn(&Scene<'_>) -> Value),
    /// A form.
    Form(Fields),
    /// A file.
    File(&'static str),
}

/// A change that the owner makes before a request is tried that will succeed.
#[derive(Clone, Copy)]
pub struct Before {
    /// Its method.
    pub method: &'static str,
    /// Its path.
    pub path: Text,
    /// Its body.
    pub body: fn(&Scene<'_>) -> Value,
}

/// One way to call one operation.
pub struct Case {
    /// As `GET /api/version`.
    pub operation: &'static str,
    /// What it asks of its caller.
    pub need: Need,
    /// The body.
    pub body: Body,
    /// The query, without its question mark.
    pub query: Option<Text>,
    /// What must be there before it can succeed.
    pub before: Option<Before>,
    /// Parameters of the path beside those that the world knows.
    pub params: Vec<(&'static str, Text)>,
    /// Parameters of the path that may name what is not there.
    pub free: Vec<&'static str>,
    /// What success answers.
    pub answers: u16,
    /// Whether it leaves the world unfit for another attempt.
    pub spoils: bool,
    /// Whether the body says more about what is needed, so that it has to be read first.
    pub body_decides: bool,
    /// Whether its answer does not end.
    pub streams: bool,
}

impl Case {
    /// `operation`, which needs `need`, without a body, and answers 200.
    pub fn of(operation: &'static str, need: Need) -> Self {
        Self {
            operation,
            need,
            body: Body::None,
            query: None,
            before: None,
            params: Vec::new(),
            free: Vec::new(),
            answers: 200,
            spoils: false,
            body_decides: false,
            streams: false,
        }
    }

    /// With JSON.
    pub fn json(mut self, body: fn(&Scene<'_>) -> Value) -> Self {
        self.body = Body::Json(body);
        self
    }

    /// With a form.
    pub fn form(mut self, fields: Fields) -> Self {
        self.body = Body::Form(fields);
        self
    }

    /// With a file.
    pub fn file(mut self, text: &'static str) -> Self {
        self.body = Body::File(text);
        self
    }

    /// With a query.
    pub fn query(mut self, query: Text) -> Self {
        self.query = Some(query);
        self
    }

    /// After this change.
    pub fn before(
        mut self,
        method: &'static str,
        path: Text,
        body: fn(&Scene<'_>) -> Value,
    ) -> Self {
        self.before = Some(Before { method, path, body });
        self
    }

    /// With a parameter of the path.
    pub fn param(mut self, name: &'static str, value: Text) -> Self {
        self.params.push((name, value));
        self
    }

    /// Where a parameter of the path may name what is not there.
    pub fn free(mut self, name: &'static str) -> Self {
        self.free.push(name);
        self
    }

    /// With another status for success.
    pub fn answers(mut self, status: u16) -> Self {
        self.answers = status;
        self
    }

    /// After which the world has to be made anew.
    pub fn spoils(mut self) -> Self {
        self.spoils = true;
        self
    }

    /// Where the body says more about what is needed.
    pub fn body_decides(mut self) -> Self {
        self.body_decides = true;
        self
    }

    /// Without an end to its answer.
    pub fn streams(mut self) -> Self {
        self.streams = true;
        self
    }

    /// Its method.
    pub fn method(&self) -> &'static str {
        self.operation.split_once(' ').expect("METHOD /path").0
    }

    /// Its path, with parameters in braces.
    pub fn template(&self) -> &'static str {
        self.operation.split_once(' ').expect("METHOD /path").1
    }

    /// The names of its path's parameters, in order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        let parts = self.template().split('/');
        parts.filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }

    /// The path in a scene, with some parameters changed.
    pub fn path(&self, scene: &Scene<'_>, instead: &[(&str, &str)]) -> String {
        let mut path = self.template().to_owned();
        for name in self.names() {
            let own = || match self.params.iter().find(|(known, _)| *known == name) {
                Some((_, value)) => value(scene),
                None => scene.world.name(name).to_owned(),
            };
            let other = instead.iter().find(|(known, _)| *known == name);
            let value = other.map_or_else(own, |(_, value)| (*value).to_owned());
            path = path.replace(&format!("{{{name}}}"), &value);
        }
        match self.query {
            Some(query) => format!("{path}?{}", query(scene)),
            None => path,
        }
    }
}
