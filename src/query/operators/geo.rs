//! `$nearSphere`, `$within`, `$geoWithin`, `$geoIntersects`.

use crate::error::{Code, Error, Result};
use crate::query::Condition;
use crate::value::{GeoPoint, Json, KILOMETRES_PER_RADIAN, MILES_PER_RADIAN, Members, Polygon};

/// The distances that go with `$nearSphere`, and their length in radians.
const DISTANCES: [(&str, f64); 4] = [
    ("$maxDistance", 1.0),
    ("$maxDistanceInRadians", 1.0),
    ("$maxDistanceInMiles", MILES_PER_RADIAN),
    ("$maxDistanceInKilometers", KILOMETRES_PER_RADIAN),
];

/// Whether a key is a distance that belongs to `$nearSphere`.
pub(in crate::query) fn is_distance(key: &str) -> bool {
    DISTANCES.iter().any(|(name, _)| *name == key)
}

fn bad(text: &'static str) -> Error {
    Error::new(Code::InvalidJson, text)
}

fn point(json: &Json) -> Option<(f64, f64)> {
    if json.get("__type")?.as_str()? != "GeoPoint" {
        return None;
    }
    Some((json.get("latitude")?.as_number()?, json.get("longitude")?.as_number()?))
}

/// `$nearSphere` and `$near` with the distances beside it. What is not a point is near to nothing; a
/// negative distance is no limit.
pub(in crate::query) fn near(json: &Json, siblings: &Members) -> Result<Condition> {
    let Some((latitude, longitude)) = point(json) else { return Ok(Condition::Never) };
    let centre = GeoPoint::checked(latitude, longitude)?;
    let mut limit = None;
    for (key, unit) in DISTANCES {
        if let Some(distance) = siblings.get(key).and_then(Json::as_number)
            && distance >= 0.0
        {
            limit = Some(distance / unit);
        }
    }
    Ok(Condition::Near(centre, limit))
}

/// `$within`
pub(in crate::query) fn within(json: &Json) -> Result<Condition> {
    let corners = json.get("$box").ok_or_else(|| bad("bad $within value"))?;
    let corners = corners.as_array().unwrap_or_default();
    let [a, b] = corners else {
        return Err(bad("bad $within value; $box should contain 2 GeoPoints"));
    };
    let (Some((south, west)), Some((north, east))) = (point(a), point(b)) else {
        return Err(bad("bad $within value; $box should contain 2 GeoPoints"));
    };
    let (south, north) = (south.min(north), south.max(north));
    let (west, east) = (west.min(east), west.max(east));
    Ok(Condition::InBox(
        GeoPoint { latitude: south, longitude: west },
        GeoPoint { latitude: north, longitude: east },
    ))
}

/// `$geoWithin`
pub(in crate::query) fn geo_within(json: &Json) -> Result<Condition> {
    if let Some(polygon) = json.get("$polygon") {
        return Ok(Condition::InPolygon(query_polygon(polygon)?));
    }
    match json.get("$centerSphere") {
        Some(sphere) => centre_sphere(sphere),
        None => Err(bad("bad $geoWithin value")),
    }
}

/// A polygon is a list of points or a `Polygon` whose pairs are, here, longitude first
/// (`parse-server:src/Adapters/Storage/Postgres/PostgresStorageAdapter.js`).
fn query_polygon(json: &Json) -> Result<Polygon> {
    let points: Vec<(f64, f64)> = if json.get("__type").and_then(Json::as_str) == Some("Polygon") {
        let pairs = json.get("coordinates").and_then(Json::as_array).unwrap_or_default();
        let pairs: Option<Vec<_>> = pairs.iter().map(pair).collect();
        pairs.ok_or_else(|| bad("bad $geoWithin value"))?
    } else {
        let Some(points) = json.as_array() else {
            return Err(bad(
                "bad $geoWithin value; $polygon should be Polygon object or Array of Parse.GeoPoint's",
            ));
        };
        if points.len() < 3 {
            return Err(bad("bad $geoWithin value; $polygon should contain at least 3 GeoPoints"));
        }
        let points: Option<Vec<_>> =
            points.iter().map(|json| point(json).or_else(|| pair(json))).collect();
        points.ok_or_else(|| bad("bad $geoWithin value"))?
    };
    let ring: Result<Vec<GeoPoint>> = points
        .into_iter()
        .map(|(latitude, longitude)| GeoPoint::checked(latitude, longitude))
        .collect();
    Polygon::new(ring?)
}

/// `[longitude, latitude]`, turned round.
fn pair(json: &Json) -> Option<(f64, f64)> {
    match json.as_array()? {
        [longitude, latitude] => Some((latitude.as_number()?, longitude.as_number()?)),
        _ => None,
    }
}

fn centre_sphere(json: &Json) -> Result<Condition> {
    let parts = json.as_array().unwrap_or_default();
    let [centre, distance] = parts else {
        return Err(bad(
            "bad $geoWithin value; $centerSphere should be an array of Parse.GeoPoint and distance",
        ));
    };
    let Some((latitude, longitude)) = point(centre).or_else(|| pair(centre)) else {
        return Err(bad("bad $geoWithin value; $centerSphere geo point invalid"));
    };
    let centre = GeoPoint::checked(latitude, longitude)?;
    match distance.as_number() {
        Some(radians) if radians >= 0.0 => Ok(Condition::InSphere(centre, radians)),
        _ => Err(bad("bad $geoWithin value; $centerSphere distance invalid")),
    }
}

/// `$geoIntersects`
pub(in crate::query) fn geo_intersects(json: &Json) -> Result<Condition> {
    match json.get("$point").and_then(point) {
        Some((latitude, longitude)) => {
            Ok(Condition::Intersects(GeoPoint::checked(latitude, longitude)?))
        }
        None => Err(bad("bad $geoIntersect value; $point should be GeoPoint")),
    }
}
