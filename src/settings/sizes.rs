//! Sizes as people write them: `256MiB`.

/// Bytes of `256MiB`, `1 GiB`, `4096`.
pub fn bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor: u64 = match unit.trim() {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// Bytes as people write them: the largest unit that leaves a whole number.
pub fn text(bytes: u64) -> String {
    let units = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let fitting = units.iter().find(|(_, bits)| bytes > 0 && bytes.trailing_zeros() >= *bits);
    fitting.map_or_else(|| bytes.to_string(), |(unit, bits)| format!("{}{unit}", bytes >> bits))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_size_has_a_binary_unit_or_none() {
        assert_eq!(super::bytes("256MiB"), Some(256 << 20));
        assert_eq!(super::bytes(" 2 GiB"), Some(2 << 30));
        assert_eq!(super::bytes("4096"), Some(4096));
        assert_eq!(super::bytes("256MB"), None);
        assert_eq!(super::bytes("MiB"), None);
        assert_eq!(super::bytes("99999999999999999999GiB"), None);
        for text in ["4MiB", "1024GiB", "64KiB", "1025", "0"] {
            assert_eq!(super::text(super::bytes(text).unwrap()), text);
        }
    }
}
