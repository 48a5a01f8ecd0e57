//! From the client's stages to a [`Pipeline`] (`parse-server:src/Routers/AggregateRouter.js`).

use std::borrow::Cow;
use std::sync::Arc;

use super::{Accumulator, EmptyRows, Expression, Pipeline, Stage, Step, Unwind};
use crate::error::{Code, Error, Result};
use crate::query::{OrderBy, OrderKey, Where, parse_filter, resolve, resolve_order};
use crate::schema::{
    ClassSchema, Field, FieldMap, FieldType, IndexMapByName, is_field_name, is_write_only,
};
use crate::value::{FieldName, Json, Members};

/// Stages of a pipeline.
const STAGES_MAX: usize = 100;

/// Reads the stages of a pipeline, an array of objects with one key each.
pub fn parse_pipeline(json: &Json, class: &Arc<ClassSchema>) -> Result<Pipeline> {
    let stages = json
        .as_array()
        .ok_or_else(|| invalid("Invalid aggregate pipeline: an array is needed.".to_owned()))?;
    if stages.len() > STAGES_MAX {
        return Err(invalid(format!("A pipeline may have {STAGES_MAX} stages.")));
    }
    // Indexes are those of a table; rows on their way through stages have none, and no field that is only written.
    let mut shape = ClassSchema { indexes: IndexMapByName::new(), ..ClassSchema::clone(class) };
    shape.fields.retain(|field, _| !is_write_only(&class.name, field));
    let mut parser =
        Parser { class, shape: Arc::new(shape), rows: Rows::Objects, reads: Vec::new() };
    let stages: Result<Vec<Stage>> = stages.iter().map(|stage| parser.parse_stage(stage)).collect();
    let mut reads = parser.reads;
    if parser.rows == Rows::Objects {
        reads.extend(parser.shape.fields.keys().cloned());
    }
    reads.retain(|field| class.fields.contains_key(field));
    reads.sort_unstable();
    reads.dedup();
    Ok(Pipeline { class: Arc::clone(class), stages: stages?, reads })
}

pub(super) fn invalid(text: String) -> Error {
    Error::new(Code::InvalidQuery, text)
}

/// The field that a name of a pipeline means: there, clients use the names of the original's own databases.
pub(super) fn stored_name(name: &str) -> Cow<'_, str> {
    let (first, rest) =
        name.split_once('.').map_or((name, None), |(first, rest)| (first, Some(rest)));
    let stored = match first {
        "_id" => "objectId",
        "_created_at" => "createdAt",
        "_updated_at" => "updatedAt",
        first => first.strip_prefix("_p_").unwrap_or(first),
    };
    match rest {
        _ if stored == first => Cow::Borrowed(name),
        Some(rest) => Cow::Owned(format!("{stored}.{rest}")),
        None => Cow::Owned(stored.to_owned()),
    }
}

/// What the rows are at some stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rows {
    /// Still the objects of the class, whole.
    Objects,
    /// Something computed.
    Computed,
}

struct Parser<'c> {
    class: &'c Arc<ClassSchema>,
    shape: Arc<ClassSchema>,
    rows: Rows,
    reads: Vec<FieldName>,
}

