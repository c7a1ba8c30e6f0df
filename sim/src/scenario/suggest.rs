//! The nearest right thing to write.

/// Help for a name that is none of `known`: the nearest of them, or all.
pub fn nearest<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    const FEW: usize = 12;
    let mut known: Vec<&str> = known.into_iter().collect();
    known.sort_unstable();
    match (close(found, known.iter().copied()), known.len()) {
        (Some(name), _) => Some(format!("did you mean `{name}`?")),
        (None, 0) => None,
        (None, 1..=FEW) => Some(format!("known are {}", list(&known))),
        (None, more) => Some(format!("known are {} and {} more", list(&known[..FEW]), more - FEW)),
    }
}

/// The name of `known` that `found` was likely meant to be.
pub fn close<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Distance is quadratic: no name is so long that a mistyped one has more characters than this.
    let short: String = found.chars().take(64).collect();
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&short, name), name))
        .filter(|(distance, name)| *distance <= 1 + name.len().min(short.len()) / 3)
        .min()
        .map(|(_, name)| name)
}

fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_is_recognised() {
        assert_eq!(nearest("horizn", ["horizon", "title"]).unwrap(), "did you mean `horizon`?");
        assert_eq!(nearest("colour", ["horizon", "title"]).unwrap(), "known are `horizon`, `title`");
        assert_eq!(nearest("x", []), None);
    }
}
