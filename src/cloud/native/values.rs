//! Types of the Parse API for the structs of a program: they read and write the wire form.

use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize, Serializer};

use crate::value::Date;

/// An object: what every object has, and the fields of a program's own type.
///
/// ```
/// #[derive(serde::Deserialize)]
/// struct Article {
///     title: String,
/// }
///
/// let article: parsimony::Object<Article> = serde_json::from_str(
///     r#"{"objectId": "a1", "createdAt": "2024-05-01T10:00:00.000Z",
///         "updatedAt": "2024-05-01T10:00:00.000Z", "title": "Hello"}"#,
/// )
/// .unwrap();
/// assert_eq!((article.id.as_str(), article.fields.title.as_str()), ("a1", "Hello"));
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Object<T> {
    /// Its id.
    #[serde(rename = "objectId")]
    pub id: String,
    /// When it was created.
    #[serde(rename = "createdAt")]
    pub created_at: Date,
    /// When it was changed last.
    #[serde(rename = "updatedAt")]
    pub updated_at: Date,
    /// Its fields.
    #[serde(flatten)]
    pub fields: T,
}

/// A pointer to an object. An object that was included reads as a pointer, too.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "__type", rename_all = "camelCase")]
pub struct Pointer {
    /// The class it points into.
    pub class_name: String,
    /// The object there.
    pub object_id: String,
}

impl Pointer {
    /// A pointer to an object of a class.
    pub fn new(class_name: impl Into<String>, object_id: impl Into<String>) -> Self {
        Self { class_name: class_name.into(), object_id: object_id.into() }
    }
}

/// A point on earth, in degrees.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "__type")]
pub struct GeoPoint {
    /// From -90 to 90.
    pub latitude: f64,
    /// From -180 to 180.
    pub longitude: f64,
}

/// A file that was uploaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "__type")]
pub struct File {
    /// Its name on the server.
    pub name: String,
    /// Where it is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(tag = "__type", rename = "Date")]
        struct Wire {
            iso: String,
        }
        Wire { iso: self.to_iso() }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// `createdAt` and `updatedAt` are bare texts.
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Wire {
            Bare(String),
            Typed { iso: String },
        }
        let (Wire::Bare(iso) | Wire::Typed { iso }) = Wire::deserialize(deserializer)?;
        Date::parse(&iso).ok_or_else(|| de::Error::custom(format_args!("`{iso}` is no date")))
    }
}

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;

    use super::*;

    fn check<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T, wire: &str) {
        assert_eq!(serde_json::to_string(value).unwrap(), wire);
        assert_eq!(serde_json::from_str::<T>(wire).unwrap(), *value);
    }

    #[test]
    fn values_have_their_wire_form() {
        check(
            &Pointer::new("City", "c1"),
            r#"{"__type":"Pointer","className":"City","objectId":"c1"}"#,
        );
        check(
            &GeoPoint { latitude: 48.3, longitude: 14.28 },
            r#"{"__type":"GeoPoint","latitude":48.3,"longitude":14.28}"#,
        );
        check(&File { name: "a.txt".to_owned(), url: None }, r#"{"__type":"File","name":"a.txt"}"#);
        check(
            &Date::parse("2024-05-01T10:00:00.000Z").unwrap(),
            r#"{"__type":"Date","iso":"2024-05-01T10:00:00.000Z"}"#,
        );
        let bare: Date = serde_json::from_str("\"2024-05-01T10:00:00.000Z\"").unwrap();
        assert_eq!(bare, Date::parse("2024-05-01T10:00:00.000Z").unwrap());
        assert!(serde_json::from_str::<Date>("\"soon\"").is_err());
    }

    #[test]
    fn an_included_object_is_a_pointer_too() {
        let included = r#"{"__type":"Object","className":"City","objectId":"c1","name":"Linz"}"#;
        let pointer: Pointer = serde_json::from_str(included).unwrap();
        assert_eq!(pointer, Pointer::new("City", "c1"));
    }
}