impl Parser<'_> {
    fn parse_stage(&mut self, json: &Json) -> Result<Stage> {
        let members = json
            .as_object()
            .ok_or_else(|| invalid("Invalid aggregate stage: an object is needed.".to_owned()))?;
        let (name, argument) = match members.first() {
            Some(only) if members.len() == 1 => only,
            _ => {
                let names: Vec<&str> = members.keys().map(String::as_str).collect();
                return Err(invalid(format!(
                    "Pipeline stages should only have one key but found {}",
                    names.join(", ")
                )));
            }
        };
        let step = match name.as_str() {
            "$match" => Step::Match(self.parse_match(argument)?),
            "$sort" => Step::Sort(self.parse_sort(argument)?),
            "$skip" => Step::Skip(number(name, argument)?),
            "$limit" => Step::Limit(number(name, argument)?),
            "$sample" => Step::Sample(number(name, argument.get("size").unwrap_or(&Json::Null))?),
            "$count" => self.parse_count(argument)?,
            "$unwind" => Step::Unwind(self.parse_unwind(argument)?),
            "$project" => Step::Project(self.parse_project(object(name, argument)?)?),
            "$addFields" | "$set" => Step::Project(self.parse_set(object(name, argument)?)?),
            "$unset" => Step::Project(self.parse_unset(argument)?),
            "$group" => self.parse_group(object(name, argument)?)?,
            _ => return Err(invalid(format!("Invalid aggregate stage '{name}'."))),
        };
        Ok(Stage { step, shape: Arc::clone(&self.shape) })
    }

    fn parse_match(&mut self, json: &Json) -> Result<Where> {
        let filter = parse_filter(&renamed(json))?;
        let filter = resolve(&filter, &self.shape)?;
        if names_relation(&filter) {
            return Err(invalid("$relatedTo is not possible in $match.".to_owned()));
        }
        self.read_where(&filter);
        Ok(filter)
    }

    fn read_where(&mut self, filter: &Where) {
        match filter {
            Where::All(parts) | Where::Any(parts) | Where::Nor(parts) => {
                parts.iter().for_each(|part| self.read_where(part))
            }
            Where::Field(path, _) => self.read(&path.field),
            Where::Relates(field, _) | Where::NotRelates(field, _) => self.read(field),
            Where::Everything | Where::Nothing | Where::RelatedTo { .. } => {}
        }
    }

    /// Notes that a field is read. After a stage that computes rows anew, names are no longer those of the
    /// class, and what they are made of was noted there.
    fn read(&mut self, field: &FieldName) {
        if self.rows == Rows::Objects {
            self.reads.push(field.clone());
        }
    }

    fn parse_expression(&mut self, json: &Json) -> Result<Expression> {
        let expression = Expression::parse(json, &self.shape)?;
        let mut fields = Vec::new();
        expression.reads(&mut fields);
        fields.iter().for_each(|field| self.read(field));
        Ok(expression)
    }

    fn parse_sort(&mut self, json: &Json) -> Result<Vec<OrderBy>> {
        let mut keys = Vec::new();
        for (name, direction) in object("$sort", json)? {
            let direction = direction.as_number().filter(|direction| direction.abs() == 1.0);
            let direction = direction.ok_or_else(|| {
                invalid(format!("Invalid direction of '{name}' in aggregate stage '$sort'."))
            })?;
            keys.push(OrderKey {
                name: stored_name(name).into_owned(),
                descending: direction < 0.0,
            });
        }
        let order = resolve_order(&keys, &self.shape)?;
        for key in &order {
            if let OrderBy::Field(path, _) = key {
                self.read(&path.field);
            }
        }
        Ok(order)
    }

    fn parse_count(&mut self, json: &Json) -> Result<Step> {
        let name = json.as_str().filter(|name| is_field_name(name) && *name != "objectId");
        let name = FieldName::from(name.ok_or_else(|| {
            invalid("Invalid field name in aggregate stage '$count'.".to_owned())
        })?);
        self.become_rows([(name.clone(), FieldType::Number)]);
        Ok(Step::Count(name))
    }

    fn parse_unwind(&mut self, json: &Json) -> Result<Unwind> {
        let bad = || invalid("Invalid path in aggregate stage '$unwind'.".to_owned());
        let name = json
            .get("path")
            .unwrap_or(json)
            .as_str()
            .and_then(|name| name.strip_prefix('$'))
            .ok_or_else(bad)?;
        let Expression::Field(field) = self.parse_expression(&Json::from(format!("${name}")))?
        else {
            return Err(bad());
        };
        if !field.path.is_empty() {
            return Err(bad());
        }
        let index = match json.get("includeArrayIndex").map(Json::as_str) {
            None => None,
            Some(Some(name)) if is_field_name(name) && self.shape.field(name).is_none() => {
                Some(FieldName::from(name))
            }
            Some(_) => return Err(bad()),
        };
        let keep = json.get("preserveNullAndEmptyArrays").is_some_and(Json::is_truthy);
        let mut shape = ClassSchema::clone(&self.shape);
        if matches!(field.kind, FieldType::Array | FieldType::Object) {
            shape.fields.insert(field.field.clone(), Field::plain(FieldType::Object));
        }
        if let Some(index) = &index {
            shape.fields.insert(index.clone(), Field::plain(FieldType::Number));
        }
        self.shape = Arc::new(shape);
        Ok(Unwind { field, index, empty: if keep { EmptyRows::Keep } else { EmptyRows::Drop } })
    }

    fn parse_project(&mut self, members: &Members) -> Result<Vec<(FieldName, Expression)>> {
        let is_kept =
            |json: &Json| !matches!(json, Json::Bool(false)) && json.as_number() != Some(0.0);
        let id =
            members.iter().find(|(name, _)| stored_name(name) == "objectId").map(|(_, json)| json);
        let others = || members.iter().filter(|(name, _)| stored_name(name) != "objectId");
        if others().all(|(_, json)| !is_kept(json)) && !id.is_some_and(is_kept) {
            let gone: Vec<Cow<'_, str>> = members.keys().map(|name| stored_name(name)).collect();
            let kept = self.keep(|field| !gone.iter().any(|name| **name == **field));
            return self.project(kept);
        }
        let mut fields = Vec::with_capacity(members.len() + 1);
        let id = match id {
            Some(json) if !is_kept(json) => None,
            Some(json) if is_one(json) => Some(Json::from("$_id")),
            Some(json) => Some(json.clone()),
            None => Some(Json::from("$_id")),
        };
        fields
            .push((FieldName::from("objectId"), self.parse_expression(&id.unwrap_or(Json::Null))?));
        for (name, json) in others().filter(|(_, json)| is_kept(json)) {
            let name = output_name("$project", &stored_name(name))?;
            let expression = if is_one(json) {
                self.parse_expression(&Json::from(format!("${name}")))?
            } else {
                self.parse_expression(json)?
            };
            fields.push((name, expression));
        }
        self.project(fields)
    }

    fn parse_set(&mut self, members: &Members) -> Result<Vec<(FieldName, Expression)>> {
        let mut fields =
            self.keep(|field| !members.keys().any(|name| stored_name(name) == **field));
        let mut set = Vec::with_capacity(members.len());
        for (name, json) in members {
            set.push((
                output_name("$addFields", &stored_name(name))?,
                self.parse_expression(json)?,
            ));
        }
        fields.retain(|(name, _)| !set.iter().any(|(other, _)| other == name));
        fields.append(&mut set);
        self.project(fields)
    }

    fn parse_unset(&mut self, json: &Json) -> Result<Vec<(FieldName, Expression)>> {
        let names = json.as_array().unwrap_or(std::slice::from_ref(json));
        let gone: Option<Vec<Cow<'_, str>>> =
            names.iter().map(|name| name.as_str().map(stored_name)).collect();
        let gone = gone
            .ok_or_else(|| invalid("Invalid field name in aggregate stage '$unset'.".to_owned()))?;
        let fields = self.keep(|field| !gone.iter().any(|name| **name == **field));
        self.project(fields)
    }

    /// Fields of the rows as they are; of `objectId`, its place stays.
    fn keep(&mut self, keeps: impl Fn(&FieldName) -> bool) -> Vec<(FieldName, Expression)> {
        let shape = Arc::clone(&self.shape);
        let mut fields = Vec::with_capacity(shape.fields.len());
        for (name, field) in &shape.fields {
            if matches!(field.kind, FieldType::Relation(_)) {
                continue;
            }
            let path = crate::query::FieldPath {
                field: name.clone(),
                kind: field.kind.clone(),
                path: Vec::new(),
            };
            if keeps(name) {
                self.read(name);
                fields.push((name.clone(), Expression::Field(path)));
            } else if name == "objectId" {
                fields.push((name.clone(), Expression::NOTHING));
            }
        }
        fields
    }

    fn project(
        &mut self,
        fields: Vec<(FieldName, Expression)>,
    ) -> Result<Vec<(FieldName, Expression)>> {
        for (at, (name, _)) in fields.iter().enumerate() {
            if fields[..at].iter().any(|(other, _)| other == name) {
                return Err(invalid(format!(
                    "The field '{name}' is computed twice in an aggregate stage."
                )));
            }
        }
        self.become_rows(fields.iter().map(|(name, expression)| (name.clone(), expression.kind())));
        Ok(fields)
    }

    fn parse_group(&mut self, members: &Members) -> Result<Step> {
        if members.contains_key("objectId") {
            return Err(invalid("Cannot use 'objectId' in aggregation stage $group.".to_owned()));
        }
        let id = members.get("_id").ok_or_else(|| {
            invalid("Invalid parameter for query: group. Missing key _id".to_owned())
        })?;
        let id = self.parse_expression(id)?;
        let mut fields = Vec::with_capacity(members.len());
        for (name, json) in members.iter().filter(|(name, _)| *name != "_id") {
            fields.push((output_name("$group", name)?, self.parse_accumulator(name, json)?));
        }
        // The original answers with the bare id where rows are grouped by a pointer.
        let kind = id.kind();
        let is_named = matches!(kind, FieldType::Pointer(_) | FieldType::File);
        let kind = if is_named { FieldType::String } else { super::expression::lone(kind) };
        let kinds = fields.iter().map(|(name, accumulator)| (name.clone(), accumulator.kind()));
        self.become_rows(std::iter::once((FieldName::from("objectId"), kind)).chain(kinds));
        Ok(Step::Group(id, fields))
    }

    fn parse_accumulator(&mut self, field: &str, json: &Json) -> Result<Accumulator> {
        let bad =
            || invalid(format!("Invalid accumulator of '{field}' in aggregate stage '$group'."));
        let members = json.as_object().filter(|members| members.len() == 1).ok_or_else(bad)?;
        let (operator, argument) = members.first().ok_or_else(bad)?;
        let of = self.parse_expression(argument);
        Ok(match operator.as_str() {
            "$sum" if argument.as_number() == Some(1.0) => Accumulator::Count,
            "$count" => Accumulator::Count,
            "$sum" => Accumulator::Sum(of?),
            "$avg" => Accumulator::Average(of?),
            "$min" => Accumulator::Min(of?),
            "$max" => Accumulator::Max(of?),
            "$first" => Accumulator::First(of?),
            "$last" => Accumulator::Last(of?),
            "$push" => Accumulator::Push(of?),
            "$addToSet" => Accumulator::AddToSet(of?),
            _ => return Err(bad()),
        })
    }

    /// From here on, rows have these fields.
    fn become_rows(&mut self, fields: impl IntoIterator<Item = (FieldName, FieldType)>) {
        let mut shape = ClassSchema::new(self.class.name.clone());
        shape.fields =
            fields.into_iter().map(|(name, kind)| (name, Field::plain(kind))).collect::<FieldMap>();
        self.shape = Arc::new(shape);
        self.rows = Rows::Computed;
    }
}

