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

#[cfg(test)]
mod tests {
    use mongodb::bson::oid::ObjectId;
    use mongodb::bson::{Bson, DateTime, Document, doc};
    use ssm_domain::time::Timestamp;

    use super::{Fields, name_of};

    fn odd() -> Document {
        doc! {
            "_id": ObjectId::from_bytes([0xab; 12]),
            "text": "2026-11-23T14:00:00Z",
            "small": 7_i32,
            "large": 1_795_442_284_346_i64,
            "negative": -1_i32,
            "broken": 7.9,
            "nan": f64::NAN,
            "date": DateTime::from_millis(1_795_442_284_346),
            "yes": true,
            "null": Bson::Null,
            "nul": "a\0b",
            "list": ["a", 1_i32],
            "inner": { "text": "b" },
        }
    }

    fn wrong<T>(why: &str) -> Result<T, String> {
        Err(why.to_owned())
    }

    #[test]
    fn a_date_is_a_date_and_neither_a_text_nor_a_number() {
        let (odd, at) = (odd(), Timestamp::from_millis(1_795_442_284_346));
        let fields = Fields(&odd);
        assert_eq!(fields.time("date"), Ok(at));
        for name in ["text", "small", "large", "yes", "_id"] {
            assert_eq!(fields.time(name), wrong(&format!("{name} is no date")));
        }
        assert_eq!(fields.text("date"), wrong("date is no text"));
        assert_eq!(fields.optional_number("date"), wrong("date is no number"));
    }

    #[test]
    fn a_text_is_as_it_was_written_and_no_identifier_or_number_is_one() {
        let odd = odd();
        let fields = Fields(&odd);
        assert_eq!(fields.text("nul").as_deref(), Ok("a\0b"));
        for name in ["_id", "small", "yes", "list", "inner"] {
            assert_eq!(fields.text(name), wrong(&format!("{name} is no text")));
        }
    }

    #[test]
    fn an_identifier_is_also_a_text_of_one() {
        let (odd, hex) = (odd(), "ab".repeat(12));
        let fields = Fields(&odd);
        assert_eq!(fields.own_id().as_ref(), Ok(&hex));
        assert_eq!(name_of(&odd), hex);
        assert_eq!(Fields(&doc! { "_id": &hex }).own_id(), Ok(hex));
        assert_eq!(fields.id("small"), wrong("small is no identifier"));
        let unnamed = doc! { "_id": 7_i32 };
        assert_eq!(name_of(&unnamed), "without an _id that could be told");
        assert_eq!(Fields(&unnamed).own_id(), wrong("_id is no identifier"));
    }

    #[test]
    fn what_is_null_is_missing_as_what_is_not_there() {
        let odd = odd();
        let fields = Fields(&odd);
        for name in ["null", "nothing"] {
            let missing = format!("{name} is missing");
            assert_eq!(fields.text(name), wrong(&missing));
            assert_eq!(fields.id(name), wrong(&missing));
            assert_eq!(fields.time(name), wrong(&missing));
            assert_eq!(fields.optional_text(name), Ok(None));
            assert_eq!(fields.optional_id(name), Ok(None));
            assert_eq!(fields.optional_time(name), Ok(None));
            assert_eq!(fields.optional_number(name), Ok(None));
            assert_eq!(fields.optional_bool(name), Ok(None));
            assert!(matches!(fields.inner(name), Ok(None)));
            assert_eq!(fields.list(name, Bson::as_str), Ok(Vec::new()));
        }
    }

    #[test]
    fn a_number_is_of_any_kind_that_counts_from_nothing() {
        let odd = odd();
        let fields = Fields(&odd);
        assert_eq!(fields.optional_number("small"), Ok(Some(7)));
        assert_eq!(fields.optional_number("large"), Ok(Some(1_795_442_284_346)));
        assert_eq!(fields.optional_number("broken"), Ok(Some(7)));
        for name in ["negative", "nan", "text", "yes"] {
            let why = format!("{name} is no number");
            assert_eq!(fields.optional_number(name), wrong(&why));
        }
    }

    #[test]
    fn a_list_and_a_document_are_as_a_whole_what_they_should_be() {
        let odd = odd();
        let fields = Fields(&odd);
        let inner = fields.inner("inner").unwrap().unwrap();
        assert_eq!(inner.text("text").as_deref(), Ok("b"));
        assert_eq!(
            fields.inner("list").err().as_deref(),
            Some("list is no document")
        );
        let why = "list is no list of what it should be";
        assert_eq!(fields.list("list", Bson::as_str), wrong(why));
        let any = fields.list("list", Some).map(|list| list.len());
        assert_eq!(any, Ok(2));
        let why = "yes is neither true nor false";
        assert_eq!(fields.optional_bool("yes"), Ok(Some(true)));
        assert_eq!(
            fields.optional_bool("small"),
            wrong(&why.replace("yes", "small"))
        );
    }
}
