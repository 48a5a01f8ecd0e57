//! From a [`Filter`] back to the `where` that says the same: what a hook is shown of a question, whichever door it
//! came through.

use super::{
    Comparison, Condition, Filter, FindRequest, OrderKey, Pattern, Subquery, TextSearch,
    parse_filter,
};
use crate::error::Result;
use crate::value::{GeoPoint, Json, Members, Polygon, wire};

/// The `where` of a filter.
pub fn filter_to_json(filter: &Filter) -> Json {
    Json::Object(members_of(filter))
}

fn members_of(filter: &Filter) -> Members {
    let list = |operator: &str, parts: &[Filter]| {
        let parts = parts.iter().map(filter_to_json).collect();
        Members::from([(operator.to_owned(), Json::Array(parts))])
    };
    match filter {
        Filter::All(parts) => all_of(parts),
        Filter::And(parts) => list("$and", parts),
        Filter::Any(parts) => list("$or", parts),
        Filter::Nor(parts) => list("$nor", parts),
        Filter::Field(name, conditions) => {
            Members::from([(name.clone(), conditions_to_json(conditions))])
        }
        Filter::RelatedTo { owner, key } => {
            let related = Json::from([
                ("object", wire::pointer_to_json(owner)),
                ("key", Json::from(key.as_str())),
            ]);
            Members::from([("$relatedTo".to_owned(), related)])
        }
    }
}

/// The entries of one object, as long as no key occurs twice.
fn all_of(parts: &[Filter]) -> Members {
    let mut members = Members::new();
    let mut further = Vec::new();
    for part in parts {
        let part = members_of(part);
        match part.keys().any(|key| members.contains_key(key)) {
            true => further.push(Json::Object(part)),
            false => members.extend(part),
        }
    }
    if further.is_empty() {
        return members;
    }
    further.insert(0, Json::Object(members));
    Members::from([("$and".to_owned(), Json::Array(further))])
}

fn conditions_to_json(conditions: &[Condition]) -> Json {
    if let [Condition::Compare(Comparison::Equal, value)] = conditions {
        let is_operator = |key: &String| key.starts_with('$');
        if !value.as_object().is_some_and(|members| members.keys().any(is_operator)) {
            return value.clone();
        }
    }
    let mut members = Members::new();
    for condition in conditions {
        put_condition(condition, &mut members);
    }
    Json::Object(members)
}

fn put_condition(condition: &Condition, members: &mut Members) {
    let list = |values: &[Json]| Json::Array(values.to_vec());
    let (operator, value) = match condition {
        Condition::Compare(comparison, value) => (operator(*comparison), value.clone()),
        Condition::In(values) => ("$in", list(values)),
        Condition::NotIn(values) => ("$nin", list(values)),
        Condition::Exists(exists) => ("$exists", Json::Bool(*exists)),
        Condition::All(values) => ("$all", list(values)),
        Condition::ContainedBy(values) => ("$containedBy", list(values)),
        Condition::Regex(pattern) => return members.extend(pattern_to_members(pattern)),
        Condition::AllRegex(patterns) => {
            let patterns = patterns.iter().map(|one| Json::Object(pattern_to_members(one)));
            ("$all", Json::Array(patterns.collect()))
        }
        Condition::Text(search) => ("$text", text_to_json(search)),
        Condition::Near(centre, radians) => {
            let limit = radians.map(|radians| ("$maxDistance".to_owned(), Json::Number(radians)));
            members.extend(limit);
            ("$nearSphere", wire::point_to_json(*centre))
        }
        Condition::InBox(south_west, north_east) => {
            let corners = [south_west, north_east].map(|point| wire::point_to_json(*point));
            ("$within", Json::from([("$box", Json::Array(corners.to_vec()))]))
        }
        Condition::InPolygon(polygon) => {
            ("$geoWithin", Json::from([("$polygon", points_to_json(polygon))]))
        }
        Condition::InSphere(centre, radians) => {
            let sphere = vec![wire::point_to_json(*centre), Json::Number(*radians)];
            ("$geoWithin", Json::from([("$centerSphere", Json::Array(sphere))]))
        }
        Condition::Intersects(point) => {
            ("$geoIntersects", Json::from([("$point", wire::point_to_json(*point))]))
        }
        Condition::Not(conditions) => ("$not", conditions_to_json(conditions)),
        Condition::InQuery(query) => ("$inQuery", Json::Object(subquery_to_members(query))),
        Condition::NotInQuery(query) => ("$notInQuery", Json::Object(subquery_to_members(query))),
        Condition::Select(query, key) => ("$select", select_to_json(query, key)),
        Condition::DontSelect(query, key) => ("$dontSelect", select_to_json(query, key)),
        Condition::Never => ("$in", Json::Array(Vec::new())),
    };
    members.insert(operator.to_owned(), value);
}