/// Whether a condition asks for the objects of a relation, which only find answers: it checks the owner.
fn names_relation(filter: &Where) -> bool {
    match filter {
        Where::All(parts) | Where::Any(parts) | Where::Nor(parts) => {
            parts.iter().any(names_relation)
        }
        Where::RelatedTo { .. } => true,
        Where::Everything
        | Where::Nothing
        | Where::Field(..)
        | Where::Relates(..)
        | Where::NotRelates(..) => false,
    }
}

fn is_one(json: &Json) -> bool {
    *json == Json::Bool(true) || json.as_number().is_some_and(|number| number != 0.0)
}

fn object<'a>(stage: &str, json: &'a Json) -> Result<&'a Members> {
    json.as_object().ok_or_else(|| {
        invalid(format!("Invalid argument of aggregate stage '{stage}': an object is needed."))
    })
}

fn number(stage: &str, json: &Json) -> Result<u64> {
    let number = json.as_number().filter(|number| *number >= 0.0 && number.fract() == 0.0);
    number.map(|number| number as u64).ok_or_else(|| {
        invalid(format!("Invalid argument of aggregate stage '{stage}': a number is needed."))
    })
}

fn output_name(stage: &str, name: &str) -> Result<FieldName> {
    if is_field_name(name) {
        Ok(FieldName::from(name))
    } else {
        Err(invalid(format!("Invalid field name '{name}' in aggregate stage '{stage}'.")))
    }
}

