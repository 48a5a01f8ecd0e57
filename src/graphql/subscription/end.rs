//! Why a socket is closed, and what its client is told of that.

use crate::http::Over;
use crate::live::Fate;

/// Why a connection ends.
pub(super) enum End {
    Over(Over),
    Stopped,
    TooSlow,
    /// The client broke the protocol: the code and the reason to close with.
    Broken(u16, String),
}

impl From<Over> for End {
    fn from(over: Over) -> Self {
        Self::Over(over)
    }
}

impl From<Fate> for End {
    fn from(fate: Fate) -> Self {
        match fate {
            Fate::Stopped => Self::Stopped,
            Fate::TooSlow => Self::TooSlow,
        }
    }
}

impl End {
    /// A word for it.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Over(over) => over.name(),
            Self::Stopped => "stopped",
            Self::TooSlow => "slow",
            Self::Broken(..) => "protocol",
        }
    }

    /// What the client is told, if it is still there.
    pub(super) fn farewell(self) -> Option<(u16, String)> {
        let told = |code, text: &str| Some((code, text.to_owned()));
        match self {
            Self::Over(Over::Left | Over::Gone) => None,
            Self::Over(Over::Silent) => told(1008, "no sign of life"),
            Self::Over(Over::Wrong(code, reason)) => told(code, reason),
            Self::Over(Over::Stuck) | Self::TooSlow => told(1013, "too slow"),
            Self::Stopped => told(1001, "the server stops"),
            Self::Broken(code, reason) => Some((code, short(&reason))),
        }
    }
}

/// A reason that fits a close frame.
fn short(reason: &str) -> String {
    const BYTES_MAX: usize = 120;
    let end = reason.char_indices().map(|(at, letter)| at + letter.len_utf8());
    let end = end.take_while(|end| *end <= BYTES_MAX).last().unwrap_or(0);
    reason[..end].to_owned()
}

/// The client broke the protocol.
pub(super) fn broken(code: u16, reason: impl Into<String>) -> End {
    End::Broken(code, reason.into())
}