fn operator(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equal => "$eq",
        Comparison::NotEqual => "$ne",
        Comparison::Less => "$lt",
        Comparison::LessOrEqual => "$lte",
        Comparison::Greater => "$gt",
        Comparison::GreaterOrEqual => "$gte",
    }
}

fn pattern_to_members(pattern: &Pattern) -> Members {
    let options = &pattern.options;
    let flags = [
        (options.ignore_case, 'i'),
        (options.multi_line, 'm'),
        (options.dot_all, 's'),
        (options.extended, 'x'),
    ];
    let flags: String = flags.iter().filter(|(set, _)| *set).map(|(_, flag)| *flag).collect();
    let mut members = Members::from([("$regex".to_owned(), Json::from(pattern.source.as_str()))]);
    if !flags.is_empty() {
        members.insert("$options".to_owned(), Json::from(flags));
    }
    members
}

fn text_to_json(search: &TextSearch) -> Json {
    let mut members = Members::from([("$term".to_owned(), Json::from(search.term.as_str()))]);
    if let Some(language) = &search.language {
        members.insert("$language".to_owned(), Json::from(language.as_str()));
    }
    let flags = [
        ("$caseSensitive", search.case_sensitive),
        ("$diacriticSensitive", search.diacritic_sensitive),
    ];
    let flags = flags.iter().filter(|(_, set)| *set);
    members.extend(flags.map(|(name, _)| ((*name).to_owned(), Json::Bool(true))));
    Json::from([("$search", Json::Object(members))])
}

fn points_to_json(polygon: &Polygon) -> Json {
    let points = polygon.ring().iter().map(|point: &GeoPoint| wire::point_to_json(*point));
    Json::Array(points.collect())
}

fn subquery_to_members(query: &Subquery) -> Members {
    let mut members = Members::from([("className".to_owned(), Json::from(query.class.as_str()))]);
    members.extend(request_to_members(&query.request));
    members
}

fn select_to_json(query: &Subquery, key: &str) -> Json {
    Json::from([("query", Json::Object(subquery_to_members(query))), ("key", Json::from(key))])
}

/// An order as one text: `-score,name`.
fn order_to_text(order: &[OrderKey]) -> String {
    let mut text = String::new();
    for key in order {
        if !text.is_empty() {
            text.push(',');
        }
        if key.descending {
            text.push('-');
        }
        text.push_str(&key.name);
    }
    text
}

/// A request as the SDKs write a query: `where`, and of the rest what differs from nothing.
pub fn request_to_members(request: &FindRequest) -> Members {
    let mut members = Members::from([("where".to_owned(), filter_to_json(&request.filter))]);
    let mut put = |name: &str, value: Option<Json>| {
        members.extend(value.map(|value| (name.to_owned(), value)));
    };
    let number = |number: u64| (number > 0).then_some(Json::Number(number as f64));
    let names = |names: &[String]| (!names.is_empty()).then(|| Json::from(names.join(",")));
    let text = |text: &Option<String>| text.as_deref().map(Json::from);
    put("include", names(&request.include));
    put("keys", request.keys.as_ref().map(|keys| Json::from(keys.join(","))));
    put("excludeKeys", names(&request.exclude_keys));
    put("limit", request.limit.and_then(number));
    put("skip", number(request.skip));
    let order = order_to_text(&request.order);
    put("order", (!order.is_empty()).then(|| Json::from(order)));
    put("hint", text(&request.hint));
    put("explain", request.explain.then_some(Json::Bool(true)));
    put("comment", text(&request.comment));
    put("redirectClassNameForKey", text(&request.redirect_class_for_key));
    put("includeAll", request.include_all.then_some(Json::Bool(true)));
    members
}

