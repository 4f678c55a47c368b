//! Enums whose variants have one stable text, the same in SQL, in JSON and in the documents.

/// The text names nothing of its kind.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{text} is not {what}")]
pub struct UnknownName {
    pub what: &'static str,
    pub text: String,
}

/// What all of them can do.
pub trait Named: Copy + 'static {
    const ALL: &'static [Self];
    fn name(self) -> &'static str;
}

/// Declares such an enum: `named!(/// doc Kind, "a collector type", { Postgresql = "postgresql", ... })`.
macro_rules! named {
    ($(#[$about:meta])* $name:ident, $what:literal, {
        $($(#[$about_variant:meta])* $variant:ident = $text:literal),+ $(,)?
    }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$about_variant])* $variant),+ }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl $crate::names::Named for $name {
            const ALL: &'static [Self] = Self::ALL;

            fn name(self) -> &'static str {
                self.as_str()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::names::UnknownName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let known = Self::ALL.iter().find(|known| known.as_str() == text);
                known.copied().ok_or_else(|| $crate::names::UnknownName { what: $what, text: text.to_owned() })
            }
        }
    };
}
pub(crate) use named;

/// Lets such enums stand in JSON as their text.
macro_rules! serialized_by_name {
    ($($name:ty),+ $(,)?) => { $(
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )+ };
}
pub(crate) use serialized_by_name;
