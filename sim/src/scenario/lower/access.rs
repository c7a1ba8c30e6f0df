//! serde's view of a tree.

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, IntoDeserializer, MapAccess, SeqAccess, Unexpected, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::Refusal;
use crate::scenario::tree::{Entry, Node, Value, segment};

pub(crate) struct NodeDeserializer<'a>(pub &'a Node);

impl<'de> NodeDeserializer<'de> {
    fn visit<V: Visitor<'de>>(&self, visitor: V) -> Result<V::Value, Refusal> {
        match &self.0.value {
            Value::Boolean(value) => visitor.visit_bool(*value),
            Value::Integer(value) => match (u64::try_from(*value), i64::try_from(*value)) {
                (Ok(value), _) => visitor.visit_u64(value),
                (_, Ok(value)) => visitor.visit_i64(value),
                _ => Err(Refusal::invalid_type(Unexpected::Other(&self.0.found()), &visitor)),
            },
            Value::Float(value) => visitor.visit_f64(*value),
            Value::Text(text) => visitor.visit_str(text),
            Value::List(list) => visitor.visit_seq(Elements { list, next: 0 }),
            Value::Table(table) => visitor.visit_map(Entries { entries: &table.entries, next: 0 }),
        }
    }
}

impl<'de> Deserializer<'de> for NodeDeserializer<'de> {
    type Error = Refusal;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        self.visit(visitor).map_err(|refusal| refusal.located(&self.0.origin))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        let names = || known.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(" or ");
        let result = match &self.0.value {
            Value::Text(name) => visitor.visit_enum(Variant { name, node: None }),
            Value::Table(table) => match table.entries.as_slice() {
                [entry] => visitor.visit_enum(Variant { name: &entry.key, node: Some(&entry.node) }),
                entries => Err(Refusal::custom(format!("expected one of {}, found {} keys", names(), entries.len()))),
            },
            _ => Err(Refusal::custom(format!("expected {}, found {}", names(), self.0.found()))),
        };
        result.map_err(|refusal| refusal.located(&self.0.origin))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

struct Elements<'a> {
    list: &'a [Node],
    next: usize,
}

impl<'de> SeqAccess<'de> for Elements<'de> {
    type Error = Refusal;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Refusal> {
        let Some(element) = self.list.get(self.next) else { return Ok(None) };
        let position = self.next;
        self.next += 1;
        seed.deserialize(NodeDeserializer(element)).map(Some).map_err(|refusal| refusal.within(segment(element, position)))
    }
}

struct Entries<'a> {
    entries: &'a [Entry],
    next: usize,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Refusal;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Refusal> {
        let Some(entry) = self.entries.get(self.next) else { return Ok(None) };
        seed.deserialize(Key(&entry.key))
            .map(Some)
            .map_err(|refusal| refusal.located(&entry.key_origin).within(entry.key.as_str()))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Refusal> {
        let entry = self.entries.get(self.next).ok_or_else(|| Refusal::custom("a value was asked for before its key"))?;
        self.next += 1;
        seed.deserialize(NodeDeserializer(&entry.node)).map_err(|refusal| refusal.within(entry.key.as_str()))
    }
}

/// A key: a name, or a number where the table is keyed by numbers.
struct Key<'a>(&'a str);

impl<'de> Deserializer<'de> for Key<'de> {
    type Error = Refusal;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_str(self.0)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.0.parse() {
            Ok(number) => visitor.visit_u32(number),
            Err(_) => Err(Refusal::invalid_type(Unexpected::Str(self.0), &visitor)),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

/// A variant of an enum: a name alone, or a name with what belongs to it.
struct Variant<'a> {
    name: &'a str,
    node: Option<&'a Node>,
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Refusal;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Refusal> {
        let name: StrDeserializer<Refusal> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'de> {
    type Error = Refusal;

    fn unit_variant(self) -> Result<(), Refusal> {
        match self.node {
            None => Ok(()),
            Some(node) => Err(Refusal::custom(format!("\"{}\" takes nothing", self.name)).located(&node.origin)),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Refusal> {
        match self.node {
            Some(node) => seed.deserialize(NodeDeserializer(node)).map_err(|refusal| refusal.within(self.name)),
            None => Err(Refusal::custom(format!("\"{}\" is written as a table, `{{ {0} = … }}`", self.name))),
        }
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Refusal> {
        Err(Refusal::custom("no value of a scenario is written as a tuple"))
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Refusal> {
        match self.node {
            Some(node) => NodeDeserializer(node).deserialize_any(visitor).map_err(|refusal| refusal.within(self.name)),
            None => Err(Refusal::custom(format!("\"{}\" is written as a table", self.name))),
        }
    }
}
