//! What is wrong with a text that is no GraphQL, in the words that clients know
//! (`graphql/graphql-js:src/language/parser.ts`, `lexer.ts`).
//!
//! The compiler's parser decides whether a text is GraphQL; this reads it a second time, only when it is
//! not, to say what stands where something else was expected. It builds nothing.

use super::errors::{GraphQlError, Kind, Place};

/// Selections and values nest no deeper than this before reading ends.
const DEPTH_MAX: usize = 250;

/// The first error of a text that the compiler refused.
pub(crate) fn syntax_error(text: &str) -> GraphQlError {
    let (offset, message) = match Reader::start(text).and_then(|mut reader| reader.document()) {
        Err(Problem::At(offset, message)) => (offset, message),
        Ok(()) | Err(Problem::TooDeep) => (0, "The document can not be read.".to_owned()),
    };
    let mut error = GraphQlError::new(Kind::ParseFailed, format!("Syntax Error: {message}"));
    error.places.push(Place::at(text, offset));
    error
}

enum Problem {
    At(usize, String),
    TooDeep,
}

type Reading<T = ()> = Result<T, Problem>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    End,
    Punctuator(&'a str),
    Name(&'a str),
    Int(&'a str),
    Float(&'a str),
    String(&'a str),
}

impl Token<'_> {
    fn describe(self) -> String {
        match self {
            Self::End => "<EOF>".to_owned(),
            Self::Punctuator(sign) => format!("\"{sign}\""),
            Self::Name(name) => format!("Name \"{name}\""),
            Self::Int(digits) => format!("Int \"{digits}\""),
            Self::Float(digits) => format!("Float \"{digits}\""),
            Self::String(text) => format!("String \"{text}\""),
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    token: Token<'a>,
    token_at: usize,
    next_at: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn start(text: &'a str) -> Reading<Self> {
        let mut reader = Self { text, token: Token::End, token_at: 0, next_at: 0, depth: 0 };
        reader.advance()?;
        Ok(reader)
    }

    fn document(&mut self) -> Reading {
        loop {
            self.definition()?;
            if self.token == Token::End {
                return Ok(());
            }
        }
    }

    fn definition(&mut self) -> Reading {
        match self.token {
            Token::Punctuator("{") => self.selections(),
            Token::Name("query" | "mutation" | "subscription") => {
                self.advance()?;
                if matches!(self.token, Token::Name(_)) {
                    self.advance()?;
                }
                if self.skip("(")? {
                    self.many(")", Self::variable)?;
                }
                self.directives()?;
                self.selections()
            }
            Token::Name("fragment") => {
                self.advance()?;
                if self.token == Token::Name("on") {
                    return self.unexpected();
                }
                self.name()?;
                self.keyword("on")?;
                self.name()?;
                self.directives()?;
                self.selections()
            }
            Token::End
            | Token::Punctuator(_)
            | Token::Name(_)
            | Token::Int(_)
            | Token::Float(_)
            | Token::String(_) => self.unexpected(),
        }
    }

    fn variable(&mut self) -> Reading {
        self.expect("$")?;
        self.name()?;
        self.expect(":")?;
        self.type_reference()?;
        if self.skip("=")? {
            self.value()?;
        }
        self.directives()
    }

    fn type_reference(&mut self) -> Reading {
        self.deeper()?;
        if self.skip("[")? {
            self.type_reference()?;
            self.expect("]")?;
        } else {
            self.name()?;
        }
        self.skip("!")?;
        self.depth -= 1;
        Ok(())
    }

    fn selections(&mut self) -> Reading {
        self.deeper()?;
        self.expect("{")?;
        self.many("}", Self::selection)?;
        self.depth -= 1;
        Ok(())
    }

    fn selection(&mut self) -> Reading {
        if self.skip("...")? {
            if self.token == Token::Name("on") {
                self.advance()?;
                self.name()?;
            } else if matches!(self.token, Token::Name(_)) {
                self.advance()?;
                return self.directives();
            }
            self.directives()?;
            return self.selections();
        }
        self.name()?;
        if self.skip(":")? {
            self.name()?;
        }
        self.arguments()?;
        self.directives()?;
        if self.token == Token::Punctuator("{") { self.selections() } else { Ok(()) }
    }

    fn arguments(&mut self) -> Reading {
        if self.skip("(")? { self.many(")", Self::member) } else { Ok(()) }
    }

    fn member(&mut self) -> Reading {
        self.name()?;
        self.expect(":")?;
        self.value()
    }

    fn directives(&mut self) -> Reading {
        while self.skip("@")? {
            self.name()?;
            self.arguments()?;
        }
        Ok(())
    }

    fn value(&mut self) -> Reading {
        self.deeper()?;
        match self.token {
            Token::Punctuator("[") => {
                self.advance()?;
                while !self.skip("]")? {
                    self.value()?;
                }
            }
            Token::Punctuator("{") => {
                self.advance()?;
                while !self.skip("}")? {
                    self.member()?;
                }
            }
            Token::Punctuator("$") => {
                self.advance()?;
                self.name()?;
            }
            Token::Name(_) | Token::Int(_) | Token::Float(_) | Token::String(_) => {
                self.advance()?
            }
            Token::End | Token::Punctuator(_) => return self.unexpected(),
        }
        self.depth -= 1;
        Ok(())
    }

    /// At least one, until the closing sign.
    fn many(&mut self, close: &'static str, each: fn(&mut Self) -> Reading) -> Reading {
        loop {
            each(self)?;
            if self.skip(close)? {
                return Ok(());
            }
        }
    }

    fn deeper(&mut self) -> Reading {
        self.depth += 1;
        if self.depth > DEPTH_MAX { Err(Problem::TooDeep) } else { Ok(()) }
    }

    fn name(&mut self) -> Reading {
        if matches!(self.token, Token::Name(_)) {
            return self.advance();
        }
        self.problem(format!("Expected Name, found {}.", self.token.describe()))
    }

    fn keyword(&mut self, word: &str) -> Reading {
        if self.token == Token::Name(word) {
            return self.advance();
        }
        self.problem(format!("Expected \"{word}\", found {}.", self.token.describe()))
    }

    fn expect(&mut self, sign: &str) -> Reading {
        if self.skip(sign)? {
            return Ok(());
        }
        self.problem(format!("Expected \"{sign}\", found {}.", self.token.describe()))
    }

    fn skip(&mut self, sign: &str) -> Reading<bool> {
        let there = self.token == Token::Punctuator(sign);
        if there {
            self.advance()?;
        }
        Ok(there)
    }

    fn unexpected(&self) -> Reading {
        self.problem(format!("Unexpected {}.", self.token.describe()))
    }

    fn problem<T>(&self, message: String) -> Reading<T> {
        Err(Problem::At(self.token_at, message))
    }

    fn advance(&mut self) -> Reading {
        let rest = &self.text[self.next_at..];
        self.token_at = self.next_at + ignored(rest);
        let rest = &self.text[self.token_at..];
        let (token, length) = self.lex(rest)?;
        self.token = token;
        self.next_at = self.token_at + length;
        Ok(())
    }

    fn lex(&self, rest: &'a str) -> Reading<(Token<'a>, usize)> {
        let Some(first) = rest.chars().next() else { return Ok((Token::End, 0)) };
        if rest.starts_with("...") {
            return Ok((Token::Punctuator(&rest[..3]), 3));
        }
        match first {
            '!' | '$' | '&' | '(' | ')' | ':' | '=' | '@' | '[' | ']' | '{' | '|' | '}' => {
                Ok((Token::Punctuator(&rest[..1]), 1))
            }
            'a'..='z' | 'A'..='Z' | '_' => {
                let length = length_while(rest, |c| c.is_ascii_alphanumeric() || c == '_');
                Ok((Token::Name(&rest[..length]), length))
            }
            '0'..='9' | '-' => {
                let length = length_while(rest, |c| c.is_ascii_alphanumeric() || "+-.".contains(c));
                let digits = &rest[..length];
                let float = digits.contains(['.', 'e', 'E']);
                Ok((if float { Token::Float(digits) } else { Token::Int(digits) }, length))
            }
            '"' => self.string(rest),
            other => {
                let message = format!("Unexpected character: {}.", shown(other));
                Err(Problem::At(self.token_at, message))
            }
        }
    }

    fn string(&self, rest: &'a str) -> Reading<(Token<'a>, usize)> {
        let unterminated =
            |at: usize| Err(Problem::At(self.token_at + at, "Unterminated string.".to_owned()));
        if let Some(inside) = rest.strip_prefix("\"\"\"") {
            return match inside.find("\"\"\"") {
                Some(end) => Ok((Token::String(&inside[..end]), end + 6)),
                None => unterminated(rest.len()),
            };
        }
        let mut escaped = false;
        for (at, letter) in rest.char_indices().skip(1) {
            match letter {
                '\n' | '\r' => return unterminated(at),
                '"' if !escaped => return Ok((Token::String(&rest[1..at]), at + 1)),
                _ => escaped = letter == '\\' && !escaped,
            }
        }
        unterminated(rest.len())
    }
}

/// How many bytes of white space, commas and comments a text begins with.
fn ignored(text: &str) -> usize {
    let mut at = 0;
    loop {
        let rest = &text[at..];
        let space = length_while(rest, |c| c.is_ascii_whitespace() || c == ',' || c == '\u{feff}');
        let comment = if rest[space..].starts_with('#') {
            length_while(&rest[space..], |c| c != '\n' && c != '\r')
        } else {
            0
        };
        if space + comment == 0 {
            return at;
        }
        at += space + comment;
    }
}

fn length_while(text: &str, test: impl Fn(char) -> bool) -> usize {
    text.find(|c| !test(c)).unwrap_or(text.len())
}

fn shown(letter: char) -> String {
    match letter {
        '"' => "'\"'".to_owned(),
        ' '..='~' => format!("\"{letter}\""),
        other => format!("U+{:04X}", u32::from(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, message: &str, column: usize) {
        let error = syntax_error(text);
        assert_eq!(error.message, format!("Syntax Error: {message}"), "{text}");
        assert_eq!(error.places, [Place { line: 1, column }], "{text}");
    }

    #[test]
    fn the_first_error_is_told_as_graphql_js_tells_it() {
        check("{ players {", "Expected Name, found <EOF>.", 12);
        check("{ a(b: ) }", "Unexpected \")\".", 8);
        check("query Q($a Int) { b }", "Expected \":\", found Name \"Int\".", 12);
        check("nope { a }", "Unexpected Name \"nope\".", 1);
        check("{ a ? }", "Unexpected character: \"?\".", 5);
        check("{ a(b: \"x) }", "Unterminated string.", 13);
        check("", "Unexpected <EOF>.", 1);
        check("{ }", "Expected Name, found \"}\".", 3);
    }
}
