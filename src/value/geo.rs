//! Points and polygons on the globe. Angles are degrees; distances are radians on a sphere of Parse's
//! radius (6,371 kilometres, 3,958.8 miles).

use crate::error::{Code, Error, Result};

/// Kilometres in one radian (`Parse-SDK-JS:src/ParseGeoPoint.ts`).
pub const KILOMETRES_PER_RADIAN: f64 = 6371.0;
/// Miles in one radian.
pub const MILES_PER_RADIAN: f64 = 3958.8;

/// A point on the globe.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GeoPoint {
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
}

impl GeoPoint {
    /// A point for use in a query; there, unlike in storage, the ranges are checked.
    pub fn checked(latitude: f64, longitude: f64) -> Result<Self> {
        let problem = if !(-90.0..=90.0).contains(&latitude) {
            format!("Parse.GeoPoint latitude out of bounds: {}.", plain(latitude))
        } else if !(-180.0..=180.0).contains(&longitude) {
            format!("Parse.GeoPoint longitude out of bounds: {}.", plain(longitude))
        } else {
            return Ok(Self { latitude, longitude });
        };
        Err(Error::new(Code::InvalidJson, problem))
    }

    /// The angle between two points in radians, by the haversine formula.
    pub fn radians_to(self, other: Self) -> f64 {
        let (a, b) = (self.latitude.to_radians(), other.latitude.to_radians());
        let half_latitude = ((b - a) / 2.0).sin();
        let half_longitude = ((other.longitude - self.longitude).to_radians() / 2.0).sin();
        let h = half_latitude * half_latitude + a.cos() * b.cos() * half_longitude * half_longitude;
        2.0 * h.clamp(0.0, 1.0).sqrt().asin()
    }
}

fn plain(number: f64) -> String {
    let mut out = Vec::new();
    super::json::write_number(number, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// A closed ring of at least three distinct points; first and last are equal.
#[derive(Clone, Debug, PartialEq)]
pub struct Polygon {
    ring: Vec<GeoPoint>,
}

impl Polygon {
    /// Closes the ring if it is open. Fewer than three distinct points are refused.
    pub fn new(mut ring: Vec<GeoPoint>) -> Result<Self> {
        if ring.len() < 3 {
            return Err(Error::new(Code::InvalidJson, "Polygon must have at least 3 values"));
        }
        if ring.first() != ring.last() {
            ring.extend(ring.first().copied());
        }
        let distinct =
            ring.iter().enumerate().filter(|(at, point)| !ring[..*at].contains(point)).count();
        if distinct < 3 {
            return Err(Error::new(
                Code::Internal,
                "GeoJSON: Loop must have at least 3 different vertices",
            )
            .with_status(400));
        }
        Ok(Self { ring })
    }

    /// The points, first and last equal.
    pub fn ring(&self) -> &[GeoPoint] {
        &self.ring
    }

    /// Whether the point lies inside or on the edge, on the plane of degrees.
    pub fn contains(&self, point: GeoPoint) -> bool {
        let mut inside = false;
        for edge in self.ring.windows(2) {
            let (a, b) = (edge[0], edge[1]);
            if on_edge(a, b, point) {
                return true;
            }
            if (a.latitude > point.latitude) != (b.latitude > point.latitude) {
                let share = (point.latitude - a.latitude) / (b.latitude - a.latitude);
                if point.longitude < a.longitude + share * (b.longitude - a.longitude) {
                    inside = !inside;
                }
            }
        }
        inside
    }
}

fn on_edge(a: GeoPoint, b: GeoPoint, p: GeoPoint) -> bool {
    let cross = (p.latitude - a.latitude) * (b.longitude - a.longitude)
        - (p.longitude - a.longitude) * (b.latitude - a.latitude);
    cross == 0.0
        && between(a.latitude, p.latitude, b.latitude)
        && between(a.longitude, p.longitude, b.longitude)
}

fn between(a: f64, p: f64, b: f64) -> bool {
    (a <= p && p <= b) || (b <= p && p <= a)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(latitude: f64, longitude: f64) -> GeoPoint {
        GeoPoint { latitude, longitude }
    }

    #[test]
    fn distance_between_cities() {
        let berlin = point(52.52, 13.405);
        let paris = point(48.8566, 2.3522);
        let kilometres = berlin.radians_to(paris) * KILOMETRES_PER_RADIAN;
        assert!((877.0..878.5).contains(&kilometres), "{kilometres}");
        assert_eq!(berlin.radians_to(berlin), 0.0);
    }

    #[test]
    fn a_polygon_is_closed_and_contains_its_edge() {
        let square = Polygon::new(vec![
            point(0.0, 0.0),
            point(0.0, 10.0),
            point(10.0, 10.0),
            point(10.0, 0.0),
        ])
        .unwrap();
        assert_eq!(square.ring().len(), 5);
        for (p, expected) in [
            (point(5.0, 5.0), true),
            (point(0.0, 5.0), true),
            (point(10.0, 10.0), true),
            (point(10.1, 5.0), false),
            (point(-5.0, 5.0), false),
        ] {
            assert_eq!(square.contains(p), expected, "{p:?}");
        }
    }

    #[test]
    fn a_polygon_needs_three_distinct_points() {
        assert!(Polygon::new(vec![point(0.0, 0.0)]).is_err());
        assert!(Polygon::new(vec![point(0.0, 0.0), point(1.0, 1.0), point(0.0, 0.0)]).is_err());
    }
}
