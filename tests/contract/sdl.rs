//! A GraphQL schema as a sorted list of items, whether it came as SDL or as an introspection.

use std::collections::BTreeSet;
use std::fmt::Display;

use apollo_compiler::ast::{Definition, Document, FieldDefinition, InputValueDefinition};
use serde_json::Value;

/// The question that `items_of_introspection` reads.
pub(crate) const INTROSPECTION: &str = "
    query {
      __schema {
        types {
          kind
          name
          fields(includeDeprecated: true) { name args { ...Input } type { ...Type } }
          inputFields { ...Input }
          interfaces { name }
          enumValues(includeDeprecated: true) { name }
          possibleTypes { name }
        }
        directives { name }
      }
    }
    fragment Input on __InputValue { name defaultValue type { ...Type } }
    fragment Type on __Type {
      kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name
        ofType { kind name ofType { kind name } } } } } }
    }";

const BUILT_IN_SCALARS: [&str; 5] = ["Boolean", "Float", "ID", "Int", "String"];
const BUILT_IN_DIRECTIVES: [&str; 5] = ["deprecated", "include", "oneOf", "skip", "specifiedBy"];

/// A type, a field, an argument, an enum value…
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Item {
    /// All that is said about it: `field Query.node: Node`.
    pub(crate) text: String,
    /// Short names of the item and of what it belongs to: `field Query.node`, `object Query`.
    pub(crate) names: Vec<String>,
}

/// A schema.
pub(crate) type Items = BTreeSet<Item>;

/// Collects the items of one type.
struct Collector<'a> {
    items: &'a mut Items,
    kind: &'static str,
    owner: String,
}

impl Collector<'_> {
    /// Adds the type itself.
    fn start<'a>(items: &'a mut Items, kind: &'static str, owner: impl Display) -> Collector<'a> {
        let owner = owner.to_string();
        let name = format!("{kind} {owner}");
        items.insert(Item { text: name.clone(), names: vec![name] });
        Collector { items, kind, owner }
    }

    fn add(&mut self, name: String, says: &str, parent: Option<&str>) {
        let text = if says.is_empty() { name.clone() } else { format!("{name}: {says}") };
        let mut names = vec![name, format!("{} {}", self.kind, self.owner)];
        names.extend(parent.map(str::to_owned));
        self.items.insert(Item { text, names });
    }

    fn interface(&mut self, name: impl Display) {
        self.add(format!("implements {} {name}", self.owner), "", None);
    }

    fn value(&mut self, name: impl Display) {
        self.add(format!("value {}.{name}", self.owner), "", None);
    }

    fn member(&mut self, name: impl Display) {
        self.add(format!("member {}.{name}", self.owner), "", None);
    }

    fn input_field(&mut self, name: impl Display, says: &str) {
        self.add(format!("input field {}.{name}", self.owner), says, None);
    }

    fn field(&mut self, name: impl Display, says: &str, arguments: &[(String, String)]) {
        let field = format!("field {}.{name}", self.owner);
        for (argument, says) in arguments {
            let name = format!("argument {}.{name}({argument})", self.owner);
            self.add(name, says, Some(&field));
        }
        self.add(field, says, None);
    }
}

/// Reads SDL.
pub(crate) fn items_of_sdl(source: &str) -> Items {
    let document = Document::parse(source, "schema.sdl").expect("the recorded SDL is valid");
    let mut items = Items::new();
    for definition in &document.definitions {
        add_definition(&mut items, definition);
    }
    items
}

fn add_definition(items: &mut Items, definition: &Definition) {
    if let Definition::ScalarTypeDefinition(scalar) = definition {
        Collector::start(items, "scalar", &scalar.name);
    } else if let Definition::EnumTypeDefinition(values) = definition {
        let mut to = Collector::start(items, "enum", &values.name);
        values.values.iter().for_each(|value| to.value(&value.value));
    } else if let Definition::UnionTypeDefinition(union) = definition {
        let mut to = Collector::start(items, "union", &union.name);
        union.members.iter().for_each(|member| to.member(member));
    } else if let Definition::InputObjectTypeDefinition(input) = definition {
        let mut to = Collector::start(items, "input", &input.name);
        input.fields.iter().for_each(|field| to.input_field(&field.name, &says_input(field)));
    } else if let Definition::ObjectTypeDefinition(object) = definition {
        let mut to = Collector::start(items, "object", &object.name);
        object.implements_interfaces.iter().for_each(|name| to.interface(name));
        object.fields.iter().for_each(|field| add_field(&mut to, field));
    } else if let Definition::InterfaceTypeDefinition(interface) = definition {
        let mut to = Collector::start(items, "interface", &interface.name);
        interface.fields.iter().for_each(|field| add_field(&mut to, field));
    } else {
        panic!("the recorded SDL has only types: {definition}");
    }
}

fn add_field(to: &mut Collector<'_>, field: &FieldDefinition) {
    let arguments: Vec<_> = field
        .arguments
        .iter()
        .map(|argument| (argument.name.to_string(), says_input(argument)))
        .collect();
    to.field(&field.name, &field.ty.to_string(), &arguments);
}

fn says_input(input: &InputValueDefinition) -> String {
    match &input.default_value {
        Some(default) => format!("{} = {default}", input.ty),
        None => input.ty.to_string(),
    }
}

/// Reads the answer to [`INTROSPECTION`].
pub(crate) fn items_of_introspection(answer: &Value) -> Items {
    let schema = &answer["data"]["__schema"];
    let mut items = Items::new();
    for class in list(&schema["types"]) {
        let name = text(&class["name"]);
        if !name.starts_with("__") && !BUILT_IN_SCALARS.contains(&name) {
            add_type(&mut items, name, class);
        }
    }
    for directive in list(&schema["directives"]) {
        let name = text(&directive["name"]);
        if !BUILT_IN_DIRECTIVES.contains(&name) {
            Collector::start(&mut items, "directive", name);
        }
    }
    items
}

fn add_type(items: &mut Items, name: &str, class: &Value) {
    let kind = match text(&class["kind"]) {
        "SCALAR" => "scalar",
        "OBJECT" => "object",
        "INTERFACE" => "interface",
        "UNION" => "union",
        "ENUM" => "enum",
        "INPUT_OBJECT" => "input",
        unknown => panic!("a type of the kind {unknown}"),
    };
    let mut to = Collector::start(items, kind, name);
    for interface in list(&class["interfaces"]) {
        to.interface(text(&interface["name"]));
    }
    for value in list(&class["enumValues"]) {
        to.value(text(&value["name"]));
    }
    if kind == "union" {
        list(&class["possibleTypes"]).iter().for_each(|member| to.member(text(&member["name"])));
    }
    for field in list(&class["inputFields"]) {
        to.input_field(text(&field["name"]), &says_introspected(field));
    }
    for field in list(&class["fields"]) {
        let arguments: Vec<_> = list(&field["args"])
            .iter()
            .map(|argument| (text(&argument["name"]).to_owned(), says_introspected(argument)))
            .collect();
        to.field(text(&field["name"]), &type_of(&field["type"]), &arguments);
    }
}

fn says_introspected(input: &Value) -> String {
    match input["defaultValue"].as_str() {
        Some(default) => format!("{} = {default}", type_of(&input["type"])),
        None => type_of(&input["type"]),
    }
}

fn type_of(reference: &Value) -> String {
    match text(&reference["kind"]) {
        "NON_NULL" => format!("{}!", type_of(&reference["ofType"])),
        "LIST" => format!("[{}]", type_of(&reference["ofType"])),
        _ => text(&reference["name"]).to_owned(),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("a text was expected, not {value}"))
}
