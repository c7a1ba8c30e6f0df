//! JSON Schema of scenario files, for editors: from the types, and from the protocol's table of parameters.

use plasma_core::params::{Spec, TABLE, Unit};
use serde_json::{Map, Value, json};

use super::model::Scenario;
use super::protocol::{pattern, range, section_and_name, sections, show_value};
use super::tree::Confidence;

/// JSON Schema (2020-12) of a scenario file. Every value may be written plainly or with `source` and `confidence`.
pub fn schema() -> Value {
    let mut schema = schemars::schema_for!(Scenario).to_value();
    annotate(&mut schema);
    relax(&mut schema);
    if let Some(Value::Object(definitions)) = schema.get_mut("$defs") {
        for definition in definitions.values_mut() {
            annotate(definition);
            relax(definition);
        }
    }
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        let extends = "Path of the scenario that this one changes, relative to this file. Tables merge key by key, lists by id.";
        properties.insert("extends".into(), json!({ "type": "string", "description": extends }));
        for section in sections() {
            properties.insert(section.into(), section_schema(section));
        }
    }
    schema
}

/// A file may leave out what the file it extends has; only the id of an element must be there.
fn relax(schema: &mut Value) {
    let has_id = schema["properties"].get("id").is_some();
    if let Some(object) = schema.as_object_mut() {
        match has_id {
            true => drop(object.insert("required".into(), json!(["id"]))),
            false => drop(object.remove("required")),
        }
    }
}

/// Lets every value of a table carry a provenance, and the table itself one for all of them.
fn annotate(schema: &mut Value) {
    for key in ["oneOf", "anyOf"] {
        if let Some(Value::Array(variants)) = schema.get_mut(key) {
            variants.iter_mut().for_each(annotate);
        }
    }
    let mut table = false;
    for key in ["properties", "patternProperties"] {
        if let Some(Value::Object(properties)) = schema.get_mut(key) {
            table = true;
            properties.values_mut().for_each(annotate_property);
        }
    }
    if let Some(values @ Value::Object(_)) = schema.get_mut("additionalProperties") {
        table = true;
        annotate_property(values);
    }
    if table {
        schema["properties"]["source"] = source();
        schema["properties"]["confidence"] = confidence();
    }
}

fn annotate_property(property: &mut Value) {
    annotate(property);
    // An element of a list of tables carries its provenance itself.
    let list_of_tables = property.get("items").is_some_and(|items| items.get("$ref").is_some());
    if !list_of_tables {
        *property = either(property.take());
    }
}

/// A value, or a table of the value with its provenance.
fn either(value: Value) -> Value {
    let description = value.get("description").cloned();
    let default = value.get("default").cloned();
    let annotated = json!({
        "type": "object",
        "properties": { "value": value, "source": source(), "confidence": confidence() },
        "required": ["value"],
        "additionalProperties": false,
    });
    let mut either = json!({ "anyOf": [value, annotated] });
    for (key, text) in [("description", description), ("default", default)] {
        if let Some(text) = text {
            either[key] = text;
        }
    }
    either
}

fn source() -> Value {
    json!({ "type": "string", "description": "Where the value comes from." })
}

fn confidence() -> Value {
    json!({ "enum": Confidence::NAMES, "description": "How well established the value is." })
}

fn section_schema(section: &str) -> Value {
    let parameters = TABLE.iter().filter(|spec| section_and_name(spec).0 == section);
    let mut properties: Map<String, Value> =
        parameters.map(|spec| (section_and_name(spec).1.to_owned(), either(parameter_schema(spec)))).collect();
    properties.insert("source".into(), source());
    properties.insert("confidence".into(), confidence());
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

fn parameter_schema(spec: &Spec) -> Value {
    let description = format!("{} {}", spec.text, range(spec));
    match spec.unit {
        Unit::Count => json!({
            "type": "integer", "minimum": spec.min, "maximum": spec.max, "default": spec.default, "description": description,
        }),
        Unit::Choice(names) => json!({
            "enum": names, "default": show_value(spec.unit, spec.default), "description": description,
        }),
        unit => json!({
            "type": "string", "pattern": pattern(unit), "default": show_value(unit, spec.default), "description": description,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::{TABLE, schema, section_and_name};

    #[test]
    fn every_parameter_is_described() {
        let schema = schema();
        for spec in TABLE {
            let (section, name) = section_and_name(spec);
            let property = &schema["properties"][section]["properties"][name];
            assert!(property["description"].as_str().unwrap().starts_with(spec.text), "{}", spec.key);
            assert_eq!(property["anyOf"].as_array().unwrap().len(), 2);
        }
    }

    #[test]
    fn values_of_the_world_may_carry_a_provenance() {
        let schema = schema();
        let power = &schema["$defs"]["Class"]["properties"]["power"];
        assert_eq!(power["anyOf"][1]["required"][0], "value");
        assert_eq!(schema["$defs"]["Class"]["required"], serde_json::json!(["id"]));
        assert_eq!(schema["properties"]["horizon"]["anyOf"][0]["$ref"], "#/$defs/SpanMs");
    }
}