/// A request with what a hook said of it as `Parse.Query` writes it. What that leaves out stays as it was
/// (`parse-server:src/triggers.js`, `maybeRunQueryTrigger`).
pub fn changed_request(request: &FindRequest, query: &Members) -> Result<FindRequest> {
    let given = |name: &str| query.get(name).filter(|json| json.is_truthy());
    let text = |name: &str| given(name).and_then(Json::as_str).map(str::to_owned);
    let number = |name: &str| match given(name).and_then(Json::as_number) {
        Some(number) if number >= 1.0 => Some(number as u64),
        Some(_) | None => None,
    };
    let mut changed = request.clone();
    if let Some(filter) = given("where") {
        changed.filter = parse_filter(filter)?;
    }
    changed.limit = number("limit").or(changed.limit);
    changed.skip = number("skip").unwrap_or(changed.skip);
    changed.keys = given("keys").map(names).or(changed.keys);
    changed.exclude_keys = given("excludeKeys").map_or(changed.exclude_keys, names);
    changed.include = given("include").map_or(changed.include, names);
    changed.include_all |= given("includeAll").is_some();
    changed.order = text("order").map_or(changed.order, |order| FindRequest::parse_order(&order));
    changed.hint = text("hint").or(changed.hint);
    changed.comment = text("comment").or(changed.comment);
    Ok(changed)
}

/// Names in a list, or in one text.
fn names(json: &Json) -> Vec<String> {
    match json {
        Json::String(text) => text.split(',').map(str::to_owned).collect(),
        Json::Array(names) => names.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Object(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::parse_filter;

    fn round(text: &str) -> String {
        let filter = parse_filter(&Json::parse(text.as_bytes()).unwrap()).unwrap();
        filter_to_json(&filter).to_text()
    }

    #[test]
    fn a_where_stays_as_it_is() {
        for text in [
            r#"{}"#,
            r#"{"a":1}"#,
            r#"{"a":null}"#,
            r#"{"a":1,"b":"x"}"#,
            r#"{"$or":[{"a":1},{"b":{"$gt":2,"$lte":5}}]}"#,
            r#"{"a":{"$in":[1,"2"],"$exists":true}}"#,
            r#"{"a":{"$regex":"^x","$options":"im"}}"#,
            r#"{"a":{"$all":[{"$regex":"^x"}]}}"#,
            r#"{"a":{"$not":{"$lt":3}}}"#,
            r#"{"a":{"$text":{"$search":{"$term":"x","$caseSensitive":true}}}}"#,
            r#"{"a":{"$maxDistance":1,"$nearSphere":{"__type":"GeoPoint","latitude":1,"longitude":2}}}"#,
            r#"{"a":{"$geoWithin":{"$centerSphere":[{"__type":"GeoPoint","latitude":1,"longitude":2},0.5]}}}"#,
            r#"{"a":{"$inQuery":{"className":"B","where":{"c":1},"limit":5,"order":"-d,e"}}}"#,
            r#"{"a":{"$select":{"query":{"className":"B","where":{}},"key":"k"}}}"#,
            r#"{"$relatedTo":{"object":{"__type":"Pointer","className":"A","objectId":"x"},"key":"r"}}"#,
            r#"{"a":{"__type":"Pointer","className":"A","objectId":"x"}}"#,
            r#"{"$nor":[{"a.b":1}],"$and":[{"c":1},{"c":2}]}"#,
        ] {
            assert_eq!(round(text), text);
        }
    }

    #[test]
    fn what_has_several_forms_gets_one_that_means_the_same() {
        assert_eq!(round(r#"{"a":{"$eq":1}}"#), r#"{"a":1}"#);
        for text in [
            r#"{"a":{"$eq":{"$b":1}}}"#,
            r#"{"a":{"$near":"x"}}"#,
            r#"{"a":{"$geoWithin":{"$polygon":[[1,2],[3,4],[5,7]]}}}"#,
        ] {
            assert_eq!(round(&round(text)), round(text), "{text}");
        }
    }

    #[test]
    fn one_key_said_twice_is_said_twice() {
        let filter = |text: &str| parse_filter(&Json::parse(text.as_bytes()).unwrap()).unwrap();
        let both = Filter::All(vec![filter(r#"{"a":1}"#), filter(r#"{"a":2,"b":3}"#)]);
        assert_eq!(filter_to_json(&both).to_text(), r#"{"$and":[{"a":1},{"a":2,"b":3}]}"#);
    }
}