/// A condition with the names of fields as the class has them, and with dates and pointers in wire form.
fn renamed(json: &Json) -> Json {
    let Json::Object(members) = json else { return json.clone() };
    let rename = |(name, value): (&String, &Json)| match name.as_str() {
        "$or" | "$and" | "$nor" => (
            name.clone(),
            Json::Array(value.as_array().unwrap_or_default().iter().map(renamed).collect()),
        ),
        _ => (stored_name(name).into_owned(), operand(value, name.starts_with("_p_"))),
    };
    Json::Object(members.iter().map(rename).collect())
}

fn operand(json: &Json, is_pointer: bool) -> Json {
    match json {
        Json::String(text) if is_pointer => {
            Json::from(text.split_once('$').map_or(text.as_str(), |(_, id)| id))
        }
        Json::Array(elements) => {
            Json::Array(elements.iter().map(|element| operand(element, is_pointer)).collect())
        }
        Json::Object(members) => match members.get("$date").and_then(Json::as_str) {
            Some(iso) => Json::from([("__type", Json::from("Date")), ("iso", Json::from(iso))]),
            None => Json::Object(
                members
                    .iter()
                    .map(|(key, value)| (key.clone(), operand(value, is_pointer)))
                    .collect(),
            ),
        },
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => json.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::ClassName;

    fn class() -> Arc<ClassSchema> {
        let mut class = ClassSchema::new(ClassName::from("Person"));
        for (name, kind) in [
            ("name", FieldType::String),
            ("age", FieldType::Number),
            ("born", FieldType::Date),
            ("tags", FieldType::Array),
            ("city", FieldType::Pointer(ClassName::from("City"))),
        ] {
            class.fields.insert(FieldName::from(name), Field::plain(kind));
        }
        Arc::new(class)
    }

    fn parse(text: &str) -> Result<Pipeline> {
        parse_pipeline(&Json::parse(text.as_bytes()).unwrap(), &class())
    }

    fn check_refused(text: &str, expected: &str) {
        let refused = parse(text).unwrap_err();
        assert_eq!((refused.code() as i32, refused.text()), (102, expected), "{text}");
    }

    #[test]
    fn refusals_have_the_contract_s_texts() {
        check_refused(r#"[{"group":{"objectId":"$age"}}]"#, "Invalid aggregate stage 'group'.");
        check_refused(
            r#"[{"$group":{"total":{"$sum":1}}}]"#,
            "Invalid parameter for query: group. Missing key _id",
        );
        check_refused(
            r#"[{"$group":{"objectId":"$age","total":{"$sum":1}}}]"#,
            "Cannot use 'objectId' in aggregation stage $group.",
        );
        check_refused(r#"[{"$unknownStage":{}}]"#, "Invalid aggregate stage '$unknownStage'.");
        check_refused(
            r#"[{"$match":{},"$limit":1}]"#,
            "Pipeline stages should only have one key but found $match, $limit",
        );
        for text in [
            r#"{"$match":{}}"#,
            r#"["x"]"#,
            r#"[{}]"#,
            r#"[{"$limit":-1}]"#,
            r#"[{"$limit":"1"}]"#,
            r#"[{"$sort":{"age":2}}]"#,
            r#"[{"$count":"a b"}]"#,
            r#"[{"$unwind":"tags"}]"#,
            r#"[{"$project":{"a b":1}}]"#,
            r#"[{"$project":{"x":{"$where":"1"}}}]"#,
            r#"[{"$group":{"_id":null,"x":{"$function":1}}}]"#,
            r#"[{"$group":{"_id":{"$year":"literal"}}}]"#,
            r#"[{"$project":{"x":{"$dateToString":{"date":"$born","format":"%Q"}}}}]"#,
            r#"[{"$match":{"city":{"$inQuery":{"className":"City","where":{}}}}}]"#,
        ] {
            assert_eq!(parse(text).unwrap_err().code() as i32, 102, "{text}");
        }
    }

    fn check_fields(text: &str, reads: &str, shape: &str) {
        let pipeline = parse(text).unwrap();
        let names = |names: Vec<String>| names.join(" ");
        assert_eq!(
            names(pipeline.fields().iter().map(ToString::to_string).collect()),
            reads,
            "{text}"
        );
        let fields = &pipeline.shape().fields;
        assert_eq!(names(fields.keys().map(ToString::to_string).collect()), shape, "{text}");
    }

    #[test]
    fn what_a_pipeline_reads_is_known() {
        let all = "ACL age born city createdAt name objectId tags updatedAt";
        let shape = "objectId createdAt updatedAt ACL name age born tags city";
        check_fields("[]", all, shape);
        check_fields(r#"[{"$match":{"_p_city":"City$x"}},{"$limit":1}]"#, all, shape);
        check_fields(
            r#"[{"$match":{"name":"x"}},{"$group":{"_id":{"a":{"$year":"$born"}},"t":{"$sum":"$age"}}}]"#,
            "age born name",
            "objectId t",
        );
        check_fields(r#"[{"$project":{"label":"$name","_id":0}}]"#, "name", "objectId label");
        check_fields(
            r#"[{"$unwind":"$tags"},{"$sort":{"age":1}},{"$count":"n"}]"#,
            "age tags",
            "n",
        );
        check_fields(r#"[{"$group":{"_id":"$tags"}},{"$match":{"name":"x"}}]"#, "tags", "objectId");
    }
}
