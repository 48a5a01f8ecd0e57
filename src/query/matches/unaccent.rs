//! Letters without their accents.

/// The Latin letters from U+00C0 on, each without its accent.
const LATIN: &str = "AAAAAAÆCEEEEIIIIÐNOOOOO×ØUUUUYÞßaaaaaaæceeeeiiiiðnooooo÷øuuuuyþy\
     AaAaAaCcCcCcCcDdĐđEeEeEeEeEeGgGgGgGgHhĦħIiIiIiIiIıĲĳJjKkĸLlLlLlĿ\
     ŀŁłNnNnNnŉŊŋOoOoOoŒœRrRrRrSsSsSsSsTtTtŦŧUuUuUuUuUuUuWwYyYZzZzZzſ\
     ƀƁƂƃƄƅƆƇƈƉƊƋƌƍƎƏƐƑƒƓƔƕƖƗƘƙƚƛƜƝƞƟOoƢƣƤƥƦƧƨƩƪƫƬƭƮUuƱƲƳƴƵƶƷƸƹƺƻƼƽƾƿ\
     ǀǁǂǃǄǅǆǇǈǉǊǋǌAaIiOoUuUuUuUuUuǝAaAaǢǣǤǥGgKkOoOoǮǯjǱǲǳGgǶǷNnAaǼǽǾǿ\
     AaAaEeEeIiIiOoOoRrRrUuUuSsTtȜȝHhȠȡȢȣȤȥAaEeOoOoOoOoYyȴȵȶȷȸȹȺȻȼȽȾȿ\
     ɀɁɂɃɄɅɆɇɈɉɊɋɌɍɎɏ";

/// The Latin letters from U+1E00 on, each without its accent.
const LATIN_ADDITIONAL: &str = "AaBbBbBbCcDdDdDdDdDdEeEeEeEeEeFfGgHhHhHhHhHhIiIiKkKkKkLlLlLlLlMm\
     MmMmNnNnNnNnOoOoOoOoPpPpRrRrRrRrSsSsSsSsSsTtTtTtTtUuUuUuUuUuVvVv\
     WwWwWwWwWwXxXxYyZzZzZzhtwyẚẛẜẝẞẟAaAaAaAaAaAaAaAaAaAaAaAaEeEeEeEe\
     EeEeEeEeIiIiOoOoOoOoOoOoOoOoOoOoOoOoUuUuUuUuUuUuUuYyYyYyYyỺỻỼỽỾỿ";

/// The letter without its accent; Latin letters only.
pub(super) fn unaccent(c: char) -> char {
    let at = |table: &str, first: char| table.chars().nth((c as usize) - (first as usize));
    match c {
        '\u{c0}'..='\u{24f}' => at(LATIN, '\u{c0}').unwrap_or(c),
        '\u{1e00}'..='\u{1eff}' => at(LATIN_ADDITIONAL, '\u{1e00}').unwrap_or(c),
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_lose_their_accents() {
        let plain: String = "ÀéÿŁǅȟẀệZß9".chars().map(unaccent).collect();
        assert_eq!(plain, "AeyŁǅhWeZß9");
        assert_eq!(LATIN.chars().count(), 0x250 - 0xc0);
        assert_eq!(LATIN_ADDITIONAL.chars().count(), 0x100);
    }
}
