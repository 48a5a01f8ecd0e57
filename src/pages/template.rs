//! Fills templates: `{{name}}` becomes a text, escaped, and `{{#name}}…{{/name}}` is left out when that
//! text is empty. What was filled in is never read as a template.

use std::fmt::Write;

/// Names and their texts; a name that is not there has an empty one.
pub(super) type Texts<'a> = [(&'static str, &'a str)];

/// Fills a template.
pub(super) fn fill(template: &str, texts: &Texts<'_>) -> String {
    let mut out = String::with_capacity(template.len() + 256);
    fill_into(template, texts, &mut out);
    out
}

fn fill_into(template: &str, texts: &Texts<'_>, out: &mut String) {
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let (tag, after) = after.split_once("}}").expect("our own template closes its tags");
        rest = after;
        match tag.strip_prefix('#') {
            None => escape(text_of(tag, texts), out),
            Some(name) => {
                let end = format!("{{{{/{name}}}}}");
                let (inner, after) =
                    after.split_once(&end).expect("our own template ends its parts");
                if !text_of(name, texts).is_empty() {
                    fill_into(inner, texts, out);
                }
                rest = after;
            }
        }
    }
    out.push_str(rest);
}

fn text_of<'a>(name: &str, texts: &Texts<'a>) -> &'a str {
    texts.iter().find(|(known, _)| *known == name).map_or("", |(_, text)| text)
}

/// Nothing in the text can end an element or an attribute in quotes, or begin a tag of a template.
fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | ' ' | '-' | '_' | '.' | ',' | ':' | '@' | '/' => {
                out.push(c)
            }
            c if c.is_alphabetic() => out.push(c),
            c => write!(out, "&#{};", u32::from(c)).expect("a String takes everything"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(template: &str, texts: &Texts<'_>, expected: &str) {
        assert_eq!(fill(template, texts), expected, "{template}");
    }

    #[test]
    fn texts_are_escaped() {
        check("<p>{{a}}</p>", &[("a", "x & y")], "<p>x &#38; y</p>");
        check("{{a}}", &[("a", "<script>\"'`=/")], "&#60;script&#62;&#34;&#39;&#96;&#61;/");
        check("{{a}}{{b}}", &[("a", "{{b}}"), ("b", "x")], "&#123;&#123;b&#125;&#125;x");
        check("{{a}}", &[("a", "Grüße, 世界")], "Grüße, 世界");
        check("{{a}}", &[("a", "\r\n\u{202e}")], "&#13;&#10;&#8238;");
        check("[{{missing}}]", &[], "[]");
    }

    #[test]
    fn parts_depend_on_a_text() {
        let template = "a{{#x}}<b>{{x}}</b>{{/x}}c";
        check(template, &[("x", "1")], "a<b>1</b>c");
        check(template, &[("x", "")], "ac");
        check(template, &[], "ac");
    }
}
