//! The last events, so that whoever comes back soon gets what he missed.
//!
//! A process numbers its events. What a subscriber knows is, for each process that events came from, the number of the
//! last one: a [`Sequence`]. Events of different processes may arrive in another order elsewhere, so that one number
//! would not do.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::rows::Happening;
use crate::adapters::pubsub::Position;

/// Processes that are remembered; with more, the oldest names are forgotten, and whoever names them asks anew.
const SERVERS_MAX: usize = 64;
/// A longer text is no sequence.
const TEXT_BYTES_MAX: usize = 4_096;

/// For each process, the number of the last event: `name.number`, joined by `~`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sequence(BTreeMap<Arc<str>, u64>);

impl Sequence {
    /// Reads the text of a sequence.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > TEXT_BYTES_MAX {
            return None;
        }
        let mut numbers = BTreeMap::new();
        for part in text.split('~').filter(|part| !part.is_empty()) {
            let (server, number) = part.rsplit_once('.')?;
            numbers.insert(Arc::from(server), number.parse().ok()?);
        }
        (numbers.len() <= SERVERS_MAX).then_some(Self(numbers))
    }

    /// The text.
    pub fn to_text(&self) -> Arc<str> {
        let parts: Vec<String> =
            self.0.iter().map(|(server, number)| format!("{server}.{number}")).collect();
        Arc::from(parts.join("~"))
    }

    fn number(&self, server: &str) -> u64 {
        self.0.get(server).copied().unwrap_or(0)
    }
}

/// The last events, and what is known of those before.
pub(super) struct Log {
    events: VecDeque<Arc<Happening>>,
    bytes: usize,
    events_max: usize,
    bytes_max: usize,
    /// Of each process, the number of the last event that arrived.
    arrived: Sequence,
    /// Of each process, the number of the last event that is not in the log, though it was once there or should have been.
    gone: Sequence,
    /// The processes in the order in which they were first heard of.
    servers: VecDeque<Arc<str>>,
}

/// What an event means for the order of things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// It is the next one of its process.
    Next,
    /// Events before it are missing.
    AfterGap,
    /// It was there already.
    Again,
}

impl Log {
    /// Keeps at most so many events, and at most about so many bytes.
    pub(super) fn new(events_max: usize, bytes_max: usize) -> Self {
        Self {
            events: VecDeque::new(),
            bytes: 0,
            events_max,
            bytes_max,
            arrived: Sequence::default(),
            gone: Sequence::default(),
            servers: VecDeque::new(),
        }
    }

    /// Takes note that an event has arrived, before it is kept. `is_own` says that it is of this process, all of whose
    /// events arrive here.
    pub(super) fn arrive(&mut self, position: &Position, is_own: bool) -> Arrival {
        let known = self.arrived.0.get(&position.server).copied();
        let arrival = match known {
            Some(last) if position.number <= last => return Arrival::Again,
            Some(last) if position.number > last + 1 => Arrival::AfterGap,
            None if is_own && position.number > 1 => Arrival::AfterGap,
            Some(_) | None => Arrival::Next,
        };
        if known.is_none() {
            self.remember(&position.server);
        }
        if known.map_or(0, |last| last + 1) != position.number {
            self.gone.0.insert(Arc::clone(&position.server), position.number - 1);
        }
        self.arrived.0.insert(Arc::clone(&position.server), position.number);
        arrival
    }

    /// Takes note that events of other processes may have been missed, and nobody knows which.
    pub(super) fn lose(&mut self, own: &str) {
        for (server, number) in self.arrived.0.iter().filter(|(server, _)| &***server != own) {
            self.gone.0.insert(Arc::clone(server), number + 1);
        }
    }

    fn remember(&mut self, server: &Arc<str>) {
        self.servers.push_back(Arc::clone(server));
        if self.servers.len() > SERVERS_MAX
            && let Some(oldest) = self.servers.pop_front()
        {
            self.arrived.0.remove(&oldest);
            self.gone.0.remove(&oldest);
            self.events.retain(|event| event.event.position.server != oldest);
        }
    }

    /// Where events stand.
    pub(super) fn sequence(&self) -> Arc<str> {
        self.arrived.to_text()
    }

    /// Keeps an event that has arrived.
    pub(super) fn keep(&mut self, happening: Arc<Happening>) {
        self.bytes += happening.bytes;
        self.events.push_back(happening);
        while self.events.len() > self.events_max || self.bytes > self.bytes_max {
            let Some(oldest) = self.events.pop_front() else { break };
            self.bytes -= oldest.bytes;
            let Position { server, number } = &oldest.event.position;
            if let Some(gone) = self.gone.0.get_mut(server) {
                *gone = (*gone).max(*number);
            } else {
                self.gone.0.insert(Arc::clone(server), *number);
            }
        }
    }

