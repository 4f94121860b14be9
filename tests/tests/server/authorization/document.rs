//! The committed `OpenAPI` document, as far as it says what an operation can answer.

use serde_json::{Map, Value};

const METHODS: [&str; 5] = ["get", "put", "post", "patch", "delete"];

/// The document.
pub struct Document(Value);

impl Document {
    /// `api-server/openapi.json`, which another test holds to what the endpoints say.
    pub fn committed() -> Self {
        let text = include_str!("../../../../api-server/openapi.json");
        Self(serde_json::from_str(text).expect("it is JSON"))
    }

    /// Every operation, as `GET /api/version`.
    pub fn operations(&self) -> impl Iterator<Item = String> {
        self.each().map(|(operation, _)| operation)
    }

    /// Whether an operation is said to answer with `status`.
    pub fn says(&self, operation: &str, status: u16) -> bool {
        self.each().any(|(name, said)| {
            name == operation && said["responses"].get(status.to_string()).is_some()
        })
    }

    /// The fields of an operation's JSON that may be absent.
    pub fn optional_fields(&self, operation: &str) -> impl Iterator<Item = String> {
        let found = self.each().find(|(name, _)| name == operation);
        let (_, said) = found.expect("the operation is documented");
        let schema = &said["requestBody"]["content"]["application/json"]["schema"]["$ref"];
        let name = schema.as_str().and_then(|path| path.rsplit('/').next());
        let schema = &self.0["components"]["schemas"][name.expect("its body has a schema")];
        let required = schema["required"].as_array().into_iter().flatten();
        let required: Vec<&Value> = required.collect();
        let properties = schema["properties"].as_object().into_iter().flatten();
        properties
            .map(|(field, _)| field)
            .filter(move |field| !required.iter().any(|known| *known == field.as_str()))
            .cloned()
    }

    /// What is missing of the errors that operations are said to answer with.
    pub fn undocumented_errors(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (operation, said) in self.each() {
            let responses = said["responses"].as_object().expect("an operation answers");
            let errors: Vec<_> = responses
                .iter()
                .filter(|(status, _)| !status.starts_with(['2', '3']))
                .collect();
            if errors.is_empty() {
                faults.push(format!("{operation} documents no error"));
            }
            for (status, response) in errors {
                if response["content"]["application/json"]["schema"]["$ref"]
                    != "#/components/schemas/ErrorBody"
                {
                    faults.push(format!(
                        "{operation} answers {status} with something else than an ErrorBody"
                    ));
                }
            }
        }
        faults
    }

    fn each(&self) -> impl Iterator<Item = (String, &Map<String, Value>)> {
        let paths = self.0["paths"].as_object().expect("it has paths");
        paths.iter().flat_map(|(path, item)| {
            METHODS.into_iter().filter_map(move |method| {
                let operation = item.get(method)?.as_object()?;
                Some((format!("{} {path}", method.to_uppercase()), operation))
            })
        })
    }
}
