//! Fields of a document of which nobody knows what it holds. What is told of a wrong one is its name and what it should be.

use mongodb::bson::{Bson, Document};
use ssm_domain::time::Timestamp;

/// A document's fields.
pub struct Fields<'a>(pub &'a Document);

/// What a document is called: its `_id`, where that is something to be called.
pub fn name_of(document: &Document) -> String {
    let id = document.get("_id").and_then(id_of);
    id.unwrap_or_else(|| "without an _id that could be told".to_owned())
}

/// Identifiers are `ObjectId`s, or texts of one in some places.
fn id_of(value: &Bson) -> Option<String> {
    match value {
        Bson::ObjectId(id) => Some(id.to_hex()),
        Bson::String(text) => Some(text.clone()),
        _ => None,
    }
}

impl<'a> Fields<'a> {
    /// What is there, where it is something.
    fn get(&self, name: &str) -> Option<&'a Bson> {
        self.0.get(name).filter(|value| **value != Bson::Null)
    }

    /// The document's own identifier.
    pub fn own_id(&self) -> Result<String, String> {
        self.id("_id")
    }

    /// An identifier.
    pub fn id(&self, name: &str) -> Result<String, String> {
        self.optional_id(name)?
            .ok_or_else(|| format!("{name} is missing"))
    }

    /// An identifier, where there is one.
    pub fn optional_id(&self, name: &str) -> Result<Option<String>, String> {
        let wrong = || format!("{name} is no identifier");
        self.get(name)
            .map(|value| id_of(value).ok_or_else(wrong))
            .transpose()
    }

    /// A text.
    pub fn text(&self, name: &str) -> Result<String, String> {
        self.optional_text(name)?
            .ok_or_else(|| format!("{name} is missing"))
    }

    /// A text, where there is one.
    pub fn optional_text(&self, name: &str) -> Result<Option<String>, String> {
        let text = |value: &Bson| value.as_str().map(str::to_owned);
        let wrong = || format!("{name} is no text");
        self.get(name)
            .map(|value| text(value).ok_or_else(wrong))
            .transpose()
    }

    /// A date and time.
    pub fn time(&self, name: &str) -> Result<Timestamp, String> {
        self.optional_time(name)?
            .ok_or_else(|| format!("{name} is missing"))
    }

    /// A date and time, where there is one.
    pub fn optional_time(&self, name: &str) -> Result<Option<Timestamp>, String> {
        let time = |value: &Bson| {
            let time = value.as_datetime()?;
            Some(Timestamp::from_millis(time.timestamp_millis()))
        };
        let wrong = || format!("{name} is no date");
        self.get(name)
            .map(|value| time(value).ok_or_else(wrong))
            .transpose()
    }

    /// A whole number from 0, where there is one.
    pub fn optional_number(&self, name: &str) -> Result<Option<u64>, String> {
        let number = |value: &Bson| match value {
            Bson::Int32(number) => u64::try_from(*number).ok(),
            Bson::Int64(number) => u64::try_from(*number).ok(),
            Bson::Double(number) if (0.0..=9e15).contains(number) => {
                // Whole by then, and far below what a double tells apart.
                format!("{:.0}", number.trunc()).parse().ok()
            }
            _ => None,
        };
        let wrong = || format!("{name} is no number");
        self.get(name)
            .map(|value| number(value).ok_or_else(wrong))
            .transpose()
    }

    /// Yes or no, where it is told.
    pub fn optional_bool(&self, name: &str) -> Result<Option<bool>, String> {
        let wrong = || format!("{name} is neither true nor false");
        self.get(name)
            .map(|value| value.as_bool().ok_or_else(wrong))
            .transpose()
    }

    /// The fields of a document within.
    pub fn inner(&self, name: &str) -> Result<Option<Fields<'a>>, String> {
        let wrong = || format!("{name} is no document");
        let inner = self
            .get(name)
            .map(|value| value.as_document().ok_or_else(wrong));
        Ok(inner.transpose()?.map(Fields))
    }

    /// Every element of a list; none where there is no list.
    pub fn list<T>(
        &self,
        name: &str,
        read: impl Fn(&'a Bson) -> Option<T>,
    ) -> Result<Vec<T>, String> {
        let wrong = || format!("{name} is no list of what it should be");
        let Some(value) = self.get(name) else {
            return Ok(Vec::new());
        };
        let elements = value.as_array().ok_or_else(wrong)?.iter().map(read);
        elements.collect::<Option<_>>().ok_or_else(wrong)
    }
}