    /// The events after those that somebody knows, oldest first; nothing if some of them are not here.
    pub(super) fn after(&self, known: &Sequence) -> Option<Vec<Arc<Happening>>> {
        let is_known = |server: &Arc<str>| self.arrived.0.contains_key(server);
        if !known.0.keys().all(is_known) {
            return None;
        }
        if self.gone.0.iter().any(|(server, gone)| known.number(server) < *gone) {
            return None;
        }
        let is_new = |happening: &&Arc<Happening>| {
            let position = &happening.event.position;
            position.number > known.number(&position.server)
        };
        Some(self.events.iter().filter(is_new).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::pubsub::Event;
    use crate::value::{ClassName, ObjectId};

    fn at(server: &str, number: u64) -> Position {
        Position { server: Arc::from(server), number }
    }

    fn put(log: &mut Log, server: &str, number: u64) -> Arrival {
        let position = at(server, number);
        let arrival = log.arrive(&position, server == "own");
        if arrival != Arrival::Again {
            let (class, id) = (ClassName::from("Post"), ObjectId::from("x"));
            let event = Arc::new(Event { class, id, before: None, after: None, position });
            log.keep(Arc::new(Happening::new(event, server == "own", log.sequence())));
        }
        arrival
    }

    fn numbers(log: &Log, known: &str) -> Option<Vec<String>> {
        let events = log.after(&Sequence::parse(known).unwrap())?;
        let text = |happening: &Arc<Happening>| {
            let Position { server, number } = &happening.event.position;
            format!("{server}.{number}")
        };
        Some(events.iter().map(text).collect())
    }

    #[test]
    fn who_comes_back_gets_what_came_after() {
        let mut log = Log::new(10, 1 << 20);
        for (server, number) in [("own", 1), ("b", 7), ("own", 2), ("b", 8)] {
            assert_eq!(put(&mut log, server, number), Arrival::Next);
        }
        assert_eq!(&*log.sequence(), "b.8~own.2");
        let texts = |texts: &[&str]| Some(texts.iter().map(|&text| text.to_owned()).collect());
        assert_eq!(numbers(&log, "b.7~own.1"), texts(&["own.2", "b.8"]));
        assert_eq!(numbers(&log, "b.8~own.2"), texts(&[]));
        assert_eq!(numbers(&log, "b.8~own.1"), texts(&["own.2"]));
        // He was at a process that had not heard of ours yet.
        assert_eq!(numbers(&log, "b.8"), texts(&["own.1", "own.2"]));
        // The first seven of the other process were never here.
        assert_eq!(numbers(&log, "own.2"), None);
        assert_eq!(numbers(&log, "b.5~own.2"), None);
        assert_eq!(numbers(&log, "c.1~b.8~own.2"), None, "an unknown process");
    }

    #[test]
    fn what_is_gone_can_not_be_had() {
        let mut log = Log::new(2, 1 << 20);
        for number in 1..=5 {
            put(&mut log, "own", number);
        }
        assert_eq!(numbers(&log, "own.2"), None);
        assert_eq!(numbers(&log, "own.3").map(|events| events.len()), Some(2));
        let mut small = Log::new(1_000, 1);
        put(&mut small, "own", 1);
        assert_eq!(numbers(&small, ""), None);
        assert_eq!(numbers(&small, "own.1").map(|events| events.len()), Some(0));
    }

    #[test]
    fn who_may_have_missed_events_of_others_asks_anew() {
        let mut log = Log::new(10, 1 << 20);
        put(&mut log, "own", 1);
        put(&mut log, "b", 1);
        log.lose("own");
        assert_eq!(numbers(&log, "b.1~own.1"), None);
        put(&mut log, "own", 2);
        assert_eq!(numbers(&log, "b.1~own.2"), None);
        put(&mut log, "b", 2);
        assert_eq!(numbers(&log, "b.1~own.2"), None);
        assert_eq!(numbers(&log, "b.2~own.2"), Some(Vec::new()));
        assert_eq!(numbers(&log, "b.2~own.1").map(|events| events.len()), Some(1));
    }

    #[test]
    fn gaps_and_repetitions_are_noticed() {
        let mut log = Log::new(10, 1 << 20);
        assert_eq!(put(&mut log, "b", 3), Arrival::Next);
        assert_eq!(put(&mut log, "b", 3), Arrival::Again);
        assert_eq!(put(&mut log, "b", 6), Arrival::AfterGap);
        assert_eq!(numbers(&log, "b.3"), None);
        assert_eq!(numbers(&log, "b.5").map(|events| events.len()), Some(1));
        assert_eq!(put(&mut log, "own", 2), Arrival::AfterGap);
    }

    #[test]
    fn a_sequence_is_read_as_it_is_written() {
        for text in ["", "own.1", "a.b.3~own.2"] {
            assert_eq!(&*Sequence::parse(text).unwrap().to_text(), text);
        }
        for text in ["own", "own.x", "own.-1", &"a.1~".repeat(2_000)] {
            assert_eq!(Sequence::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_number_of_processes_is_bounded() {
        let mut log = Log::new(1_000, 1 << 20);
        for number in 0..200 {
            put(&mut log, &format!("s{number}"), 1);
        }
        assert!(log.arrived.0.len() <= SERVERS_MAX && log.gone.0.len() <= SERVERS_MAX);
        assert_eq!(numbers(&log, "s3.1"), None);
    }
}
