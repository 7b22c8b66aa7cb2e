//! serde's view of a document, without what serde concedes beyond JSON's own types.
//!
//! A struct that serde derives is also read from an array, its fields by their order: convenient
//! between programs of one house, and wrong for an interface, where `[]` would pass for `{}`. And
//! what serde says of a wrong type names the type in Rust. This adapter stands between the two: it
//! reads structs from objects only, at every depth, and says what is expected in words of JSON. It
//! is of no cost: nothing of it is left but another function that is called.
//!
//! It does not see into enums, nor into what serde sets aside before it reads it (`flatten`,
//! `untagged`, a tag within): a struct in there would still be read from an array.

use std::fmt;

use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, Unexpected, Visitor,
};

/// Any deserializer, seed, or access to elements: and all that is read through it.
pub(super) struct Strict<T>(pub(super) T);

const WHOLE_NUMBER: Option<&str> = Some("a whole number");
const NUMBER: Option<&str> = Some("a number");
const ARRAY: Option<&str> = Some("an array");
const OBJECT: Option<&str> = Some("an object");

macro_rules! with_words {
    ($($method:ident($($argument:ident: $type:ty),*) as $inner:ident($($given:ident),*), $what:expr;)+) => {
        $(fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, D::Error> {
            self.0.$inner($($given,)* Told { visitor, what: $what })
        })+
    };
}

macro_rules! as_it_is {
    ($($method:ident)+) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.0.$method(visitor)
        })+
    };
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Strict<D> {
    type Error = D::Error;

    with_words! {
        deserialize_bool() as deserialize_bool(), Some("true or false");
        deserialize_i8() as deserialize_i8(), WHOLE_NUMBER;
        deserialize_i16() as deserialize_i16(), WHOLE_NUMBER;
        deserialize_i32() as deserialize_i32(), WHOLE_NUMBER;
        deserialize_i64() as deserialize_i64(), WHOLE_NUMBER;
        deserialize_i128() as deserialize_i128(), WHOLE_NUMBER;
        deserialize_u8() as deserialize_u8(), WHOLE_NUMBER;
        deserialize_u16() as deserialize_u16(), WHOLE_NUMBER;
        deserialize_u32() as deserialize_u32(), WHOLE_NUMBER;
        deserialize_u64() as deserialize_u64(), WHOLE_NUMBER;
        deserialize_u128() as deserialize_u128(), WHOLE_NUMBER;
        deserialize_f32() as deserialize_f32(), NUMBER;
        deserialize_f64() as deserialize_f64(), NUMBER;
        deserialize_unit() as deserialize_unit(), Some("null");
        deserialize_unit_struct(name: &'static str) as deserialize_unit_struct(name), Some("null");
        deserialize_seq() as deserialize_seq(), ARRAY;
        deserialize_tuple(length: usize) as deserialize_tuple(length), ARRAY;
        deserialize_tuple_struct(name: &'static str, length: usize) as deserialize_tuple_struct(name, length), ARRAY;
        deserialize_map() as deserialize_map(), OBJECT;
        // A map: the difference is all that lets an array pass.
        deserialize_struct(_name: &'static str, _fields: &'static [&'static str]) as deserialize_map(), OBJECT;
        // What these expect is what is inside.
        deserialize_any() as deserialize_any(), None;
        deserialize_option() as deserialize_option(), None;
        deserialize_newtype_struct(name: &'static str) as deserialize_newtype_struct(name), None;
    }

    // Texts, and what is not looked at: their visitors speak for themselves, and nothing is inside.
    as_it_is! {
        deserialize_char deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf
        deserialize_identifier deserialize_ignored_any
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_enum(name, variants, visitor)
    }

    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Strict<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        self.0.deserialize(Strict(deserializer))
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Strict<A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        self.0.next_element_seed(Strict(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Strict<A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        self.0.next_key_seed(seed)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.0.next_value_seed(Strict(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

/// A visitor that hands on what it is given, strict in its turn.
struct Told<V> {
    visitor: V,
    /// What is expected, where the visitor would say it in words of Rust.
    what: Option<&'static str>,
}

macro_rules! numbers {
    ($($method:ident($type:ty) as $unexpected:expr;)+) => {
        $(fn $method<E: de::Error>(self, value: $type) -> Result<V::Value, E> {
            let Some(what) = self.what else {
                return self.visitor.$method(value);
            };
            self.visitor.$method(value).map_err(|wrong| match wrong {
                Wrong::Type => E::invalid_type($unexpected(value), &what),
                Wrong::Value => E::invalid_value($unexpected(value), &InRange(what)),
                Wrong::Other(text) => E::custom(text),
            })
        })+
    };
}

macro_rules! handed_on {
    ($($method:ident($type:ty);)+) => {
        $(fn $method<E: de::Error>(self, value: $type) -> Result<V::Value, E> {
            self.visitor.$method(value)
        })+
    };
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Told<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.what {
            Some(what) => f.write_str(what),
            None => self.visitor.expecting(f),
        }
    }

    numbers! {
        visit_i64(i64) as Unexpected::Signed;
        visit_u64(u64) as Unexpected::Unsigned;
        visit_f64(f64) as Unexpected::Float;
    }

    handed_on! {
        visit_bool(bool);
        visit_i128(i128);
        visit_u128(u128);
        visit_str(&str);
        visit_borrowed_str(&'de str);
        visit_string(String);
        visit_bytes(&[u8]);
        visit_borrowed_bytes(&'de [u8]);
        visit_byte_buf(Vec<u8>);
    }

    fn visit_none<E: de::Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_none()
    }

    fn visit_unit<E: de::Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_some(Strict(deserializer))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<V::Value, D::Error> {
        self.visitor.visit_newtype_struct(Strict(deserializer))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_seq(Strict(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_map(Strict(entries))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, variant: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_enum(variant)
    }
}

/// A number of the right type that the field cannot hold.
struct InRange(&'static str);

impl de::Expected for InRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in range", self.0)
    }
}

/// What a visitor finds wrong with a number, before it is put into words.
#[derive(Debug)]
enum Wrong {
    Type,
    Value,
    Other(String),
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Type => f.write_str("another type is expected"),
            Self::Value => f.write_str("another value is expected"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Wrong {}

impl de::Error for Wrong {
    fn custom<M: fmt::Display>(message: M) -> Self {
        Self::Other(message.to_string())
    }

    fn invalid_type(_: Unexpected<'_>, _: &dyn de::Expected) -> Self {
        Self::Type
    }

    fn invalid_value(_: Unexpected<'_>, _: &dyn de::Expected) -> Self {
        Self::Value
    }
}
